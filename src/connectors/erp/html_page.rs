//! Extracts from an HTML page what the connector matches.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use zeroize::Zeroizing;

/// The parts of an HTML page that this connector matches.
#[derive(Default)]
pub(super) struct HtmlPage {
    /// All text, including scripts, in lower case with single blanks.
    pub text: Zeroizing<String>,
    pub title: String,
    pub session_token: Option<Zeroizing<String>>,
    pub is_login_form: bool,
}

impl HtmlPage {
    pub(super) fn parse(html: &str) -> Self {
        let mut emitter = DefaultEmitter::default();
        // Treats the content of a script as text and not as tags.
        emitter.naively_switch_states(true);
        let (mut page, mut words) = (Self::default(), Zeroizing::new(String::new()));
        let mut is_title = false;
        for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
            match token {
                Token::StartTag(tag) => {
                    is_title = tag.name.as_slice() == b"title" && page.title.is_empty();
                    words.push(' ');
                    page.read_tag(&tag);
                }
                Token::EndTag(_) => {
                    is_title = false;
                    words.push(' ');
                }
                Token::String(text) => {
                    let text = String::from_utf8_lossy(&text);
                    words.push_str(&text);
                    let part = Some(text).filter(|_| is_title);
                    page.title.push_str(&part.unwrap_or_default());
                }
                _ => {}
            }
        }
        page.text = Zeroizing::new(normalise_text(&words));
        page
    }

    fn read_tag(&mut self, tag: &StartTag<()>) {
        let is = |name: &str, value: &str| attribute(tag, name).is_some_and(|found| found == value);
        let is_input = tag.name.as_slice() == b"input";
        self.is_login_form |= is("id", "loginForm") || (is_input && is("name", "user_id"));
        let is_token = is_input && (is("id", "sessionToken") || is("name", "sessionToken"));
        if is_token && self.session_token.is_none() {
            let value = attribute(tag, "value").filter(|value| !value.is_empty());
            self.session_token = value.map(Zeroizing::new);
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Lower case, with each run of white space replaced by one blank.
pub(super) fn normalise_text(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

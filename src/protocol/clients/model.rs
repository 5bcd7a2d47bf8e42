//! An app (OAuth client) and its parts. A value that is parsed is valid.

use std::fmt;
use std::net::Ipv4Addr;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, PersonId, SecretId};
use crate::platform::rng::Rng;
use crate::platform::web::registered_origin;
use crate::platform::{db, secret};
use crate::protocol::oauth::RedirectUri;

/// A registered app.
#[derive(Debug, Clone)]
pub struct App {
    pub id: AppId,
    pub client_id: ClientId,
    pub owner: PersonId,
    /// A file name under the data folder's pictures.
    pub logo: Option<String>,
    pub details: AppDetails,
    pub standing: AppStanding,
    pub created_at: Timestamp,
}

/// The part of an app that its owner edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppDetails {
    pub name: AppName,
    pub description: String,
    /// An http or https address.
    pub website: Option<String>,
    /// An http or https address.
    pub privacy_policy: Option<String>,
    /// A mail address, shown on the consent page.
    pub contact: Option<String>,
    pub kind: ClientType,
    pub require_pkce: bool,
    /// At least one. The first is the default of a request without one.
    pub redirect_uris: Vec<RedirectUri>,
}

impl AppDetails {
    /// The origins of the redirect URIs, each once, as [`registered_origin`] writes them.
    pub fn origins(&self) -> Vec<String> {
        let origins = self.redirect_uris.iter().filter_map(RedirectUri::origin);
        let mut origins: Vec<_> = origins
            .map(|origin| registered_origin(&origin).to_owned())
            .collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Whether authorization requests must have a code challenge (RFC 7636, RFC 9700 §2.1.1).
    pub fn must_use_pkce(&self) -> bool {
        self.require_pkce || self.kind == ClientType::Public
    }
}

/// The name of an app: 2 to 60 characters on one line, in NFC, with a letter, and nothing that reads as an address.
///
/// Decision: no addresses, because the name of an app that nobody has verified stands above the campus' password field and
/// in the subjects of its mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    pub const MAX_LENGTH: usize = 60;

    /// Parses a name, trims it and composes its letters. The error is a sentence for the form.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text: String = text.trim().nfc().collect();
        if text.is_empty() {
            return Err("Enter a name.");
        }
        if text.chars().count() < 2 {
            return Err("Use at least 2 characters.");
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err("Use at most 60 characters.");
        }
        if text.chars().any(|c| c.is_control() || is_deceptive(c)) {
            return Err("Use one line without invisible characters.");
        }
        if !text.chars().any(char::is_alphabetic) {
            return Err("Use at least one letter.");
        }
        if reads_as_address(&text) {
            return Err("Leave out web and mail addresses. The website has a field of its own.");
        }
        Ok(Self(text))
    }

    /// A value from the database, which was parsed before it was stored.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a text contains what people take for a web or mail address: `https://…`, `www.…`, `iitx.example`, `10.0.0.1`,
/// `help@iitx`.
///
/// It is judged as it looks: other forms of a letter, colon or dot count as the plain ones (NFKD; the ideographic full stop
/// as in UTS #46), and joiners and combining marks do not count, because they part a word without being seen.
fn reads_as_address(text: &str) -> bool {
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let text: String = text
        .nfkd()
        .filter(|c| !is_joiner(*c) && !is_combining_mark(*c))
        .map(|c| if c == '\u{3002}' { '.' } else { c })
        .flat_map(char::to_lowercase)
        .collect();
    let is_separator = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '@' | '_'));
    let mut words = text.split(is_separator).map(|word| word.trim_matches('.'));
    text.contains("://")
        || text.contains("www.")
        || words.any(|word| reads_as_mailbox(word) || reads_as_domain(word))
}

fn reads_as_mailbox(word: &str) -> bool {
    (word.split_once('@')).is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

/// `v2.0` and `I.I.T` are no domains: the last label of a domain has two or more letters.
fn reads_as_domain(word: &str) -> bool {
    let Some((rest, last)) = word.rsplit_once('.') else {
        return false;
    };
    let is_top_level = last.starts_with("xn--")
        || (last.chars().count() >= 2 && last.chars().all(char::is_alphabetic));
    (is_top_level && !rest.is_empty()) || word.parse::<Ipv4Addr>().is_ok()
}

/// Characters that make a text look like another: direction overrides, line separators and invisible
/// characters. Joiners are not among them, because Indian scripts need them, nor is the selector of coloured emoji
/// (U+FE0F).
pub(super) fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{ffa0}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// The client identifier (RFC 6749 §2.2). It is no secret, but cannot be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// A new identifier: 40 letters and digits.
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(secret::alphanumeric(rng, 40))
    }

    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The client type (RFC 6749 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientType {
    /// Runs on a server and can keep a secret.
    Confidential,
    /// Runs in a browser or on a phone and has no secret.
    Public,
}

impl ClientType {
    /// In forms and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Confidential, Self::Public]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Whether an app is verified or suspended. Only the command line verifies an app, at its registration;
/// nothing suspends one yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppStanding {
    /// People are warned, and the number of people who may connect it is limited.
    Unverified,
    Verified,
    /// Nobody can sign in with it.
    Suspended,
}

/// The use of an app's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// Client authentication at the token endpoint (RFC 6749 §2.3).
    Client,
    /// Look-ups of people (association).
    LookUps,
}

/// A secret of an app, without the secret itself.
#[derive(Debug, Clone)]
pub struct ClientSecretInfo {
    pub id: SecretId,
    /// The last four characters.
    pub hint: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// The mails that an app has sent lately: numbers, and the newest of them.
#[derive(Debug, Default)]
pub struct AppMailSummary {
    pub sent: i64,
    pub failed: i64,
    pub newest: Vec<AppMailRecord>,
}

/// One mail, without its text and its recipient.
#[derive(Debug)]
pub struct AppMailRecord {
    pub message_id: String,
    pub at: Timestamp,
    /// Whether the mail server accepted it; `None` while it is being sent.
    pub status: Option<bool>,
    /// Why it was not accepted.
    pub error: Option<String>,
}

/// Why an operation on an app is refused, other than errors in its form.
#[derive(Debug, thiserror::Error)]
pub enum AppsError {
    #[error("no such app of this person")]
    NotFound,
    /// A verified app is not deleted by its owner.
    #[error("the app is verified")]
    Verified,
    /// A public app has no secrets (RFC 6749 §2.1).
    #[error("the app is public")]
    Public,
    /// The secrets are not those that the page showed: another one was created meanwhile.
    #[error("the secrets have changed meanwhile")]
    SecretsChanged,
    #[error(transparent)]
    Store(#[from] db::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_can_be_seen() {
        for good in [
            "Mess Menu",
            " H14 ",
            "मेस मेन्यू",
            "क्‍ष",
            "🍛 a2",
            "❤\u{fe0f} Club",
            "Ping-Pong v2.0",
            "I.I.T. Radio",
            "Rs. 10 a day",
            "Lost & Found @ Hostel 14",
            &"é".repeat(60),
        ] {
            assert_eq!(AppName::parse(good).unwrap().as_str(), good.trim());
        }
        for bad in [
            "",
            " \t",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{2028}b",
            "a\0b",
            "a\u{1b}[31mb",
            "\u{e0041}a",
            "---",
            "a\u{200f}b",
            "a\u{34f}b",
            "a\u{17b4}b",
            "a\u{2800}b",
            "a\u{e0101}b",
            "a",
            "42",
            &"a".repeat(61),
        ] {
            assert!(AppName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_no_address() {
        for bad in [
            "https://evil.example",
            "Sign in at WWW.x",
            "Mess (evil.example)",
            "evil.example/login now",
            "evil。example",
            "evil.xn--p1ai",
            "мойсайт.рф",
            "help@iitx",
            "evil\u{200d}.example",
            "evil.\u{200c}example",
            "help\u{200d}@iitx",
            "evil\u{fe0f}.example",
            "evil\u{338}.example",
            "evil\u{2024}example",
            "https\u{ff1a}//evil",
            "ｗｗｗ.x",
            "Mess by help@iitx.example.",
            "Router 10.0.0.1",
        ] {
            assert!(AppName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_letters_of_a_name_are_composed() {
        assert_eq!(AppName::parse("Cafe\u{301}").unwrap().as_str(), "Café");
    }
}

//! The configuration of the login button on the Widgets tab, and the code for a page.

use serde::Serialize;
use tera::Context;
use url::form_urlencoded;

use super::reader::DocsReader;
use super::snippets;
use crate::developers::widget;
use crate::developers::widget::ColourParam;
use crate::platform::links::Links;
use crate::platform::web::Templates;
use crate::protocol::grants;
use crate::protocol::scope::{SCOPES, Scope, ScopeSet};

/// The choices of the form on the tab.
#[derive(Debug, Serialize)]
pub(super) struct ButtonBuilder {
    pub scopes: Vec<ScopeChoice>,
    pub colours: Vec<ColourChoice>,
    /// The scopes in the format of the script.
    pub scope: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ScopeChoice {
    name: &'static str,
    sentence: &'static str,
    locked: bool,
    ticked: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct ColourChoice {
    /// The parameter of the script.
    name: &'static str,
    label: &'static str,
    /// Six hexadecimal digits.
    value: String,
    #[serde(skip)]
    default: &'static str,
}

const COLOURS: [(ColourParam, &str); 3] = [
    (widget::BUTTON, "Button"),
    (widget::WORDS, "Button text"),
    (widget::OTHER, "Text below"),
];

impl ButtonBuilder {
    /// Reads the form. Invalid values get their defaults.
    pub(super) fn read(query: &str) -> Self {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let values = |name: &'static str| {
            let named = pairs.iter().filter(move |(key, _)| key == name);
            named.map(|(_, value)| value.as_ref())
        };
        let is_sent = values("button_div_bg_color").next().is_some();
        let chosen: ScopeSet = values("scope").filter_map(Scope::named).collect();
        let chosen = if is_sent { chosen } else { snippets::scopes() };
        let chosen = grants::with_required_scope(chosen);
        let scopes = SCOPES.iter().map(|row| ScopeChoice {
            name: row.name,
            sentence: row.sentence,
            locked: row.scope == grants::REQUIRED_SCOPE,
            ticked: chosen.contains(row.scope),
        });
        let colours = COLOURS.map(|(ColourParam { name, default }, label)| {
            let sent = values(name)
                .next()
                .map(|value| value.trim_start_matches('#'));
            let is_colour = |value: &&str| {
                value.len() == 6 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            let value = sent.filter(is_colour).unwrap_or(default);
            ColourChoice {
                name,
                label,
                value: value.to_ascii_uppercase(),
                default,
            }
        });
        Self {
            scopes: scopes.collect(),
            colours: colours.into(),
            scope: chosen.to_string(),
        }
    }

    /// The code for a page.
    pub(super) fn lines(
        &self,
        pages: &Templates,
        reader: &DocsReader,
        links: &Links,
    ) -> Result<String, tera::Error> {
        let authorize = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &reader.client_id)
            .append_pair("scope", &self.scope)
            .append_pair("redirect_uri", &reader.redirect_uri)
            .append_pair("response_type", "code")
            .finish();
        let authorize = format!("{}?{authorize}", links.absolute(&links.authorize()));
        let changed = self
            .colours
            .iter()
            .filter(|colour| colour.value != colour.default);
        let mut context = Context::new();
        context.insert(
            "script",
            &links.absolute(&links.widget_script("login.min.js")),
        );
        context.insert("authorize", &authorize.replace('&', "&amp;"));
        context.insert("client_id", &literal(&reader.client_id));
        context.insert("redirect_uri", &literal(&reader.redirect_uri));
        let scopes: Vec<_> = self.scope.split(' ').map(literal).collect();
        context.insert("scopes", &scopes.join(", "));
        context.insert("colours", &changed.collect::<Vec<_>>());
        let text = pages.render("docs/snippets/widget.txt", &context)?;
        Ok(text.trim().to_owned())
    }
}

/// A script that calls FedCM without the button.
pub(super) fn own_call(
    pages: &Templates,
    reader: &DocsReader,
    links: &Links,
) -> Result<String, tera::Error> {
    let mut context = Context::new();
    for (name, text) in [
        ("config", links.absolute(&links.fedcm_config())),
        ("client_id", reader.client_id.clone()),
        ("redirect_uri", reader.redirect_uri.clone()),
        ("scope", snippets::scope()),
    ] {
        context.insert(name, &literal(&text));
    }
    let text = pages.render("docs/snippets/fedcm.txt", &context)?;
    Ok(text.trim().to_owned())
}

/// A JavaScript string in an HTML page. It cannot end the script element.
fn literal(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('\'', r"\'");
    format!("'{}'", text.replace('<', r"\x3c"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_and_nonsense_is_not() {
        let button = ButtonBuilder::read("");
        assert_eq!(button.scope, snippets::scope());
        let sent = "button_div_bg_color=%23ff0000&button_anchor_color=red&scope=phone&scope=none";
        let button = ButtonBuilder::read(sent);
        assert_eq!(button.scope, "basic phone");
        let colours: Vec<_> = button
            .colours
            .iter()
            .map(|colour| colour.value.as_str())
            .collect();
        assert_eq!(colours, ["FF0000", "FFFFFF", "727272"]);
    }

    #[test]
    fn a_literal_stays_inside_its_script() {
        assert_eq!(literal(r"a'b\</script>"), r"'a\'b\\\x3c/script>'");
    }
}

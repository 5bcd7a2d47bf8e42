//! What the frame is asked for, and where an app is at home.

use crate::oauth::RedirectUri;

/// What a page may colour, and the colour it has when the page does not say: as `login.js` has them.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    /// As pages call it.
    pub name: &'static str,
    /// Six hexadecimal digits.
    pub default: &'static str,
}

pub const BUTTON: Paint = Paint {
    name: "button_div_bg_color",
    default: "303F9F",
};
pub const WORDS: Paint = Paint {
    name: "button_anchor_color",
    default: "FFFFFF",
};
/// The words below: "Login as other user".
pub const OTHER: Paint = Paint {
    name: "logout_anchor_color",
    default: "727272",
};

/// A colour as three or six hexadecimal digits, without `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Colour(String);

impl Colour {
    /// Anything else is the default.
    fn read(text: &str, default: &'static str) -> Self {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let text = if is_hex && matches!(text.len(), 3 | 6) {
            text
        } else {
            default
        };
        Self(text.to_owned())
    }
}

/// The button's and its links' colours.
#[derive(Debug)]
pub(super) struct Colours {
    button: Colour,
    words: Colour,
    other: Colour,
}

impl Colours {
    /// What a page asked for, by name.
    pub(super) fn read<'a>(asked: impl Fn(&'static str) -> &'a str) -> Self {
        let colour = |paint: Paint| Colour::read(asked(paint.name), paint.default);
        Self {
            button: colour(BUTTON),
            words: colour(WORDS),
            other: colour(OTHER),
        }
    }

    /// The frame's whole style, the same as the script gives the links beneath.
    pub(super) fn style(&self) -> String {
        let Self {
            button: Colour(button),
            words: Colour(words),
            other: Colour(other),
        } = self;
        format!(
            ":root{{color-scheme:light}}\
             body{{margin:0;overflow:hidden;background:transparent;font:600 15px/42px system-ui,sans-serif}}\
             a{{display:block;box-sizing:border-box;width:100%;padding:0 8px;border:1px solid transparent;\
             border-radius:6px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;text-align:center;\
             background:#{button};color:#{words};text-decoration:none}}\
             a[hidden]{{display:none}}\
             a.other{{font:12px/22px system-ui,sans-serif;margin-top:2px;background:none;color:#{other};\
             text-decoration:underline}}\
             a:focus-visible{{outline:2px solid #fff;outline-offset:-4px;box-shadow:inset 0 0 0 4px #000}}"
        )
    }
}

/// The origins of an app's own pages: those of its redirect URIs. The port of a loopback address is
/// free, as it is for redirects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Home(Vec<String>);

impl Home {
    pub(super) fn of(redirect_uris: &[RedirectUri]) -> Self {
        let origins = redirect_uris.iter().filter_map(RedirectUri::origin);
        // A host may hold signs that end a directive or a policy.
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || ".:/-_[]".contains(sign);
        let mut origins: Vec<_> = origins.filter(|it| it.chars().all(is_plain)).collect();
        origins.sort_unstable();
        origins.dedup();
        Self(origins)
    }

    /// Whether a page of this origin is the app's.
    pub(super) fn has(&self, origin: &str) -> bool {
        let root = format!("{origin}/");
        let is_this = |known: &String| RedirectUri::registered(format!("{known}/")).matches(&root);
        self.0.iter().any(is_this)
    }

    /// As a policy writes them (CSP `frame-ancestors`), which has no words for `[::1]`.
    pub(super) fn directive(&self) -> String {
        let named = self.0.iter().filter(|origin| !origin.contains('['));
        let known = named.map(|origin| {
            if origin.starts_with(LOOPBACK) {
                format!("{LOOPBACK}:*")
            } else {
                origin.clone()
            }
        });
        let mut known: Vec<_> = known.collect();
        known.dedup();
        if known.is_empty() {
            "'none'".to_owned()
        } else {
            known.join(" ")
        }
    }
}

const LOOPBACK: &str = "http://127.0.0.1";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uris: &[&str]) -> Home {
        let uris = uris
            .iter()
            .map(|uri| RedirectUri::registered((*uri).into()));
        Home::of(&uris.collect::<Vec<_>>())
    }

    #[test]
    fn the_script_has_the_same_defaults() {
        let script = include_str!("../../widget/login.js");
        for Paint { name, default } in [BUTTON, WORDS, OTHER] {
            assert!(script.contains(&format!("{name}: '{default}'")), "{name}");
        }
    }

    #[test]
    fn a_colour_is_hexadecimal_or_the_default() {
        for good in ["fff", "303F9F"] {
            assert_eq!(Colour::read(good, "000"), Colour(good.to_owned()));
        }
        for bad in ["", "#fff", "ffff", "red", "fff\n", "fff;}", "é0"] {
            assert_eq!(
                Colour::read(bad, "000"),
                Colour("000".to_owned()),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_frame_is_for_pages_where_the_app_is_at_home() {
        let home = of(&[
            "https://app.example/cb",
            "https://app.example/other?x=1",
            "https://app.example:8443/cb",
            "app.example:/cb",
        ]);
        assert_eq!(
            home.directive(),
            "https://app.example https://app.example:8443"
        );
        assert!(home.has("https://app.example"));
        for other in [
            "http://app.example",
            "https://app.example.evil",
            "null",
            "",
            "*",
        ] {
            assert!(!home.has(other), "{other}");
        }
    }

    #[test]
    fn the_port_of_loopback_is_free() {
        let home = of(&["http://127.0.0.1/cb", "http://localhost:3000/cb"]);
        assert_eq!(home.directive(), "http://127.0.0.1:* http://localhost:3000");
        assert!(home.has("http://127.0.0.1:5000"));
        assert!(!home.has("http://localhost:5000"));
        assert!(!home.has("http://127.0.0.1.evil.example"));
        assert!(of(&["http://[::1]/cb"]).has("http://[::1]:5000"));
    }

    #[test]
    fn nobody_and_strange_hosts_have_no_frame() {
        assert_eq!(of(&[]).directive(), "'none'");
        assert_eq!(of(&["https://a,b.example/cb"]).directive(), "'none'");
        assert_eq!(of(&["https://a;sandbox/cb"]).directive(), "'none'");
        assert_eq!(of(&["http://[::1]:3000/cb"]).directive(), "'none'");
    }
}

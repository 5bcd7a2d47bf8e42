//! The colours that a page can set for the login button.

/// A colour parameter and its default, the same as in `login.js`.
#[derive(Debug, Clone, Copy)]
pub struct ColourParam {
    /// The name of the query parameter.
    pub name: &'static str,
    /// Six hexadecimal digits.
    pub default: &'static str,
}

pub const BUTTON: ColourParam = ColourParam {
    name: "button_div_bg_color",
    default: "303F9F",
};
pub const WORDS: ColourParam = ColourParam {
    name: "button_anchor_color",
    default: "FFFFFF",
};
/// The text below the button: "Login as other user".
pub const OTHER: ColourParam = ColourParam {
    name: "logout_anchor_color",
    default: "727272",
};

/// A colour as three or six hexadecimal digits, without `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Colour(String);

impl Colour {
    /// Any other value gives the default.
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

/// The colours of the button and its links.
#[derive(Debug)]
pub(super) struct ButtonColours {
    button: Colour,
    words: Colour,
    other: Colour,
}

impl ButtonColours {
    /// Reads the parameters by name.
    pub(super) fn read<'a>(param: impl Fn(&'static str) -> &'a str) -> Self {
        let colour = |paint: ColourParam| Colour::read(param(paint.name), paint.default);
        Self {
            button: colour(BUTTON),
            words: colour(WORDS),
            other: colour(OTHER),
        }
    }

    /// The style of the frame, the same as the script sets on the links below it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_the_same_defaults() {
        let script = include_str!("../../../widget/login.js");
        for ColourParam { name, default } in [BUTTON, WORDS, OTHER] {
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
}

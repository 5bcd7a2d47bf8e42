//! How a requested redirect URI differs from the registered ones, so that its developer finds the mistake.

use super::RedirectUri;

/// The difference to the registered redirect URI that is most alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectMismatch {
    /// A registered one with parameters appended. Some libraries do this to carry a state of their own.
    AppendedQuery,
    /// With or without a slash at the end.
    TrailingSlash,
    /// http instead of https, or the reverse.
    Scheme,
    /// Capital letters in another place.
    LetterCase,
    /// Encoded once more than the registered one.
    EncodedTwice,
}

impl RedirectMismatch {
    /// None if no registered redirect URI is alike.
    pub fn find(requested: &str, registered: &[RedirectUri]) -> Option<Self> {
        let mut registered = registered.iter().map(RedirectUri::as_str);
        registered.find_map(|registered| compare(requested, registered))
    }

    /// What to do about it, for the developer.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AppendedQuery => {
                "The program appends parameters to a registered redirect URI. Turn this off in its library: \
                 REDIRECT_STATE = False in python-social-auth, callback_url without query_string in OmniAuth. \
                 What belongs to the sign-in goes into state."
            }
            Self::TrailingSlash => {
                "A redirect URI is registered that differs only in the slash at the end. Send exactly that one, \
                 or register this one, too."
            }
            Self::Scheme => {
                "A redirect URI is registered that differs only in http and https. Behind a proxy, tell your \
                 framework that the site is https."
            }
            Self::LetterCase => {
                "A redirect URI is registered that differs only in capital letters. Send exactly that one."
            }
            Self::EncodedTwice => {
                "The redirect URI was percent-encoded twice. Encode it once, or leave it to your library."
            }
        }
    }
}

fn compare(requested: &str, registered: &str) -> Option<RedirectMismatch> {
    let appended = requested.strip_prefix(registered);
    if appended.is_some_and(|rest| rest.starts_with(['?', '&'])) {
        return Some(RedirectMismatch::AppendedQuery);
    }
    if requested.trim_end_matches('/') == registered.trim_end_matches('/') {
        return Some(RedirectMismatch::TrailingSlash);
    }
    if without_scheme(requested) == without_scheme(registered) {
        return Some(RedirectMismatch::Scheme);
    }
    if requested.eq_ignore_ascii_case(registered) {
        return Some(RedirectMismatch::LetterCase);
    }
    let decoded = percent_encoding::percent_decode_str(requested).decode_utf8();
    (decoded.is_ok_and(|decoded| decoded == registered)).then_some(RedirectMismatch::EncodedTwice)
}

/// What follows `http://` or `https://`. None for other schemes, so that two of them are never alike.
fn without_scheme(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    ["http", "https"].contains(&scheme).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_to_a_registered_redirect_uri_is_named() {
        let registered = ["https://other.example/back", "https://app.example/cb"];
        let registered = registered.map(|uri| RedirectUri::parse(uri).unwrap());
        let find = |requested| RedirectMismatch::find(requested, &registered);
        for (requested, mismatch) in [
            (
                "https://app.example/cb?redirect_state=x",
                Some(RedirectMismatch::AppendedQuery),
            ),
            (
                "https://app.example/cb/",
                Some(RedirectMismatch::TrailingSlash),
            ),
            ("http://app.example/cb", Some(RedirectMismatch::Scheme)),
            ("https://app.example/CB", Some(RedirectMismatch::LetterCase)),
            (
                "https%3A%2F%2Fapp.example%2Fcb",
                Some(RedirectMismatch::EncodedTwice),
            ),
            ("https://app.example/cbx", None),
            ("https://app.example.evil.example/cb", None),
            ("com.app:/cb", None),
            ("", None),
        ] {
            assert_eq!(find(requested), mismatch, "{requested}");
        }
    }
}

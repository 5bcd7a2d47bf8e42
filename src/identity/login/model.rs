//! Where a login leads.

use std::fmt;

/// A path of this server with its query, to redirect to after a login. Anything else is ignored: a sign-in
/// page that redirects anywhere helps phishing (open redirect, RFC 9700 §4.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

/// Longer than any address a browser sends.
const MAX_LENGTH: usize = 16 * 1024;

impl LocalPath {
    /// Accepts one leading slash and nothing that browsers read as another host: no second slash or
    /// backslash after it, and no control characters, which browsers drop before they parse.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let is_other_host = rest.starts_with(['/', '\\']);
        if is_other_host || text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
            return None;
        }
        // Percent-encodes what a header cannot hold, and nothing else.
        let encode = |byte: u8| match byte {
            0x21..=0x7e => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        Some(Self(text.bytes().map(encode).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `?next=…` for the address of the sign-in page; empty without a path.
    pub(super) fn query(next: Option<&Self>) -> String {
        let encode = |next: &Self| -> String {
            url::form_urlencoded::byte_serialize(next.0.as_bytes()).collect()
        };
        next.map(|next| format!("?next={}", encode(next)))
            .unwrap_or_default()
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_accepted() {
        for local in [
            "/",
            "/user/",
            "/sso/oauth/authorize/?client_id=a&state=a%20b%2F%2Fc",
            "/oauth/authorize?redirect_uri=https://app.example/cb",
            "/a//b",
            "/.//evil.example",
        ] {
            assert_eq!(LocalPath::parse(local).unwrap().as_str(), local);
        }
        for away in [
            "",
            "user/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\u{0}/evil.example",
            " //evil.example",
            "https://evil.example/",
            "https:evil.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(LocalPath::parse(away), None, "{away:?}");
        }
    }

    #[test]
    fn what_a_header_cannot_hold_is_encoded() {
        let path = LocalPath::parse("/doc/?q=é b").unwrap();
        assert_eq!(path.as_str(), "/doc/?q=%C3%A9%20b");
        assert_eq!(
            LocalPath::query(Some(&path)),
            "?next=%2Fdoc%2F%3Fq%3D%25C3%25A9%2520b"
        );
    }
}

//! Where a sign-in leads.

use std::fmt;

/// A path of ours with its query, to go on to. Whatever else was asked for is ignored: a sign-in page
/// that leads anywhere is a phisher's best friend (open redirect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

/// Longer than any address a browser sends.
const LONGEST: usize = 16 * 1024;

impl LocalPath {
    /// One leading slash, and nothing browsers read as another host: no second slash or backslash
    /// behind it, no control characters, which they drop before they read.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let leads_away = rest.starts_with(['/', '\\']);
        if leads_away || text.len() > LONGEST || text.chars().any(char::is_control) {
            return None;
        }
        // What a header cannot hold is percent-encoded; the rest stays as it came.
        let held = |byte: u8| match byte {
            0x21..=0x7e => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        Some(Self(text.bytes().map(held).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As `?next=…` behind the address of a sign-in page; empty where there is nowhere to go on to.
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
    fn only_paths_of_ours_are_gone_on_to() {
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

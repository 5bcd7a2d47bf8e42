//! The origins of an app's pages.

use crate::platform::web::{find_loopback_origin, registered_origin};
use crate::protocol::oauth::RedirectUri;

/// The origins of an app's redirect URIs. On a loopback IP any port matches, as for redirects (RFC 8252
/// §7.3).
#[derive(Debug, PartialEq, Eq)]
pub struct AppOrigins(Vec<String>);

impl AppOrigins {
    pub fn of(redirect_uris: &[RedirectUri]) -> Self {
        let origins = redirect_uris.iter().filter_map(RedirectUri::origin);
        let origins = origins.map(|origin| registered_origin(&origin).to_owned());
        // A host may contain characters that end a CSP directive or a policy.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:/-_[]".contains(c);
        let mut origins: Vec<_> = origins
            .filter(|origin| origin.chars().all(is_plain))
            .collect();
        origins.sort_unstable();
        origins.dedup();
        Self(origins)
    }

    /// Whether this is one of the origins.
    pub fn contains(&self, origin: &str) -> bool {
        let origin = registered_origin(origin);
        self.0.iter().any(|own| own == origin)
    }

    /// The value of the CSP directive `frame-ancestors`, which cannot express `[::1]`.
    pub fn frame_ancestors(&self) -> String {
        let expressible = self.0.iter().filter(|origin| !origin.contains('['));
        let sources = expressible.map(|origin| match find_loopback_origin(origin) {
            Some(loopback) => format!("{loopback}:*"),
            None => origin.clone(),
        });
        let sources: Vec<_> = sources.collect();
        if sources.is_empty() {
            "'none'".to_owned()
        } else {
            sources.join(" ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uris: &[&str]) -> AppOrigins {
        let uris = uris
            .iter()
            .map(|uri| RedirectUri::registered((*uri).into()));
        AppOrigins::of(&uris.collect::<Vec<_>>())
    }

    #[test]
    fn a_page_of_a_redirect_uris_origin_may_frame_the_widget() {
        let origins = of(&[
            "https://app.example/cb",
            "https://app.example/other?x=1",
            "https://app.example:8443/cb",
            "app.example:/cb",
        ]);
        assert_eq!(
            origins.frame_ancestors(),
            "https://app.example https://app.example:8443"
        );
        assert!(origins.contains("https://app.example"));
        for other in [
            "http://app.example",
            "https://app.example.evil",
            "null",
            "",
            "*",
        ] {
            assert!(!origins.contains(other), "{other}");
        }
    }

    #[test]
    fn any_port_of_a_loopback_ip_matches() {
        let origins = of(&["http://127.0.0.1/cb", "http://localhost:3000/cb"]);
        assert_eq!(
            origins.frame_ancestors(),
            "http://127.0.0.1:* http://localhost:3000"
        );
        assert!(origins.contains("http://127.0.0.1:5000"));
        assert!(!origins.contains("http://localhost:5000"));
        assert!(!origins.contains("http://127.0.0.1.evil.example"));
        assert!(of(&["http://[::1]/cb"]).contains("http://[::1]:5000"));
    }

    #[test]
    fn unusual_hosts_may_not_frame_the_widget() {
        assert_eq!(of(&[]).frame_ancestors(), "'none'");
        assert_eq!(of(&["https://a,b.example/cb"]).frame_ancestors(), "'none'");
        assert_eq!(of(&["https://a;sandbox/cb"]).frame_ancestors(), "'none'");
        assert_eq!(of(&["http://[::1]:3000/cb"]).frame_ancestors(), "'none'");
    }
}

//! The origins at which an app is at home.

use crate::protocol::oauth::RedirectUri;

/// The origins of an app's own pages: those of its redirect URIs. The port of a loopback address is
/// free, as it is for redirects.
#[derive(Debug, PartialEq, Eq)]
pub struct AppOrigins(Vec<String>);

impl AppOrigins {
    pub fn of(redirect_uris: &[RedirectUri]) -> Self {
        let origins = redirect_uris.iter().filter_map(RedirectUri::origin);
        // A host may hold signs that end a directive or a policy.
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || ".:/-_[]".contains(sign);
        let mut origins: Vec<_> = origins.filter(|it| it.chars().all(is_plain)).collect();
        origins.sort_unstable();
        origins.dedup();
        Self(origins)
    }

    /// Whether a page of this origin is the app's.
    pub fn has(&self, origin: &str) -> bool {
        let root = format!("{origin}/");
        let is_this = |known: &String| RedirectUri::registered(format!("{known}/")).matches(&root);
        self.0.iter().any(is_this)
    }

    /// As a policy writes them (CSP `frame-ancestors`), which has no words for `[::1]`.
    pub fn directive(&self) -> String {
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

    fn of(uris: &[&str]) -> AppOrigins {
        let uris = uris
            .iter()
            .map(|uri| RedirectUri::registered((*uri).into()));
        AppOrigins::of(&uris.collect::<Vec<_>>())
    }

    #[test]
    fn the_frame_is_for_pages_where_the_app_is_at_origins() {
        let origins = of(&[
            "https://app.example/cb",
            "https://app.example/other?x=1",
            "https://app.example:8443/cb",
            "app.example:/cb",
        ]);
        assert_eq!(
            origins.directive(),
            "https://app.example https://app.example:8443"
        );
        assert!(origins.has("https://app.example"));
        for other in [
            "http://app.example",
            "https://app.example.evil",
            "null",
            "",
            "*",
        ] {
            assert!(!origins.has(other), "{other}");
        }
    }

    #[test]
    fn the_port_of_loopback_is_free() {
        let origins = of(&["http://127.0.0.1/cb", "http://localhost:3000/cb"]);
        assert_eq!(
            origins.directive(),
            "http://127.0.0.1:* http://localhost:3000"
        );
        assert!(origins.has("http://127.0.0.1:5000"));
        assert!(!origins.has("http://localhost:5000"));
        assert!(!origins.has("http://127.0.0.1.evil.example"));
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

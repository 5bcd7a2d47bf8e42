//! How pages show an app: name, logo, website, standing.

use serde::Serialize;
use url::Url;

use super::model;
use crate::platform::links::Links;

/// The name and the logo of an app, or an initial in place of the logo.
#[derive(Debug, Clone, Serialize)]
pub struct AppSummary {
    pub name: String,
    pub initial: String,
    /// A URL path on this server.
    pub logo: Option<String>,
}

impl AppSummary {
    /// `logo` is the file name in the database.
    pub fn of(name: &str, logo: Option<&str>, links: &Links) -> Self {
        let initial = name.chars().find(|c| c.is_alphanumeric()).unwrap_or('?');
        Self {
            name: name.to_owned(),
            initial: initial.to_uppercase().collect(),
            logo: logo.map(|file| links.app_logo(file)),
        }
    }
}

/// A link to the website of an app, and its host for people to read.
#[derive(Debug, Clone, Serialize)]
pub struct WebsiteLink {
    pub href: String,
    /// In ASCII (punycode), so that a letter of another script does not look like a Latin one.
    pub host: String,
}

impl WebsiteLink {
    /// From a URL that was validated at registration.
    pub fn of(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?.to_owned();
        Some(Self {
            href: address.to_owned(),
            host,
        })
    }
}

/// The label of an app's standing, in words and a colour.
#[derive(Debug, Clone, Serialize)]
pub struct StandingLabel {
    /// `good`, `warning` or `danger`.
    pub kind: &'static str,
    pub label: &'static str,
    /// What the standing means for the developer.
    pub text: Option<String>,
}

impl StandingLabel {
    /// `cap`: how many people may connect an app that is not verified.
    pub fn of(standing: model::AppStanding, cap: i32) -> Self {
        match standing {
            model::AppStanding::Verified => Self {
                kind: "good",
                label: "Verified",
                text: None,
            },
            model::AppStanding::Unverified => Self {
                kind: "warning",
                label: "Not verified",
                text: Some(match cap {
                    1 => "One person can connect it. The consent page shows a warning.".to_owned(),
                    cap => format!(
                        "Up to {cap} people can connect it. The consent page shows a warning."
                    ),
                }),
            },
            model::AppStanding::Suspended => Self {
                kind: "danger",
                label: "Suspended",
                text: Some(
                    "Nobody can sign in to it. Contact the people who run this service.".to_owned(),
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_without_a_logo_shows_the_first_letter_of_its_name() {
        let links = Links::new(&"http://localhost/p".parse().unwrap());
        assert_eq!(AppSummary::of("“ßig”", None, &links).initial, "SS");
        assert_eq!(AppSummary::of("छात्रावास", None, &links).initial, "छ");
        let logo = AppSummary::of("x", Some("a.png"), &links).logo;
        assert_eq!(logo.unwrap(), "/p/media/app_logo/a.png");
    }

    #[test]
    fn a_host_of_another_script_is_shown_as_ascii() {
        let website = WebsiteLink::of("https://\u{430}pple.example/x").unwrap();
        assert!(website.host.starts_with("xn--"));
    }
}

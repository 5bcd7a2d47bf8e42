//! An app and the parts of one: values that cannot be wrong once they are read.

use std::fmt;

use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, PersonId, SecretId};
use crate::platform::rng::Rng;
use crate::platform::{db, secret};
use crate::protocol::oauth::RedirectUri;

/// An app as its owner knows it.
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

/// What its owner says of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppDetails {
    pub name: AppName,
    pub description: String,
    /// An http or https address.
    pub website: Option<String>,
    /// An http or https address.
    pub privacy_policy: Option<String>,
    /// A mail address, shown where consent is asked.
    pub contact: Option<String>,
    pub kind: ClientType,
    pub require_pkce: bool,
    /// At least one; the first is used when a request names none.
    pub redirect_uris: Vec<RedirectUri>,
}

impl AppDetails {
    /// The origins of browser pages that may be the app, each once.
    pub fn origins(&self) -> Vec<String> {
        let mut origins: Vec<_> = self
            .redirect_uris
            .iter()
            .filter_map(RedirectUri::origin)
            .collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Whether a request for a code must bring a challenge (RFC 7636, RFC 9700 §2.1.1).
    pub fn must_use_pkce(&self) -> bool {
        self.require_pkce || self.kind == ClientType::Public
    }
}

/// What people call an app: 1 to 255 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    pub const LONGEST: usize = 255;

    /// Reads a name as typed, without the blanks round it. The error says what to do.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Enter a name.");
        }
        if text.chars().count() > Self::LONGEST {
            return Err("Use at most 255 characters.");
        }
        if text.chars().any(|c| c.is_control() || misleads(c)) {
            return Err("Use one line without invisible characters.");
        }
        if !text.chars().any(char::is_alphanumeric) {
            return Err("Use at least one letter or digit.");
        }
        Ok(Self(text.to_owned()))
    }

    /// One that was parsed before, back from the database.
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

/// Characters that make a text look like another: direction overrides, line separators, and what is
/// not seen at all. Joiners are not among them; Indian scripts need them.
pub(super) fn misleads(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// What an app is called in the protocol (RFC 6749 §2.2): no secret, but not to be guessed either.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// A new one: 40 letters and digits.
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

/// Where an app's code runs (RFC 6749 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientType {
    /// On a server: it can keep a secret.
    Confidential,
    /// In a browser or on a phone: it has none.
    Public,
}

impl ClientType {
    /// As forms and the database have it.
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

/// What the campus says of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppStanding {
    /// Nobody has looked at it: people are warned, and only so many may connect it.
    Unverified,
    Verified,
    /// Taken out of service.
    Suspended,
}

/// What an app proves itself for with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// To get and keep tokens, as the client it is.
    Client,
    /// To look people up.
    LookUps,
}

/// One of an app's secrets, as its owner may see it.
#[derive(Debug, Clone)]
pub struct ClientSecretInfo {
    pub id: SecretId,
    /// The last four characters.
    pub hint: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// What became of the mails an app sent lately, the newest of them one by one.
#[derive(Debug, Default)]
pub struct AppMailSummary {
    pub sent: i64,
    pub failed: i64,
    pub newest: Vec<AppMailRecord>,
}

/// One mail: that there was one, never what it said or to whom.
#[derive(Debug)]
pub struct AppMailRecord {
    pub message_id: String,
    pub at: Timestamp,
    /// Whether the mail server took it; none while it is asked.
    pub status: Option<bool>,
    /// Why it did not.
    pub error: Option<String>,
}

/// What can be wrong with a wish about an app, beside what its form says.
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
    /// Its secrets are not those the person was shown: somebody made another meanwhile.
    #[error("the secrets have changed meanwhile")]
    Changed,
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
            "🍛 2",
            &"é".repeat(255),
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
            &"a".repeat(256),
        ] {
            assert!(AppName::parse(bad).is_err(), "{bad:?}");
        }
    }
}

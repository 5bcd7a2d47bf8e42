//! Username and password, checked by an LDAP directory (RFC 4511).
//!
//! The connector finds a person's entry by a search with the account of the settings, or names it by a
//! pattern. Then it binds as that entry with the password. It reads the attributes at each login, so that
//! they are never older here than the last login. LDAP errors become sentences for
//! operators in [`error_text`]; what a person reads is in `identity::login::pages::errors`.
//!
//! Decision: each login opens a connection of its own, because a bind changes the identity of the
//! connection, and a directory gets a few logins per second at most.
//!
//! Decision: only a directory that accepts every bind is [`ConnectorError::ProtocolMismatch`]. All other wrong
//! answers are [`ConnectorError::Unavailable`], because LDAP does not change as a portal does, and one
//! fault of a directory must not disable the connector until an operator acts.
//!
//! Decision: the subject is the username, because the campus identifies people by it, and lists of people
//! to import contain it. `entryUUID` or `objectGUID` is the second key where the directory has it: a username
//! that was given to another person does not open the old profile, and a renamed person keeps theirs.
//!
//! Decision (D50): an attribute that an entry does not have keeps the stored value, because a directory hides
//! attributes as it likes, and what was known would be lost at the next sign-in. The setting
//! `PROFILES_LDAP_ABSENT` changes that for a directory that shows all.

mod account_state;
mod ber;
mod client;
mod directory;
mod directory_record;
mod error_text;
mod filter_template;
mod messages;

use std::fmt;
use std::time::Duration;

use account_state::AccountState;
use directory::{LdapDirectory, LdapLogin};
use directory_record::{DirectoryRecord, RecordRules};
use error_text::LdapError;
use tokio::sync::Semaphore;
use url::Url;

use crate::connectors::{
    Answers, Connector, ConnectorError, ConnectorLabel, LoginRefusal, Prompt, PromptLink,
    RequestFacts, Step,
};
use crate::people::records::{Claims, ExternalIdentity, PersonUpdate};
use crate::platform::config;
use crate::platform::rng::SharedRng;

/// Logins at the same time. A directory takes some milliseconds for one; if it hangs, further logins are
/// refused at once.
const MAX_CONCURRENT: usize = 64;
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// In bytes. A longer name or password is wrong.
const MAX_USERNAME: usize = 256;
const MAX_PASSWORD: usize = 1024;

/// Why the connector cannot start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum LdapSetupError {
    #[error("PROFILES_LDAP_URL names a host that no certificate can be for")]
    Host,
    #[error("PROFILES_LDAP_CA_FILE holds no certificate in PEM")]
    Authority,
    #[error("the TLS library refuses: {0}")]
    Tls(#[from] rustls::Error),
    #[error("PROFILES_LDAP_USER_FILTER is no filter, such as (uid={{username}}): see RFC 4515")]
    Filter,
}

/// The connector.
pub struct Ldap {
    directory: LdapDirectory,
    rules: RecordRules,
    password_url: Option<Url>,
    rng: SharedRng,
    slots: Semaphore,
}

impl fmt::Debug for Ldap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ldap(…)")
    }
}

impl Ldap {
    /// Opens no connection yet. `authorities` are certificates in PEM that replace the public roots.
    pub fn new(
        settings: config::DirectorySettings,
        authorities: Option<&[u8]>,
        rng: SharedRng,
    ) -> Result<Self, LdapSetupError> {
        Ok(Self {
            rules: RecordRules {
                attributes: settings.attributes.clone(),
                clears_absent: settings.clears_absent,
                alumni_unit: settings.alumni_unit.clone(),
            },
            password_url: settings.password_url.clone(),
            directory: LdapDirectory::new(settings, authorities)?,
            rng,
            slots: Semaphore::new(MAX_CONCURRENT),
        })
    }

    /// Checks whether logins would work now: the directory answers, the search account can bind and search,
    /// a random account cannot bind, and entries have the attribute of the username. Returns the attributes
    /// that no entry shows; `None` if no entry can be read without a person's password. The error is one
    /// line: what is wrong and what to do.
    pub async fn check(&self) -> Result<Option<Vec<String>>, String> {
        let checked = self.directory.check(self.rng.as_ref()).await;
        let checked = checked.and_then(|entries| {
            let Some(entries) = entries else {
                return Ok(None);
            };
            let attributes = &self.rules.attributes;
            let missing = directory_record::missing_attributes(&entries, attributes);
            let username = attributes.username.join("|");
            if missing.contains(&username) {
                return Err(LdapError::NoUsernames(username));
            }
            Ok(Some(missing))
        });
        checked.map_err(|error| format!("{error}. {}", error.advice()))
    }

    async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<LdapLogin, ConnectorError> {
        let _slot = self
            .slots
            .try_acquire()
            .map_err(|_| ConnectorError::Busy(RETRY_AFTER))?;
        let rng = self.rng.as_ref();
        let login = self.directory.authenticate(username, password, rng).await;
        login.map_err(|error| connector_error(&error))
    }

    /// The refusal of an account that the directory knows, with a link to where a password is changed.
    fn refuse_account(&self, state: AccountState) -> Step<()> {
        tracing::info!(state = state.name(), "the directory refuses an account");
        let link = self.password_url.as_ref().map(|page| PromptLink {
            href: page.to_string(),
            text: "Change the password of your campus account",
        });
        let reason = match link {
            None if state.needs_new_password() => {
                format!("{} {NO_PASSWORD_PAGE}", state.sentence()).into()
            }
            _ => state.sentence().into(),
        };
        let prompt = Prompt {
            error_link: link.filter(|_| state.needs_new_password()),
            ..prompt()
        };
        Step::Refused {
            reason: LoginRefusal(reason),
            retry: Some((prompt, ())),
        }
    }
}

impl Connector for Ldap {
    const SLUG: &'static str = "ldap";
    const STATELESS_START: bool = true;
    type State = ();

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "Campus account",
            hint: None,
        }
    }

    fn parse_subject(text: &str) -> Result<String, &'static str> {
        directory_record::parse_subject(text)
    }

    async fn begin(&self, _origin: RequestFacts) -> Result<Step<()>, ConnectorError> {
        Ok(Step::Ask {
            prompt: prompt(),
            state: (),
        })
    }

    async fn advance(
        &self,
        (): (),
        answers: Answers,
        _origin: RequestFacts,
    ) -> Result<Step<()>, ConnectorError> {
        // Phones append a space to a name they complete.
        let username = answers.text("username").trim();
        let password = answers.text("password");
        let login = if is_plausible(username, password) {
            self.authenticate(username, password).await?
        } else {
            LdapLogin::WrongPassword
        };
        let entry = match login {
            LdapLogin::Entry(entry) => entry,
            LdapLogin::WrongPassword => return Ok(refused()),
            LdapLogin::Refused(state) => return Ok(self.refuse_account(state)),
            LdapLogin::Ambiguous => return Ok(refused_for_good(AMBIGUOUS)),
        };
        let record = DirectoryRecord::of(&entry, &self.rules);
        if !record.left_out.is_empty() {
            tracing::warn!(
                attributes = record.left_out.join(" "),
                "the directory says of somebody what does not fit"
            );
        }
        Ok(match identity(record) {
            Some(identity) => Step::Done(identity),
            None => refused_for_good(NO_NAME),
        })
    }
}

/// `None` for an entry without a username.
fn identity(record: DirectoryRecord) -> Option<ExternalIdentity> {
    let DirectoryRecord {
        subject,
        stable_id,
        username,
        columns,
        fallback_names,
        ..
    } = record;
    let claims = |username| Claims {
        username,
        details: PersonUpdate {
            columns,
            ..PersonUpdate::default()
        },
        is_authoritative: true,
        is_inferred: false,
        unverified_email: None,
        stable_id,
        fallback_names,
    };
    Some(ExternalIdentity {
        provider: Ldap::SLUG,
        subject: subject?,
        // Without a username no person can be created. An existing person keeps the stored values.
        claims: username.map(claims).map(Box::new),
        epoch: None,
    })
}

/// A bind with an empty password succeeds as an unauthenticated one (RFC 4513 §5.1.2), and some directories
/// cut a password at the first NUL.
fn is_plausible(username: &str, password: &str) -> bool {
    let fits = |text: &str, longest| (1..=longest).contains(&text.len()) && !text.contains('\0');
    fits(username, MAX_USERNAME) && fits(password, MAX_PASSWORD)
}

/// The cause goes to the log; the person who signs in can do nothing about it.
fn connector_error(error: &LdapError) -> ConnectorError {
    tracing::warn!(trouble = %error, "the directory was of no use");
    match error {
        LdapError::AcceptsAnyPassword => {
            ConnectorError::ProtocolMismatch("the directory says yes to somebody made up")
        }
        _ => ConnectorError::Unavailable,
    }
}

fn refused() -> Step<()> {
    Step::Refused {
        reason: LoginRefusal::of_username_and_password(),
        retry: Some((prompt(), ())),
    }
}

fn refused_for_good(reason: &'static str) -> Step<()> {
    Step::Refused {
        reason: LoginRefusal(reason.into()),
        retry: None,
    }
}

const AMBIGUOUS: &str = "The campus directory has more than one account with your username, so we cannot tell which one is yours. Ask the people who run the campus directory to give each account a username of its own.";
const NO_PASSWORD_PAGE: &str = "Ask the people who run the campus directory how to change it.";
const NO_NAME: &str = "The campus directory has no username for your account. Contact the people who run this service.";

fn prompt() -> Prompt {
    Prompt {
        notice: Some("The campus directory checks your password. We do not store it.".into()),
        ..Prompt::username_and_password()
    }
}

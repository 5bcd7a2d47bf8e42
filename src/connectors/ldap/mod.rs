//! The campus directory: username and password, judged by an LDAP server (RFC 4511).
//!
//! Somebody's entry is looked for with the account of the settings, or named by a pattern, and then the
//! directory is asked to sign in as that entry with the password that was typed. What it says of them is
//! read each time, so that it is never older here than their last sign-in.
//!
//! Decision: a connection is made for each sign-in and not kept, because whoever signs in changes who
//! the connection belongs to, and a directory is asked a few times in a second at most.
//!
//! Decision: only a directory that says yes to everybody is [`ConnectorError::Changed`]. All else that
//! it may say wrongly is [`ConnectorError::Unavailable`], because LDAP does not change as a portal does,
//! and a directory that stumbles once must not be shut until somebody wakes up.
//!
//! Decision: the subject is the username, because that is what the campus knows people by, and what a
//! list of people to import has. `entryUUID` is its second key where the directory says it: an account that was
//! given to somebody else lets the newcomer into nobody's profile, and who is renamed keeps theirs.

mod ber;
mod client;
mod directory;
mod messages;
mod person;
mod template;

use std::fmt;
use std::time::Duration;

use client::LdapError;
use directory::LdapDirectory;
use person::DirectoryRecord;
use tokio::sync::Semaphore;

use super::{
    Answers, Connector, ConnectorError, ConnectorLabel, LoginRefusal, Prompt, RequestOrigin, Step,
};
use crate::people::records::{Claims, ExternalIdentity, PersonUpdate};
use crate::platform::config;
use crate::platform::rng::SharedRng;

/// Sign-ins that are being judged at a time. A directory takes some milliseconds for one; if it takes
/// for ever, those who come later are told at once.
const AT_ONCE: usize = 64;
const COME_BACK: Duration = Duration::from_secs(5);
/// In bytes; nothing longer is anybody's.
const LONGEST_NAME: usize = 256;
const LONGEST_PASSWORD: usize = 1024;

/// Why the directory cannot be asked as it is set up.
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

/// The adapter.
pub struct Ldap {
    directory: LdapDirectory,
    alumni_unit: String,
    rng: SharedRng,
    seats: Semaphore,
}

impl fmt::Debug for Ldap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ldap(…)")
    }
}

impl Ldap {
    /// The adapter for this directory; nobody is asked yet. `authorities` are certificates in PEM to trust
    /// in place of those that everybody trusts.
    pub fn new(
        settings: config::DirectorySettings,
        authorities: Option<&[u8]>,
        rng: SharedRng,
    ) -> Result<Self, LdapSetupError> {
        Ok(Self {
            alumni_unit: settings.alumni_unit.clone(),
            directory: LdapDirectory::new(settings, authorities)?,
            rng,
            seats: Semaphore::new(AT_ONCE),
        })
    }

    /// Whether somebody could sign in now: the directory answers, the account that searches is let in
    /// and may search, and somebody made up is not let in. Says in one line what is wrong and what to do.
    pub async fn check(&self) -> Result<(), String> {
        let checked = self.directory.check(self.rng.as_ref()).await;
        checked.map_err(|trouble| format!("{trouble}. {}", trouble.advice()))
    }

    async fn judge(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<DirectoryRecord>, ConnectorError> {
        let _seat = self
            .seats
            .try_acquire()
            .map_err(|_| ConnectorError::Busy(COME_BACK))?;
        let rng = self.rng.as_ref();
        let proven = self.directory.prove(username, password, rng).await;
        let entry = proven.map_err(|trouble| unanswered(&trouble))?;
        Ok(entry.map(|entry| DirectoryRecord::of(&entry, &self.alumni_unit)))
    }
}

impl Connector for Ldap {
    const SLUG: &'static str = "ldap";
    const OPENS_PLAINLY: bool = true;
    type State = ();

    fn face(&self) -> ConnectorLabel {
        ConnectorLabel {
            label: "Campus account",
            hint: None,
        }
    }

    async fn begin(&self, _visitor: RequestOrigin) -> Result<Step<()>, ConnectorError> {
        Ok(Step::Ask {
            prompt: prompt(),
            state: (),
        })
    }

    async fn advance(
        &self,
        (): (),
        answers: Answers,
        _visitor: RequestOrigin,
    ) -> Result<Step<()>, ConnectorError> {
        // Telephones add a space behind a name they complete.
        let username = answers.text("username").trim();
        let password = answers.text("password");
        let proven = if may_be_asked(username, password) {
            self.judge(username, password).await?
        } else {
            None
        };
        let Some(read) = proven else {
            return Ok(refused());
        };
        if !read.left_out.is_empty() {
            tracing::warn!(
                attributes = read.left_out.join(" "),
                "the directory says of somebody what does not fit"
            );
        }
        Ok(match identity(read) {
            Some(identity) => Step::Done(identity),
            None => Step::Refused {
                why: LoginRefusal(NO_NAME.into()),
                again: None,
            },
        })
    }
}

/// Nothing for an entry without a name.
fn identity(read: DirectoryRecord) -> Option<ExternalIdentity> {
    let DirectoryRecord {
        subject,
        unique,
        username,
        columns,
        ..
    } = read;
    let says = |username| Claims {
        username,
        details: PersonUpdate {
            columns,
            ..PersonUpdate::default()
        },
        is_directory: true,
        is_inferred: false,
        unproven_email: None,
        second_key: unique,
    };
    Some(ExternalIdentity {
        provider: Ldap::SLUG,
        subject: subject?,
        // Without a username nobody can be added, and who is here keeps what was known.
        says: username.map(says).map(Box::new),
    })
}

/// An empty password would let anybody in as nobody (RFC 4513 §5.1.2), and to some directories one ends
/// at the first NUL.
fn may_be_asked(username: &str, password: &str) -> bool {
    let fits = |text: &str, longest| (1..=longest).contains(&text.len()) && !text.contains('\0');
    fits(username, LONGEST_NAME) && fits(password, LONGEST_PASSWORD)
}

/// The log says why; whoever signs in can do nothing about it.
fn unanswered(trouble: &LdapError) -> ConnectorError {
    tracing::warn!(%trouble, "the directory was of no use");
    match trouble {
        LdapError::AlwaysYes => {
            ConnectorError::Changed("the directory says yes to somebody made up")
        }
        _ => ConnectorError::Unavailable,
    }
}

fn refused() -> Step<()> {
    Step::Refused {
        why: LoginRefusal::of_username_and_password(),
        again: Some((prompt(), ())),
    }
}

const NO_NAME: &str = "The campus directory has no username for your account. Contact the people who run this service.";

fn prompt() -> Prompt {
    Prompt {
        notice: Some("The campus directory checks your password. We do not store it.".into()),
        ..Prompt::username_and_password()
    }
}

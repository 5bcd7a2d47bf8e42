//! Username and a password that is stored here, for people without an account of a campus system.
//!
//! An unknown username, a wrong password, a suspended person and a person without a password get the same
//! answer after the same time (no user enumeration). The subject of the identity is the person's ID, because
//! usernames change. The rate limits of the form are in `identity::login::rate_limits`.

mod hasher;
mod store;

use std::fmt;

pub use hasher::PasswordHasher;
use hasher::{HashVerdict, QueueFull};
use zxcvbn::{Score, zxcvbn};

use crate::connectors::{
    Answers, Connector, ConnectorError, ConnectorLabel, LoginRefusal, Prompt, RequestFacts, Step,
};
use crate::people::records;
use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::id::PersonId;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;
use crate::platform::web::SessionRetention;

/// In bytes. A longer password is wrong and cannot be set.
const MAX_BYTES: usize = 1024;
/// In characters (NIST SP 800-63B §3.1.1.2).
const MIN_CHARACTERS: usize = 8;

/// A password that may be set. It needs a minimum length and must not be a common one.
#[derive(Debug, Clone)]
pub struct NewPassword(Secret);

/// Why a password cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordPolicyError {
    #[error("a password needs at least 8 characters")]
    TooShort,
    #[error("a password may have at most 1024 bytes")]
    TooLong,
    #[error("a password cannot hold a NUL character: no form can send one")]
    Nul,
    #[error(
        "this password is among the first that somebody who guesses would try: take a longer one, \
         such as a few words that do not belong together"
    )]
    Common,
}

impl NewPassword {
    /// Takes the text as it is: it is not trimmed, folded or truncated.
    pub fn parse(text: &str) -> Result<Self, PasswordPolicyError> {
        if text.contains('\0') {
            return Err(PasswordPolicyError::Nul);
        }
        if text.len() > MAX_BYTES {
            return Err(PasswordPolicyError::TooLong);
        }
        if text.chars().count() < MIN_CHARACTERS {
            return Err(PasswordPolicyError::TooShort);
        }
        // zxcvbn knows lists of common passwords, names and words, and their usual variations (ASVS 6.2.4).
        // A score of two means more than a million guesses.
        if zxcvbn(text, &[]).score() < Score::Two {
            return Err(PasswordPolicyError::Common);
        }
        Ok(Self(Secret::new(text)))
    }

    /// Twenty letters and digits, about 119 bits.
    pub fn generate(rng: &dyn crate::platform::rng::Rng) -> Self {
        Self(Secret::new(crate::platform::secret::alphanumeric(rng, 20)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Sets the password of a person, and links the identity that signs in with it. A credential event: it ends
/// every session of the person, and whatever began before.
pub async fn set_password(
    tx: &mut Tx,
    hasher: &PasswordHasher,
    (person, password): (PersonId, &NewPassword),
    now: Timestamp,
    rng: &dyn crate::platform::rng::Rng,
) -> Result<(), ConnectorError> {
    let hash = hasher.hash(password.expose(), rng).await.map_err(busy)?;
    let hash = hash.ok_or(ConnectorError::ProtocolMismatch(
        "argon2 refuses its parameters",
    ))?;
    records::raise_credential_epoch(tx, person, SessionRetention::None).await?;
    store::insert_password(&mut **tx, person, &hash, now).await?;
    store::insert_identity(&mut **tx, PasswordConnector::SLUG, person, now).await?;
    Ok(())
}

/// The connector.
pub struct PasswordConnector {
    pub db: Db,
    pub hasher: PasswordHasher,
    pub rng: SharedRng,
}

impl fmt::Debug for PasswordConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordConnector(…)")
    }
}

impl Connector for PasswordConnector {
    const SLUG: &'static str = "password";
    const STATELESS_START: bool = true;
    const HAS_CIRCUIT_BREAKER: bool = false;
    type State = ();

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "Username and password",
            hint: None,
        }
    }

    fn parse_subject(_text: &str) -> Result<String, &'static str> {
        Err("cannot be a password; set one with `profiles person password`")
    }

    async fn begin(&self, _origin: RequestFacts) -> Result<Step<()>, ConnectorError> {
        Ok(Step::Ask {
            prompt: Prompt::username_and_password(),
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
        let account = store::find_account(self.db.pool(), username).await?;
        let account = account.filter(|account| !account.is_suspended);
        let stored = account.as_ref().and_then(|account| account.hash.as_deref());
        let verdict = self
            .hasher
            .verify(password, stored.filter(|_| password.len() <= MAX_BYTES))
            .await
            .map_err(busy)?;
        match (verdict, &account) {
            (HashVerdict::Right | HashVerdict::RightButOutdated, Some(account)) => {
                if verdict == HashVerdict::RightButOutdated {
                    self.rehash(account, password).await?;
                }
                Ok(Step::Done(ExternalIdentity {
                    provider: Self::SLUG,
                    subject: account.person.to_string(),
                    claims: None,
                    epoch: Some(account.epoch),
                }))
            }
            _ => Ok(Step::Refused {
                reason: LoginRefusal::of_username_and_password(),
                retry: Some((Prompt::username_and_password(), ())),
            }),
        }
    }
}

impl PasswordConnector {
    /// Hashes a verified password again with the current parameters. If the threads are busy, the next login
    /// does it.
    async fn rehash(&self, account: &store::PasswordRecord, password: &str) -> db::Result<()> {
        let new = self.hasher.hash(password, self.rng.as_ref()).await;
        let (Ok(Some(new)), Some(old)) = (new, &account.hash) else {
            return Ok(());
        };
        store::mark_rehashed(self.db.pool(), account.person, old, &new).await
    }
}

fn busy(error: QueueFull) -> ConnectorError {
    ConnectorError::Busy(error.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_to_be_long_and_not_common() {
        for good in [
            "पासवर्ड क ख ग घ",
            "asha walks by the lake",
            "hostelfourdinner",
        ] {
            assert!(NewPassword::parse(good).is_ok(), "{good}");
        }
        let long = format!("asha walks by the lake{}", ".".repeat(1002));
        assert!(NewPassword::parse(&long).is_ok());
        for common in [
            "password",
            "Password1!",
            "p@ssw0rd",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "aaaaaaaaaa",
        ] {
            let refused = NewPassword::parse(common).unwrap_err();
            assert_eq!(refused, PasswordPolicyError::Common, "{common}");
        }
        assert_eq!(
            NewPassword::parse("seven77").unwrap_err(),
            PasswordPolicyError::TooShort
        );
        assert_eq!(
            NewPassword::parse(&"x".repeat(1025)).unwrap_err(),
            PasswordPolicyError::TooLong
        );
        assert_eq!(
            NewPassword::parse("a NUL \0 within").unwrap_err(),
            PasswordPolicyError::Nul
        );
    }
}

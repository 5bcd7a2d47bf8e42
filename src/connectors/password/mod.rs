//! Username and a password that is kept here, for people who do not sign in through the campus.
//!
//! An unknown name, a wrong password, a suspended person and one who has no password get the same
//! answer after the same time. The identity's subject is the person's number, since usernames change.

mod hasher;
mod store;

use std::fmt;

pub use hasher::PasswordHasher;
use hasher::{HashVerdict, QueueFull};
use zxcvbn::{Score, zxcvbn};

use super::{
    Answers, Connector, ConnectorError, ConnectorLabel, LoginRefusal, Prompt, RequestOrigin, Step,
};
use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::id::PersonId;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;

/// In bytes. What is longer is wrong, and no password that long was ever set.
const LONGEST: usize = 1024;
/// In characters (NIST SP 800-63B §3.1.1.2).
const SHORTEST: usize = 8;

/// A password somebody may set: nothing is asked of it but its length, and that it is none of those that
/// are tried first.
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
    /// Takes a text as it is: nothing is trimmed, folded or cut.
    pub fn parse(text: &str) -> Result<Self, PasswordPolicyError> {
        if text.contains('\0') {
            return Err(PasswordPolicyError::Nul);
        }
        if text.len() > LONGEST {
            return Err(PasswordPolicyError::TooLong);
        }
        if text.chars().count() < SHORTEST {
            return Err(PasswordPolicyError::TooShort);
        }
        // Lists of the commonest passwords, names and words, and what people do to them to please a
        // rule (ASVS 6.2.4). Two of its four means more than a million guesses.
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

/// Gives somebody this password, and with it this way to sign in. What was begun with the old one is
/// not ended here: see [`crate::platform::web::delete_sessions`].
pub async fn set(
    tx: &mut Tx,
    hasher: &PasswordHasher,
    (person, password): (PersonId, &NewPassword),
    now: Timestamp,
    rng: &dyn crate::platform::rng::Rng,
) -> Result<(), ConnectorError> {
    let hash = hasher.hash(password.expose(), rng).await.map_err(busy)?;
    let hash = hash.ok_or(ConnectorError::Changed("argon2 refuses its parameters"))?;
    store::insert_password(&mut **tx, person, &hash, now).await?;
    store::insert_identity(&mut **tx, PasswordConnector::SLUG, person, now).await?;
    Ok(())
}

/// The adapter.
pub struct PasswordConnector {
    pub db: Db,
    pub hasher: PasswordHasher,
    pub rng: SharedRng,
}

impl fmt::Debug for PasswordConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Connector for PasswordConnector {
    const SLUG: &'static str = "password";
    const OPENS_PLAINLY: bool = true;
    const CLOSES: bool = false;
    type State = ();

    fn face(&self) -> ConnectorLabel {
        ConnectorLabel {
            label: "Username and password",
            hint: None,
        }
    }

    async fn begin(&self, _visitor: RequestOrigin) -> Result<Step<()>, ConnectorError> {
        Ok(Step::Ask {
            prompt: Prompt::username_and_password(),
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
        let account = store::find_account(self.db.pool(), username).await?;
        let account = account.filter(|account| !account.is_suspended);
        let stored = account.as_ref().and_then(|account| account.hash.as_deref());
        let verdict = self
            .hasher
            .verify(password, stored.filter(|_| password.len() <= LONGEST))
            .await
            .map_err(busy)?;
        match (verdict, &account) {
            (HashVerdict::Right | HashVerdict::RightButOld, Some(account)) => {
                if verdict == HashVerdict::RightButOld {
                    self.renew(account, password).await?;
                }
                Ok(Step::Done(ExternalIdentity {
                    provider: Self::SLUG,
                    subject: account.person.to_string(),
                    says: None,
                }))
            }
            _ => Ok(Step::Refused {
                why: LoginRefusal::of_username_and_password(),
                again: Some((Prompt::username_and_password(), ())),
            }),
        }
    }
}

impl PasswordConnector {
    /// Hashes a password that was just proven with today's parameters. That can wait for the next
    /// sign-in if the threads are busy.
    async fn renew(&self, account: &store::PasswordRecord, password: &str) -> db::Result<()> {
        let new = self.hasher.hash(password, self.rng.as_ref()).await;
        let (Ok(Some(new)), Some(old)) = (new, &account.hash) else {
            return Ok(());
        };
        store::mark_rehashed(self.db.pool(), account.person, old, &new).await
    }
}

fn busy(full: QueueFull) -> ConnectorError {
    ConnectorError::Busy(full.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_needs_length_and_not_to_be_common() {
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

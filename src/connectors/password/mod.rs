//! Username and a password that is kept here, for people who do not sign in through the campus.
//!
//! An unknown name, a wrong password, a suspended person and one who has no password get the same
//! answer after the same time. The identity's subject is the person's number, since usernames change.

mod hasher;
mod store;

use std::fmt;

pub use hasher::Hasher;
use hasher::{Full, Verdict};
use zxcvbn::{Score, zxcvbn};

use super::{Answers, Face, Prompt, Refusal, Step, Upstream, UpstreamError, Visitor};
use crate::people::records::Identity;
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::id::PersonId;
use crate::platform::rng::SharedEntropy;
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
pub enum UnfitPassword {
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
    pub fn parse(text: &str) -> Result<Self, UnfitPassword> {
        if text.contains('\0') {
            return Err(UnfitPassword::Nul);
        }
        if text.len() > LONGEST {
            return Err(UnfitPassword::TooLong);
        }
        if text.chars().count() < SHORTEST {
            return Err(UnfitPassword::TooShort);
        }
        // Lists of the commonest passwords, names and words, and what people do to them to please a
        // rule (ASVS 6.2.4). Two of its four means more than a million guesses.
        if zxcvbn(text, &[]).score() < Score::Two {
            return Err(UnfitPassword::Common);
        }
        Ok(Self(Secret::new(text)))
    }

    /// Twenty letters and digits, about 119 bits.
    pub fn mint(entropy: &dyn crate::platform::rng::Entropy) -> Self {
        Self(Secret::new(crate::platform::secret::alphanumeric(
            entropy, 20,
        )))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Gives somebody this password, and with it this way to sign in. What was begun with the old one is
/// not ended here: see [`crate::platform::web::end_sessions_of`].
pub async fn set(
    tx: &mut Tx,
    hasher: &Hasher,
    (person, password): (PersonId, &NewPassword),
    now: Moment,
    entropy: &dyn crate::platform::rng::Entropy,
) -> Result<(), UpstreamError> {
    let hash = hasher
        .hash(password.expose(), entropy)
        .await
        .map_err(busy)?;
    let hash = hash.ok_or(UpstreamError::Changed("argon2 refuses its parameters"))?;
    store::insert_password(&mut **tx, person, &hash, now).await?;
    store::insert_identity(&mut **tx, Password::SLUG, person, now).await?;
    Ok(())
}

/// The adapter.
pub struct Password {
    pub db: Db,
    pub hasher: Hasher,
    pub entropy: SharedEntropy,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Upstream for Password {
    const SLUG: &'static str = "password";
    const OPENS_PLAINLY: bool = true;
    const CLOSES: bool = false;
    type State = ();

    fn face(&self) -> Face {
        Face {
            label: "Username and password",
            hint: None,
        }
    }

    async fn begin(&self, _visitor: Visitor) -> Result<Step<()>, UpstreamError> {
        Ok(Step::Ask {
            prompt: Prompt::username_and_password(),
            state: (),
        })
    }

    async fn advance(
        &self,
        (): (),
        answers: Answers,
        _visitor: Visitor,
    ) -> Result<Step<()>, UpstreamError> {
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
            (Verdict::Right | Verdict::RightButOld, Some(account)) => {
                if verdict == Verdict::RightButOld {
                    self.renew(account, password).await?;
                }
                Ok(Step::Done(Identity {
                    provider: Self::SLUG,
                    subject: account.person.to_string(),
                    says: None,
                }))
            }
            _ => Ok(Step::Refused {
                why: Refusal::of_username_and_password(),
                again: Some((Prompt::username_and_password(), ())),
            }),
        }
    }
}

impl Password {
    /// Hashes a password that was just proven with today's parameters. That can wait for the next
    /// sign-in if the threads are busy.
    async fn renew(&self, account: &store::Account, password: &str) -> db::Result<()> {
        let new = self.hasher.hash(password, self.entropy.as_ref()).await;
        let (Ok(Some(new)), Some(old)) = (new, &account.hash) else {
            return Ok(());
        };
        store::mark_rehashed(self.db.pool(), account.person, old, &new).await
    }
}

fn busy(full: Full) -> UpstreamError {
    UpstreamError::Busy(full.0)
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
            assert_eq!(refused, UnfitPassword::Common, "{common}");
        }
        assert_eq!(
            NewPassword::parse("seven77").unwrap_err(),
            UnfitPassword::TooShort
        );
        assert_eq!(
            NewPassword::parse(&"x".repeat(1025)).unwrap_err(),
            UnfitPassword::TooLong
        );
        assert_eq!(
            NewPassword::parse("a NUL \0 within").unwrap_err(),
            UnfitPassword::Nul
        );
    }
}

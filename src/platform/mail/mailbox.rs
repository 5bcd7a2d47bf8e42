//! Letters to a mailbox that is nobody's yet, and what they carry: a link or a code, to see that the
//! mailbox is read.

use std::fmt;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::AddresseeId;
use crate::platform::rng::Rng;
use crate::platform::secret::{Secret, ServerKey, TokenHash, digits};

/// Of a code that is typed off a letter. Guessing is bounded where it is asked for.
const CODE_LENGTH: usize = 8;

/// A letter to a mailbox.
#[derive(Debug, Clone, Copy)]
pub struct MailboxMessage<'a> {
    pub address: &'a str,
    /// What it is about, in its own words: a roll number.
    pub about: &'a str,
    pub carries: Option<MailedSecret>,
    /// After which it is not sent any more, and what it carries is good for nothing.
    pub until: Timestamp,
}

/// What a letter carries. It is made when the letter goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedSecret {
    /// A link to the page where a mailbox is confirmed.
    Link,
    /// Eight digits to be typed where they were asked for.
    Code,
}

impl MailedSecret {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Code => "code",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Link, Self::Code]
            .into_iter()
            .find(|carries| carries.name() == name)
    }
}

/// With what codes are kept: eight digits are soon tried, so their hash has to have a key.
#[derive(Clone)]
pub struct CodeKey(ServerKey);

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(…)")
    }
}

impl CodeKey {
    pub fn of(master: &ServerKey) -> Self {
        Self(master.derive("mailed codes"))
    }

    /// What is kept of the code of one letter.
    fn fingerprint(&self, letter: AddresseeId, code: &str) -> TokenHash {
        let seal = self.0.seal(&[letter.0.as_bytes(), code.as_bytes()]);
        TokenHash::of(seal.as_bytes())
    }

    /// What a letter will carry, and what is kept of it.
    pub(super) fn make(
        &self,
        letter: AddresseeId,
        carries: MailedSecret,
        rng: &dyn Rng,
    ) -> (Secret, TokenHash) {
        match carries {
            MailedSecret::Link => {
                let link = Secret::generate(rng);
                let kept = link.fingerprint();
                (link, kept)
            }
            MailedSecret::Code => {
                let code = Secret::new(digits(rng, CODE_LENGTH));
                let kept = self.fingerprint(letter, code.expose());
                (code, kept)
            }
        }
    }
}

/// Puts a letter to a mailbox into the outbox, in the transaction of what it tells of. `template` is a
/// folder below `templates/mail/`.
pub async fn put_to_mailbox(
    db: impl Executor<'_>,
    template: &'static str,
    letter: MailboxMessage<'_>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<AddresseeId> {
    let id = AddresseeId::new(now, rng);
    store::insert_to_mailbox(db, template, id, letter, now, rng).await?;
    Ok(id)
}

/// The letter that carried this link, while it is good.
pub async fn find_linked(
    db: impl Executor<'_>,
    link: &str,
    now: Timestamp,
) -> db::Result<Option<AddresseeId>> {
    store::find_linked(db, TokenHash::of(link.as_bytes()), now).await
}

/// Whether this is the code that the letter carried, and still good. No code is right twice. Blanks and
/// hyphens do not matter.
pub async fn take_code(
    db: impl Executor<'_>,
    key: &CodeKey,
    letter: AddresseeId,
    typed: &str,
    now: Timestamp,
) -> db::Result<bool> {
    let code = Secret::new(
        typed
            .chars()
            .filter(|sign| !sign.is_whitespace() && *sign != '-')
            .collect::<String>(),
    );
    let kept = key.fingerprint(letter, code.expose());
    store::mark_code_used(db, letter, kept, now).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rng::OsRng;

    #[test]
    fn a_code_is_kept_for_its_letter_only_and_not_without_the_key() {
        let key = CodeKey::of(&ServerKey::master([7; 32]));
        let now = Timestamp::UNIX_EPOCH;
        let letters = [0, 1].map(|_| AddresseeId::new(now, &OsRng));
        let (code, kept) = key.make(letters[0], MailedSecret::Code, &OsRng);
        assert_eq!(code.expose().len(), CODE_LENGTH);
        assert!(code.expose().bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(kept, key.fingerprint(letters[0], code.expose()));
        assert_ne!(kept, key.fingerprint(letters[1], code.expose()));
        assert_ne!(kept, code.fingerprint());
        let other = CodeKey::of(&ServerKey::master([8; 32]));
        assert_ne!(kept, other.fingerprint(letters[0], code.expose()));
    }
}

//! Mails to a mailbox that belongs to no account, with a secret (a link or a code) by which its reader proves
//! to have access to it.

use std::fmt;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::MailedSecretId;
use crate::platform::rng::Rng;
use crate::platform::secret::{Secret, SecretHash, ServerKey, digits};

/// The length of a mailed code. The caller limits how often a code may be guessed.
const CODE_LENGTH: usize = 8;

/// A mail to a mailbox.
#[derive(Debug, Clone, Copy)]
pub struct MailboxMessage<'a> {
    /// None stores a mail that is never sent. So a caller whose response must not tell whether there is a
    /// mailbox does the same work in both cases.
    pub address: Option<&'a str>,
    /// What it is about: a roll number.
    pub about: &'a str,
    pub carries: Option<MailedSecret>,
    /// When the secret expires. A mail that was not sent by then is given up.
    pub until: Timestamp,
}

/// The kind of secret in a mail. It is generated when the mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedSecret {
    /// A link to the page that confirms a mailbox.
    Link,
    /// Eight digits to type.
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
            .find(|kind| kind.name() == name)
    }
}

/// The key of the hashes of codes: all codes of eight digits can be tried against a plain hash.
#[derive(Clone)]
pub struct CodeKey(ServerKey);

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(…)")
    }
}

impl CodeKey {
    pub fn derive(master: &ServerKey) -> Self {
        Self(master.derive("mailed codes"))
    }

    /// The hash of the code in one mail.
    fn code_hash(&self, mail: MailedSecretId, code: &str) -> SecretHash {
        let mac = self.0.mac(&[mail.0.as_bytes(), code.as_bytes()]);
        SecretHash::of(mac.as_bytes())
    }

    /// Generates a secret, and the hash to store.
    pub(super) fn generate(
        &self,
        mail: MailedSecretId,
        carries: MailedSecret,
        rng: &dyn Rng,
    ) -> (Secret, SecretHash) {
        match carries {
            MailedSecret::Link => {
                let link = Secret::generate(rng);
                let hash = link.hash();
                (link, hash)
            }
            MailedSecret::Code => {
                let code = Secret::new(digits(rng, CODE_LENGTH));
                let hash = self.code_hash(mail, code.expose());
                (code, hash)
            }
        }
    }
}

/// Adds a mail to a mailbox to the outbox, in the transaction of the event. `template` is a folder below
/// `templates/mail/`.
pub async fn enqueue_to_mailbox(
    db: impl Executor<'_>,
    template: &'static str,
    mail: MailboxMessage<'_>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<MailedSecretId> {
    let id = MailedSecretId::new(now, rng);
    store::insert_to_mailbox(db, template, id, mail, now, rng).await?;
    Ok(id)
}

/// Finds the mail that contained this link, if the link has not expired.
pub async fn find_by_link(
    db: impl Executor<'_>,
    link: &str,
    now: Timestamp,
) -> db::Result<Option<MailedSecretId>> {
    store::find_by_link(db, SecretHash::of(link.as_bytes()), now).await
}

/// Redeems the code of a mail. False if it is wrong, expired or was redeemed before. Ignores whitespace and
/// hyphens.
pub async fn redeem_code(
    db: impl Executor<'_>,
    key: &CodeKey,
    mail: MailedSecretId,
    typed: &str,
    now: Timestamp,
) -> db::Result<bool> {
    let code = Secret::new(
        typed
            .chars()
            .filter(|sign| !sign.is_whitespace() && *sign != '-')
            .collect::<String>(),
    );
    let hash = key.code_hash(mail, code.expose());
    store::mark_code_used(db, mail, hash, now).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rng::OsRng;

    #[test]
    fn the_hash_of_a_code_depends_on_the_mail_and_the_key() {
        let key = CodeKey::derive(&ServerKey::master([7; 32]));
        let now = Timestamp::UNIX_EPOCH;
        let mails = [0, 1].map(|_| MailedSecretId::new(now, &OsRng));
        let (code, hash) = key.generate(mails[0], MailedSecret::Code, &OsRng);
        assert_eq!(code.expose().len(), CODE_LENGTH);
        assert!(code.expose().bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(hash, key.code_hash(mails[0], code.expose()));
        assert_ne!(hash, key.code_hash(mails[1], code.expose()));
        assert_ne!(hash, code.hash());
        let other = CodeKey::derive(&ServerKey::master([8; 32]));
        assert_ne!(hash, other.code_hash(mails[0], code.expose()));
    }
}

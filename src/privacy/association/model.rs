//! A roll number and a mailbox that belong together, and the proof of it while it is being made.

use std::fmt;

use crate::connectors::ConnectorError;
use crate::people::records::PeopleError;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::{PersonId, ProofId};
use crate::platform::rng::Rng;

/// A roll number and the mailbox that was proved to belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Association {
    /// In capitals.
    pub roll: String,
    pub email: String,
    pub proved_at: Timestamp,
    /// Whether apps that were allowed to may look it up.
    pub allows_look_ups: bool,
}

/// A text to be put into a security question: no secret, since anybody can read the question there.
/// 100 bits of chance, so that it stands in no question by accident and nobody can say it beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verifier(String);

impl Verifier {
    /// In front of every one, so that it can be recognised where it stands.
    const PREFIX: &'static str = "sso-";
    const LENGTH: usize = 20;

    pub(super) fn generate(rng: &dyn Rng) -> Self {
        // Base32 (RFC 4648 §6) in lower case: whatever a portal does to capitals, it survives.
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bytes = [0; Self::LENGTH];
        rng.fill(&mut bytes);
        let characters = bytes
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
        let characters: String = characters.map(|mail_id| char::from(*mail_id)).collect();
        Self(format!("{}{characters}", Self::PREFIX))
    }

    pub(super) fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands in a question, whatever its case. Questions may come percent-encoded, more than
    /// once.
    pub(super) fn is_contained_in(&self, question: &str) -> bool {
        let mut text = question.to_lowercase();
        for _ in 0..=MAX_DECODINGS {
            if text.contains(&self.0) {
                return true;
            }
            let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
            let decoded = decoded.to_lowercase();
            if decoded == text {
                return false;
            }
            text = decoded;
        }
        false
    }
}

/// How many times percent-encoding is undone.
const MAX_DECODINGS: usize = 3;

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A proof under way, or one that is over.
#[derive(Debug, Clone)]
pub(super) struct MailboxProof {
    pub id: ProofId,
    pub claim: ProofClaim,
    pub verifier: Verifier,
    pub expires_at: Timestamp,
    /// How often the questions were looked at, and when last.
    pub checks: i32,
    pub last_check_at: Option<Timestamp>,
    /// How many letters were written to the mailbox, and when the last.
    pub mails: i32,
    pub last_mail_at: Option<Timestamp>,
    pub question_seen_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    /// When its browser went on from it.
    pub entered_at: Option<Timestamp>,
}

/// What somebody sets out to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProofClaim {
    /// In capitals.
    pub roll: String,
    pub email: String,
    /// Who gains a way to sign in; none: whoever the roll number belongs to here, or somebody new.
    pub person: Option<PersonId>,
    pub allows_look_ups: bool,
    /// A path of ours to go on to.
    pub next: Option<String>,
}

/// Where a proof stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofStatus {
    /// The verifier has not been seen in a question.
    Pending,
    /// It has; the mailbox is still to be confirmed.
    QuestionSeen,
    Complete,
    Expired,
    /// Given up, or overtaken by another proof for the same roll number.
    Cancelled,
}

/// By what an association is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssociationKey<'a> {
    Roll(&'a str),
    Email(&'a str),
}

impl AssociationKey<'_> {
    /// Whether there could be such a roll number or mailbox at all.
    pub(super) fn is_plausible(self) -> bool {
        let (Self::Roll(text) | Self::Email(text)) = self;
        text.len() <= 254 && !text.chars().any(char::is_control)
    }
}

/// Why a proof does not go on. What was not done can be done again, unless it says that it is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum AssociationError {
    #[error("there is no such proof, or it is over")]
    Over,
    #[error("this mailbox belongs to another roll number")]
    MailboxTaken,
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Upstream(#[from] ConnectorError),
    #[error(transparent)]
    Store(#[from] db::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rng::OsRng;

    #[test]
    fn a_verifier_is_recognised_survives_a_text_field_and_is_never_the_same() {
        let one = Verifier::generate(&OsRng);
        let two = Verifier::generate(&OsRng);
        assert_ne!(one, two);
        let characters = one.as_str().strip_prefix("sso-").unwrap();
        assert_eq!(characters.len(), 20);
        assert!(
            characters
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte))
        );
    }

    #[test]
    fn it_is_found_whatever_the_portal_made_of_it() {
        let verifier = Verifier::from_stored("sso-abc234".to_owned());
        for question in [
            "sso-abc234",
            "Mother's maiden name? sso-abc234",
            "MOTHER'S MAIDEN NAME? SSO-ABC234 ",
            "name%3F%20sso-abc234",
            "name%253F%2520sso%252Dabc234",
            "%73so-abc234%",
        ] {
            assert!(verifier.is_contained_in(question), "{question}");
        }
        for question in ["", "sso-abc23", "sso abc234", "FALSE", "%", "sso-abd234"] {
            assert!(!verifier.is_contained_in(question), "{question}");
        }
    }
}

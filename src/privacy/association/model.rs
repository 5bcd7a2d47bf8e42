//! Associations and proofs.

use std::fmt;

use crate::connectors::ConnectorError;
use crate::people::records::PeopleError;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
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
    /// Whether permitted apps may look it up.
    pub allows_look_ups: bool,
}

/// A text that the person puts into a security question. It is not secret, because questions are public.
/// Its 100 random bits prevent that it is in a question by chance or can be predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verifier(String);

impl Verifier {
    /// Makes a verifier recognisable.
    const PREFIX: &'static str = "sso-";
    const LENGTH: usize = 20;

    pub(super) fn generate(rng: &dyn Rng) -> Self {
        // Base32 (RFC 4648 §6) in lower case, which survives a change of case.
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

    /// Whether a question contains the verifier, in either case. Questions may be percent-encoded, up to
    /// several times.
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

/// How many times percent-encoding is decoded.
const MAX_DECODINGS: usize = 3;

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A proof under way, or one that ended.
#[derive(Debug, Clone)]
pub(super) struct MailboxProof {
    pub id: ProofId,
    pub claim: ProofClaim,
    pub verifier: Verifier,
    /// The credential epoch under which it began; from its completion on, that of its person then.
    pub epoch: CredentialEpoch,
    /// A credential event of its person came after that: the proof is over.
    pub is_superseded: bool,
    pub expires_at: Timestamp,
    /// The number of polls, and the time of the last.
    pub checks: i32,
    pub last_check_at: Option<Timestamp>,
    /// The number of mails to the mailbox, and the time of the last.
    pub mails: i32,
    pub last_mail_at: Option<Timestamp>,
    pub question_seen_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    /// When the browser continued after completion.
    pub entered_at: Option<Timestamp>,
}

/// What a person wants to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProofClaim {
    /// In capitals.
    pub roll: String,
    pub email: String,
    /// The signed-in person who gains the identity; `None`: the roll number's present owner, or a new
    /// person.
    pub person: Option<PersonId>,
    pub allows_look_ups: bool,
    /// A local path to continue at.
    pub next: Option<String>,
}

/// The state of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofStatus {
    /// The verifier was not yet seen in a question.
    Pending,
    /// The verifier was seen; the mailbox is not yet confirmed.
    QuestionSeen,
    Complete,
    Expired,
    /// Cancelled by the person, by a credential event of theirs, or by the completion of another proof for the roll
    /// number.
    Cancelled,
}

/// The key of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssociationKey<'a> {
    Roll(&'a str),
    Email(&'a str),
}

impl AssociationKey<'_> {
    /// Whether a roll number or mailbox may have this form at all.
    pub(super) fn is_plausible(self) -> bool {
        let (Self::Roll(text) | Self::Email(text)) = self;
        text.len() <= 254 && !text.chars().any(char::is_control)
    }
}

/// Why a proof does not continue. Every error but `Over` leaves the proof as it was.
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

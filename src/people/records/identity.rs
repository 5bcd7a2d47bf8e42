//! An identity that a person has proved, with the claims of its provider.

use super::details::{Email, Name, PersonUpdate, Username};
use crate::platform::credential_epoch::CredentialEpoch;

/// An identity that a person has just proved: the provider's name and the subject there. Only the pair
/// identifies; the same subject of another provider is another person.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalIdentity {
    pub provider: &'static str,
    pub subject: String,
    /// The provider's claims. A person is created from them; without them, an unknown identity is refused.
    pub claims: Option<Box<Claims>>,
    /// The person's epoch when the connector read what it compared with in our own tables, such as a password.
    /// None if it asked only its upstream.
    pub epoch: Option<CredentialEpoch>,
}

/// An identity with the epoch under which its proof began: after a later credential event of its person it
/// neither signs in nor is linked.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvenIdentity {
    pub identity: ExternalIdentity,
    pub epoch: CredentialEpoch,
}

impl ProvenIdentity {
    /// `began` is the newest epoch of all people when the proof began.
    pub fn new(identity: ExternalIdentity, began: CredentialEpoch) -> Self {
        let epoch = identity.epoch.map_or(began, |epoch| epoch.min(began));
        Self { identity, epoch }
    }
}

/// What a campus system claims about a person who has just proved an identity there.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// The username of a new person.
    pub username: Username,
    /// Columns, programme, and verified secondary addresses. A department or degree that is on no list is
    /// stored as it is.
    pub details: PersonUpdate,
    /// First and last name for a person who has neither, where the provider has only a whole name.
    pub fallback_names: Option<(Name, Name)>,
    /// Whether the provider is a directory: it has the names of people, its columns are written again at
    /// each sign-in, and its stable id finds a renamed account. Claims of any other provider are read at
    /// the first sign-in only.
    pub is_authoritative: bool,
    /// The programme was inferred; the page asks the person to check it.
    pub is_inferred: bool,
    /// An unverified address: it becomes a secondary one, to be verified.
    pub unverified_email: Option<Email>,
    /// The provider's own stable id of the account, if it has one, beside the name that is the subject. The
    /// pair must stay the same: another pair is another account with the same name.
    pub stable_id: Option<String>,
}

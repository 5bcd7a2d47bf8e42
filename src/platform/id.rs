//! Identifiers, one type for each kind of record. A person's id is a small integer, because campus apps use
//! it as a key and show it. All others are UUIDs of version 7 (time and random bits): they sort by time, and
//! they cannot be guessed or counted.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform::clock::Timestamp;
use crate::platform::rng::Rng;

/// The id of a person: stable, the same for every app, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i32);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, which sorts after ids made before `now`.
            pub fn new(now: Timestamp, rng: &dyn Rng) -> Self {
                Self(uuid_v7(now, rng))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

uuid_ids! {
    /// An app, in addresses of the developer pages. Not the `client_id`.
    AppId
    /// One of an app's client secrets.
    SecretId
    /// A token of an app itself.
    AppTokenId
    /// A grant: what a person allows an app, from consent until access is removed.
    GrantId
    /// A token family: all tokens that descend from one authorization code.
    FamilyId
    /// A token pair: an access token and the refresh token issued with it.
    PairId
    /// An authorization request while its consent page is open.
    RequestId
    /// An entry of the audit log.
    AuditId
    /// A mail in the outbox.
    MailId
    /// A mailbox proof (association) that is under way.
    ProofId
    /// The recipient of a mail to a mailbox that belongs to no account yet.
    MailedSecretId
    /// A mail an app sent to a person.
    SentMailId
    /// A refused request of an app.
    ProblemId
}

fn uuid_v7(now: Timestamp, rng: &dyn Rng) -> Uuid {
    let mut random = [0; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

//! The numbers of things. A person's is a small integer, because campus apps key on it and show it;
//! every other is a UUID made of the time and chance (version 7), so that indexes stay in order and
//! nobody can count or guess.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform::clock::Timestamp;
use crate::platform::rng::Rng;

/// A person's number: stable, the same for every app, never reused.
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
            /// A new one, sorted after those made before `now`.
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
    /// An app, as addresses of the developer pages name it. Its `client_id` is another thing.
    AppId
    /// One of an app's client secrets.
    SecretId
    /// What a person allows an app, from consent until it is taken back.
    GrantId
    /// Everything that descends from one code.
    FamilyId
    /// An access token and the refresh token born with it.
    PairId
    /// An app's request while its consent page is open.
    RequestId
    /// An entry of the audit table.
    AuditId
    /// A letter in the outbox.
    LetterId
    /// A proof that a mailbox belongs to a roll number, while it is made.
    ProofId
    /// The mailbox one letter goes to, where it is nobody's yet.
    AddresseeId
    /// A mail an app sent to a person.
    SentMailId
    /// A refused request of an app.
    ProblemId
}

fn uuid_v7(now: Timestamp, rng: &dyn Rng) -> Uuid {
    let mut chance = [0; 10];
    rng.fill(&mut chance);
    let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &chance).into_uuid()
}

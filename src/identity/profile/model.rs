//! What can go wrong with a change of a profile.

use crate::people::records::PeopleError;
use crate::platform::db;
use crate::platform::web::Slowed;

#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    #[error("no such address of this person is waiting")]
    NoSuchEmail,
    #[error("too many mails were asked for")]
    Slowed(Slowed),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl From<Slowed> for ProfileError {
    fn from(slowed: Slowed) -> Self {
        Self::Slowed(slowed)
    }
}

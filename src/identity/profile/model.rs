//! Errors of changing a profile.

use crate::people::records::{EpochError, PeopleError};
use crate::platform::db;
use crate::platform::rate_limits::RateLimited;

#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    #[error("no such address of this person is waiting")]
    NoSuchEmail,
    #[error("too many mails were asked for")]
    Slowed(RateLimited),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl From<EpochError> for ProfileError {
    fn from(error: EpochError) -> Self {
        Self::People(error.into())
    }
}

impl From<RateLimited> for ProfileError {
    fn from(slowed: RateLimited) -> Self {
        Self::Slowed(slowed)
    }
}

//! [`PeopleError`] and [`EpochError`] as a page, for all rooms that import this one: it is the lowest room that imports both
//! `people` and `web`.

use crate::people::records::{EpochError, PeopleError};
use crate::platform::web::PageError;

impl From<PeopleError> for PageError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            PeopleError::Superseded => Self::superseded(),
            error => Self::internal(error),
        }
    }
}

impl From<EpochError> for PageError {
    fn from(error: EpochError) -> Self {
        PeopleError::from(error).into()
    }
}

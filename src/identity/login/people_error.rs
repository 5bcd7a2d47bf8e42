//! [`PeopleError`] as a page, for all rooms that import this one: it is the lowest room that imports both
//! `people` and `web`.

use crate::people::records::PeopleError;
use crate::platform::web::PageError;

impl From<PeopleError> for PageError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

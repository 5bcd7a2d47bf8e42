//! What goes wrong with people, as a page says it: for every room above. `people` knows no pages and `web`
//! no people; this room is the lowest that knows both.

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

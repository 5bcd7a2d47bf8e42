//! Who there is: people, what the directory says of them and what they added themselves.
//!
//! A [`Person`] is always read whole, as the database's view `whole_people` builds it: one statement,
//! whoever asks. What of it may be shown is somebody else's decision (`grants`, `user_api`).

mod add;
mod choices;
mod confirm;
mod details;
mod edit;
mod fields;
mod identity;
mod import;
mod join;
mod leave;
mod link;
mod list;
mod model;
mod rules;
mod shown;
mod store;
mod unlink;
mod update;

pub use add::add;
pub use choices::{add as add_choice, retire as retire_choice};
pub use confirm::confirm;
pub use details::{
    ColumnUpdates, ContactNumber, Email, FieldText, InvalidValue, Mobile, Name, PersonUpdate,
    PictureFile, Role, RollNumber, Sex, Update, Username,
};
pub use edit::{EditOutcome, edit};
pub use identity::{Claims, ExternalIdentity};
pub use import::{IdAllocation, ImportOutcome, import};
pub use join::{SignedInPerson, join};
pub use leave::{find_gone_at, gone, leave, list_due, stay};
pub use link::link;
pub use list::{ImportRow, ListError, RowRequest, import_columns, read as read_list};
pub use model::{
    Address, ChoiceKind, ContactEntry, LinkedIdentity, ListChoice, OwnEmail, PeopleError, Person,
    Programme, SecondaryEmail,
};
pub use rules::{FIRST_YEAR, LONGEST_COURSE, MOST};
pub use shown::DisplayValue;
pub use store::{
    find, find_id, find_leaving, find_proven, list_choices, list_emails, list_ways_in,
};
pub use unlink::unlink;
pub use update::update;

//! People: what campus systems provide about them, and what they enter themselves.
//!
//! A [`Person`] is read whole by one statement, through the database's view `person_records`. Other rooms
//! decide what of it an app may read (`grants`, `user_api`).

mod add;
mod choices;
mod confirm;
mod credential_epoch;
mod details;
mod edit;
mod fields;
mod identity;
mod import;
mod join;
mod leave;
mod link;
mod list;
mod list_csv;
mod list_encoding;
mod model;
mod rules;
mod shown;
mod spreadsheet_damage;
mod store;
mod unlink;
mod update;

pub use add::add;
pub use choices::{add as add_choice, retire as retire_choice};
pub use confirm::confirm;
pub use credential_epoch::{EpochError, lock_epoch, raise_credential_epoch};
pub use details::{
    ColumnUpdates, ContactNumber, Email, FieldText, InvalidValue, Mobile, Name, PersonUpdate,
    PictureFile, Role, RollNumber, Sex, Update, Username,
};
pub use edit::{EditOutcome, edit};
pub use identity::{Claims, ExternalIdentity, ProvenIdentity};
pub use import::{IdAllocation, ImportOutcome, import, reserve_ids};
pub use join::{SignedInPerson, join};
pub use leave::{
    close_account, delete_account, find_deletion_time, list_due_deletions, reopen_account,
};
pub use link::link;
pub use list::{
    IdentityParser, ImportRow, ListError, PersonList, RowRequest, import_columns, read as read_list,
};
pub use list_encoding::ListEncoding;
pub use model::{
    Address, ChoiceKind, ContactEntry, LinkedIdentity, ListChoice, OwnEmail, PeopleError, Person,
    Programme, SecondaryEmail,
};
pub use rules::{FIRST_YEAR, MAX_COURSE_YEARS, MAX_ENTRIES};
pub use shown::DisplayValue;
pub use store::{
    find, find_closing, find_email_of_link, find_epoch, find_id, find_newest_epoch, find_owner,
    list_choices, list_emails, list_identities,
};
pub use unlink::unlink;
pub use update::update;

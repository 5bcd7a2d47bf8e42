//! People: what campus systems provide about them, and what they enter themselves.
//!
//! A [`Person`] is read whole by one statement, through the database's view `person_records`. Other rooms
//! decide what of it an app may read (`grants`, `user_api`).

mod add;
mod choices;
mod close_account;
mod confirm;
mod credential_epoch;
mod details;
mod edit;
mod fields;
mod find_or_create;
mod identity;
mod import;
mod import_csv;
mod import_encoding;
mod import_list;
mod link;
mod model;
mod rules;
mod shown;
mod spreadsheet_damage;
mod store;
mod unlink;
mod update;

pub use add::add;
pub use choices::{add as add_choice, retire as retire_choice};
pub use close_account::{
    close_account, delete_account, find_deletion_time, list_due_deletions, reopen_account,
};
pub use confirm::confirm;
pub use credential_epoch::{EpochError, lock_epoch, raise_credential_epoch};
pub use details::{
    ColumnUpdates, ContactNumber, Email, FieldText, InvalidValue, Mobile, Name, PersonUpdate,
    PictureFile, Role, RollNumber, Sex, Update, Username,
};
pub use edit::{EditOutcome, edit};
pub use find_or_create::{SignedInPerson, find_or_create};
pub use identity::{Claims, ExternalIdentity, ProvenIdentity};
pub use import::{IdAllocation, ImportOutcome, import, reserve_ids};
pub use import_encoding::ListEncoding;
pub use import_list::{
    IdentityParser, ImportRow, ListError, PersonList, RowRequest, import_columns, read as read_list,
};
pub use link::link;
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

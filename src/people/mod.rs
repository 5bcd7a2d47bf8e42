//! Who there is: people, what the directory says of them and what they added themselves.
//!
//! A [`Person`] is always read whole, as the database's view `whole_people` builds it: one statement,
//! whoever asks. What of it may be shown is somebody else's decision (`grants`, `user_api`).

mod add;
mod details;
mod fields;
mod import;
mod leave;
mod list;
mod model;
mod recognise;
mod rules;
mod shown;
mod store;
mod update;

pub use add::add;
pub use details::Change;
pub use details::Columns;
pub use details::ContactNumber;
pub use details::Details;
pub use details::Email;
pub use details::Kind;
pub use details::Mobile;
pub use details::Name;
pub use details::PictureFile;
pub use details::RollNumber;
pub use details::Sex;
pub use details::Unfit;
pub use details::Username;
pub use import::Imported;
pub use import::Numbers;
pub use import::import;
pub use leave::gone;
pub use leave::leave;
pub use leave::leaves_at;
pub use leave::list_due;
pub use leave::stay;
pub use list::COLUMNS;
pub use list::ListError;
pub use list::Row;
pub use list::Wanted;
pub use list::read as read_list;
pub use model::Address;
pub use model::Contact;
pub use model::PeopleError;
pub use model::Person;
pub use model::Programme;
pub use model::SecondaryEmail;
pub use recognise::recognise;
pub use rules::Source;
pub use rules::source;
pub use shown::Shown;
pub use store::find;
pub use store::find_id;
pub use store::find_leaving;
pub use update::update;

//! Who there is: people, what the directory says of them and what they added themselves.
//!
//! A [`Person`] is always read whole, as the database's view `whole_people` builds it: one statement,
//! whoever asks. What of it may be shown is somebody else's decision (`grants`, `user_api`).

mod fields;
mod model;
mod store;

pub use model::Address;
pub use model::Contact;
pub use model::Person;
pub use model::Programme;
pub use model::SecondaryEmail;
pub use store::find;

//! The OAuth clients (RFC 6749 §2): what an app is, how it is registered, changed and deleted, and the
//! secrets it authenticates with. Owns the tables `apps` and `app_secrets`.
//!
//! The pages where developers do this are [`developers::apps`](crate::protocol::clients); the token
//! endpoint, the authorization endpoint and the user API read clients from here.

mod delete;
mod edit;
mod face;
mod look_ups;
mod model;
mod origins;
mod preflight;
mod rules;
mod signpost;
mod store;

pub mod command;
pub mod register;
pub mod rotate_secret;

pub use delete::delete;
pub use edit::{Logo, Outcome as EditOutcome, edit};
pub use face::{Face, Standing as ShownStanding, Website};
pub use model::{
    App, AppName, AppsError, ClientId, Details, Kind, KnownSecret, Mails, SecretUse, SentMail,
    Standing,
};
pub use origins::AppOrigins;
pub use preflight::preflight;
pub use rules::{Complaints, MOST_APPS, Typed, read};
pub use signpost::Signpost;
pub use store::{
    count_own, count_users, find_by_client_id, find_looks_up_since, find_mails, find_own, list_own,
    list_secrets,
};

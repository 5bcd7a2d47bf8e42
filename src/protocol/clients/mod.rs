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
pub use edit::{EditResult, LogoUpdate, edit};
pub use face::{AppFace, StandingLabel as ShownStanding, WebsiteLink};
pub use model::{
    App, AppDetails, AppMailRecord, AppMailSummary, AppName, AppStanding, AppsError, ClientId,
    ClientSecretInfo, ClientType, SecretUse,
};
pub use origins::AppOrigins;
pub use preflight::preflight;
pub use rules::{AppForm, AppFormErrors, MOST_APPS, read};
pub use signpost::AuthorizeClientLookup;
pub use store::{
    count_own, count_users, find_by_client_id, find_looks_up_since, find_mails, find_own, list_own,
    list_secrets,
};

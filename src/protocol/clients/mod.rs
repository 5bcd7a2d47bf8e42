//! The OAuth clients (RFC 6749 §2): registration, changes, deletion, and the secrets with which they
//! authenticate. Owns the tables `apps` and `app_secrets`.
//!
//! Developers use it through the pages of [`developers::apps`](crate::developers::apps), operators through
//! `profiles app`; the endpoints read clients from here.
//!
//! ```text
//! register ──▶ unverified ── edit anything, delete
//!              (warning on the consent page, user cap)
//! register --verified ──▶ verified ── edit description, contact and the like only
//!
//! secrets of one use: create ──▶ 1 live ── rotate ──▶ 2 live ── rotate ──▶ 2 live, the oldest is deleted
//! ```
//!
//! Decision: the server generates secrets and stores their SHA-256 only, because they are random, so that
//! a slow hash adds nothing, instead of Argon2id, which would slow every token request.
//!
//! Decision: two secrets of an app are live at once, because servers cannot change a secret at the same
//! moment as this one, instead of one that a rotation replaces.

mod app_summary;
mod client_lookup;
mod delete;
mod edit;
mod look_ups;
mod model;
mod origins;
mod preflight;
mod rules;
mod store;

pub mod command;
pub mod register;
pub mod rotate_secret;

pub use app_summary::{AppSummary, StandingLabel, WebsiteLink};
pub use client_lookup::AuthorizeClientLookup;
pub use delete::delete;
pub use edit::{EditResult, LogoUpdate, edit};
pub use model::{
    App, AppDetails, AppMailRecord, AppMailSummary, AppName, AppStanding, AppsError, ClientId,
    ClientSecretInfo, ClientType, SecretUse,
};
pub use origins::AppOrigins;
pub use preflight::preflight;
pub use rules::{AppForm, AppFormErrors, MAX_APPS, parse_form};
pub use store::{
    count_own, count_users, find_by_client_id, find_looks_up_since, find_mails, find_own, list_own,
    list_secrets,
};

//! Asking the person.
//!
//! ```text
//! GET /oauth/authorize ─▶ who asks, where the answer goes ── wrong ──▶ a page, never a redirect
//!        │ nobody signed in ─▶ sign-in page ─▶ back here with the same request
//!        │ the rest is wrong ─▶ told to the app
//!        ▼
//!   rules::next ── decided before ──▶ code to the app
//!        │        ── cap reached ──▶ a page
//!        ▼ ask: keep the request, show the consent page
//! POST /oauth/authorize/{id} ── deny ──▶ access_denied to the app
//!        └── allow ──▶ grant and code in one transaction ──▶ code to the app
//! ```
//!
//! Decision: the validated request is kept in a row and the form carries only its id, the person's
//! ticks and a seal, because hidden fields that are trusted again are how the ancestor leaked codes.
//! A request is kept only when a page is shown for it.
//!
//! Decision: a browser that stands between the app and us (FedCM) brings the same request and gets the
//! same answer, by the same rules; only the way there and back differ ([`dialog`], [`model::ResponseMode`]).

mod ask;
mod consent_page;
mod decide;
mod dialog;
mod model;
mod pages;
mod rules;
mod store;
mod sweep;

pub use dialog::FedcmOutcome;
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use pages::{AuthorizeSettings, Feature, routes};
pub use sweep::sweep;

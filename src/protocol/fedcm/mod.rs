//! The browser's own account chooser (Federated Credential Management, FedCM): signs people in to pages
//! of other sites without cookies of ours on those pages.
//!
//! ```text
//! page ── navigator.credentials.get ──▶ browser
//!   browser ─▶ /.well-known/web-identity, config.json   whom to ask
//!   browser ─▶ accounts      with the narrow cookie, not saying for which page   401: opens login/
//!   person  ─▶ "Continue as Asha"
//!   browser ─▶ assertion     now with the page's origin
//!               │ remembered consent covers it ─▶ token: an ordinary authorization code
//!               └ otherwise ─▶ continue_on: the ordinary consent page, in the browser's window
//! ```
//!
//! Decision: `Sec-Fetch-Dest: webidentity` is demanded of everything that knows people, because no page
//! can forge it: a page that calls these addresses itself learns nothing and changes nothing.
//!
//! Decision: what the assertion gives is a code, never an access token, because a code is worth nothing
//! without the client's secret or its verifier.

mod api;
mod asker;
mod pages;
mod params;
mod store;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
#[cfg(test)]
pub(crate) use pages::samples::samples;
use serde_json::{Value, json};

use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::links::Links;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;
use crate::protocol::authorize;

/// Whom a browser may ask for this site. It looks for it on the registrable domain, where whoever runs
/// that domain has to answer the same.
pub fn well_known(links: &Links) -> Value {
    json!({
        "provider_urls": [links.absolute(&links.fedcm_config())],
        "accounts_endpoint": links.absolute(&links.fedcm_accounts()),
        "login_url": links.absolute(&links.fedcm_login()),
    })
}

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub requests: authorize::Feature,
    pub branding: Branding,
}

/// The colours of the browser's "Continue as" button, as CSS writes them.
#[derive(Debug, Clone)]
pub struct Branding {
    pub background: String,
    pub text: String,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/.well-known/web-identity", get(api::well_known))
            .route("/fedcm/config.json", get(api::config))
            .route("/fedcm/accounts", get(api::accounts))
            .route("/fedcm/client_metadata", get(api::client_metadata))
            .route("/fedcm/assertion", post(api::assertion))
            .route("/fedcm/disconnect", post(api::disconnect))
            .route("/fedcm/login", get(pages::login))
            .with_state(self)
    }
}

//! An identity provider for the browser's account chooser (Federated Credential Management, FedCM). It
//! signs people in to pages of other sites without third-party cookies.
//!
//! ```text
//! page ── navigator.credentials.get ──▶ browser
//!   browser ─▶ /.well-known/web-identity, config.json   the endpoints
//!   browser ─▶ accounts      with the session cookie, without the page's origin   401: opens login/
//!   person  ─▶ "Continue as Asha"
//!   browser ─▶ assertion     with the page's origin
//!               │ earlier consent covers the request ─▶ token: an authorization code
//!               └ otherwise ─▶ continue_on: the consent page, in the browser's dialog
//! ```
//!
//! Decision: every endpoint with personal data requires `Sec-Fetch-Dest: webidentity`, because no page can
//! set that header, instead of relying on the `Origin`: a page that calls these endpoints itself gets
//! nothing and changes nothing.
//!
//! Decision: the assertion returns an authorization code instead of an access token, because a code is
//! worthless without the client's secret or the code verifier.

mod api;
mod extractors;
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

/// The well-known file. The browser fetches it from the registrable domain, so if that is another host, it
/// has to serve the same document.
pub fn well_known(links: &Links) -> Value {
    json!({
        "provider_urls": [links.absolute(&links.fedcm_config())],
        "accounts_endpoint": links.absolute(&links.fedcm_accounts()),
        "login_url": links.absolute(&links.fedcm_login()),
    })
}

/// What the endpoints need.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub authorize: authorize::Feature,
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

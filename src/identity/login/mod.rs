//! Signing in, and being signed in.
//!
//! ```text
//! Choosing ─pick─▶ Asking(way, tries) ─Done─▶ Proven(identity) ─▶ SignedIn ─▶ next
//!    ▲                │ Refused, tries left: stay     │ nobody's: a new person, or told so
//!    └── expired ─────┘ tries spent: over
//! ```
//!
//! Decision: what a way to sign in must remember between two forms is kept in memory only
//! ([`attempts`]), because it may hold cookies and a password of the campus' own portals: a type that
//! is neither printable nor serialisable cannot leak into the database, a cookie or a log. The price:
//! a restart forgets half-finished sign-ins, and several processes need sticky routing for
//! `/account/login`. A way whose first form needs no memory (a password) has no attempt at all.
//!
//! Decision: where to go afterwards is a path of ours in the form itself (`next`, a [`LocalPath`]),
//! because campus apps enter through `login/?next=…`; nothing else can be redirected to.
//!
//! How often somebody may try is in [`rate_limits`].

mod attempts;
mod client_lookup;
mod login_flows;
mod model;
mod pages;
mod people_error;
mod purpose;
mod rate_limits;
mod rules;
mod sign_in;
mod signed_in;
mod trusted_browser;

use axum::extract::{FromRef, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
pub use client_lookup::{ClientLookup, PendingClient, PendingClientFuture, SharedClientLookup};
use http::{HeaderValue, Method, Version, header};
pub use model::LocalPath;
#[cfg(test)]
pub(crate) use pages::samples;
pub use pages::start_session;
pub use sign_in::{VerifiedLogin, link, sign_in};
pub use signed_in::{
    AuthenticationAge, LATELY, RecentlyAuthenticated, SignedIn, send_to_login, send_to_login_again,
    sign_in_again,
};

use crate::connectors;
use crate::connectors::{ConnectorRegistry, DisabledConnector, DynConnector};
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;

/// What the room needs.
#[derive(Clone, Debug, FromRef)]
pub struct Feature {
    web: Web,
    db: Db,
    clock: SharedClock,
    rng: SharedRng,
    turns: login_flows::LoginFlows,
    limits: rate_limits::LoginLimits,
    client_lookup: SharedClientLookup,
}

impl Feature {
    pub fn new(
        web: Web,
        db: Db,
        clock: SharedClock,
        rng: SharedRng,
        ways: ConnectorRegistry,
        client_lookup: SharedClientLookup,
    ) -> Self {
        Self {
            web,
            db,
            clock,
            rng,
            turns: login_flows::LoginFlows::new(ways),
            limits: rate_limits::LoginLimits::new(),
            client_lookup,
        }
    }

    /// The ways nobody can sign in by at the moment. Where no way asks another system, nobody is asked.
    async fn closed_ways(&self) -> db::Result<Vec<DisabledConnector>> {
        if !self.turns.ways.iter().any(DynConnector::closes) {
            return Ok(Vec::new());
        }
        connectors::list_closed(self.db.pool()).await
    }

    /// Forgets sign-ins that were begun and never finished, and the secrets they hold.
    pub fn sweep(&self, now: Timestamp) {
        self.turns.sweep(now);
    }

    pub fn routes(self) -> Router {
        Router::new()
            .route("/account/login", get(pages::open).post(pages::answer_first))
            .route("/account/login/{way}", get(pages::look).post(pages::answer))
            .route("/account/login/{way}/picture", get(pages::picture))
            .route(
                "/account/logout",
                get(pages::confirm_logout).post(pages::logout),
            )
            .layer(middleware::from_fn(let_go))
            .with_state(self)
    }
}

/// Ends the connection that a password came by (in HTTP/1.1; HTTP/2 has many visitors on one): what was
/// read last stays in its buffer for as long as it lives, and is wiped with it.
async fn let_go(request: Request, next: Next) -> Response {
    let is_to_end = request.method() == Method::POST && request.version() <= Version::HTTP_11;
    let mut answer = next.run(request).await;
    if is_to_end {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

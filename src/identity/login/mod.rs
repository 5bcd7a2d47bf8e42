//! Signing in: the sign-in page, the session that follows, and the extractors that require one.
//!
//! ```text
//! form ──answers──▶ connector ──Done──▶ proved identity ──▶ session, or a linked identity ──▶ next
//!   ▲                │  │  │                └─ unknown: a new person, or an error page
//!   ├──Ask, Refused──┘  │  └──Refused for good, too many failed tries──▶ the login ends
//!   │                   └──Redirect──▶ upstream ──▶ callback ──▶ connector (as above)
//!   └── after ten minutes the login starts again
//! ```
//!
//! Decision: the state of an unfinished login is kept in memory only ([`attempts`]), because it may hold
//! cookies and a password of a campus portal: a type that is neither printable nor serialisable cannot leak
//! into the database, a cookie or a log. The price: a restart ends unfinished logins, and several processes
//! need sticky routing for `/account/login`. A connector whose first form needs no state (a password) has
//! no attempt at all.
//!
//! Decision: where to go afterwards is a path of this server in the form itself (`next`, a [`LocalPath`]),
//! because campus apps enter by `login/?next=…`. Nothing else can be redirected to. Only while the browser
//! is at an upstream, `next` is kept with the attempt, because the callback address is fixed.
//!
//! Decision: a login carries the newest credential event of all people from its first step on, because the person is
//! known only at its end, and an event of that person in between ends it. Events that are committed at the very moment
//! of the first step may count as seen: nothing was read under the older epoch then, and a connector that reads our
//! own tables adds the person's epoch of that statement.
//!
//! The rate limits of the password form and of all others are in [`rate_limits`], their numbers in
//! [`platform::rate_limits::table`](crate::platform::rate_limits::table).

mod attempts;
mod client_lookup;
mod login_flows;
mod model;
mod pages;
mod people_error;
mod purpose;
mod rate_limits;
mod require_session;
mod rules;
mod sign_in;
mod trusted_browser;

use axum::extract::{FromRef, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
pub use client_lookup::{
    ClientLookup, RequestingClient, RequestingClientFuture, SharedClientLookup,
};
use http::{HeaderValue, Method, Version, header};
pub use model::LocalPath;
#[cfg(test)]
pub(crate) use pages::samples;
pub use pages::start_session;
pub use require_session::{
    AuthenticationAge, RECENT_AUTHENTICATION, RecentlyAuthenticated, SignedIn, begin_write,
    send_to_login, send_to_login_again, sign_in_again,
};
pub use sign_in::{VerifiedLogin, link_identity, sign_in};

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
    flows: login_flows::LoginFlows,
    limits: rate_limits::LoginLimits,
    client_lookup: SharedClientLookup,
}

impl Feature {
    pub fn new(
        web: Web,
        db: Db,
        clock: SharedClock,
        rng: SharedRng,
        connectors: ConnectorRegistry,
        client_lookup: SharedClientLookup,
    ) -> Self {
        Self {
            web,
            db,
            limits: rate_limits::LoginLimits::new(&clock),
            clock,
            rng,
            flows: login_flows::LoginFlows::new(connectors),
            client_lookup,
        }
    }

    /// The connectors that the circuit breaker has disabled. Without a circuit breaker there is no query.
    async fn list_disabled(&self) -> db::Result<Vec<DisabledConnector>> {
        if !self
            .flows
            .connectors
            .iter()
            .any(DynConnector::has_circuit_breaker)
        {
            return Ok(Vec::new());
        }
        connectors::list_disabled(self.db.pool()).await
    }

    /// Removes expired login attempts, and the secrets in their state.
    pub fn sweep(&self, now: Timestamp) {
        self.flows.sweep(now);
    }

    pub fn routes(self) -> Router {
        Router::new()
            .route(
                "/account/login",
                get(pages::show_first).post(pages::submit_first),
            )
            .route(
                "/account/login/{connector}",
                get(pages::show).post(pages::submit),
            )
            .route("/account/login/{connector}/picture", get(pages::picture))
            .route("/account/login/{connector}/callback", get(pages::callback))
            .route(
                "/account/logout",
                get(pages::confirm_logout).post(pages::logout),
            )
            .layer(middleware::from_fn(close_connection))
            .with_state(self)
    }
}

/// Closes the connection after a POST, because the password stays in its read buffer as long as the
/// connection lives. HTTP/1.1 only: an HTTP/2 connection of a proxy carries many visitors.
async fn close_connection(request: Request, next: Next) -> Response {
    let closes = request.method() == Method::POST && request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if closes {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

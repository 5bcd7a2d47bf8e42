//! The proof that somebody is signed in.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{Method, Uri};

use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::links::Links;
use crate::platform::web::{PageContext, UserSession, Web};

/// Somebody is signed in. Who is not is sent to the sign-in page and comes back here.
#[derive(Debug)]
pub struct SignedIn {
    pub visit: UserSession,
    pub context: PageContext,
}

impl<S> FromRequestParts<S> for SignedIn
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let context = PageContext::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let Some(visit) = context.user_session().cloned() else {
            let web = Web::from_ref(state);
            // A form cannot be sent again after the sign-in: its page can.
            let page = (parts.method == Method::GET).then(|| whole_path(web.links(), &parts.uri));
            return Err(send_to_login(web.links(), page.as_deref()));
        };
        Ok(Self { visit, context })
    }
}

/// Somebody is signed in, and that was [lately](LATELY). Who signed in longer ago does so once more and
/// comes back here.
#[derive(Debug)]
pub struct RecentlyAuthenticated(pub SignedIn);

impl<S> FromRequestParts<S> for RecentlyAuthenticated
where
    Web: FromRef<S>,
    SharedClock: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        let (web, now) = (Web::from_ref(state), SharedClock::from_ref(state).now());
        match sign_in_again(&signed_in.visit, parts, web.links(), LATELY, now) {
            Some(to_sign_in) => Err(to_sign_in),
            None => Ok(Self(signed_in)),
        }
    }
}

/// How fresh a sign-in has to be for what is hard to undo. A session may live for a year, and the browser
/// may lie open on a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticationAge(Duration);

/// Fresh enough for most of it.
pub const LATELY: AuthenticationAge = AuthenticationAge::within(Duration::from_hours(1));

impl AuthenticationAge {
    pub const fn within(span: Duration) -> Self {
        Self(span)
    }

    /// Whether the form may be shown.
    pub fn may_see(self, visit: &UserSession, now: Timestamp) -> bool {
        now - visit.signed_in_at < self.0
    }

    /// Whether the form may be sent: one may take as long again over it.
    pub fn may_send(self, visit: &UserSession, now: Timestamp) -> bool {
        now - visit.signed_in_at < self.0 * 2
    }
}

/// Asks the sign-in page for a form though somebody is signed in.
pub(super) const AGAIN: &str = "again";
/// Asks it for a form that proves a further identity of who is signed in.
pub(super) const LINK: &str = "link";

/// Before something hard to undo: nothing if the sign-in is fresh enough, else the way to the sign-in
/// page and back.
pub fn sign_in_again(
    visit: &UserSession,
    parts: &Parts,
    links: &Links,
    freshness: AuthenticationAge,
    now: Timestamp,
) -> Option<Response> {
    let is_fresh = if parts.method == Method::GET {
        freshness.may_see(visit, now)
    } else {
        freshness.may_send(visit, now)
    };
    if is_fresh {
        return None;
    }
    // A form that lay open for too long is filled in anew: its page has the same address.
    Some(send_to_login_again(links, &whole_path(links, &parts.uri)))
}

/// To the sign-in page, which asks whoever is signed in and leads back to `next`, a path of ours.
pub fn send_to_login_again(links: &Links, next: &str) -> Response {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let to = format!("{}?next={next}&{AGAIN}=1", links.login());
    Redirect::to(&to).into_response()
}

/// An address inside the house has lost its prefix and closing slash; here it gets them back.
fn whole_path(links: &Links, uri: &Uri) -> String {
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    format!(
        "{}{}/{query}",
        links.prefix(),
        uri.path().trim_end_matches('/')
    )
}

/// To the sign-in page, which leads back to `next`, a path of ours.
pub fn send_to_login(links: &Links, next: Option<&str>) -> Response {
    let next = next.map(|next| url::form_urlencoded::byte_serialize(next.as_bytes()).collect());
    let next = next
        .map(|next: String| format!("?next={next}"))
        .unwrap_or_default();
    let to = format!("{}{next}", links.login());
    // 302, as old clients and their tests expect of this door.
    (http::StatusCode::FOUND, [(http::header::LOCATION, to)]).into_response()
}

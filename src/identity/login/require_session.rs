//! Extractors that require a session, and the redirects to the sign-in page without one.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{Method, Uri};

use crate::people::records;
use crate::people::records::EpochError;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::{Db, Tx};
use crate::platform::links::Links;
use crate::platform::web::{PageContext, UserSession, Web};

/// Requires a session. Without one, redirects to the sign-in page, which leads back here.
#[derive(Debug)]
pub struct SignedIn {
    pub session: UserSession,
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
        let Some(session) = context.user_session().cloned() else {
            let web = Web::from_ref(state);
            // A POST cannot be repeated after the login; its page can.
            let page = (parts.method == Method::GET).then(|| public_path(web.links(), &parts.uri));
            return Err(send_to_login(web.links(), page.as_deref()));
        };
        Ok(Self { session, context })
    }
}

/// Begins a transaction that writes for a person who is signed in, with their row locked.
///
/// [`EpochError::Superseded`] if a credential event ended the session since the request loaded it. The body of a
/// request may come minutes after its head, and another system may have been asked in the meantime.
pub async fn begin_write(db: &Db, session: &UserSession) -> Result<Tx, EpochError> {
    let mut tx = db.begin().await?;
    records::lock_epoch(&mut tx, session.person, session.epoch).await?;
    Ok(tx)
}

/// Requires a session with a [recent authentication](RECENT_AUTHENTICATION). With an older one, the person
/// signs in again and comes back here.
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
        match sign_in_again(
            &signed_in.session,
            parts,
            web.links(),
            RECENT_AUTHENTICATION,
            now,
        ) {
            Some(to_sign_in) => Err(to_sign_in),
            None => Ok(Self(signed_in)),
        }
    }
}

/// The maximum age of a login for an action that is hard to undo. A session may last for a year, and
/// another person may use an unlocked browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticationAge(Duration);

/// The maximum age for most of these actions.
pub const RECENT_AUTHENTICATION: AuthenticationAge =
    AuthenticationAge::within(Duration::from_hours(1));

impl AuthenticationAge {
    pub const fn within(span: Duration) -> Self {
        Self(span)
    }

    /// Whether the form may be shown.
    pub fn allows_view(self, session: &UserSession, now: Timestamp) -> bool {
        now - session.signed_in_at < self.0
    }

    /// Whether the form may be submitted. Filling it in may take as long again.
    pub fn allows_submit(self, session: &UserSession, now: Timestamp) -> bool {
        now - session.signed_in_at < self.0 * 2
    }
}

/// The query parameter for [`LoginPurpose::SignInAgain`](super::purpose::LoginPurpose).
pub(super) const AGAIN: &str = "again";
/// The query parameter for [`LoginPurpose::Link`](super::purpose::LoginPurpose).
pub(super) const LINK: &str = "link";

/// Before an action that is hard to undo: `None` if the login is recent enough, otherwise a redirect to the
/// sign-in page, which leads back.
pub fn sign_in_again(
    session: &UserSession,
    parts: &Parts,
    links: &Links,
    max_age: AuthenticationAge,
    now: Timestamp,
) -> Option<Response> {
    let is_recent = if parts.method == Method::GET {
        max_age.allows_view(session, now)
    } else {
        max_age.allows_submit(session, now)
    };
    if is_recent {
        return None;
    }
    // A form that was open for too long is filled in again: its page has the same address.
    Some(send_to_login_again(links, &public_path(links, &parts.uri)))
}

/// Redirects to the sign-in page for a person who is signed in. It leads back to `next`, a path of this
/// server.
pub fn send_to_login_again(links: &Links, next: &str) -> Response {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let location = format!("{}?next={next}&{AGAIN}=1", links.login());
    Redirect::to(&location).into_response()
}

/// The longest query that the way to the sign-in page and back carries. No page of ours has a longer one, and
/// proxies limit the headers of a redirect.
const MAX_QUERY: usize = 1024;

/// The public form of a path. The middleware has removed the prefix and the trailing slash.
fn public_path(links: &Links, uri: &Uri) -> String {
    let query = uri
        .query()
        .filter(|query| query.len() <= MAX_QUERY)
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    format!(
        "{}{}/{query}",
        links.prefix(),
        uri.path().trim_end_matches('/')
    )
}

/// Redirects to the sign-in page, which leads back to `next`, a path of this server.
pub fn send_to_login(links: &Links, next: Option<&str>) -> Response {
    let next = next.map(|next| url::form_urlencoded::byte_serialize(next.as_bytes()).collect());
    let next = next
        .map(|next: String| format!("?next={next}"))
        .unwrap_or_default();
    let location = format!("{}{next}", links.login());
    // 302, as old clients and their tests expect of this route.
    (
        http::StatusCode::FOUND,
        [(http::header::LOCATION, location)],
    )
        .into_response()
}

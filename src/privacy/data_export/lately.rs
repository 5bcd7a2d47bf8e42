//! An extractor for requests with a recent sign-in.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::response::Response;
use http::request::Parts;

use crate::identity::login;
use crate::identity::login::{AuthenticationAge, SignedIn};
use crate::platform::clock::SharedClock;
use crate::platform::web::Web;

/// A person who signed in at most `MINUTES` ago; filling in a form may take as long again. Any other person
/// is sent to sign in and returns here.
#[derive(Debug)]
pub(super) struct RecentSession<const MINUTES: u64>(pub SignedIn);

impl<S, const MINUTES: u64> FromRequestParts<S> for RecentSession<MINUTES>
where
    Web: FromRef<S>,
    SharedClock: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        let (web, now) = (Web::from_ref(state), SharedClock::from_ref(state).now());
        let lately = AuthenticationAge::within(Duration::from_mins(MINUTES));
        match login::sign_in_again(&signed_in.session, parts, web.links(), lately, now) {
            Some(to_sign_in) => Err(to_sign_in),
            None => Ok(Self(signed_in)),
        }
    }
}

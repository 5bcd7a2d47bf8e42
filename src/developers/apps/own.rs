//! The proof that an app is the visitor's own.

use axum::extract::{FromRef, FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::id::AppId;
use crate::platform::web::{PageContext, PageError, UserSession, Web};
use crate::protocol::clients;
use crate::protocol::clients::App;

/// The app that the address names is one of the visitor's. Somebody else's, one that never was and an
/// id that is none get the same 404.
#[derive(Debug)]
pub(super) struct OwnApp {
    pub visit: UserSession,
    pub context: PageContext,
    pub app: App,
}

impl<S> FromRequestParts<S> for OwnApp
where
    Web: FromRef<S>,
    Db: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let SignedIn { visit, context } = SignedIn::from_request_parts(parts, state).await?;
        let not_found = || PageError::not_found().into_response();
        let Path(id) = Path::<AppId>::from_request_parts(parts, state)
            .await
            .map_err(|_| not_found())?;
        let app = clients::find_own(Db::from_ref(state).pool(), id, visit.person).await;
        let app = app.map_err(|error| PageError::from(error).into_response())?;
        let app = app.ok_or_else(not_found)?;
        Ok(Self {
            visit,
            context,
            app,
        })
    }
}

/// The same, and its owner signed in lately: asked for before an app changes, ends or gets a secret.
#[derive(Debug)]
pub(super) struct OwnAppRecentlyAuthenticated(pub OwnApp);

impl<S> FromRequestParts<S> for OwnAppRecentlyAuthenticated
where
    Web: FromRef<S>,
    Db: FromRef<S>,
    SharedClock: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let own = OwnApp::from_request_parts(parts, state).await?;
        let (web, now) = (Web::from_ref(state), SharedClock::from_ref(state).now());
        match login::sign_in_again(
            &own.visit,
            parts,
            web.links(),
            login::RECENT_AUTHENTICATION,
            now,
        ) {
            Some(to_sign_in) => Err(to_sign_in),
            None => Ok(Self(own)),
        }
    }
}

//! Extractors for an app that belongs to the signed-in user.

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

/// An app of the signed-in user, by the id in the path. An app of another owner, an unknown id and an
/// invalid id get the same 404.
#[derive(Debug)]
pub(super) struct OwnApp {
    pub session: UserSession,
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
        let SignedIn { session, context } = SignedIn::from_request_parts(parts, state).await?;
        let not_found = || PageError::not_found().into_response();
        let Path(id) = Path::<AppId>::from_request_parts(parts, state)
            .await
            .map_err(|_| not_found())?;
        let app = clients::find_own(Db::from_ref(state).pool(), id, session.person).await;
        let app = app.map_err(|error| PageError::from(error).into_response())?;
        let app = app.ok_or_else(not_found)?;
        Ok(Self {
            session,
            context,
            app,
        })
    }
}

/// [`OwnApp`] with a recent authentication. Required to edit or delete an app and to create a secret.
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
            &own.session,
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

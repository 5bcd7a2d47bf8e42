//! The proof that an app may read or do something for a person (RFC 6750).

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};

use super::api::Feature;
use super::{rules, store};
use crate::people::records::Person;
use crate::platform::id::{AppId, GrantId};
use crate::platform::secret::Secret;
use crate::platform::web::{AllowedOrigins, ApiError};
use crate::protocol::oauth::oxide;
use crate::protocol::oauth::oxide::BearerError;
use crate::protocol::scope::{GrantedAccess, Scope};

/// A live access token, with the person it speaks of.
#[derive(Debug)]
pub struct AccessToken {
    pub app: AppId,
    /// Origins the app registered, for browsers.
    pub origins: Vec<String>,
    pub grant: GrantId,
    /// What may be shown or done: what the token and the grant both allow.
    pub share: GrantedAccess,
    pub person: Person,
}

/// Whatever is behind this needs an access token with the scope `NEEDED`, a row of the table.
#[derive(Debug)]
pub struct Bearer<const NEEDED: usize>(pub AccessToken);

impl<const NEEDED: usize> Bearer<NEEDED> {
    fn needed() -> Option<Scope> {
        Scope::all().nth(NEEDED)
    }
}

impl<S, const NEEDED: usize> FromRequestParts<S> for Bearer<NEEDED>
where
    Feature: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let it = Feature::from_ref(state);
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|header| header.to_str().ok());
        let presented = oxide::present(header, Self::needed());
        let presented = presented.map_err(|turned| turned_away(turned, Self::needed(), None))?;
        let token = Secret::new(presented.token.clone());
        let now = it.clock.now();
        let facts = store::find_access(it.db.pool(), token.token_hash(), now).await;
        let facts = facts.map_err(|error| ApiError::from(error).into_response())?;
        let origins = facts
            .as_ref()
            .map(|facts| facts.origins.clone())
            .unwrap_or_default();
        let live = facts
            .filter(|facts| rules::is_live(!facts.stands, facts.issued_at, &it.lifetimes, now));
        let found = live.as_ref().map(|facts| facts.share.scopes());
        let taken_back = live
            .as_ref()
            .and_then(|facts| Self::needed().filter(|needed| facts.taken_back.contains(*needed)));
        let opened = oxide::admit(presented, found);
        match (opened, live) {
            (Ok(()), Some(facts)) => Ok(Self(AccessToken {
                app: facts.app,
                origins: facts.origins,
                grant: facts.grant,
                share: facts.share,
                person: facts.person,
            })),
            (turned, _) => {
                let turned = turned.err().unwrap_or(BearerError::InvalidToken);
                let mut answer = turned_away(turned, Self::needed(), taken_back);
                answer.extensions_mut().insert(AllowedOrigins(origins));
                Err(answer)
            }
        }
    }
}

/// The words old clients know (the first two are the same on purpose), the header of RFC 6750 §3. An app
/// that was allowed something once learns that the person has ended it.
fn turned_away(turned: BearerError, needed: Option<Scope>, taken_back: Option<Scope>) -> Response {
    const NOBODY: &str = "Authentication credentials were not provided.";
    let scope = needed
        .map(|scope| format!(", scope=\"{}\"", scope.name()))
        .unwrap_or_default();
    match turned {
        BearerError::NoToken => {
            ApiError::new(StatusCode::UNAUTHORIZED, NOBODY).challenge("realm=\"api\"")
        }
        BearerError::InvalidToken => ApiError::new(StatusCode::UNAUTHORIZED, NOBODY).challenge(
            "realm=\"api\", error=\"invalid_token\", \
             error_description=\"The access token is unknown, ended or too old. Refresh it.\"",
        ),
        BearerError::InsufficientScope => ApiError::new(
            StatusCode::FORBIDDEN,
            taken_back.map_or_else(
                || "You do not have permission to perform this action.".to_owned(),
                |scope| {
                    format!(
                        "This person has taken back what they allowed your app: {}.",
                        scope.name()
                    )
                },
            ),
        )
        .challenge(&format!(
            "realm=\"api\", error=\"insufficient_scope\"{scope}"
        )),
    }
    .into_response()
}

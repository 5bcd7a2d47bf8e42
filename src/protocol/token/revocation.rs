//! `POST /oauth/revoke_token/`, the revocation endpoint (RFC 7009).

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::endpoint::Feature;
use super::model::{AuthenticatedClient, PairFacts};
use super::refusal::{RequestError, allow_origins};
use super::request::RevocationRequest;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;
use crate::platform::web::{ClientAddress, set_no_store};
use crate::platform::{audit, db};
use crate::protocol::app_tokens;
use crate::protocol::problems::OAuthEndpoint;

pub(super) async fn revoke_token(
    State(endpoint): State<Feature>,
    address: ClientAddress,
    request: Request,
) -> Response {
    let now = endpoint.clock.now();
    match endpoint.revoke(request, address, now).await {
        Ok(response) => response,
        Err(error) => endpoint.refuse(OAuthEndpoint::Revoke, error, now).await,
    }
}

impl Feature {
    async fn revoke(
        &self,
        request: Request,
        address: ClientAddress,
        now: Timestamp,
    ) -> Result<Response, RequestError> {
        // 1. Parse.
        let request = RevocationRequest::read(request).await?;
        // 2. Authenticate the client.
        let credentials = &request.credentials;
        let client = self.authenticate(credentials, address, now).await?;
        // 3. Find the token pair.
        let token = request.token.token_hash();
        let mut tx = self.db.begin().await?;
        let facts = store::find_pair(&mut *tx, token, true).await?;
        // 4. Decide, and 5. keep.
        if let Some(pair) = find_own_pair(facts.as_ref(), &client) {
            revoke_pair(&mut tx, pair, &self.lifetimes, now, self.rng.as_ref()).await?;
        } else if app_tokens::revoke_app_token(&mut *tx, client.app, token).await? {
            let entry = AuditEntry::of("token.revoked").on_app(client.app);
            audit::record(&mut *tx, entry, now, self.rng.as_ref()).await?;
        }
        tx.commit().await.map_err(db::Error::from)?;
        // 6. Answer: the same for every token (RFC 7009 §2.2).
        let mut response = StatusCode::OK.into_response();
        set_no_store(&mut response);
        Ok(allow_origins(response, client.origins))
    }
}

/// An unknown token and one of another client are left alone.
fn find_own_pair<'a>(
    facts: Option<&'a PairFacts>,
    client: &AuthenticatedClient,
) -> Option<&'a PairFacts> {
    facts.filter(|pair| pair.context.app == client.app)
}

/// Revokes a pair, whichever of its tokens was presented. If it was the last usable one of its grant, the
/// grant ends, too.
async fn revoke_pair(
    tx: &mut Tx,
    pair: &PairFacts,
    lifetimes: &Lifetimes,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let oldest_usable = now - lifetimes.refresh_token;
    let oldest_family = now - lifetimes.family;
    let grant = pair.context.grant;
    let grant_ended =
        store::revoke_pair(&mut **tx, pair.id, grant, oldest_usable, oldest_family, now).await?;
    let action = if grant_ended {
        "grant.revoked_by_app"
    } else {
        "token.revoked"
    };
    let entry = AuditEntry::of(action)
        .on_app(pair.context.app)
        .about(pair.context.person);
    audit::record(&mut **tx, entry, now, rng).await
}

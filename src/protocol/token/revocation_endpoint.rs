//! `POST /oauth/revoke_token/`, the revocation endpoint (RFC 7009).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::endpoint::Feature;
use super::model::{AuthenticatedClient, PairFacts, TokenContext};
use super::refusal::{RequestError, allow_origins};
use super::replay::ReplayedFamily;
use super::request::RevocationRequest;
use super::revoke_login::revoke_login;
use super::rotation::is_replayed;
use super::store::TokenKind;
use super::{replay, store};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;
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
        let client = self.authenticate(credentials, address).await?;
        // 3. Find the token pair.
        let token = request.token.hash();
        let rotated_since = now - self.lifetimes.refresh_grace;
        let mut tx = self.db.begin().await?;
        let facts = store::find_pair(&mut tx, token, TokenKind::Either, rotated_since).await?;
        // 4. Decide, and 5. keep.
        let rng = self.rng.as_ref();
        match decide(facts.as_ref(), &client, &self.lifetimes, now) {
            Revocation::Unknown => revoke_app_token(&mut tx, &client, token, now, rng).await?,
            Revocation::Replay(family) => {
                replay::revoke_family_of_refresh_token(&mut tx, family, now, rng).await?;
            }
            Revocation::Login(login) => {
                revoke_login(&mut tx, login, &self.lifetimes, now, rng).await?;
            }
        }
        tx.commit().await.map_err(db::Error::from)?;
        // 6. Answer: the same for every token (RFC 7009 §2.2). Decision (D43): an empty object, because stock
        // clients refuse a response without a type.
        let mut response = Json(json!({})).into_response();
        set_no_store(&mut response);
        Ok(allow_origins(response, client.origins))
    }
}

/// What the presented token ends.
enum Revocation<'a> {
    /// No login of this client.
    Unknown,
    /// The login of the pair, whichever of its tokens was presented, and with it all that descends from the
    /// same code.
    Login(&'a TokenContext),
    /// The login, and the person is warned: a newer token of it is in use, perhaps elsewhere.
    Replay(ReplayedFamily),
}

/// A token of another client is left alone. A spent token means here what it means at the token endpoint, so
/// that nobody can hide a replay by revoking.
fn decide<'a>(
    facts: Option<&'a PairFacts>,
    client: &AuthenticatedClient,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Revocation<'a> {
    match facts.filter(|pair| pair.context.app == client.app) {
        None => Revocation::Unknown,
        Some(pair) if is_replayed(pair, lifetimes, now) => {
            Revocation::Replay((&pair.context).into())
        }
        Some(pair) => Revocation::Login(&pair.context),
    }
}

async fn revoke_app_token(
    tx: &mut Tx,
    client: &AuthenticatedClient,
    token: SecretHash,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    if app_tokens::revoke_app_token(&mut **tx, client.app, token).await? {
        let entry = AuditEntry::of("app_token.revoked").on_app(client.app);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(())
}

//! Client authentication (RFC 6749 §2.3, §3.2.1).

use std::net::IpAddr;

use super::model::{AuthenticatedClient, RegisteredClient, StoredClientSecret};
use super::refusal::{Refusal, RequestError};
use super::store;
use crate::platform::clock::SharedClock;
use crate::platform::db::Executor;
use crate::platform::id::SecretId;
use crate::platform::rate_limits::{RateLimited, RateLimiter, table};
use crate::platform::secret::{Secret, SecretHash};
use crate::platform::web::ClientAddress;
use crate::protocol::oauth::ClientCredentials;
use crate::protocol::oauth::credential::ClientCredential;

/// Limits failed authentications. Decision: a right secret always passes, because it has 256 bits and
/// cannot be guessed, and because a limit would let anybody lock an app out.
#[derive(Debug, Clone)]
pub(super) struct ClientAuthLimiter {
    by_client: RateLimiter<String>,
    by_address: RateLimiter<IpAddr>,
}

impl ClientAuthLimiter {
    pub(super) fn new(clock: &SharedClock) -> Self {
        Self {
            by_client: RateLimiter::new(table::CLIENT_AUTHENTICATION, clock),
            by_address: RateLimiter::new(table::CLIENT_AUTHENTICATION_FROM_ADDRESS, clock),
        }
    }

    fn count_failure(&self, client_id: &str, address: ClientAddress) -> Result<(), RateLimited> {
        let by_client = self.by_client.take(client_id.to_owned()).map(drop);
        let by_address = self.by_address.take(address.0).map(drop);
        by_client.and(by_address)
    }
}

/// Finds the client and compares its secret with the stored ones. Where the credentials can be read in
/// two ways, either may be right.
pub(super) async fn authenticate_client(
    db: impl Executor<'_>,
    credentials: &ClientCredentials,
    limiter: &ClientAuthLimiter,
    address: ClientAddress,
) -> Result<AuthenticatedClient, RequestError> {
    let claims = credentials.claims();
    let ids: Vec<String> = claims.iter().map(|claim| claim.client_id.clone()).collect();
    let registered = store::list_clients(db, &ids).await?;
    let mut authenticated = None;
    let mut refusal = Refusal::ClientUnknown;
    // Every claim is checked, so that the time does not tell which one was right.
    for claim in claims {
        let client = registered
            .iter()
            .find(|client| client.client_id == claim.client_id);
        match check_claim(client, claim) {
            Ok(client) => authenticated = authenticated.or(Some(client)),
            Err(Refusal::ClientUnknown) => {}
            Err(other) => refusal = other,
        }
    }
    if let Some(client) = authenticated {
        return Ok(client);
    }
    let claimed = ids.first().map_or("", String::as_str);
    let limited = limiter.count_failure(claimed, address);
    let error = RequestError::from(limited.err().map_or(refusal, Refusal::RateLimited));
    Err(match registered.into_iter().next() {
        Some(client) => error.of_app(client.app, &client.origins),
        None => error,
    })
}

/// An unknown client's secret is compared, too, so that the time does not tell which clients exist.
fn check_claim(
    client: Option<&RegisteredClient>,
    claim: &ClientCredential,
) -> Result<AuthenticatedClient, Refusal> {
    let Some(client) = client else {
        let none = StoredClientSecret {
            id: SecretId(uuid::Uuid::nil()),
            token_hash: SecretHash::of(b"").to_vec(),
        };
        let _ = find_secret(&[none], claim);
        return Err(Refusal::ClientUnknown);
    };
    if client.is_suspended {
        return Err(Refusal::ClientSuspended);
    }
    let secret = if client.is_public {
        if claim.secret.is_some() {
            return Err(Refusal::ClientSecretWrong);
        }
        None
    } else {
        Some(find_secret(&client.secrets, claim).ok_or(Refusal::ClientSecretWrong)?)
    };
    Ok(AuthenticatedClient {
        app: client.app,
        client_id: client.client_id.clone(),
        is_public: client.is_public,
        default_redirect_uri: client.redirect_uris.first().cloned().unwrap_or_default(),
        origins: client.origins.clone(),
        app_scopes: client.app_scopes.clone(),
        secret,
    })
}

fn find_secret(stored: &[StoredClientSecret], claim: &ClientCredential) -> Option<SecretId> {
    let claimed = claim.secret.as_ref().map(Secret::hash)?;
    let matching = stored
        .iter()
        .find(|secret| claimed.matches(&secret.token_hash))?;
    Some(matching.id)
}

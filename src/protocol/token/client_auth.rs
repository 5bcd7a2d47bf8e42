//! Which app is asking, proved (RFC 6749 §2.3, §3.2.1).

use std::net::IpAddr;
use std::time::Duration;

use super::model::TokenClient;
use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::secret::TokenHash;
use crate::platform::web::{ClientAddress, RateLimit, RateLimited, RateLimiter};
use crate::protocol::oauth::ClientCredentials;
use crate::protocol::oauth::credential::ClientCredential;

/// Failed authentications of one client, from anywhere.
const PER_CLIENT: RateLimit = RateLimit::new(30, Duration::from_secs(2));
/// Failed authentications from one address, as any client.
const PER_ADDRESS: RateLimit = RateLimit::new(60, Duration::from_secs(1));

/// Slows those who guess. A right secret is always let through: it has 256 bits, so there is nothing
/// to protect by shutting its owner out, and nobody can do that to an app.
#[derive(Debug, Clone)]
pub(super) struct ClientAuthLimiter {
    by_client: RateLimiter<String>,
    by_address: RateLimiter<IpAddr>,
}

impl Default for ClientAuthLimiter {
    fn default() -> Self {
        Self {
            by_client: RateLimiter::new(PER_CLIENT),
            by_address: RateLimiter::new(PER_ADDRESS),
        }
    }
}

impl ClientAuthLimiter {
    /// Counts a failure; too many become a refusal of another kind.
    fn failed(
        &self,
        client_id: &str,
        from: ClientAddress,
        now: Timestamp,
    ) -> Result<(), RateLimited> {
        let by_client = self.by_client.take(client_id.to_owned(), now).map(drop);
        let by_address = self.by_address.take(from.0, now).map(drop);
        by_client.and(by_address)
    }
}

/// How it ended.
#[derive(Debug)]
pub(super) enum ClientAuthOutcome {
    Client(TokenClient),
    /// Not proved. The origins are those of the app it claimed to be, if there is one.
    Failed {
        origins: Vec<String>,
    },
    Slowed(RateLimited),
}

/// Finds the client and holds its secret against the stored ones.
pub(super) async fn authenticate(
    db: impl Executor<'_>,
    credential: &ClientCredentials,
    guard: &ClientAuthLimiter,
    from: ClientAddress,
    now: Timestamp,
) -> db::Result<ClientAuthOutcome> {
    let ids: Vec<String> = credential
        .claims()
        .iter()
        .map(|claim| claim.client_id.clone())
        .collect();
    let known = store::list_clients(db, &ids).await?;
    let mut proved = None;
    for claim in credential.claims() {
        let client = known
            .iter()
            .find(|client| client.client_id == claim.client_id);
        let proof = prove(client, claim);
        proved = proved.or(proof);
    }
    if let Some(client) = proved {
        return Ok(ClientAuthOutcome::Client(client));
    }
    let claimed = ids.first().map_or("", String::as_str);
    if let Err(slowed) = guard.failed(claimed, from, now) {
        return Ok(ClientAuthOutcome::Slowed(slowed));
    }
    let origins = known.into_iter().next().map(|client| client.origins);
    Ok(ClientAuthOutcome::Failed {
        origins: origins.unwrap_or_default(),
    })
}

/// An unknown client is compared too, with nothing, so that it takes as long as a known one.
fn prove(client: Option<&TokenClient>, claim: &ClientCredential) -> Option<TokenClient> {
    let claimed = claim
        .secret
        .as_ref()
        .map(crate::platform::secret::Secret::token_hash);
    let nothing = TokenHash::of(b"").to_vec();
    let matches = |stored: &[u8]| claimed.is_some_and(|claimed| claimed.matches(stored));
    let Some(client) = client else {
        let _ = matches(&nothing);
        return None;
    };
    if client.is_suspended {
        return None;
    }
    if client.is_public {
        return claim.secret.is_none().then(|| client.clone());
    }
    let proved = client
        .secrets
        .iter()
        .find(|stored| matches(&stored.token_hash))?;
    Some(TokenClient {
        proved_with: Some(proved.id),
        ..client.clone()
    })
}

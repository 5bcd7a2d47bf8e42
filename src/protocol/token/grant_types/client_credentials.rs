//! `grant_type=client_credentials` (RFC 6749 §4.4): a token of the app itself, which opens no person.

use super::GrantTypeRequest;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::AppTokenId;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::platform::web::FormParams;
use crate::protocol::app_tokens::{AppScope, AppToken, PREFIX, issue_app_token};
use crate::protocol::token::model::{AuthenticatedClient, IssuedAppToken};
use crate::protocol::token::refusal::Refusal;

/// `scope` is optional: without it the token has the one scope that an app may have for itself.
#[derive(Debug)]
pub(in crate::protocol::token) struct ClientCredentialsRequest {
    scope: Option<String>,
}

impl ClientCredentialsRequest {
    pub(in crate::protocol::token) fn parse(
        params: &FormParams,
    ) -> Result<GrantTypeRequest, Refusal> {
        let scope = params.one("scope")?.map(str::to_owned);
        Ok(GrantTypeRequest::ClientCredentials(Self { scope }))
    }

    /// The scope of the token. Whether the client may have a token at all comes first, so that a client
    /// without the permission is not told to correct its scope.
    pub(in crate::protocol::token) fn decide(
        &self,
        client: &AuthenticatedClient,
    ) -> Result<AppScope, Refusal> {
        // Without a secret the client has proved nothing, and here is no code that proves anything either.
        if client.is_public {
            return Err(Refusal::ClientCredentialsOfPublicClient);
        }
        let Some(default) = client.app_scopes.first() else {
            return Err(Refusal::ClientCredentialsNotAllowed);
        };
        let requested = self.scope.as_deref().map(parse_scope).transpose()?;
        let scope = requested.unwrap_or(*default);
        if !client.app_scopes.contains(&scope) {
            return Err(Refusal::ClientCredentialsNotAllowed);
        }
        Ok(scope)
    }
}

/// Generates a token and stores its hash. None if the app has lost the permission in the meantime.
pub(in crate::protocol::token) async fn save(
    db: impl Executor<'_>,
    client: &AuthenticatedClient,
    scope: AppScope,
    lifetimes: &Lifetimes,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Option<IssuedAppToken>> {
    let random = Secret::generate(rng);
    let access_token = Secret::new(format!("{PREFIX}{}", random.expose()));
    let token = AppToken {
        id: AppTokenId::new(now, rng),
        app: client.app,
        hash: access_token.hash(),
        scope,
        issued_at: now,
        expires_at: now + lifetimes.access_token,
    };
    let is_saved = issue_app_token(db, &token).await?;
    Ok(is_saved.then_some(IssuedAppToken {
        access_token,
        scope,
    }))
}

/// Scopes of people cannot be had in this way, so they are as unknown here as any other word.
fn parse_scope(value: &str) -> Result<AppScope, Refusal> {
    let mut names = value.split(' ').filter(|name| !name.is_empty());
    let scope = names.next().and_then(AppScope::parse);
    scope
        .filter(|scope| names.all(|name| name == scope.name()))
        .ok_or(Refusal::UnknownAppScope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::token::grant_types::samples::{APP, client};

    fn decide(scope: Option<&str>, client: &AuthenticatedClient) -> Result<AppScope, &'static str> {
        let scope = scope.map(str::to_owned);
        let decided = ClientCredentialsRequest { scope }.decide(client);
        decided.map_err(|refusal| refusal.cause().name)
    }

    #[test]
    fn a_confidential_client_with_the_permission_gets_its_scope() {
        let app = client(APP, "https://app.example/cb");
        let allowed = AuthenticatedClient {
            app_scopes: vec![AppScope::LookUps],
            ..app.clone()
        };
        let public = AuthenticatedClient {
            is_public: true,
            ..allowed.clone()
        };
        assert_eq!(decide(None, &allowed), Ok(AppScope::LookUps));
        assert_eq!(decide(Some("look_ups"), &allowed), Ok(AppScope::LookUps));
        for scope in ["", "basic", "look_ups basic", "LOOK_UPS"] {
            assert_eq!(decide(Some(scope), &allowed), Err("unknown_app_scope"));
        }
        for scope in [None, Some("basic")] {
            let decided = decide(scope, &app);
            assert_eq!(decided, Err("client_credentials_not_allowed"));
        }
        assert_eq!(
            decide(None, &public),
            Err("client_credentials_of_public_client")
        );
    }
}

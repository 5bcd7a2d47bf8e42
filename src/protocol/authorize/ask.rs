//! From the parameters of an authorization request to a [`AuthorizationRequest`], in two steps: who asks and where
//! the answer goes, then the rest. What fails in the first is told to the person only, what fails in
//! the second goes back to the app (RFC 6749 §4.1.2.1).

use super::model::{
    AuthorizationRequest, ClientFacts, NonRedirectableError, ResponseMode, ResponseTarget,
};
use crate::platform::web::{FormParams, RepeatedParameter};
use crate::protocol::grants;
use crate::protocol::oauth::{Challenge, OAuthError, OAuthErrorCode, RedirectUri, oxide};
use crate::protocol::scope::ScopeSet;

/// In bytes. It is kept while the page is open and comes back in an address, which browsers and
/// proxies cut somewhere above.
const LONGEST_STATE: usize = 4096;

/// The parameters as they came; empty ones count as absent.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationParams {
    pub client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    approval_prompt: Option<String>,
    challenge: Option<String>,
    challenge_method: Option<String>,
    pub response_mode: Option<String>,
    /// Our word that we sent the browser's dialog here.
    pub dialog: Option<String>,
}

impl AuthorizationParams {
    pub(super) fn read(pairs: &FormParams) -> Result<Self, NonRedirectableError> {
        let one = |name| {
            let value = pairs.one(name).map(|value| value.map(str::to_owned));
            value.map_err(|RepeatedParameter(name)| NonRedirectableError::Repeated(name))
        };
        Ok(Self {
            client_id: one("client_id")?,
            redirect_uri: one("redirect_uri")?,
            response_type: one("response_type")?,
            scope: one("scope")?,
            state: one("state")?,
            approval_prompt: one("approval_prompt")?,
            challenge: one("code_challenge")?,
            challenge_method: one("code_challenge_method")?,
            response_mode: one("response_mode")?,
            dialog: one("dialog")?,
        })
    }

    /// Where the answer goes, once the client is known.
    pub(super) fn return_to(
        &self,
        asker: &ClientFacts,
    ) -> Result<ResponseTarget, NonRedirectableError> {
        if asker.is_suspended {
            return Err(NonRedirectableError::Suspended {
                app: asker.name.clone(),
            });
        }
        let asked = self.redirect_uri.as_deref();
        let redirect_uri = RedirectUri::choose(&asker.redirect_uris, asked);
        let redirect_uri = redirect_uri.ok_or_else(|| NonRedirectableError::UnknownRedirect {
            app: asker.name.clone(),
            asked: asked.unwrap_or_default().to_owned(),
        })?;
        Ok(ResponseTarget {
            redirect_uri,
            state: self.state.clone(),
            through: ResponseMode::Redirect,
        })
    }

    /// Everything else.
    pub(super) fn request(
        &self,
        asker: &ClientFacts,
        return_to: ResponseTarget,
    ) -> Result<AuthorizationRequest, OAuthError> {
        // First, so that a client that gets everything wrong learns of the type first.
        oxide_speaks(
            self.response_type.as_deref(),
            asker,
            &return_to,
            ScopeSet::EMPTY,
        )?;
        if self
            .state
            .as_ref()
            .is_some_and(|state| state.len() > LONGEST_STATE)
        {
            return Err(OAuthError::invalid_request(
                "state is longer than 4096 bytes. Send a short one, and keep on your side what it stands for.",
            ));
        }
        let method = self.challenge_method.as_deref();
        let challenge = Challenge::parse(self.challenge.as_deref(), method)
            .map_err(|wrong| OAuthError::invalid_request(wrong.to_string()))?;
        if challenge.is_none() && (asker.is_public || asker.requires_pkce) {
            return Err(OAuthError::invalid_request(
                "This app must use PKCE: send code_challenge and code_challenge_method=S256.",
            ));
        }
        let scopes = ScopeSet::parse(self.scope.as_deref().unwrap_or_default())
            .map_err(|unknown| OAuthError::new(OAuthErrorCode::InvalidScope, unknown.advice()))?;
        let scopes = grants::with_compulsory(scopes);
        let scopes = oxide_speaks(self.response_type.as_deref(), asker, &return_to, scopes)?;
        let always_ask = !matches!(self.approval_prompt.as_deref(), None | Some("auto"));
        Ok(AuthorizationRequest {
            return_to,
            scopes,
            challenge,
            always_ask,
        })
    }
}

fn oxide_speaks(
    response_type: Option<&str>,
    asker: &ClientFacts,
    return_to: &ResponseTarget,
    scopes: ScopeSet,
) -> Result<ScopeSet, OAuthError> {
    oxide::negotiate(&oxide::AuthorizationInput {
        client_id: &asker.client_id,
        redirect_uri: return_to.redirect_uri.as_str(),
        response_type,
        scopes: grants::with_compulsory(scopes),
    })
}

//! `grant_type=authorization_code` (RFC 6749 §4.1.3).

use std::time::Duration;

use super::{DecisionContext, GrantTypeHandler, GrantTypeRequest, TokenIssuance};
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::secret::Secret;
use crate::platform::web::FormParams;
use crate::protocol::oauth::oxide::{
    AccessTokenFlow, CodeParams, MachineGrant, MachineTokens, exchange_code,
};
use crate::protocol::oauth::verify_pkce;
use crate::protocol::scope::{GrantedAccess, ScopeSet};
use crate::protocol::token::model::{CodeFacts, IssuedTokens};
use crate::protocol::token::refusal::Refusal;
use crate::protocol::token::request::required;
use crate::protocol::token::store;

/// A code that comes back within this span is a request sent twice and not a theft.
const SENT_TWICE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(in crate::protocol::token) struct AuthorizationCodeRequest {
    code: Secret,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

impl AuthorizationCodeRequest {
    pub(in crate::protocol::token) fn parse(
        params: &FormParams,
    ) -> Result<GrantTypeRequest, Refusal> {
        Ok(GrantTypeRequest::AuthorizationCode(Self {
            code: Secret::new(required(params, "code")?),
            redirect_uri: params.one("redirect_uri")?.map(str::to_owned),
            code_verifier: params.one("code_verifier")?.map(str::to_owned),
        }))
    }
}

impl GrantTypeHandler for AuthorizationCodeRequest {
    type Facts = CodeFacts;
    type Predecessor = ();

    async fn load(
        &self,
        connection: &mut Connection,
        _: DecisionContext<'_>,
    ) -> db::Result<Option<CodeFacts>> {
        store::find_code(connection, self.code.hash()).await
    }

    fn decide(
        &self,
        facts: Option<&CodeFacts>,
        context: DecisionContext<'_>,
    ) -> Result<TokenIssuance<()>, Refusal> {
        let facts = facts.ok_or(Refusal::CodeUnknown)?;
        let exchange = CodeExchange {
            request: self,
            facts,
            context,
        };
        let scopes = exchange_code(&exchange)?;
        Ok(TokenIssuance {
            issued: IssuedTokens {
                pair: context.tokens.clone(),
                access: GrantedAccess::of(scopes, facts.context.access.fields()),
                issued_at: context.now,
            },
            predecessor: (),
        })
    }

    /// The code is used up here and not when it is found, so that a stranger or a typing error cannot burn
    /// it.
    async fn save(
        &self,
        connection: &mut Connection,
        issue: &TokenIssuance<()>,
        context: DecisionContext<'_>,
    ) -> db::Result<bool> {
        store::use_code(
            connection,
            self.code.hash(),
            &issue.issued,
            context.client.secret,
        )
        .await
    }

    async fn lock(&self, connection: &mut Connection) -> db::Result<()> {
        store::lock_code(connection, self.code.hash()).await
    }

    fn conflict_refusal(&self) -> Refusal {
        Refusal::CodeUsedJustNow
    }
}

/// The answers to the steps of oxide-auth's access token machine.
struct CodeExchange<'a> {
    request: &'a AuthorizationCodeRequest,
    facts: &'a CodeFacts,
    context: DecisionContext<'a>,
}

impl CodeExchange<'_> {
    fn redirect_uri(&self) -> &str {
        let requested = self.request.redirect_uri.as_deref();
        requested.unwrap_or(&self.context.client.default_redirect_uri)
    }
}

impl AccessTokenFlow for CodeExchange<'_> {
    type Refusal = Refusal;

    fn params(&self) -> CodeParams<'_> {
        CodeParams {
            client_id: &self.context.client.client_id,
            code: self.request.code.expose(),
            redirect_uri: self.redirect_uri(),
        }
    }

    /// The machine compares client and redirect URI afterwards. Two rules cannot wait for it: only its own
    /// client can replay a code, so the client comes before the time; and the machine compares redirect URIs
    /// as parsed, so `/cb` and `/%63b` would be one (RFC 9700 §2.1 wants bytes).
    fn find_code(&self) -> Result<MachineGrant<'_>, Refusal> {
        let Self { facts, context, .. } = *self;
        let login = &facts.context;
        if login.app != context.client.app {
            return Err(Refusal::CodeOfAnotherClient { owner: login.app });
        }
        match code_state(
            facts.issued_at,
            facts.used_at,
            context.lifetimes,
            context.now,
        ) {
            CodeState::Unused => {}
            CodeState::Expired => return Err(Refusal::CodeExpired),
            CodeState::UsedJustNow => return Err(Refusal::CodeUsedJustNow),
            CodeState::Replayed => return Err(Refusal::CodeReplayed(login.into())),
        }
        if self.redirect_uri() != facts.redirect_uri {
            return Err(Refusal::RedirectUriMismatch);
        }
        if context.client.is_public && facts.challenge.is_none() {
            return Err(Refusal::PublicClientWithoutPkce);
        }
        if !login.is_live || login.access.is_empty() {
            return Err(Refusal::CodeGrantEnded);
        }
        Ok(MachineGrant {
            owner_id: login.person.to_string(),
            client_id: &login.client_id,
            redirect_uri: &facts.redirect_uri,
            scopes: login.access.scopes(),
        })
    }

    fn verify_pkce(&self) -> Result<(), Refusal> {
        let verifier = self.request.code_verifier.as_deref();
        verify_pkce(self.facts.challenge.as_ref(), verifier).map_err(Refusal::Pkce)
    }

    fn issue_tokens(&self, _: ScopeSet) -> MachineTokens<'_> {
        let DecisionContext {
            tokens,
            lifetimes,
            now,
            ..
        } = self.context;
        MachineTokens {
            access_token: &tokens.access_token,
            refresh_token: Some(&tokens.refresh_token),
            expires_at: now + lifetimes.access_token,
        }
    }

    /// What the machine refuses beyond our rules, it refuses as it would an unknown code.
    fn refused(&self) -> Refusal {
        Refusal::CodeUnknown
    }
}

/// What a presented code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CodeState {
    Unused,
    Expired,
    /// Refused only: a client that sent its request twice keeps its tokens.
    UsedJustNow,
    /// Refused, and everything issued from it ends (RFC 6749 §4.1.2).
    Replayed,
}

fn code_state(
    issued_at: Timestamp,
    used_at: Option<Timestamp>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> CodeState {
    match used_at {
        Some(used_at) if now - used_at <= SENT_TWICE => CodeState::UsedJustNow,
        Some(_) => CodeState::Replayed,
        None if now - issued_at > lifetimes.code => CodeState::Expired,
        None => CodeState::Unused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::id::AppId;
    use crate::protocol::oauth::Challenge;
    use crate::protocol::token::grant_types::samples::{
        APP, LIFETIMES, OTHER_APP, START, after, client, login, rotation_key, token_pair,
    };

    const CALLBACK: &str = "https://app.example/cb";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn facts() -> CodeFacts {
        CodeFacts {
            context: login("basic phone"),
            redirect_uri: CALLBACK.to_owned(),
            challenge: Some(Challenge::stored(CHALLENGE.to_owned())),
            issued_at: START,
            used_at: None,
        }
    }

    fn request() -> AuthorizationCodeRequest {
        AuthorizationCodeRequest {
            code: Secret::new("code"),
            redirect_uri: Some(CALLBACK.to_owned()),
            code_verifier: Some(VERIFIER.to_owned()),
        }
    }

    fn decide(
        request: &AuthorizationCodeRequest,
        facts: Option<&CodeFacts>,
        now: Timestamp,
    ) -> Result<String, &'static str> {
        decide_for(APP, request, facts, now)
    }

    fn decide_for(
        app: AppId,
        request: &AuthorizationCodeRequest,
        facts: Option<&CodeFacts>,
        now: Timestamp,
    ) -> Result<String, &'static str> {
        let (client, tokens) = (client(app, CALLBACK), token_pair());
        let context = DecisionContext {
            client: &client,
            tokens: &tokens,
            rotation_key: &rotation_key(),
            lifetimes: &LIFETIMES,
            now,
        };
        let decided = request.decide(facts, context);
        decided
            .map(|issue| issue.issued.access.scopes().to_string())
            .map_err(|refusal| refusal.cause().name)
    }

    #[test]
    fn a_code_is_exchanged_for_what_was_granted() {
        let issued = decide(&request(), Some(&facts()), START);
        assert_eq!(issued, Ok("basic phone".to_owned()));
    }

    #[test]
    fn an_omitted_redirect_uri_is_the_first_one_registered() {
        let request = AuthorizationCodeRequest {
            redirect_uri: None,
            ..request()
        };
        assert!(decide(&request, Some(&facts()), START).is_ok());
    }

    #[test]
    fn a_code_lives_for_its_lifetime() {
        let at = |seconds| decide(&request(), Some(&facts()), after(seconds));
        assert!(at(60).is_ok());
        assert_eq!(at(61), Err("code_expired"));
    }

    #[test]
    fn a_used_code_is_a_repeated_request_at_first_and_then_a_replay() {
        let used = CodeFacts {
            used_at: Some(after(5)),
            ..facts()
        };
        let at = |seconds| decide(&request(), Some(&used), after(seconds));
        assert_eq!(at(15), Err("code_used_just_now"));
        assert_eq!(at(16), Err("code_replayed"));
    }

    #[test]
    fn another_client_cannot_replay_a_code() {
        let used = CodeFacts {
            used_at: Some(START),
            ..facts()
        };
        let decided = decide_for(OTHER_APP, &request(), Some(&used), after(60));
        assert_eq!(decided, Err("code_of_another_client"));
        assert_eq!(decide(&request(), None, START), Err("code_unknown"));
    }

    #[test]
    fn redirect_uris_are_compared_as_bytes() {
        let request = AuthorizationCodeRequest {
            redirect_uri: Some("https://app.example/%63b".to_owned()),
            ..request()
        };
        let decided = decide(&request, Some(&facts()), START);
        assert_eq!(decided, Err("redirect_uri_mismatch"));
    }

    #[test]
    fn the_verifier_must_fit_the_challenge() {
        let with = |verifier: Option<&str>| AuthorizationCodeRequest {
            code_verifier: verifier.map(str::to_owned),
            ..request()
        };
        let wrong = VERIFIER.replace('d', "e");
        for (verifier, cause) in [
            (None, "pkce_missing"),
            (Some("short"), "pkce_malformed"),
            (Some(wrong.as_str()), "pkce_mismatch"),
        ] {
            assert_eq!(decide(&with(verifier), Some(&facts()), START), Err(cause));
        }
        let without = CodeFacts {
            challenge: None,
            ..facts()
        };
        assert_eq!(
            decide(&request(), Some(&without), START),
            Err("pkce_unexpected")
        );
        assert!(decide(&with(None), Some(&without), START).is_ok());
    }

    #[test]
    fn an_ended_grant_issues_nothing() {
        let mut ended = facts();
        ended.context.is_live = false;
        assert_eq!(decide(&request(), Some(&ended), START), Err("grant_ended"));
    }
}

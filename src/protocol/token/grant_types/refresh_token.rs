//! `grant_type=refresh_token` (RFC 6749 §6), with rotation and replay detection (RFC 9700 §4.14.2).

use super::{DecisionContext, GrantTypeHandler, GrantTypeRequest, TokenIssuance};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::id::PairId;
use crate::platform::secret::{Secret, SecretHash};
use crate::platform::web::FormParams;
use crate::protocol::grants::with_required_scope;
use crate::protocol::oauth::oxide::{
    MachineTokens, RefreshFlow, RefreshParams, RefreshableGrant, refresh,
};
use crate::protocol::scope::{GrantedAccess, ScopeSet};
use crate::protocol::token::model::{IssuedTokens, PairFacts};
use crate::protocol::token::refusal::Refusal;
use crate::protocol::token::request::required;
use crate::protocol::token::rotation::{find_newest, is_replayed};
use crate::protocol::token::store;
use crate::protocol::token::store::TokenKind;

/// `scope` narrows the one token pair that is issued; the next refresh without it returns everything that
/// was granted.
#[derive(Debug)]
pub(in crate::protocol::token) struct RefreshTokenRequest {
    refresh_token: Secret,
    scopes: Option<ScopeSet>,
}

impl RefreshTokenRequest {
    pub(in crate::protocol::token) fn parse(
        params: &FormParams,
    ) -> Result<GrantTypeRequest, Refusal> {
        let scopes = params.one("scope")?.map(ScopeSet::parse).transpose();
        let scopes = scopes.map_err(Refusal::UnknownScope)?;
        Ok(GrantTypeRequest::RefreshToken(Self {
            refresh_token: Secret::new(required(params, "refresh_token")?),
            scopes,
        }))
    }

    fn token_hash(&self) -> SecretHash {
        self.refresh_token.hash()
    }

    /// The newest pair of the line, in clear, if the presented one was rotated.
    fn find_newest(
        &self,
        facts: &PairFacts,
        context: DecisionContext<'_>,
    ) -> Result<Option<IssuedTokens>, Refusal> {
        if facts.rotated_at.is_none() {
            return Ok(None);
        }
        let newest = find_newest(context.rotation_key, &self.refresh_token, facts);
        newest.map(Some).ok_or(Refusal::RefreshTokenUsedJustNow)
    }
}

impl GrantTypeHandler for RefreshTokenRequest {
    type Facts = PairFacts;
    /// The pair to rotate. None if the earlier response is returned again and nothing is stored.
    type Predecessor = Option<PairId>;

    async fn load(
        &self,
        connection: &mut Connection,
        context: DecisionContext<'_>,
    ) -> db::Result<Option<PairFacts>> {
        let rotated_since = context.now - context.lifetimes.refresh_grace;
        let kind = TokenKind::Refresh;
        store::find_pair(connection, self.token_hash(), kind, rotated_since).await
    }

    fn decide(
        &self,
        facts: Option<&PairFacts>,
        context: DecisionContext<'_>,
    ) -> Result<TokenIssuance<Option<PairId>>, Refusal> {
        let facts = facts.ok_or(Refusal::RefreshTokenUnknown)?;
        check_login(facts, context)?;
        let newest = self.find_newest(facts, context)?;
        let (id, refresh_token, issued_at) = match &newest {
            Some(newest) => (newest.pair.id, &newest.pair.refresh_token, newest.issued_at),
            None => (facts.id, &self.refresh_token, facts.issued_at),
        };
        check_age(facts, issued_at, context)?;
        let rotation = RefreshExchange {
            request: self,
            facts,
            context,
        };
        let scopes = refresh(&rotation)?;
        let granted = facts.context.access;
        let age = context.now - issued_at;
        Ok(match newest {
            // The same response again, unless its access token is too old to be of use.
            Some(newest) if age < context.lifetimes.access_token => TokenIssuance {
                issued: IssuedTokens {
                    access: newest.access.intersection(granted),
                    ..newest
                },
                predecessor: None,
            },
            _ => TokenIssuance {
                issued: IssuedTokens {
                    pair: context
                        .rotation_key
                        .derive_successor(refresh_token, context.tokens.id),
                    access: GrantedAccess::of(scopes, granted.fields()),
                    issued_at: context.now,
                },
                predecessor: Some(id),
            },
        })
    }

    async fn save(
        &self,
        connection: &mut Connection,
        issue: &TokenIssuance<Option<PairId>>,
        context: DecisionContext<'_>,
    ) -> db::Result<bool> {
        match issue.predecessor {
            Some(old) => {
                store::rotate_pair(connection, old, &issue.issued, context.client.secret).await
            }
            None => Ok(true),
        }
    }

    async fn lock(&self, connection: &mut Connection) -> db::Result<()> {
        store::lock_pair(connection, self.token_hash()).await
    }

    fn conflict_refusal(&self) -> Refusal {
        Refusal::RefreshTokenUsedJustNow
    }
}

/// The answers to the steps of oxide-auth's refresh machine.
struct RefreshExchange<'a> {
    request: &'a RefreshTokenRequest,
    facts: &'a PairFacts,
    context: DecisionContext<'a>,
}

impl RefreshFlow for RefreshExchange<'_> {
    type Refusal = Refusal;

    fn params(&self) -> RefreshParams<'_> {
        RefreshParams {
            client_id: &self.context.client.client_id,
            refresh_token: self.request.refresh_token.expose(),
            scopes: self.request.scopes.map(with_required_scope),
        }
    }

    fn find_refresh_token(&self) -> Result<RefreshableGrant<'_>, Refusal> {
        let login = &self.facts.context;
        Ok(RefreshableGrant {
            owner_id: login.person.to_string(),
            client_id: &login.client_id,
            scopes: login.access.scopes(),
        })
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

    /// The token is found and the client is right, so only the scope is left to be refused.
    fn refused(&self) -> Refusal {
        Refusal::ScopeWidened
    }
}

/// Whether the login may be refreshed at all.
fn check_login(facts: &PairFacts, context: DecisionContext<'_>) -> Result<(), Refusal> {
    let login = &facts.context;
    // Only its own client can replay a token, so the client comes before the time. The machine compares it
    // again.
    if login.app != context.client.app {
        return Err(Refusal::RefreshTokenOfAnotherClient);
    }
    // Before the replay, because an ended family has no valid token that a replay could revoke.
    if facts.family_was_revoked {
        return Err(Refusal::RefreshTokenRevoked);
    }
    if !login.is_live || login.access.is_empty() {
        return Err(Refusal::RefreshTokenGrantEnded);
    }
    if is_replayed(facts, context.lifetimes, context.now) {
        return Err(Refusal::RefreshTokenReplayed(login.into()));
    }
    Ok(())
}

/// `issued_at` is the time of the newest pair of the line.
fn check_age(
    facts: &PairFacts,
    issued_at: Timestamp,
    context: DecisionContext<'_>,
) -> Result<(), Refusal> {
    let DecisionContext { lifetimes, now, .. } = context;
    let is_unused_for_too_long = now - issued_at > lifetimes.refresh_token;
    let is_family_too_old = now - facts.context.family_began_at > lifetimes.family;
    if is_unused_for_too_long || is_family_too_old {
        return Err(Refusal::RefreshTokenExpired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::platform::config::Lifetimes;
    use crate::platform::id::AppId;
    use crate::protocol::token::grant_types::samples::{
        APP, LIFETIMES, OTHER_APP, START, after, client, login, rotation_key, token_pair,
    };
    use crate::protocol::token::model::Successor;

    const PRESENTED: PairId = PairId(Uuid::from_u128(1));
    const SUCCESSOR: PairId = PairId(Uuid::from_u128(2));

    fn live() -> PairFacts {
        PairFacts {
            context: login("basic profile"),
            family_was_revoked: false,
            id: PRESENTED,
            issued_at: START,
            rotated_at: None,
            successors: Vec::new(),
        }
    }

    /// A pair that was rotated after so many seconds.
    fn rotated(seconds: u64, is_used: bool) -> PairFacts {
        let tokens = rotation_key().derive_successor(&presented(), SUCCESSOR);
        PairFacts {
            rotated_at: Some(after(seconds)),
            successors: vec![Successor {
                id: SUCCESSOR,
                issued_at: after(seconds),
                is_used,
                rotated_at: None,
                refresh_token_hash: tokens.refresh_token.hash().to_vec(),
                access: GrantedAccess::whole(ScopeSet::parse("basic profile").unwrap()),
            }],
            ..live()
        }
    }

    fn presented() -> Secret {
        Secret::new("token")
    }

    /// What a refresh stores and returns.
    #[derive(Debug, PartialEq, Eq)]
    enum Outcome {
        /// This pair is rotated.
        Rotates(PairId),
        /// This pair is returned again.
        Repeats(PairId),
    }

    fn decide(facts: &PairFacts, now: Timestamp) -> Result<Outcome, &'static str> {
        let issue = decide_with(APP, None, facts, &LIFETIMES, now)?;
        Ok(match issue.predecessor {
            Some(old) => Outcome::Rotates(old),
            None => Outcome::Repeats(issue.issued.pair.id),
        })
    }

    fn narrow(scope: &str) -> Result<String, &'static str> {
        let issue = decide_with(APP, Some(scope), &live(), &LIFETIMES, START);
        issue.map(|issue| issue.issued.access.scopes().to_string())
    }

    fn decide_with(
        app: AppId,
        scope: Option<&str>,
        facts: &PairFacts,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Result<TokenIssuance<Option<PairId>>, &'static str> {
        let request = RefreshTokenRequest {
            refresh_token: presented(),
            scopes: scope.map(|scope| ScopeSet::parse(scope).unwrap()),
        };
        let (client, tokens) = (client(app, "https://app.example/cb"), token_pair());
        let context = DecisionContext {
            client: &client,
            tokens: &tokens,
            rotation_key: &rotation_key(),
            lifetimes,
            now,
        };
        let decided = request.decide(Some(facts), context);
        decided.map_err(|refusal| refusal.cause().name)
    }

    #[test]
    fn a_refresh_narrows_and_never_widens() {
        assert_eq!(narrow("basic profile"), Ok("basic profile".to_owned()));
        assert_eq!(narrow("basic"), Ok("basic".to_owned()));
        assert_eq!(narrow("basic ldap"), Err("scope_widened"));
    }

    #[test]
    fn a_refresh_token_belongs_to_its_client() {
        let facts = rotated(0, true);
        let decided = decide_with(OTHER_APP, Some("ldap"), &facts, &LIFETIMES, after(60));
        assert_eq!(decided.unwrap_err(), "refresh_token_of_another_client");
    }

    #[test]
    fn within_the_grace_period_the_same_pair_is_returned_again() {
        let repeats = Ok(Outcome::Repeats(SUCCESSOR));
        assert_eq!(decide(&rotated(5, false), after(15)), repeats);
        assert_eq!(decide(&rotated(5, true), after(15)), repeats);
        let replayed = Err("refresh_token_replayed");
        assert_eq!(decide(&rotated(5, true), after(16)), replayed);
    }

    #[test]
    fn an_unused_successor_is_returned_again_however_late() {
        let unused = rotated(5, false);
        let repeats = Ok(Outcome::Repeats(SUCCESSOR));
        assert_eq!(decide(&unused, after(36_004)), repeats);
        // Its access token has expired, so it is rotated as if it had been presented.
        let rotates = Ok(Outcome::Rotates(SUCCESSOR));
        assert_eq!(decide(&unused, after(36_005)), rotates);
        assert_eq!(
            decide(&unused, after(91 * 86_400)),
            Err("refresh_token_expired")
        );
    }

    #[test]
    fn a_repeated_response_holds_no_more_than_is_granted_now() {
        let mut withdrawn = rotated(0, false);
        withdrawn.context.access = GrantedAccess::whole(ScopeSet::parse("basic").unwrap());
        let issue = decide_with(APP, None, &withdrawn, &LIFETIMES, START).unwrap();
        assert_eq!(issue.issued.access.scopes().to_string(), "basic");
        let narrowed = decide_with(APP, Some("profile"), &withdrawn, &LIFETIMES, START);
        assert_eq!(narrowed.unwrap_err(), "scope_widened");
    }

    #[test]
    fn without_grace_every_second_use_is_a_replay() {
        let strict = Lifetimes {
            refresh_grace: Duration::ZERO,
            ..LIFETIMES
        };
        let decided = decide_with(APP, None, &rotated(0, false), &strict, START);
        assert_eq!(decided.unwrap_err(), "refresh_token_replayed");
    }

    #[test]
    fn a_refresh_token_ends_unused_and_with_its_family() {
        let days = |days: u64| after(days * 86_400);
        assert_eq!(decide(&live(), days(90)), Ok(Outcome::Rotates(PRESENTED)));
        assert_eq!(decide(&live(), days(91)), Err("refresh_token_expired"));
        let young_in_old_family = PairFacts {
            issued_at: days(360),
            ..live()
        };
        assert_eq!(
            decide(&young_in_old_family, days(366)),
            Err("refresh_token_expired")
        );
    }

    #[test]
    fn a_token_of_an_ended_family_is_no_replay() {
        let mut ended = rotated(0, true);
        ended.context.is_live = false;
        assert_eq!(decide(&ended, after(60)), Err("grant_ended"));
        ended.family_was_revoked = true;
        assert_eq!(decide(&ended, after(60)), Err("refresh_token_revoked"));
    }
}

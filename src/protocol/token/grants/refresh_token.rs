//! `grant_type=refresh_token` (RFC 6749 §6), with rotation and replay detection (RFC 9700 §4.14.2).

use super::{DecisionContext, GrantRequest, GrantType, Issue};
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::id::PairId;
use crate::platform::secret::{Secret, TokenHash};
use crate::platform::web::FormParams;
use crate::protocol::grants::with_compulsory;
use crate::protocol::oauth::oxide::{
    MachineTokens, RefreshFlow, RefreshParams, RefreshableGrant, refresh,
};
use crate::protocol::scope::{GrantedAccess, ScopeSet};
use crate::protocol::token::model::{PairEnd, PairFacts};
use crate::protocol::token::refusal::Refusal;
use crate::protocol::token::request::required;
use crate::protocol::token::store;

/// `scope` narrows the one token pair that is issued; the next refresh without it returns everything that
/// was granted.
#[derive(Debug)]
pub(in crate::protocol::token) struct RefreshTokenRequest {
    refresh_token: Secret,
    scopes: Option<ScopeSet>,
}

/// The pair that the new tokens take the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol::token) enum RotatedPair {
    /// The presented one.
    Presented(PairId),
    /// The unused successor of the presented one: the response that carried it was lost.
    LostSuccessor {
        presented: PairId,
        successor: PairId,
    },
}

impl RefreshTokenRequest {
    pub(in crate::protocol::token) fn parse(params: &FormParams) -> Result<GrantRequest, Refusal> {
        let scopes = params.one("scope")?.map(ScopeSet::parse).transpose();
        let scopes = scopes.map_err(Refusal::UnknownScope)?;
        Ok(GrantRequest::RefreshToken(Self {
            refresh_token: Secret::new(required(params, "refresh_token")?),
            scopes,
        }))
    }

    pub(in crate::protocol::token) fn fingerprint(&self) -> TokenHash {
        self.refresh_token.token_hash()
    }
}

impl GrantType for RefreshTokenRequest {
    type Facts = PairFacts;
    type Predecessor = RotatedPair;

    async fn load(&self, connection: &mut Connection) -> db::Result<Option<PairFacts>> {
        store::find_pair(connection, self.fingerprint(), false).await
    }

    fn decide(
        &self,
        facts: Option<&PairFacts>,
        context: DecisionContext<'_>,
    ) -> Result<Issue<RotatedPair>, Refusal> {
        let facts = facts.ok_or(Refusal::RefreshTokenUnknown)?;
        // Only its own client can replay a token, so the client comes before the time. The machine compares
        // it again.
        if facts.context.app != context.client.app {
            return Err(Refusal::RefreshTokenOfAnotherClient);
        }
        let predecessor = find_rotated_pair(facts, context.lifetimes, context.now)?;
        let rotation = Rotation {
            request: self,
            facts,
            context,
        };
        let scopes = refresh(&rotation)?;
        Ok(Issue {
            access: GrantedAccess::of(scopes, facts.context.access.fields()),
            predecessor,
        })
    }

    async fn keep(
        &self,
        connection: &mut Connection,
        issue: &Issue<RotatedPair>,
        context: DecisionContext<'_>,
    ) -> db::Result<bool> {
        let DecisionContext {
            client,
            tokens,
            now,
            ..
        } = context;
        match issue.predecessor {
            RotatedPair::Presented(pair) => {
                store::rotate_pair(connection, pair, tokens, issue.access, client.secret, now).await
            }
            RotatedPair::LostSuccessor {
                presented,
                successor,
            } => {
                let pairs = (presented, successor);
                store::replace_successor(connection, pairs, tokens, issue.access, now).await
            }
        }
    }

    async fn lock(&self, connection: &mut Connection) -> db::Result<()> {
        store::lock_pair(connection, self.fingerprint()).await
    }

    fn overtaken(&self) -> Refusal {
        Refusal::RefreshTokenUsedJustNow
    }
}

/// The answers to the steps of oxide-auth's refresh machine.
struct Rotation<'a> {
    request: &'a RefreshTokenRequest,
    facts: &'a PairFacts,
    context: DecisionContext<'a>,
}

impl RefreshFlow for Rotation<'_> {
    type Refusal = Refusal;

    fn params(&self) -> RefreshParams<'_> {
        RefreshParams {
            client_id: &self.context.client.client_id,
            refresh_token: self.request.refresh_token.expose(),
            scopes: self.request.scopes.map(with_compulsory),
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

/// Time and rotation, which the machine does not judge: which pair a refresh takes the place of.
fn find_rotated_pair(
    facts: &PairFacts,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Result<RotatedPair, Refusal> {
    let login = &facts.context;
    // An ended family cannot be replayed: nothing of it is left to protect.
    if !login.is_live || login.access.is_empty() {
        return Err(Refusal::RefreshTokenGrantEnded);
    }
    let is_too_old = now - facts.issued_at > lifetimes.refresh_token
        || now - login.family_began_at > lifetimes.family;
    match facts.end {
        PairEnd::Revoked | PairEnd::Replaced => Err(Refusal::RefreshTokenRevoked),
        PairEnd::Rotated {
            at,
            successor,
            successor_is_unused,
        } => {
            let in_grace =
                !lifetimes.refresh_grace.is_zero() && now - at <= lifetimes.refresh_grace;
            if in_grace && successor_is_unused {
                Ok(RotatedPair::LostSuccessor {
                    presented: facts.id,
                    successor,
                })
            } else {
                Err(Refusal::RefreshTokenReplayed(login.into()))
            }
        }
        PairEnd::Live if is_too_old => Err(Refusal::RefreshTokenExpired),
        PairEnd::Live => Ok(RotatedPair::Presented(facts.id)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::platform::id::AppId;
    use crate::protocol::token::grants::samples::{
        APP, LIFETIMES, OTHER_APP, START, after, client, login, token_pair,
    };

    const PRESENTED: PairId = PairId(Uuid::from_u128(1));
    const SUCCESSOR: PairId = PairId(Uuid::from_u128(2));

    fn facts(end: PairEnd) -> PairFacts {
        PairFacts {
            context: login("basic profile"),
            id: PRESENTED,
            issued_at: START,
            end,
        }
    }

    fn rotated(seconds: u64, successor_is_unused: bool) -> PairFacts {
        facts(PairEnd::Rotated {
            at: after(seconds),
            successor: SUCCESSOR,
            successor_is_unused,
        })
    }

    fn decide(facts: &PairFacts, now: Timestamp) -> Result<RotatedPair, &'static str> {
        decide_with(APP, None, facts, &LIFETIMES, now).map(|issue| issue.predecessor)
    }

    fn narrow(scope: &str) -> Result<String, &'static str> {
        let issue = decide_with(APP, Some(scope), &facts(PairEnd::Live), &LIFETIMES, START);
        issue.map(|issue| issue.access.scopes().to_string())
    }

    fn decide_with(
        app: AppId,
        scope: Option<&str>,
        facts: &PairFacts,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Result<Issue<RotatedPair>, &'static str> {
        let request = RefreshTokenRequest {
            refresh_token: Secret::new("token"),
            scopes: scope.map(|scope| ScopeSet::parse(scope).unwrap()),
        };
        let (client, tokens) = (client(app, "https://app.example/cb"), token_pair());
        let context = DecisionContext {
            client: &client,
            tokens: &tokens,
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
        let facts = rotated(0, false);
        let decided = decide_with(OTHER_APP, Some("ldap"), &facts, &LIFETIMES, START);
        assert_eq!(decided, Err("refresh_token_of_another_client"));
    }

    #[test]
    fn a_token_rotated_a_moment_ago_is_a_lost_response_unless_its_successor_was_used() {
        assert_eq!(
            decide(&rotated(5, true), after(15)),
            Ok(RotatedPair::LostSuccessor {
                presented: PRESENTED,
                successor: SUCCESSOR
            })
        );
        let replayed = Err("refresh_token_replayed");
        assert_eq!(decide(&rotated(5, false), after(6)), replayed);
        assert_eq!(decide(&rotated(5, true), after(16)), replayed);
    }

    #[test]
    fn without_grace_every_second_use_is_a_replay() {
        let strict = Lifetimes {
            refresh_grace: Duration::ZERO,
            ..LIFETIMES
        };
        let decided = decide_with(APP, None, &rotated(0, true), &strict, START);
        assert_eq!(decided, Err("refresh_token_replayed"));
    }

    #[test]
    fn a_refresh_token_ends_unused_and_with_its_family() {
        let days = |days: u64| after(days * 86_400);
        let live = facts(PairEnd::Live);
        assert_eq!(
            decide(&live, days(90)),
            Ok(RotatedPair::Presented(PRESENTED))
        );
        assert_eq!(decide(&live, days(91)), Err("refresh_token_expired"));
        let young_in_old_family = PairFacts {
            issued_at: days(360),
            ..live
        };
        assert_eq!(
            decide(&young_in_old_family, days(366)),
            Err("refresh_token_expired")
        );
    }

    #[test]
    fn a_revoked_or_replaced_token_is_no_replay() {
        for end in [PairEnd::Revoked, PairEnd::Replaced] {
            assert_eq!(decide(&facts(end), START), Err("refresh_token_revoked"));
        }
    }

    #[test]
    fn a_token_of_an_ended_family_is_no_replay() {
        let mut ended = rotated(0, false);
        ended.context.is_live = false;
        assert_eq!(decide(&ended, after(60)), Err("grant_ended"));
    }
}

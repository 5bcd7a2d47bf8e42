//! An old pair for a new one (RFC 6749 §6), with rotation and replay detection (RFC 9700 §4.14.2).

use super::model::{IssuedTokens, PairFacts, TokenClient};
use super::replay::Replay;
use super::rules::RefreshTokenState;
use super::{generate, rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::protocol::grants;
use crate::protocol::oauth::{OAuthError, oxide};
use crate::protocol::scope::{GrantedAccess, ScopeSet};

/// How it ended.
#[derive(Debug)]
pub(super) enum RefreshOutcome {
    Issued(IssuedTokens),
    Refused(OAuthError),
    /// Refused, and to be dealt with.
    Replayed(Replay),
    /// Somebody changed the pair between look and deed: look again, with the pair held.
    Overtaken,
}

/// Rotates a pair. `scopes` narrows this one pair; the next refresh without it returns what sign-in
/// and grant allow.
pub(super) async fn refresh(
    connection: &mut Connection,
    client: &TokenClient,
    token: &Secret,
    scopes: Option<ScopeSet>,
    lifetimes: &Lifetimes,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<RefreshOutcome> {
    let facts = store::find_pair(&mut *connection, token.token_hash(), false).await?;
    let (facts, share, how) = match judge(client, token, scopes, facts, lifetimes, now) {
        RefreshDecision::Refresh(facts, share, how) => (facts, share, how),
        RefreshDecision::Refuse(error) => return Ok(RefreshOutcome::Refused(error)),
        RefreshDecision::Replay(replay) => return Ok(RefreshOutcome::Replayed(replay)),
    };
    let minted = generate::pair(now, rng);
    let kept = match how {
        RotationKind::Rotate => {
            store::rotate(
                connection,
                facts.id,
                &minted,
                share,
                client.proved_with,
                now,
            )
            .await?
        }
        RotationKind::Replace(successor) => {
            store::replace(connection, facts.id, successor, &minted, share, now).await?
        }
    };
    Ok(if kept {
        RefreshOutcome::Issued(IssuedTokens { minted, share })
    } else {
        RefreshOutcome::Overtaken
    })
}

enum RefreshDecision {
    Refresh(PairFacts, GrantedAccess, RotationKind),
    Refuse(OAuthError),
    Replay(Replay),
}

enum RotationKind {
    Rotate,
    Replace(crate::platform::id::PairId),
}

/// The whole decision, pure.
fn judge(
    client: &TokenClient,
    token: &Secret,
    scopes: Option<ScopeSet>,
    facts: Option<PairFacts>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> RefreshDecision {
    let known = facts.as_ref().map(|facts| oxide::RefreshBinding {
        client_id: &facts.lineage.client_id,
        scopes: facts.lineage.share.scopes(),
    });
    let own = facts
        .as_ref()
        .filter(|facts| facts.lineage.app == client.app);
    let how = match own {
        // Not the client's: the machine says so. It must not learn more.
        None => None,
        Some(own) => {
            let began_at = own.lineage.family_began_at;
            match rules::refreshable(own.end, own.issued_at, began_at, lifetimes, now) {
                // Of a family that has ended nothing can be replayed any more.
                _ if !own.lineage.stands => return RefreshDecision::Refuse(oxide::not_this_token()),
                RefreshTokenState::Dead => return RefreshDecision::Refuse(oxide::not_this_token()),
                RefreshTokenState::Replayed => {
                    return RefreshDecision::Replay(Replay::of_refresh_token(&own.lineage));
                }
                RefreshTokenState::Rotate => Some(RotationKind::Rotate),
                RefreshTokenState::LostAnswer { successor } => {
                    Some(RotationKind::Replace(successor))
                }
            }
        }
    };
    let asked = oxide::RefreshInput {
        client_id: &client.client_id,
        token: token.expose(),
        scopes: scopes.map(grants::with_compulsory),
    };
    let decided = oxide::refresh(&asked, known.as_ref());
    match (decided, facts, how) {
        (Ok(scopes), Some(facts), Some(how)) => {
            let share = GrantedAccess::of(scopes, facts.lineage.share.fields());
            if share.is_empty() {
                return RefreshDecision::Refuse(oxide::not_this_token());
            }
            RefreshDecision::Refresh(facts, share, how)
        }
        (Err(error), ..) => RefreshDecision::Refuse(error),
        (Ok(_), ..) => RefreshDecision::Refuse(oxide::not_this_token()),
    }
}

//! An old pair for a new one (RFC 6749 §6), with rotation and replay detection (RFC 9700 §4.14.2).

use super::model::{Client, Issued, PairFacts};
use super::replay::Replay;
use super::rules::Refreshable;
use super::{mint, rules, store};
use crate::platform::clock::Moment;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::rng::Entropy;
use crate::platform::secret::Secret;
use crate::protocol::grants;
use crate::protocol::oauth::{OAuthError, oxide};
use crate::protocol::scope::{ScopeSet, Share};

/// How it ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Issued(Issued),
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
    client: &Client,
    token: &Secret,
    scopes: Option<ScopeSet>,
    lifetimes: &Lifetimes,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Outcome> {
    let facts = store::find_pair(&mut *connection, token.fingerprint(), false).await?;
    let (facts, share, how) = match judge(client, token, scopes, facts, lifetimes, now) {
        Judged::Refresh(facts, share, how) => (facts, share, how),
        Judged::Refuse(error) => return Ok(Outcome::Refused(error)),
        Judged::Replay(replay) => return Ok(Outcome::Replayed(replay)),
    };
    let minted = mint::pair(now, entropy);
    let kept = match how {
        How::Rotate => {
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
        How::Replace(successor) => {
            store::replace(connection, facts.id, successor, &minted, share, now).await?
        }
    };
    Ok(if kept {
        Outcome::Issued(Issued { minted, share })
    } else {
        Outcome::Overtaken
    })
}

enum Judged {
    Refresh(PairFacts, Share, How),
    Refuse(OAuthError),
    Replay(Replay),
}

enum How {
    Rotate,
    Replace(crate::platform::id::PairId),
}

/// The whole decision, pure.
fn judge(
    client: &Client,
    token: &Secret,
    scopes: Option<ScopeSet>,
    facts: Option<PairFacts>,
    lifetimes: &Lifetimes,
    now: Moment,
) -> Judged {
    let known = facts.as_ref().map(|facts| oxide::KnownToken {
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
                _ if !own.lineage.stands => return Judged::Refuse(oxide::not_this_token()),
                Refreshable::Dead => return Judged::Refuse(oxide::not_this_token()),
                Refreshable::Replayed => {
                    return Judged::Replay(Replay::of_refresh_token(&own.lineage));
                }
                Refreshable::Rotate => Some(How::Rotate),
                Refreshable::LostAnswer { successor } => Some(How::Replace(successor)),
            }
        }
    };
    let asked = oxide::Refreshing {
        client_id: &client.client_id,
        token: token.expose(),
        scopes: scopes.map(grants::with_compulsory),
    };
    let decided = oxide::refresh(&asked, known.as_ref());
    match (decided, facts, how) {
        (Ok(scopes), Some(facts), Some(how)) => {
            let share = Share::of(scopes, facts.lineage.share.fields());
            if share.is_empty() {
                return Judged::Refuse(oxide::not_this_token());
            }
            Judged::Refresh(facts, share, how)
        }
        (Err(error), ..) => Judged::Refuse(error),
        (Ok(_), ..) => Judged::Refuse(oxide::not_this_token()),
    }
}

//! A code for a pair (RFC 6749 §4.1.3).

use super::model::{Client, CodeFacts, Issued};
use super::replay::Replay;
use super::rules::CodeState;
use super::{mint, rules, store};
use crate::platform::clock::Moment;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::id::AppId;
use crate::platform::rng::Entropy;
use crate::platform::secret::Secret;
use crate::protocol::oauth::{OAuthError, oxide};
use crate::protocol::scope::Share;

/// What the client presents.
#[derive(Debug)]
pub(super) struct Presented<'a> {
    pub code: &'a Secret,
    pub redirect_uri: Option<&'a str>,
    pub verifier: Option<&'a str>,
}

/// How it ended. Whatever must be remembered is no error: an error would roll it back.
#[derive(Debug)]
pub(super) enum Outcome {
    Issued(Issued),
    Refused(OAuthError),
    /// Refused: it is the code of this other app.
    Foreign(AppId),
    /// Refused, and to be dealt with.
    Replayed(Replay),
}

/// Trades a code. It is only found here, and used up when its pair is kept, after client, redirect
/// address and PKCE were checked: a stranger or a typing error cannot burn it.
pub(super) async fn exchange(
    connection: &mut Connection,
    client: &Client,
    presented: &Presented<'_>,
    lifetimes: &Lifetimes,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Outcome> {
    let fingerprint = presented.code.fingerprint();
    let facts = store::find_code(&mut *connection, fingerprint).await?;
    let share = match judge(client, presented, facts.as_ref(), lifetimes, now) {
        Judged::Trade(share) => share,
        Judged::Refuse(error) => return Ok(Outcome::Refused(error)),
        Judged::Foreign(owner) => return Ok(Outcome::Foreign(owner)),
        Judged::Replay(replay) => return Ok(Outcome::Replayed(replay)),
    };
    let minted = mint::pair(now, entropy);
    let kept = store::use_code(
        connection,
        fingerprint,
        &minted,
        share,
        client.proved_with,
        now,
    )
    .await?;
    if kept {
        Ok(Outcome::Issued(Issued { minted, share }))
    } else {
        // Somebody was faster, a moment ago: sent twice.
        Ok(Outcome::Refused(oxide::not_this_code()))
    }
}

enum Judged {
    Trade(Share),
    Refuse(OAuthError),
    Foreign(AppId),
    Replay(Replay),
}

/// The whole decision, pure.
fn judge(
    client: &Client,
    presented: &Presented<'_>,
    facts: Option<&CodeFacts>,
    lifetimes: &Lifetimes,
    now: Moment,
) -> Judged {
    let default = client.redirect_uris.first().map_or("", String::as_str);
    let asked = oxide::Redemption {
        client_id: &client.client_id,
        code: presented.code.expose(),
        redirect_uri: presented.redirect_uri.unwrap_or(default),
        verifier: presented.verifier,
    };
    let own = facts.filter(|facts| facts.lineage.app == client.app);
    if let Some(facts) = own {
        match rules::code_state(facts.issued_at, facts.used_at, lifetimes, now) {
            CodeState::Fresh => {}
            CodeState::UsedLongAgo => return Judged::Replay(Replay::of_code(&facts.lineage)),
            CodeState::Expired | CodeState::UsedJustNow => {
                return Judged::Refuse(oxide::not_this_code());
            }
        }
        // oxide-auth compares addresses, we compare bytes: `/cb` and `/%63b` are two.
        if asked.redirect_uri != facts.redirect_uri {
            return Judged::Refuse(OAuthError::invalid_grant(
                "redirect_uri is not the one the sign-in began with. Send the same.",
            ));
        }
        // An app may have become public since: nothing else would prove who presents the code.
        let is_bare = client.is_public && facts.challenge.is_none();
        if is_bare || !facts.lineage.stands || facts.lineage.share.is_empty() {
            return Judged::Refuse(oxide::not_this_code());
        }
    } else if let Some(facts) = facts {
        tracing::warn!(
            app.id = %client.app,
            owner.app.id = %facts.lineage.app,
            "an app presented another app's code"
        );
        return Judged::Foreign(facts.lineage.app);
    }
    let known = facts.map(|facts| oxide::KnownCode {
        client_id: &facts.lineage.client_id,
        redirect_uri: &facts.redirect_uri,
        challenge: facts.challenge.clone(),
        scopes: facts.lineage.share.scopes(),
    });
    match (oxide::redeem(&asked, known.as_ref()), own) {
        (Ok(scopes), Some(facts)) => Judged::Trade(Share::of(scopes, facts.lineage.share.fields())),
        (Err(error), _) => Judged::Refuse(error),
        (Ok(_), None) => Judged::Refuse(oxide::not_this_code()),
    }
}

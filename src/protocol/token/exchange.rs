//! A code for a pair (RFC 6749 §4.1.3).

use super::model::{CodeFacts, IssuedTokens, TokenClient};
use super::replay::Replay;
use super::rules::CodeState;
use super::{generate, rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;
use crate::platform::id::AppId;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::protocol::oauth::{OAuthError, oxide};
use crate::protocol::scope::GrantedAccess;

/// What the client presents.
#[derive(Debug)]
pub(super) struct PresentedCode<'a> {
    pub code: &'a Secret,
    pub redirect_uri: Option<&'a str>,
    pub verifier: Option<&'a str>,
}

/// How it ended. Whatever must be remembered is no error: an error would roll it back.
#[derive(Debug)]
pub(super) enum ExchangeOutcome {
    Issued(IssuedTokens),
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
    client: &TokenClient,
    presented: &PresentedCode<'_>,
    lifetimes: &Lifetimes,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<ExchangeOutcome> {
    let token_hash = presented.code.token_hash();
    let facts = store::find_code(&mut *connection, token_hash).await?;
    let share = match judge(client, presented, facts.as_ref(), lifetimes, now) {
        ExchangeDecision::Trade(share) => share,
        ExchangeDecision::Refuse(error) => return Ok(ExchangeOutcome::Refused(error)),
        ExchangeDecision::Foreign(owner) => return Ok(ExchangeOutcome::Foreign(owner)),
        ExchangeDecision::Replay(replay) => return Ok(ExchangeOutcome::Replayed(replay)),
    };
    let minted = generate::pair(now, rng);
    let kept = store::use_code(
        connection,
        token_hash,
        &minted,
        share,
        client.proved_with,
        now,
    )
    .await?;
    if kept {
        Ok(ExchangeOutcome::Issued(IssuedTokens { minted, share }))
    } else {
        // Somebody was faster, a moment ago: sent twice.
        Ok(ExchangeOutcome::Refused(oxide::not_this_code()))
    }
}

enum ExchangeDecision {
    Trade(GrantedAccess),
    Refuse(OAuthError),
    Foreign(AppId),
    Replay(Replay),
}

/// The whole decision, pure.
fn judge(
    client: &TokenClient,
    presented: &PresentedCode<'_>,
    facts: Option<&CodeFacts>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> ExchangeDecision {
    let default = client.redirect_uris.first().map_or("", String::as_str);
    let asked = oxide::CodeRedemption {
        client_id: &client.client_id,
        code: presented.code.expose(),
        redirect_uri: presented.redirect_uri.unwrap_or(default),
        verifier: presented.verifier,
    };
    let own = facts.filter(|facts| facts.lineage.app == client.app);
    if let Some(facts) = own {
        match rules::code_state(facts.issued_at, facts.used_at, lifetimes, now) {
            CodeState::Fresh => {}
            CodeState::UsedLongAgo => {
                return ExchangeDecision::Replay(Replay::of_code(&facts.lineage));
            }
            CodeState::Expired | CodeState::UsedJustNow => {
                return ExchangeDecision::Refuse(oxide::not_this_code());
            }
        }
        // oxide-auth compares addresses, we compare bytes: `/cb` and `/%63b` are two.
        if asked.redirect_uri != facts.redirect_uri {
            return ExchangeDecision::Refuse(OAuthError::invalid_grant(
                "redirect_uri is not the one the sign-in began with. Send the same.",
            ));
        }
        // An app may have become public since: nothing else would prove who presents the code.
        let is_bare = client.is_public && facts.challenge.is_none();
        if is_bare || !facts.lineage.stands || facts.lineage.share.is_empty() {
            return ExchangeDecision::Refuse(oxide::not_this_code());
        }
    } else if let Some(facts) = facts {
        tracing::warn!(
            app.id = %client.app,
            owner.app.id = %facts.lineage.app,
            "an app presented another app's code"
        );
        return ExchangeDecision::Foreign(facts.lineage.app);
    }
    let known = facts.map(|facts| oxide::CodeBinding {
        client_id: &facts.lineage.client_id,
        redirect_uri: &facts.redirect_uri,
        challenge: facts.challenge.clone(),
        scopes: facts.lineage.share.scopes(),
    });
    match (oxide::redeem(&asked, known.as_ref()), own) {
        (Ok(scopes), Some(facts)) => {
            ExchangeDecision::Trade(GrantedAccess::of(scopes, facts.lineage.share.fields()))
        }
        (Err(error), _) => ExchangeDecision::Refuse(error),
        (Ok(_), None) => ExchangeDecision::Refuse(oxide::not_this_code()),
    }
}

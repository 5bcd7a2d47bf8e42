//! Creates client secrets and look-up tokens, and carries a new one to the page that shows it.

use std::time::Duration;

use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use uuid::Uuid;

use super::{SecretRow, face, refused};
use crate::developers::apps::Feature;
use crate::developers::apps::own::OwnApp;
use crate::identity::login;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::{AppId, PersonId, SecretId};
use crate::platform::links::Links;
use crate::platform::secret::Secret;
use crate::platform::web::{
    FlashMessage, NEW_SECRET_COOKIE, PageContext, PageError, UserSession, Web, set_no_store,
};
use crate::protocol::clients;
use crate::protocol::clients::rotate_secret::RotationPlan;
use crate::protocol::clients::{App, AppSummary, AppsError, SecretUse, rotate_secret};

impl SecretUse {
    /// The word for a secret of this use on pages.
    fn word(self) -> &'static str {
        match self {
            Self::Client => "secret",
            Self::LookUps => "token",
        }
    }

    /// The page that creates one.
    fn page(self, links: &Links, app: AppId) -> String {
        match self {
            Self::Client => links.rotate_secret(app),
            Self::LookUps => links.look_up_token(app),
        }
    }

    /// The page that shows a new one.
    fn page_that_shows(self, links: &Links, app: AppId) -> String {
        match self {
            Self::Client => links.new_secret(app),
            Self::LookUps => links.new_look_up_token(app),
        }
    }
}

/// The confirmation page before a secret is created.
#[derive(Debug, Serialize)]
pub(super) struct RotationOffer {
    pub app: AppSummary,
    pub action: String,
    pub back: String,
    pub stays: Option<SecretRow>,
    pub drops: Option<SecretRow>,
}

pub(super) async fn offer(
    feature: &Feature,
    app: &App,
    purpose: SecretUse,
) -> Result<RotationOffer, PageError> {
    let links = feature.web.links();
    let allowed = rotate_secret::check_secret_use(feature.db.pool(), app, purpose).await;
    allowed.map_err(|error| refused(error, app, links))?;
    let live = clients::list_secrets(feature.db.pool(), app.id, purpose).await?;
    let RotationPlan {
        keeps: stays,
        deletes: drops,
    } = rotate_secret::plan_rotation(live);
    let shown = stays.as_ref().map(|stays| format!("?stays={}", stays.id));
    Ok(RotationOffer {
        app: face(app, links),
        action: purpose.page(links, app.id) + &shown.unwrap_or_default(),
        back: links.app(app.id),
        stays: stays.map(|secret| SecretRow::of(&secret, &feature.web)),
        drops: drops.map(|secret| SecretRow::of(&secret, &feature.web)),
    })
}

/// Creates a secret and redirects to the page that shows it.
pub(super) async fn make(
    feature: &Feature,
    OwnApp {
        session,
        context,
        app,
    }: &OwnApp,
    query: Option<&str>,
    purpose: SecretUse,
) -> Result<Response, PageError> {
    let (now, links) = (feature.clock.now(), feature.web.links());
    let mut tx = login::begin_write(&feature.db, session).await?;
    let request = rotate_secret::RotationRequest {
        app: app.id,
        owner: session.person,
        of: purpose,
        shown: query.and_then(shown_to_stay),
    };
    let made = rotate_secret::rotate(&mut tx, request, now, feature.rng.as_ref()).await;
    let (secret, id) = match made {
        // The form was sent twice, or another tab created a secret: a different secret would end now than
        // the page showed.
        Err(AppsError::SecretsChanged) => {
            let notice = format!(
                "Another {} was created in the meantime. Check again.",
                purpose.word()
            );
            return Ok(context
                .redirect_with_message(&purpose.page(links, app.id), &FlashMessage::info(notice)));
        }
        made => made.map_err(|error| refused(error, app, links))?,
    };
    tx.commit().await.map_err(db::Error::from)?;
    let fresh = NewSecretCookie {
        secret,
        id,
        first: false,
    };
    Ok(send_to_shown(
        feature,
        context,
        session,
        (app.id, purpose),
        &fresh,
    ))
}

/// The id of the secret that the confirmation page listed as staying.
fn shown_to_stay(query: &str) -> Option<SecretId> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, id) = pairs.find(|(name, _)| name == "stays")?;
    // No secret has the nil id, so an invalid id never matches.
    Some(SecretId(id.parse().unwrap_or(Uuid::nil())))
}

/// The new secret from the cookie if it is live, and the other live secret. Otherwise a redirect to the
/// app.
pub(super) async fn just_made(
    feature: &Feature,
    OwnApp {
        session,
        context,
        app,
    }: &OwnApp,
    headers: &HeaderMap,
    purpose: SecretUse,
) -> Result<Result<(NewSecretCookie, Option<SecretRow>), Response>, PageError> {
    let cookie = feature.web.cookies.read(headers, NEW_SECRET_COOKIE);
    let fresh = cookie.and_then(|cookie| {
        unseal(
            &feature.web,
            &cookie,
            app,
            session.person,
            feature.clock.now(),
        )
    });
    let live = clients::list_secrets(feature.db.pool(), app.id, purpose).await?;
    let Some(fresh) = fresh.filter(|fresh| live.iter().any(|known| known.id == fresh.id)) else {
        let word = purpose.word();
        let notice =
            format!("A {word} is shown only once. If you did not copy it, create a new one.");
        let back = feature.web.links().app(app.id);
        return Ok(Err(
            context.redirect_with_message(&back, &FlashMessage::info(notice))
        ));
    };
    let still_live = live.iter().rev().find(|known| known.id != fresh.id);
    let still_live = still_live.map(|known| SecretRow::of(known, &feature.web));
    Ok(Ok((fresh, still_live)))
}

/// The content of the cookie that carries a new secret to the page that shows it.
#[derive(Debug)]
pub(super) struct NewSecretCookie {
    pub secret: Secret,
    pub id: SecretId,
    /// Whether the secret was created with the app.
    pub first: bool,
}

/// How long a reload shows the secret again.
const SHOWN_FOR: Duration = Duration::from_mins(10);

/// Redirects to the page that shows the secret. The secret is in an authenticated cookie of the
/// developer's browser until they leave the page, ten minutes at most.
pub(super) fn send_to_shown(
    feature: &Feature,
    context: &PageContext,
    session: &UserSession,
    (app, purpose): (AppId, SecretUse),
    fresh: &NewSecretCookie,
) -> Response {
    let mut answer = context.redirect(&purpose.page_that_shows(feature.web.links(), app));
    let until = (feature.clock.now() + SHOWN_FOR).unix_timestamp();
    let NewSecretCookie { secret, id, first } = fresh;
    let text = format!("{until}.{id}.{}.{}", u8::from(*first), secret.expose());
    let seal = seal(&feature.web, &text, app, session.person);
    let headers = answer.headers_mut();
    feature.web.cookies.set(
        headers,
        NEW_SECRET_COOKIE,
        format!("{seal}.{text}"),
        Some(SHOWN_FOR),
    );
    set_no_store(&mut answer);
    answer
}

/// Removes the cookie with the secret.
pub(super) fn forget(web: &Web, headers: &HeaderMap, answer: &mut Response) {
    if web.cookies.read(headers, NEW_SECRET_COOKIE).is_some() {
        web.cookies.remove(answer.headers_mut(), NEW_SECRET_COOKIE);
    }
}

fn seal(web: &Web, text: &str, app: AppId, person: PersonId) -> String {
    let person = person.0.to_be_bytes();
    let parts = [
        NEW_SECRET_COOKIE.as_bytes(),
        app.0.as_bytes(),
        &person,
        text.as_bytes(),
    ];
    web.cookie_key.mac(&parts)
}

fn unseal(
    web: &Web,
    cookie: &str,
    app: &App,
    person: PersonId,
    now: Timestamp,
) -> Option<NewSecretCookie> {
    let (seal, text) = cookie.split_once('.')?;
    let person = person.0.to_be_bytes();
    let parts = [
        NEW_SECRET_COOKIE.as_bytes(),
        app.id.0.as_bytes(),
        &person,
        text.as_bytes(),
    ];
    if !web.cookie_key.verify_mac(seal, &parts) {
        return None;
    }
    let mut parts = text.splitn(4, '.');
    let until: i64 = parts.next()?.parse().ok()?;
    let id = SecretId(parts.next()?.parse().ok()?);
    let first = parts.next()? == "1";
    let secret = Secret::new(parts.next()?);
    (now.unix_timestamp() < until).then_some(NewSecretCookie { secret, id, first })
}

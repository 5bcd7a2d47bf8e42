//! Making a secret of either use, and carrying it to the page that shows it once.

use std::time::Duration;

use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use uuid::Uuid;

use super::{SecretRow, face, refused};
use crate::developers::apps::Feature;
use crate::developers::apps::own::OwnApp;
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
use crate::protocol::clients::{App, AppFace, AppsError, SecretUse, rotate_secret};

impl SecretUse {
    /// What people call a secret of this use.
    fn word(self) -> &'static str {
        match self {
            Self::Client => "secret",
            Self::LookUps => "token",
        }
    }

    /// The page that makes one.
    fn page(self, links: &Links, app: AppId) -> String {
        match self {
            Self::Client => links.rotate_secret(app),
            Self::LookUps => links.look_up_token(app),
        }
    }

    /// The page that shows it.
    fn page_that_shows(self, links: &Links, app: AppId) -> String {
        match self {
            Self::Client => links.fresh_secret(app),
            Self::LookUps => links.new_look_up_token(app),
        }
    }
}

/// What is said before a secret is made.
#[derive(Debug, Serialize)]
pub(super) struct RotationOffer {
    pub app: AppFace,
    pub action: String,
    pub back: String,
    pub stays: Option<SecretRow>,
    pub drops: Option<SecretRow>,
}

pub(super) async fn offer(
    it: &Feature,
    app: &App,
    of: SecretUse,
) -> Result<RotationOffer, PageError> {
    let links = it.web.links();
    let may = rotate_secret::check_secret_use(it.db.pool(), app, of).await;
    may.map_err(|error| refused(error, app, links))?;
    let live = clients::list_secrets(it.db.pool(), app.id, of).await?;
    let RotationPlan {
        keeps: stays,
        deletes: drops,
    } = rotate_secret::plan_rotation(live);
    let shown = stays.as_ref().map(|stays| format!("?stays={}", stays.id));
    Ok(RotationOffer {
        app: face(app, links),
        action: of.page(links, app.id) + &shown.unwrap_or_default(),
        back: links.app(app.id),
        stays: stays.map(|secret| SecretRow::of(&secret, &it.web)),
        drops: drops.map(|secret| SecretRow::of(&secret, &it.web)),
    })
}

/// Makes it, and goes to the page that shows it.
pub(super) async fn make(
    it: &Feature,
    OwnApp {
        visit,
        context,
        app,
    }: &OwnApp,
    query: Option<&str>,
    of: SecretUse,
) -> Result<Response, PageError> {
    let (now, links) = (it.clock.now(), it.web.links());
    let mut tx = it.db.begin().await?;
    let wish = rotate_secret::RotationRequest {
        app: app.id,
        owner: visit.person,
        of,
        shown: query.and_then(shown_to_stay),
    };
    let made = rotate_secret::rotate(&mut tx, wish, now, it.rng.as_ref()).await;
    let (secret, id) = match made {
        // Sent twice, or made elsewhere meanwhile: what would end now is not what the page said.
        Err(AppsError::SecretsChanged) => {
            let told = format!("Another {} was made meanwhile. Look again.", of.word());
            return Ok(
                context.redirect_with_message(&of.page(links, app.id), &FlashMessage::info(told))
            );
        }
        made => made.map_err(|error| refused(error, app, links))?,
    };
    tx.commit().await.map_err(db::Error::from)?;
    let fresh = NewSecretCookie {
        secret,
        id,
        first: false,
    };
    Ok(send_to_shown(it, context, visit, (app.id, of), &fresh))
}

/// The secret that the page said would stay.
fn shown_to_stay(query: &str) -> Option<SecretId> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, id) = pairs.find(|(name, _)| name == "stays")?;
    // One that does not read was not shown: no secret has this id.
    Some(SecretId(id.parse().unwrap_or(Uuid::nil())))
}

/// The secret that was just made and is live, and the one that lives beside it. Else the answer is the
/// way back to the app.
pub(super) async fn just_made(
    it: &Feature,
    OwnApp {
        visit,
        context,
        app,
    }: &OwnApp,
    headers: &HeaderMap,
    of: SecretUse,
) -> Result<Result<(NewSecretCookie, Option<SecretRow>), Response>, PageError> {
    let held = it.web.cookies.read(headers, NEW_SECRET_COOKIE);
    let fresh = held.and_then(|held| unseal(&it.web, &held, app, visit.person, it.clock.now()));
    let live = clients::list_secrets(it.db.pool(), app.id, of).await?;
    let Some(fresh) = fresh.filter(|fresh| live.iter().any(|known| known.id == fresh.id)) else {
        let word = of.word();
        let told = format!("A {word} is shown once. If you have not copied it, make a new one.");
        let back = it.web.links().app(app.id);
        return Ok(Err(
            context.redirect_with_message(&back, &FlashMessage::info(told))
        ));
    };
    let still_live = live.iter().rev().find(|known| known.id != fresh.id);
    let still_live = still_live.map(|known| SecretRow::of(known, &it.web));
    Ok(Ok((fresh, still_live)))
}

/// A secret on its way to the page that shows it.
#[derive(Debug)]
pub(super) struct NewSecretCookie {
    pub secret: Secret,
    pub id: SecretId,
    /// Whether the app was registered with it.
    pub first: bool,
}

/// In which a reload shows the secret again.
const SHOWN_FOR: Duration = Duration::from_mins(10);

/// To the page that shows the secret. It travels in the developer's own browser, sealed, and is held
/// there until they leave the page, ten minutes at most.
pub(super) fn send_to_shown(
    it: &Feature,
    context: &PageContext,
    visit: &UserSession,
    (app, of): (AppId, SecretUse),
    fresh: &NewSecretCookie,
) -> Response {
    let mut answer = context.redirect(&of.page_that_shows(it.web.links(), app));
    let until = (it.clock.now() + SHOWN_FOR).unix_timestamp();
    let NewSecretCookie { secret, id, first } = fresh;
    let text = format!("{until}.{id}.{}.{}", u8::from(*first), secret.expose());
    let seal = seal(&it.web, &text, app, visit.person);
    let headers = answer.headers_mut();
    it.web.cookies.set(
        headers,
        NEW_SECRET_COOKIE,
        format!("{seal}.{text}"),
        Some(SHOWN_FOR),
    );
    set_no_store(&mut answer);
    answer
}

/// Takes the secret out of the browser again.
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
    held: &str,
    app: &App,
    person: PersonId,
    now: Timestamp,
) -> Option<NewSecretCookie> {
    let (seal, text) = held.split_once('.')?;
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

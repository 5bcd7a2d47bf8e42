//! Making a secret, and showing it once.

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

use crate::clock::Moment;
use crate::db;
use crate::id::AppId;
use crate::id::PersonId;
use crate::id::SecretId;
use crate::secret::Secret;
use crate::web::FRESH_SECRET;
use crate::web::Flash;
use crate::web::Frame;
use crate::web::Page;
use crate::web::PageProblem;
use crate::web::Protected;
use crate::web::Visit;
use crate::web::Web;
use crate::web::no_store;

use super::ShownSecret;
use super::face;
use super::refused;
use crate::apps::App;
use crate::apps::Face;
use crate::apps::Feature;
use crate::apps::Kind;
use crate::apps::model::AppsError;
use crate::apps::own::LatelyOwn;
use crate::apps::own::Own;
use crate::apps::rotate_secret;
use crate::apps::rotate_secret::Change;
use crate::apps::store;

#[derive(Debug, Serialize)]
struct RotatePage {
    app: Face,
    action: String,
    back: String,
    stays: Option<ShownSecret>,
    drops: Option<ShownSecret>,
}

impl Page for RotatePage {
    const TEMPLATE: &'static str = "apps/rotate.html";

    fn title(&self) -> String {
        "Make a new secret".to_owned()
    }
}

pub(in crate::apps) async fn ask_secret(
    State(it): State<Feature>,
    LatelyOwn(Own { frame, app, .. }): LatelyOwn,
) -> Result<Response, PageProblem> {
    if app.details.kind == Kind::Public {
        return Err(refused(AppsError::Public, &app, it.web.links()));
    }
    let live = store::list_secrets(it.db.pool(), app.id).await?;
    let Change { stays, drops } = rotate_secret::change(live);
    let links = it.web.links();
    let shown = stays.as_ref().map(|stays| format!("?stays={}", stays.id));
    Ok(frame.show(&RotatePage {
        app: face(&app, links),
        action: links.rotate_secret(app.id) + &shown.unwrap_or_default(),
        back: links.app(app.id),
        stays: stays.map(|secret| ShownSecret::of(&secret, &it.web)),
        drops: drops.map(|secret| ShownSecret::of(&secret, &it.web)),
    }))
}

pub(in crate::apps) async fn make_secret(
    State(it): State<Feature>,
    LatelyOwn(Own { visit, frame, app }): LatelyOwn,
    RawQuery(query): RawQuery,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let wish = rotate_secret::Wish {
        app: app.id,
        owner: visit.person,
        shown: query.as_deref().and_then(shown_to_stay),
    };
    let made = rotate_secret::rotate(&mut tx, wish, now, it.entropy.as_ref()).await;
    let (secret, id) = match made {
        // Sent twice, or made elsewhere meanwhile: what would end now is not what the page said.
        Err(AppsError::Changed) => {
            let told = Flash::info("Another secret was made meanwhile. Look again.");
            return Ok(frame.send_to_with(&it.web.links().rotate_secret(app.id), &told));
        }
        made => made.map_err(|error| refused(error, &app, it.web.links()))?,
    };
    tx.commit().await.map_err(db::Error::from)?;
    let fresh = Fresh {
        secret,
        id,
        first: false,
    };
    Ok(send_to_shown(&it, &frame, &visit, app.id, &fresh))
}

/// The secret that the page said would stay.
pub(super) fn shown_to_stay(query: &str) -> Option<SecretId> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, id) = pairs.find(|(name, _)| name == "stays")?;
    // One that does not read was not shown: no secret has this id.
    Some(SecretId(id.parse().unwrap_or(Uuid::nil())))
}

#[derive(Debug, Serialize)]
struct SecretPage {
    app: Face,
    first: bool,
    client_id: String,
    secret: String,
    still_live: Option<ShownSecret>,
    back: String,
}

impl Page for SecretPage {
    const TEMPLATE: &'static str = "apps/secret.html";

    fn title(&self) -> String {
        if self.first {
            format!("{} is registered", self.app.name)
        } else {
            "Your new secret".to_owned()
        }
    }
}

pub(in crate::apps) async fn secret(
    State(it): State<Feature>,
    Own { visit, frame, app }: Own,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let fresh = held(&it, &headers, &app, visit.person);
    let live = store::list_secrets(it.db.pool(), app.id).await?;
    let links = it.web.links();
    let Some(fresh) = fresh.filter(|fresh| live.iter().any(|known| known.id == fresh.id)) else {
        let told =
            Flash::info("A secret is shown once. If you have not copied it, make a new one.");
        return Ok(frame.send_to_with(&links.app(app.id), &told));
    };
    let still_live = live.iter().rev().find(|known| known.id != fresh.id);
    let mut answer = frame.show(&SecretPage {
        app: face(&app, links),
        first: fresh.first,
        client_id: app.client_id.to_string(),
        secret: fresh.secret.expose().to_owned(),
        still_live: still_live.map(|known| ShownSecret::of(known, &it.web)),
        back: links.app(app.id),
    });
    no_store(&mut answer);
    Ok(answer)
}

/// A secret on its way to the page that shows it.
#[derive(Debug)]
pub(super) struct Fresh {
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
    frame: &Frame,
    visit: &Visit,
    app: AppId,
    fresh: &Fresh,
) -> Response {
    let mut answer = frame.send_to(&it.web.links().fresh_secret(app));
    keep_in_browser(it, &mut answer, visit, app, fresh);
    answer
}

/// Hands the browser a secret that the next page shows.
pub(super) fn keep_in_browser(
    it: &Feature,
    answer: &mut Response,
    visit: &Visit,
    app: AppId,
    fresh: &Fresh,
) {
    let until = (it.clock.now() + SHOWN_FOR).unix_timestamp();
    let Fresh { secret, id, first } = fresh;
    let text = format!("{until}.{id}.{}.{}", u8::from(*first), secret.expose());
    let seal = seal(&it.web, &text, app, visit.person);
    let headers = answer.headers_mut();
    it.web.cookies.set(
        headers,
        FRESH_SECRET,
        format!("{seal}.{text}"),
        Some(SHOWN_FOR),
    );
    no_store(answer);
}

/// The secret that the browser holds for this app's owner.
pub(super) fn held(
    it: &Feature,
    headers: &HeaderMap,
    app: &App,
    person: PersonId,
) -> Option<Fresh> {
    let held = it.web.cookies.read(headers, FRESH_SECRET)?;
    unseal(&it.web, &held, app, person, it.clock.now())
}

/// Takes the secret out of the browser again.
pub(super) fn forget(web: &Web, headers: &HeaderMap, answer: &mut Response) {
    if web.cookies.read(headers, FRESH_SECRET).is_some() {
        web.cookies.remove(answer.headers_mut(), FRESH_SECRET);
    }
}

fn seal(web: &Web, text: &str, app: AppId, person: PersonId) -> String {
    let person = person.0.to_be_bytes();
    let parts = [
        FRESH_SECRET.as_bytes(),
        app.0.as_bytes(),
        &person,
        text.as_bytes(),
    ];
    web.cookie_key.seal(&parts)
}

fn unseal(web: &Web, held: &str, app: &App, person: PersonId, now: Moment) -> Option<Fresh> {
    let (seal, text) = held.split_once('.')?;
    let person = person.0.to_be_bytes();
    let parts = [
        FRESH_SECRET.as_bytes(),
        app.id.0.as_bytes(),
        &person,
        text.as_bytes(),
    ];
    if !web.cookie_key.is_seal(seal, &parts) {
        return None;
    }
    let mut parts = text.splitn(4, '.');
    let until: i64 = parts.next()?.parse().ok()?;
    let id = SecretId(parts.next()?.parse().ok()?);
    let first = parts.next()? == "1";
    let secret = Secret::new(parts.next()?);
    (now.unix_timestamp() < until).then_some(Fresh { secret, id, first })
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::samples::shown_face;
    use super::super::samples::shown_secret;
    use super::*;
    use crate::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let rotate = |stays, drops| RotatePage {
            app: shown_face(true),
            action: "/oauth/applications/1/secret/".to_owned(),
            back: "/oauth/applications/1/".to_owned(),
            stays,
            drops,
        };
        let made = |first, still_live| SecretPage {
            app: shown_face(false),
            first,
            client_id: "AbCd".to_owned(),
            secret: "EfGh".to_owned(),
            still_live,
            back: "/oauth/applications/1/".to_owned(),
        };
        vec![
            Sample::of(&rotate(None, None)),
            Sample::of(&rotate(
                Some(shown_secret(false)),
                Some(shown_secret(false)),
            )),
            Sample::of(&rotate(Some(shown_secret(true)), Some(shown_secret(true)))),
            Sample::of(&made(true, None)),
            Sample::of(&made(false, Some(shown_secret(true)))),
        ]
    }
}

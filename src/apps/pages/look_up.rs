//! Making a look-up token, and showing it once.

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;

use crate::db;
use crate::web::Flash;
use crate::web::Page;
use crate::web::PageProblem;
use crate::web::Protected;
use crate::web::no_store;

use super::ShownSecret;
use super::face;
use super::refused;
use super::secret::Fresh;
use super::secret::held;
use super::secret::keep_in_browser;
use super::secret::shown_to_stay;
use crate::apps::Face;
use crate::apps::Feature;
use crate::apps::look_ups;
use crate::apps::model::AppsError;
use crate::apps::own::LatelyOwn;
use crate::apps::own::Own;
use crate::apps::rotate_secret;
use crate::apps::rotate_secret::Change;
use crate::apps::store;

#[derive(Debug, Serialize)]
struct MakePage {
    app: Face,
    action: String,
    back: String,
    stays: Option<ShownSecret>,
    drops: Option<ShownSecret>,
}

impl Page for MakePage {
    const TEMPLATE: &'static str = "apps/look_up.html";

    fn title(&self) -> String {
        "Make a new look-up token".to_owned()
    }
}

pub(in crate::apps) async fn ask_token(
    State(it): State<Feature>,
    LatelyOwn(Own { frame, app, .. }): LatelyOwn,
) -> Result<Response, PageProblem> {
    let since = store::find_looks_up_since(it.db.pool(), app.id).await?;
    since.ok_or_else(PageProblem::not_found)?;
    let live = store::list_look_up_tokens(it.db.pool(), app.id).await?;
    let Change { stays, drops } = rotate_secret::change(live);
    let links = it.web.links();
    let shown = stays.as_ref().map(|stays| format!("?stays={}", stays.id));
    Ok(frame.show(&MakePage {
        app: face(&app, links),
        action: links.look_up_token(app.id) + &shown.unwrap_or_default(),
        back: links.app(app.id),
        stays: stays.map(|token| ShownSecret::of(&token, &it.web)),
        drops: drops.map(|token| ShownSecret::of(&token, &it.web)),
    }))
}

pub(in crate::apps) async fn make_token(
    State(it): State<Feature>,
    LatelyOwn(Own { visit, frame, app }): LatelyOwn,
    RawQuery(query): RawQuery,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let shown = query.as_deref().and_then(shown_to_stay);
    let whose = (app.id, visit.person);
    let made = look_ups::make_token(&mut tx, whose, shown, now, it.entropy.as_ref()).await;
    let links = it.web.links();
    let (secret, id) = match made {
        // Sent twice, or made elsewhere meanwhile: what would end now is not what the page said.
        Err(AppsError::Changed) => {
            let told = Flash::info("Another token was made meanwhile. Look again.");
            return Ok(frame.send_to_with(&links.look_up_token(app.id), &told));
        }
        made => made.map_err(|error| refused(error, &app, links))?,
    };
    tx.commit().await.map_err(db::Error::from)?;
    let fresh = Fresh {
        secret,
        id,
        first: false,
    };
    let mut answer = frame.send_to(&links.fresh_look_up_token(app.id));
    keep_in_browser(&it, &mut answer, &visit, app.id, &fresh);
    Ok(answer)
}

#[derive(Debug, Serialize)]
struct ShownPage {
    app: Face,
    token: String,
    still_live: Option<ShownSecret>,
    back: String,
}

impl Page for ShownPage {
    const TEMPLATE: &'static str = "apps/look_up_shown.html";

    fn title(&self) -> String {
        "Your new look-up token".to_owned()
    }
}

pub(in crate::apps) async fn token(
    State(it): State<Feature>,
    Own { visit, frame, app }: Own,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let fresh = held(&it, &headers, &app, visit.person);
    let live = store::list_look_up_tokens(it.db.pool(), app.id).await?;
    let links = it.web.links();
    let Some(fresh) = fresh.filter(|fresh| live.iter().any(|known| known.id == fresh.id)) else {
        let told = Flash::info("A token is shown once. If you have not copied it, make a new one.");
        return Ok(frame.send_to_with(&links.app(app.id), &told));
    };
    let still_live = live.iter().rev().find(|known| known.id != fresh.id);
    let mut answer = frame.show(&ShownPage {
        app: face(&app, links),
        token: fresh.secret.expose().to_owned(),
        still_live: still_live.map(|known| ShownSecret::of(known, &it.web)),
        back: links.app(app.id),
    });
    no_store(&mut answer);
    Ok(answer)
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::samples::shown_face;
    use super::super::samples::shown_secret;
    use super::*;
    use crate::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let make = |stays, drops| MakePage {
            app: shown_face(true),
            action: "/oauth/applications/1/look-up/".to_owned(),
            back: "/oauth/applications/1/".to_owned(),
            stays,
            drops,
        };
        let shown = |still_live| ShownPage {
            app: shown_face(false),
            token: "pflEfGh".to_owned(),
            still_live,
            back: "/oauth/applications/1/".to_owned(),
        };
        vec![
            Sample::of(&make(None, None)),
            Sample::of(&make(Some(shown_secret(true)), Some(shown_secret(true)))),
            Sample::of(&make(Some(shown_secret(false)), Some(shown_secret(false)))),
            Sample::of(&shown(None)),
            Sample::of(&shown(Some(shown_secret(true)))),
        ]
    }
}

//! The pages of a look-up token: before it is made, and once it is.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;

use super::rotate::Offer;
use super::{ShownSecret, face, rotate};
use crate::developers::apps::Feature;
use crate::developers::apps::own::{LatelyOwn, Own};
use crate::platform::web::{Page, PageProblem, Protected, no_store};
use crate::protocol::clients::{Face, SecretUse};

#[derive(Debug, Serialize)]
struct MakePage(Offer);

impl Page for MakePage {
    const TEMPLATE: &'static str = "apps/look_up.html";

    fn title(&self) -> String {
        "Make a new look-up token".to_owned()
    }
}

pub(in crate::developers::apps) async fn ask_token(
    State(it): State<Feature>,
    LatelyOwn(own): LatelyOwn,
) -> Result<Response, PageProblem> {
    let offer = rotate::offer(&it, &own.app, SecretUse::LookUps).await?;
    Ok(own.frame.show(&MakePage(offer)))
}

pub(in crate::developers::apps) async fn make_token(
    State(it): State<Feature>,
    LatelyOwn(own): LatelyOwn,
    RawQuery(query): RawQuery,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    rotate::make(&it, &own, query.as_deref(), SecretUse::LookUps).await
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

pub(in crate::developers::apps) async fn token(
    State(it): State<Feature>,
    own: Own,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let made = rotate::just_made(&it, &own, &headers, SecretUse::LookUps).await?;
    let (fresh, still_live) = match made {
        Ok(made) => made,
        Err(back) => return Ok(back),
    };
    let links = it.web.links();
    let mut answer = own.frame.show(&ShownPage {
        app: face(&own.app, links),
        token: fresh.secret.expose().to_owned(),
        still_live,
        back: links.app(own.app.id),
    });
    no_store(&mut answer);
    Ok(answer)
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::samples::{shown_face, shown_secret};
    use super::*;
    use crate::platform::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let make = |stays, drops| {
            MakePage(Offer {
                app: shown_face(true),
                action: "/oauth/applications/1/look-up/".to_owned(),
                back: "/oauth/applications/1/".to_owned(),
                stays,
                drops,
            })
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

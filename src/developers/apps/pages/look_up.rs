//! The pages that create and show a look-up token.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;

use super::rotate::RotationOffer;
use super::{SecretRow, face, rotate};
use crate::developers::apps::Feature;
use crate::developers::apps::own::{OwnApp, OwnAppRecentlyAuthenticated};
use crate::platform::web::{CsrfForm, Page, PageError, set_no_store};
use crate::protocol::clients::{AppSummary, SecretUse};

#[derive(Debug, Serialize)]
struct LookupTokenFormPage(RotationOffer);

impl Page for LookupTokenFormPage {
    const TEMPLATE: &'static str = "apps/look_up.html";

    fn title(&self) -> String {
        "Create a new look-up token".to_owned()
    }
}

pub(in crate::developers::apps) async fn ask_token(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(own): OwnAppRecentlyAuthenticated,
) -> Result<Response, PageError> {
    let offer = rotate::offer(&feature, &own.app, SecretUse::LookUps).await?;
    Ok(own.context.render(&LookupTokenFormPage(offer)))
}

pub(in crate::developers::apps) async fn make_token(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(own): OwnAppRecentlyAuthenticated,
    RawQuery(query): RawQuery,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    rotate::make(&feature, &own, query.as_deref(), SecretUse::LookUps).await
}

#[derive(Debug, Serialize)]
struct LookupTokenPage {
    app: AppSummary,
    token: String,
    still_live: Option<SecretRow>,
    back: String,
}

impl Page for LookupTokenPage {
    const TEMPLATE: &'static str = "apps/look_up_shown.html";

    fn title(&self) -> String {
        "Your new look-up token".to_owned()
    }
}

pub(in crate::developers::apps) async fn token(
    State(feature): State<Feature>,
    own: OwnApp,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let made = rotate::just_made(&feature, &own, &headers, SecretUse::LookUps).await?;
    let (fresh, still_live) = match made {
        Ok(made) => made,
        Err(back) => return Ok(back),
    };
    let links = feature.web.links();
    let mut answer = own.context.render(&LookupTokenPage {
        app: face(&own.app, links),
        token: fresh.secret.expose().to_owned(),
        still_live,
        back: links.app(own.app.id),
    });
    set_no_store(&mut answer);
    Ok(answer)
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::samples::{shown_face, shown_secret};
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let make = |stays, drops| {
            LookupTokenFormPage(RotationOffer {
                app: shown_face(true),
                action: "/oauth/applications/1/look-up/".to_owned(),
                back: "/oauth/applications/1/".to_owned(),
                stays,
                drops,
            })
        };
        let shown = |still_live| LookupTokenPage {
            app: shown_face(false),
            token: "pflEfGh".to_owned(),
            still_live,
            back: "/oauth/applications/1/".to_owned(),
        };
        vec![
            PageSample::of(&make(None, None)),
            PageSample::of(&make(Some(shown_secret(true)), Some(shown_secret(true)))),
            PageSample::of(&make(Some(shown_secret(false)), Some(shown_secret(false)))),
            PageSample::of(&shown(None)),
            PageSample::of(&shown(Some(shown_secret(true)))),
        ]
    }
}

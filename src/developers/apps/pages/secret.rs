//! The pages that create and show a client secret.

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
struct RotateSecretPage(RotationOffer);

impl Page for RotateSecretPage {
    const TEMPLATE: &'static str = "apps/rotate.html";

    fn title(&self) -> String {
        "Create a new client secret".to_owned()
    }
}

pub(in crate::developers::apps) async fn ask_secret(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(own): OwnAppRecentlyAuthenticated,
) -> Result<Response, PageError> {
    let offer = rotate::offer(&feature, &own.app, SecretUse::Client).await?;
    Ok(own.context.render(&RotateSecretPage(offer)))
}

pub(in crate::developers::apps) async fn make_secret(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(own): OwnAppRecentlyAuthenticated,
    RawQuery(query): RawQuery,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    rotate::make(&feature, &own, query.as_deref(), SecretUse::Client).await
}

#[derive(Debug, Serialize)]
struct NewSecretPage {
    app: AppSummary,
    first: bool,
    client_id: String,
    secret: String,
    still_live: Option<SecretRow>,
    back: String,
}

impl Page for NewSecretPage {
    const TEMPLATE: &'static str = "apps/secret.html";

    fn title(&self) -> String {
        if self.first {
            format!("{} is registered", self.app.name)
        } else {
            "Your new client secret".to_owned()
        }
    }
}

pub(in crate::developers::apps) async fn secret(
    State(feature): State<Feature>,
    own: OwnApp,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let made = rotate::just_made(&feature, &own, &headers, SecretUse::Client).await?;
    let (fresh, still_live) = match made {
        Ok(made) => made,
        Err(back) => return Ok(back),
    };
    let (app, links) = (&own.app, feature.web.links());
    let mut answer = own.context.render(&NewSecretPage {
        app: face(app, links),
        first: fresh.first,
        client_id: app.client_id.to_string(),
        secret: fresh.secret.expose().to_owned(),
        still_live,
        back: links.app(app.id),
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
        let rotate = |stays, drops| {
            RotateSecretPage(RotationOffer {
                app: shown_face(true),
                action: "/oauth/applications/1/secret/".to_owned(),
                back: "/oauth/applications/1/".to_owned(),
                stays,
                drops,
            })
        };
        let made = |first, still_live| NewSecretPage {
            app: shown_face(false),
            first,
            client_id: "AbCd".to_owned(),
            secret: "EfGh".to_owned(),
            still_live,
            back: "/oauth/applications/1/".to_owned(),
        };
        vec![
            PageSample::of(&rotate(None, None)),
            PageSample::of(&rotate(
                Some(shown_secret(false)),
                Some(shown_secret(false)),
            )),
            PageSample::of(&rotate(Some(shown_secret(true)), Some(shown_secret(true)))),
            PageSample::of(&made(true, None)),
            PageSample::of(&made(false, Some(shown_secret(true)))),
        ]
    }
}

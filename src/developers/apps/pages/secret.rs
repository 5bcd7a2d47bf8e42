//! The pages of a client secret: before it is made, and once it is.

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
struct RotatePage(Offer);

impl Page for RotatePage {
    const TEMPLATE: &'static str = "apps/rotate.html";

    fn title(&self) -> String {
        "Make a new secret".to_owned()
    }
}

pub(in crate::developers::apps) async fn ask_secret(
    State(it): State<Feature>,
    LatelyOwn(own): LatelyOwn,
) -> Result<Response, PageProblem> {
    let offer = rotate::offer(&it, &own.app, SecretUse::Client).await?;
    Ok(own.frame.show(&RotatePage(offer)))
}

pub(in crate::developers::apps) async fn make_secret(
    State(it): State<Feature>,
    LatelyOwn(own): LatelyOwn,
    RawQuery(query): RawQuery,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    rotate::make(&it, &own, query.as_deref(), SecretUse::Client).await
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

pub(in crate::developers::apps) async fn secret(
    State(it): State<Feature>,
    own: Own,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let made = rotate::just_made(&it, &own, &headers, SecretUse::Client).await?;
    let (fresh, still_live) = match made {
        Ok(made) => made,
        Err(back) => return Ok(back),
    };
    let (app, links) = (&own.app, it.web.links());
    let mut answer = own.frame.show(&SecretPage {
        app: face(app, links),
        first: fresh.first,
        client_id: app.client_id.to_string(),
        secret: fresh.secret.expose().to_owned(),
        still_live,
        back: links.app(app.id),
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
        let rotate = |stays, drops| {
            RotatePage(Offer {
                app: shown_face(true),
                action: "/oauth/applications/1/secret/".to_owned(),
                back: "/oauth/applications/1/".to_owned(),
                stays,
                drops,
            })
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

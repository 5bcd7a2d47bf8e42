//! `GET /widget/login/`: the frame over the widget's links in a page of an app.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Feature;
use super::model::ButtonColours;
use crate::people::records;
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::{FormParams, Page, PageContext, PageError};
use crate::protocol::clients;
use crate::protocol::clients::{AppOrigins, AppStanding};

/// The frame.
#[derive(Debug, Serialize)]
pub(super) struct WidgetFramePage {
    style: String,
    /// The origin of the embedding page, if it is an origin of the app.
    embedder: Option<String>,
    /// The name of the signed-in user.
    name: Option<String>,
    /// The FedCM configuration, if the frame should ask FedCM for the name: in a page of another site the
    /// frame gets no session cookie.
    chooser: Option<String>,
    client_id: String,
    authorize: String,
    other: String,
    target: &'static str,
}

impl Page for WidgetFramePage {
    const TEMPLATE: &'static str = "widget/login.html";

    fn title(&self) -> String {
        "Login with SSO".to_owned()
    }
}

/// The parameters of the authorization request, in this order, without empty ones.
const HANDED_ON: [&str; 7] = [
    "client_id",
    "scope",
    "redirect_uri",
    "state",
    "response_type",
    "code_challenge",
    "code_challenge_method",
];

pub(super) async fn context(
    State(feature): State<Feature>,
    context: PageContext,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let pairs = FormParams::parse(query.as_bytes()).unwrap_or_default();
    let app = clients::find_by_client_id(feature.db.pool(), pairs.text("client_id")).await?;
    let app = app.filter(|app| app.standing != AppStanding::Suspended);
    let home = app.map(|app| AppOrigins::of(&app.details.redirect_uris));
    let home = home.unwrap_or_else(|| AppOrigins::of(&[]));
    let origin = Some(pairs.text("origin")).filter(|origin| home.contains(origin));
    let links = feature.web.links();
    let handed_on = HANDED_ON.map(|name| (name, pairs.text(name)));
    let handed_on = handed_on.iter().filter(|(_, value)| !value.is_empty());
    let authorize = format!("{}?{}", links.authorize(), encoded(handed_on));
    let name = match context.user_session() {
        Some(session) if !is_cross_site(&headers) => first_name(&feature, session.person).await?,
        _ => None,
    };
    let is_foreign = is_cross_site(&headers) && origin.is_some() && pairs.text("fedcm") == "true";
    let chooser = is_foreign.then(|| links.absolute(&links.fedcm_config()));
    let is_new_window = ["true", "yes", "True", "1"].contains(&pairs.text("new_window"));
    let page = WidgetFramePage {
        style: ButtonColours::read(|name| pairs.text(name)).style(),
        embedder: origin.map(str::to_owned),
        name,
        chooser,
        client_id: pairs.text("client_id").to_owned(),
        other: format!(
            "{}?{}",
            links.logout(),
            encoded(&[("next", authorize.as_str())])
        ),
        authorize,
        target: if is_new_window { "_blank" } else { "_parent" },
    };
    let mut answer = context.render(&page);
    if let Ok(policy) = HeaderValue::try_from(policy(&page, &home)) {
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// The first name for the button.
async fn first_name(feature: &Feature, person: PersonId) -> db::Result<Option<String>> {
    let person = records::find(feature.db.pool(), person).await?;
    Ok(person.map(|person| match person.first_name.trim() {
        "" => person.username,
        name => name.to_owned(),
    }))
}

/// Whether the request comes from a frame in a page of another site. Browsers then send no session
/// cookie; if one does, it is ignored.
fn is_cross_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

fn encoded<'a>(pairs: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.into_iter().copied())
        .finish()
}

fn policy(page: &WidgetFramePage, home: &AppOrigins) -> String {
    let style = STANDARD.encode(Sha256::digest(&page.style));
    let connect = if page.chooser.is_some() {
        "'self'"
    } else {
        "'none'"
    };
    let home = home.frame_ancestors();
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'self'; connect-src {connect}; \
         base-uri 'none'; form-action 'none'; frame-ancestors {home}"
    )
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let page = |full: bool| WidgetFramePage {
            style: "a{}".to_owned(),
            embedder: full.then(|| "https://mess.example".to_owned()),
            name: full.then(|| "Asha D’Souza".to_owned()),
            chooser: (!full).then(|| "https://sso.example/fedcm/config.json".to_owned()),
            client_id: "a".to_owned(),
            authorize: "/oauth/authorize/?client_id=a".to_owned(),
            other: "/account/logout/?next=a".to_owned(),
            target: "_parent",
        };
        vec![PageSample::of(&page(false)), PageSample::of(&page(true))]
    }
}

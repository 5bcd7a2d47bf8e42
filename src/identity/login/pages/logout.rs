//! Signing out.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::super::{Feature, LocalPath};
use super::parse_query;
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::web::{CsrfForm, FlashMessage, Page, PageContext, PageError, end_session};

#[derive(Debug, Serialize)]
struct LogoutPage {
    action: String,
    next: String,
}

impl Page for LogoutPage {
    const TEMPLATE: &'static str = "login/leave.html";

    fn title(&self) -> String {
        "Sign out".to_owned()
    }
}

/// `GET /account/logout/`: asks for confirmation, because any page can cause a GET, for instance by an
/// image.
pub(in super::super) async fn confirm_logout(
    State(feature): State<Feature>,
    RawQuery(query): RawQuery,
    context: PageContext,
) -> Response {
    let next = LocalPath::parse(parse_query(query).text("next"));
    context.render(&LogoutPage {
        action: feature.web.links().logout(),
        next: next.map_or_else(String::new, |next| next.to_string()),
    })
}

/// `POST /account/logout/`
pub(in super::super) async fn logout(
    State(feature): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    if let Some(session) = context.user_session() {
        let entry = AuditEntry::of("person.signed_out");
        let entry = entry.by(session.person).about(session.person);
        audit::record(
            feature.db.pool(),
            entry,
            feature.clock.now(),
            feature.rng.as_ref(),
        )
        .await?;
        end_session(context.session()).await?;
    }
    let links = feature.web.links();
    let location = match LocalPath::parse(form.text("next")) {
        Some(next) => format!("{}{}", links.login(), LocalPath::query(Some(&next))),
        None => links.home(),
    };
    let mut response =
        context.redirect_with_message(&location, &FlashMessage::info("You are signed out."));
    *response.status_mut() = StatusCode::FOUND;
    let cookies = feature.web.cookies;
    cookies.remove_personal_cookies(&headers, response.headers_mut());
    context.clear_login_status(&mut response);
    Ok(response)
}

#[cfg(test)]
pub(in super::super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let leave = |next: &str| {
            PageSample::of(&LogoutPage {
                action: "/account/logout/".to_owned(),
                next: next.to_owned(),
            })
        };
        vec![leave(""), leave("/user/")]
    }
}

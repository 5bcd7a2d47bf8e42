//! Signing out.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::super::{Feature, LocalPath};
use super::asking;
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

/// `GET /account/logout/`: asks first, always, since a picture on any page can send a GET.
pub(in super::super) async fn leave(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
    context: PageContext,
) -> Response {
    let next = LocalPath::parse(asking(query).text("next"));
    context.render(&LogoutPage {
        action: it.web.links().logout(),
        next: next.map_or_else(String::new, |next| next.to_string()),
    })
}

/// `POST /account/logout/`
pub(in super::super) async fn left(
    State(it): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    if let Some(visit) = context.user_session() {
        let entry = AuditEntry::of("person.signed_out");
        let entry = entry.by(visit.person).about(visit.person);
        audit::record(it.db.pool(), entry, it.clock.now(), it.rng.as_ref()).await?;
        end_session(context.session()).await?;
    }
    let links = it.web.links();
    let to = match LocalPath::parse(form.text("next")) {
        Some(next) => format!("{}{}", links.login(), LocalPath::query(Some(&next))),
        None => links.home(),
    };
    let mut answer = context.redirect_with_message(&to, &FlashMessage::info("You are signed out."));
    *answer.status_mut() = StatusCode::FOUND;
    let cookies = it.web.cookies;
    cookies.remove_personal_cookies(&headers, answer.headers_mut());
    context.clear_login_status(&mut answer);
    Ok(answer)
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

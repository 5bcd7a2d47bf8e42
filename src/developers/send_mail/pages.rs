//! The unsubscribe page and one-click unsubscribe (RFC 8058). It needs no sign-in and no CSRF token, because
//! the link itself is the authorization. GET changes nothing, because mail programs prefetch links.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::store::UnsubscribeView;
use super::{Feature, UnsubscribeToken, store};
use crate::platform::web::{Page, PageContext, PageError};
use crate::protocol::clients::AppSummary;
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
struct UnsubscribePage {
    app: AppSummary,
    action: String,
    stopped: bool,
}

impl Page for UnsubscribePage {
    const TEMPLATE: &'static str = "send_mail/stop.html";

    fn title(&self) -> String {
        let name = &self.app.name;
        if self.stopped {
            format!("{name} can no longer send you mail")
        } else {
            format!("Stop mail from {name}")
        }
    }
}

/// Shows the confirmation, or that the mail is stopped.
pub(super) async fn ask(
    State(feature): State<Feature>,
    context: PageContext,
    Path(link): Path<String>,
) -> Result<Response, PageError> {
    let (_, writer) = find(&feature, &link).await?;
    let stopped = !writer.allowed.contains(Scope::SendMail);
    Ok(context.render(&page(&feature, &writer, &link, stopped)))
}

/// Stops the mail and responds with a page, because a one-click client does not follow redirects.
pub(super) async fn stop(
    State(feature): State<Feature>,
    context: PageContext,
    Path(link): Path<String>,
) -> Result<Response, PageError> {
    let (opened, writer) = find(&feature, &link).await?;
    feature.stop(opened, feature.clock.now()).await?;
    Ok(context.render(&page(&feature, &writer, &link, true)))
}

fn page(feature: &Feature, writer: &UnsubscribeView, link: &str, stopped: bool) -> UnsubscribePage {
    let links = feature.web.links();
    UnsubscribePage {
        app: AppSummary::of(&writer.name, writer.logo.as_deref(), links),
        action: links.unsubscribe(link),
        stopped,
    }
}

async fn find(
    feature: &Feature,
    link: &str,
) -> Result<(UnsubscribeToken, UnsubscribeView), PageError> {
    let opened =
        UnsubscribeToken::open(link, &feature.stop_key).ok_or_else(PageError::not_found)?;
    let writer = store::find_writer(feature.db.pool(), opened.app, opened.person).await?;
    Ok((opened, writer.ok_or_else(PageError::not_found)?))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        let page = |stopped| UnsubscribePage {
            app: AppSummary::of("Mess Menu", None, &sample::links()),
            action: "/mail/stop/abc/".to_owned(),
            stopped,
        };
        let mail = super::super::compose::samples::samples();
        let pages = [PageSample::of(&page(false)), PageSample::of(&page(true))];
        pages.into_iter().chain(mail).collect()
    }
}

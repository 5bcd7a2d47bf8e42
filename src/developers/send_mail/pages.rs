//! Ending an app's mail by hand or by one click (RFC 8058). No sign-in and no seal of a form: the link
//! is all it takes, and a mail program that follows it by itself changes nothing.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::store::UnsubscribeView;
use super::{Feature, UnsubscribeToken, store};
use crate::platform::web::{Page, PageContext, PageError};
use crate::protocol::clients::AppFace;
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
struct UnsubscribePage {
    app: AppFace,
    action: String,
    stopped: bool,
}

impl Page for UnsubscribePage {
    const TEMPLATE: &'static str = "send_mail/stop.html";

    fn title(&self) -> String {
        let name = &self.app.name;
        if self.stopped {
            format!("{name} cannot write to you")
        } else {
            format!("Stop mail from {name}")
        }
    }
}

/// Shows what the link ends, or that it has ended.
pub(super) async fn ask(
    State(it): State<Feature>,
    context: PageContext,
    Path(link): Path<String>,
) -> Result<Response, PageError> {
    let (_, writer) = find(&it, &link).await?;
    let stopped = !writer.allowed.contains(Scope::SendMail);
    Ok(context.render(&page(&it, &writer, &link, stopped)))
}

/// Ends it, whatever the body says, and answers with a page: a mail program follows no redirect.
pub(super) async fn stop(
    State(it): State<Feature>,
    context: PageContext,
    Path(link): Path<String>,
) -> Result<Response, PageError> {
    let (opened, writer) = find(&it, &link).await?;
    it.stop(opened, it.clock.now()).await?;
    Ok(context.render(&page(&it, &writer, &link, true)))
}

fn page(it: &Feature, writer: &UnsubscribeView, link: &str, stopped: bool) -> UnsubscribePage {
    let links = it.web.links();
    UnsubscribePage {
        app: AppFace::of(&writer.name, writer.logo.as_deref(), links),
        action: links.unsubscribe(link),
        stopped,
    }
}

async fn find(it: &Feature, link: &str) -> Result<(UnsubscribeToken, UnsubscribeView), PageError> {
    let opened = UnsubscribeToken::open(link, &it.stop_key).ok_or_else(PageError::not_found)?;
    let writer = store::find_writer(it.db.pool(), opened.app, opened.person).await?;
    Ok((opened, writer.ok_or_else(PageError::not_found)?))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        let page = |stopped| UnsubscribePage {
            app: AppFace::of("Mess Menu", None, &sample::links()),
            action: "/mail/stop/abc/".to_owned(),
            stopped,
        };
        let mail = super::super::compose::samples::samples();
        let pages = [PageSample::of(&page(false)), PageSample::of(&page(true))];
        pages.into_iter().chain(mail).collect()
    }
}

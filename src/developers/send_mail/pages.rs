//! Ending an app's mail by hand or by one click (RFC 8058). No sign-in and no seal of a form: the link
//! is all it takes, and a mail program that follows it by itself changes nothing.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::store::Writer;
use super::{Feature, StopLink, store};
use crate::platform::web::{Frame, Page, PageProblem};
use crate::protocol::clients::Face;
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
struct StopPage {
    app: Face,
    action: String,
    stopped: bool,
}

impl Page for StopPage {
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
    frame: Frame,
    Path(link): Path<String>,
) -> Result<Response, PageProblem> {
    let (_, writer) = find(&it, &link).await?;
    let stopped = !writer.allowed.contains(Scope::SendMail);
    Ok(frame.show(&page(&it, &writer, &link, stopped)))
}

/// Ends it, whatever the body says, and answers with a page: a mail program follows no redirect.
pub(super) async fn stop(
    State(it): State<Feature>,
    frame: Frame,
    Path(link): Path<String>,
) -> Result<Response, PageProblem> {
    let (opened, writer) = find(&it, &link).await?;
    it.stop(opened, it.clock.now()).await?;
    Ok(frame.show(&page(&it, &writer, &link, true)))
}

fn page(it: &Feature, writer: &Writer, link: &str, stopped: bool) -> StopPage {
    let links = it.web.links();
    StopPage {
        app: Face::of(&writer.name, writer.logo.as_deref(), links),
        action: links.stop_mail(link),
        stopped,
    }
}

async fn find(it: &Feature, link: &str) -> Result<(StopLink, Writer), PageProblem> {
    let opened = StopLink::open(link, &it.stop_key).ok_or_else(PageProblem::not_found)?;
    let writer = store::find_writer(it.db.pool(), opened.app, opened.person).await?;
    Ok((opened, writer.ok_or_else(PageProblem::not_found)?))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{Sample, sample};

    pub(crate) fn samples() -> Vec<Sample> {
        let page = |stopped| StopPage {
            app: Face::of("Mess Menu", None, &sample::links()),
            action: "/mail/stop/abc/".to_owned(),
            stopped,
        };
        let mail = super::super::compose::samples::samples();
        let pages = [Sample::of(&page(false)), Sample::of(&page(true))];
        pages.into_iter().chain(mail).collect()
    }
}

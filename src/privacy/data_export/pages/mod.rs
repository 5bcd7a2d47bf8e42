//! `/user/data/`: the export, and closing the account.

mod readable;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use readable::ExportSummaryPage;
use serde::Serialize;
use serde_json::Value;

use super::archive::ArchiveFile;
use super::close::CloseOutcome;
use super::lately::RecentSession;
use super::{Feature, archive, close, store};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::records;
use crate::people::records::Person;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::pictures::PictureKind;
use crate::platform::web::{CsrfForm, FlashMessage, Page, PageError};
use crate::platform::{audit, db};
use crate::protocol::clients;

/// How recent the sign-in must be.
const EXPORT_MINUTES: u64 = 10;
const CLOSE_MINUTES: u64 = 2;

#[derive(Debug, Serialize)]
struct OwnDataPage {
    /// When the account is deleted, if it is closed.
    closing: Option<ClosingNotice>,
    export: String,
    close: String,
}

#[derive(Debug, Serialize)]
struct ClosingNotice {
    gone_at: String,
    keep: String,
}

impl Page for OwnDataPage {
    const TEMPLATE: &'static str = "my_data/home.html";

    fn title(&self) -> String {
        "Your data".to_owned()
    }
}

pub(super) async fn home(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let gone_at = records::find_deletion_time(feature.db.pool(), session.person).await?;
    let links = feature.web.links();
    let closing = gone_at.map(|gone_at| ClosingNotice {
        gone_at: feature.web.date_and_time(gone_at),
        keep: links.cancel_account_closing(),
    });
    Ok(context.render(&OwnDataPage {
        closing,
        export: links.export(),
        close: links.close_account(),
    }))
}

#[derive(Debug, Serialize)]
struct ExportPage {
    action: String,
}

impl Page for ExportPage {
    const TEMPLATE: &'static str = "my_data/export.html";

    fn title(&self) -> String {
        "Download your data".to_owned()
    }
}

pub(super) async fn ask_export(
    State(feature): State<Feature>,
    RecentSession(SignedIn { context, .. }): RecentSession<EXPORT_MINUTES>,
) -> Response {
    context.render(&ExportPage {
        action: feature.web.links().export(),
    })
}

pub(super) async fn export(
    State(feature): State<Feature>,
    RecentSession(SignedIn { session, .. }): RecentSession<EXPORT_MINUTES>,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let now = feature.clock.now();
    feature.access_log.flush().await?;
    let person = records::find(feature.db.pool(), session.person).await?;
    let person = person.ok_or_else(PageError::not_found)?;
    let everything = store::find_everything(feature.db.pool(), person.id).await?;
    let everything = everything.ok_or_else(PageError::not_found)?;
    let files = feature.files(&person, &everything, now).await?;
    let archive = archive::pack(&files, now).map_err(PageError::internal)?;
    let entry = AuditEntry::of("person.exported")
        .by(person.id)
        .about(person.id);
    // Nothing leaves if the session ended while the archive was packed.
    let mut tx = login::begin_write(&feature.db, &session).await?;
    audit::record(&mut *tx, entry, now, feature.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let name = HeaderValue::from_static("attachment; filename=\"profiles.zip\"");
    let kind = HeaderValue::from_static("application/zip");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, archive).into_response())
}

impl Feature {
    async fn files(
        &self,
        person: &Person,
        everything: &Value,
        now: Timestamp,
    ) -> Result<Vec<ArchiveFile>, PageError> {
        let mut files = Vec::new();
        let owned = store::find_pictures(self.db.pool(), person.id).await?;
        let (portrait, logos) = owned.map_or((None, Vec::new()), |it| (it.portrait, it.logos));
        let portraits = portrait.iter().map(|it| (PictureKind::ProfilePicture, it));
        for (kind, name) in portraits.chain(logos.iter().map(|it| (PictureKind::AppLogo, it))) {
            if let Some(content) = self.pictures.read(kind, name).await {
                let name = format!("pictures/{name}");
                files.push(ArchiveFile { name, content });
            }
        }
        let json = serde_json::to_vec_pretty(everything).map_err(PageError::internal)?;
        let picture = portrait.map(|name| format!("pictures/{name}"));
        let page = ExportSummaryPage::of(person, picture, everything, &self.web, now);
        let page = self.web.render_standalone(&page)?;
        let style = self.web.assets.content("css/site.css").unwrap_or_default();
        let file = |name: &str, content| ArchiveFile {
            name: name.to_owned(),
            content,
        };
        files.push(file("profiles.json", json));
        files.push(file("profiles.html", page.into_bytes()));
        files.push(file("site.css", style));
        Ok(files)
    }
}

#[derive(Debug, Serialize)]
struct CloseAccountPage {
    action: String,
    /// Apps that are deleted with the account.
    apps: Vec<ClosingApp>,
    /// The verified one among them, which needs another owner first.
    verified: Option<String>,
}

#[derive(Debug, Serialize)]
struct ClosingApp {
    name: String,
    people: i64,
}

impl Page for CloseAccountPage {
    const TEMPLATE: &'static str = "my_data/close.html";

    fn title(&self) -> String {
        "Close your account".to_owned()
    }
}

pub(super) async fn ask_close(
    State(feature): State<Feature>,
    RecentSession(SignedIn { session, context }): RecentSession<CLOSE_MINUTES>,
) -> Result<Response, PageError> {
    let mut connection = feature.db.connection().await?;
    let verified = close::find_verified_app(&mut connection, session.person).await?;
    let own = clients::list_own(&mut connection, session.person).await?;
    let apps = own.into_iter().map(|(app, people)| ClosingApp {
        name: app.details.name.to_string(),
        people,
    });
    Ok(context.render(&CloseAccountPage {
        action: feature.web.links().close_account(),
        apps: apps.collect(),
        verified,
    }))
}

pub(super) async fn close(
    State(feature): State<Feature>,
    RecentSession(SignedIn { session, context }): RecentSession<CLOSE_MINUTES>,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let session_hash = context.session_hash();
    let links = feature.web.links();
    match close::close(&mut tx, session.person, session_hash, now, rng).await? {
        CloseOutcome::Closed => {
            tx.commit().await.map_err(db::Error::from)?;
            Ok(context.redirect(&links.data_export()))
        }
        CloseOutcome::RunsVerified(app) => {
            let text = format!("You run {app}, which is verified. Nothing was changed.");
            let heading = "You run a verified app";
            Err(PageError::new(StatusCode::CONFLICT, heading, text)
                .with_advice("Contact the people who run this service.")
                .with_back_link(links.data_export(), "Your data"))
        }
    }
}

pub(super) async fn keep(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let mut tx = login::begin_write(&feature.db, &session).await?;
    records::reopen_account(&mut tx, session.person, now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let message = FlashMessage::good("Your account is open again.");
    Ok(context.redirect_with_message(&feature.web.links().data_export(), &message))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let home = |closing| OwnDataPage {
            closing,
            export: "/user/data/export/".to_owned(),
            close: "/user/data/close/".to_owned(),
        };
        let close = |apps, verified: Option<&str>| CloseAccountPage {
            action: "/user/data/close/".to_owned(),
            apps,
            verified: verified.map(str::to_owned),
        };
        let ending = |people| ClosingApp {
            name: "Mess Menu".to_owned(),
            people,
        };
        let mut samples = vec![
            PageSample::of(&home(None)),
            PageSample::of(&home(Some(ClosingNotice {
                gone_at: "28 Nov 2026, 18:05".to_owned(),
                keep: "/user/data/keep/".to_owned(),
            }))),
            PageSample::of(&ExportPage {
                action: "/user/data/export/".to_owned(),
            }),
            PageSample::of(&close(vec![], None)),
            PageSample::of(&close(vec![ending(0), ending(1), ending(2)], None)),
            PageSample::of(&close(vec![ending(1)], Some("Mess Menu"))),
        ];
        samples.extend(readable::samples::samples());
        samples
    }
}

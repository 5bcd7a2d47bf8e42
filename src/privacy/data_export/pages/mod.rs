//! `/user/data/`: a copy of everything, and the end of it.

mod readable;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use readable::ReadablePage;
use serde::Serialize;
use serde_json::Value;

use super::archive::File;
use super::close::Closed;
use super::lately::Lately;
use super::{Feature, archive, close, store};
use crate::identity::login::SignedIn;
use crate::people::records;
use crate::people::records::Person;
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::pictures::PictureKind;
use crate::platform::web::{Flash, Page, PageProblem, Protected};
use crate::platform::{audit, db};
use crate::protocol::clients;

/// How many minutes ago the sign-in may be.
const TO_EXPORT: u64 = 10;
const TO_CLOSE: u64 = 2;

#[derive(Debug, Serialize)]
struct HomePage {
    /// When everything is deleted, for who has closed the account.
    closing: Option<Closing>,
    export: String,
    close: String,
}

#[derive(Debug, Serialize)]
struct Closing {
    gone_at: String,
    keep: String,
}

impl Page for HomePage {
    const TEMPLATE: &'static str = "my_data/home.html";

    fn title(&self) -> String {
        "Your data".to_owned()
    }
}

pub(super) async fn home(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let gone_at = records::find_gone_at(it.db.pool(), visit.person).await?;
    let links = it.web.links();
    let closing = gone_at.map(|gone_at| Closing {
        gone_at: it.web.date_and_time(gone_at),
        keep: links.keep_account(),
    });
    Ok(frame.show(&HomePage {
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
    State(it): State<Feature>,
    Lately(SignedIn { frame, .. }): Lately<TO_EXPORT>,
) -> Response {
    frame.show(&ExportPage {
        action: it.web.links().export(),
    })
}

pub(super) async fn export(
    State(it): State<Feature>,
    Lately(SignedIn { visit, .. }): Lately<TO_EXPORT>,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let now = it.clock.now();
    it.ledger.write_down().await?;
    let person = records::find(it.db.pool(), visit.person).await?;
    let person = person.ok_or_else(PageProblem::not_found)?;
    let everything = store::find_everything(it.db.pool(), person.id).await?;
    let everything = everything.ok_or_else(PageProblem::not_found)?;
    let files = it.files(&person, &everything, now).await?;
    let archive = archive::pack(&files, now).map_err(PageProblem::broken)?;
    let entry = Entry::of("person.exported").by(person.id).about(person.id);
    audit::note(it.db.pool(), entry, now, it.entropy.as_ref()).await?;
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
        now: Moment,
    ) -> Result<Vec<File>, PageProblem> {
        let mut files = Vec::new();
        let owned = store::find_pictures(self.db.pool(), person.id).await?;
        let (portrait, logos) = owned.map_or((None, Vec::new()), |it| (it.portrait, it.logos));
        let portraits = portrait.iter().map(|it| (PictureKind::ProfilePicture, it));
        for (kind, name) in portraits.chain(logos.iter().map(|it| (PictureKind::AppLogo, it))) {
            if let Some(content) = self.pictures.read(kind, name).await {
                let name = format!("pictures/{name}");
                files.push(File { name, content });
            }
        }
        let json = serde_json::to_vec_pretty(everything).map_err(PageProblem::broken)?;
        let picture = portrait.map(|name| format!("pictures/{name}"));
        let page = ReadablePage::of(person, picture, everything, &self.web, now);
        let page = self.web.render_alone(&page)?;
        let style = self.web.assets.text("css/house.css").unwrap_or_default();
        let file = |name: &str, content| File {
            name: name.to_owned(),
            content,
        };
        files.push(file("profiles.json", json));
        files.push(file("profiles.html", page.into_bytes()));
        files.push(file("house.css", style));
        Ok(files)
    }
}

#[derive(Debug, Serialize)]
struct ClosePage {
    action: String,
    /// Apps that end with the account.
    apps: Vec<Ending>,
    /// The verified one among them, for which somebody else has to be found first.
    verified: Option<String>,
}

#[derive(Debug, Serialize)]
struct Ending {
    name: String,
    people: i64,
}

impl Page for ClosePage {
    const TEMPLATE: &'static str = "my_data/close.html";

    fn title(&self) -> String {
        "Close your account".to_owned()
    }
}

pub(super) async fn ask_close(
    State(it): State<Feature>,
    Lately(SignedIn { visit, frame }): Lately<TO_CLOSE>,
) -> Result<Response, PageProblem> {
    let mut connection = it.db.connection().await?;
    let verified = close::find_verified(&mut connection, visit.person).await?;
    let own = clients::list_own(&mut *connection, visit.person).await?;
    let apps = own.into_iter().map(|(app, people)| Ending {
        name: app.details.name.to_string(),
        people,
    });
    Ok(frame.show(&ClosePage {
        action: it.web.links().close_account(),
        apps: apps.collect(),
        verified,
    }))
}

pub(super) async fn close(
    State(it): State<Feature>,
    Lately(SignedIn { visit, frame }): Lately<TO_CLOSE>,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let (now, entropy) = (it.clock.now(), it.entropy.as_ref());
    let mut tx = it.db.begin().await?;
    let session = frame.session_fingerprint();
    let links = it.web.links();
    match close::close(&mut tx, visit.person, session, now, entropy).await? {
        Closed::Closed => {
            tx.commit().await.map_err(db::Error::from)?;
            Ok(frame.send_to(&links.my_data()))
        }
        Closed::RunsVerified(app) => {
            let text = format!("You run {app}, which the campus relies on. Nothing was changed.");
            let heading = "Find somebody for your app first";
            Err(PageProblem::new(StatusCode::CONFLICT, heading, text)
                .advise("Ask the people who run this service to give it to somebody else.")
                .back(links.my_data(), "Your data"))
        }
    }
}

pub(super) async fn keep(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let (now, entropy) = (it.clock.now(), it.entropy.as_ref());
    let mut tx = it.db.begin().await?;
    records::stay(&mut tx, visit.person, now, entropy).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let told = Flash::good("Your account is open again, and everything is as it was.");
    Ok(frame.send_to_with(&it.web.links().my_data(), &told))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let home = |closing| HomePage {
            closing,
            export: "/user/data/export/".to_owned(),
            close: "/user/data/close/".to_owned(),
        };
        let close = |apps, verified: Option<&str>| ClosePage {
            action: "/user/data/close/".to_owned(),
            apps,
            verified: verified.map(str::to_owned),
        };
        let ending = |people| Ending {
            name: "Mess Menu".to_owned(),
            people,
        };
        let mut samples = vec![
            Sample::of(&home(None)),
            Sample::of(&home(Some(Closing {
                gone_at: "28 Nov 2026, 18:05".to_owned(),
                keep: "/user/data/keep/".to_owned(),
            }))),
            Sample::of(&ExportPage {
                action: "/user/data/export/".to_owned(),
            }),
            Sample::of(&close(vec![], None)),
            Sample::of(&close(vec![ending(0), ending(1), ending(2)], None)),
            Sample::of(&close(vec![ending(1)], Some("Mess Menu"))),
        ];
        samples.extend(readable::samples::samples());
        samples
    }
}

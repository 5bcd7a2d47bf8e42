//! The list, and the page that asks before something ends.

pub(super) mod show;
pub(super) mod withdraw;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::model::{Connection, Row, SentMail};
use super::{Feature, store};
use crate::identity::login::SignedIn;
use crate::people::fields::FieldSet;
use crate::people::records;
use crate::platform::db;
use crate::platform::id::{AppId, PersonId};
use crate::platform::web::{Flash, Page, PageProblem, Protected, Web};
use crate::protocol::clients::{Face, Website};
use crate::protocol::grants;

#[derive(Debug, Serialize)]
struct ListPage {
    /// When everything is deleted, for who has closed their account.
    gone_at: Option<String>,
    apps: Vec<Connected>,
    /// From apps that are not connected any more.
    unconnected: Vec<ReadUnconnected>,
    former_mails: Vec<FormerMail>,
}

/// What an app read that is not connected.
#[derive(Debug, Serialize)]
struct ReadUnconnected {
    app_name: String,
    fields: String,
    times: i64,
    last: String,
}

#[derive(Debug, Serialize)]
struct FormerMail {
    app_name: String,
    #[serde(flatten)]
    mail: ShownMail,
}

/// A mail as its reader and nobody else can look it up.
#[derive(Debug, Serialize)]
pub(super) struct ShownMail {
    at: String,
    outcome: &'static str,
    message_id: String,
}

impl ShownMail {
    fn of(mail: SentMail, web: &Web) -> Self {
        Self {
            at: web.date_and_time(mail.at),
            outcome: match mail.status {
                Some(true) => "Sent",
                Some(false) => "Not sent",
                None => "On its way",
            },
            message_id: mail.message_id,
        }
    }
}

#[derive(Debug, Serialize)]
struct Connected {
    #[serde(flatten)]
    face: Face,
    owner_name: String,
    owner_username: String,
    website: Option<Website>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    since: String,
    last_used: Option<String>,
    take_back: String,
    details: String,
    rows: Vec<Row>,
    refuses_mail: bool,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "connected_apps/list.html";

    fn title(&self) -> String {
        "Connected apps".to_owned()
    }
}

impl Connected {
    fn of(connection: Connection, web: &Web) -> Self {
        let links = web.links();
        Self {
            rows: connection.rows(),
            refuses_mail: connection.refuses_mail,
            face: Face::of(&connection.name, connection.logo.as_deref(), links),
            owner_name: connection.owner_name,
            owner_username: connection.owner_username,
            website: connection.website.as_deref().and_then(Website::of),
            privacy_policy: connection.privacy_policy,
            contact: connection.contact,
            since: web.date(connection.since),
            last_used: connection.last_used.map(|at| web.date(at)),
            take_back: links.take_back(connection.app),
            details: links.connected_app(connection.app),
        }
    }
}

pub(super) async fn list(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let connections = store::list(it.db.pool(), visit.person, None).await?;
    let apps = connections
        .into_iter()
        .map(|connection| Connected::of(connection, &it.web));
    let unconnected = store::list_unconnected(it.db.pool(), visit.person).await?;
    let unconnected = unconnected.into_iter().map(|app| ReadUnconnected {
        fields: labels(app.fields),
        app_name: app.app_name,
        times: app.times,
        last: it.web.date_and_time(app.last),
    });
    let former = store::list_mails(it.db.pool(), visit.person, None).await?;
    let former = former.into_iter().map(|mail| FormerMail {
        app_name: mail.app_name.clone(),
        mail: ShownMail::of(mail, &it.web),
    });
    Ok(frame.show(&ListPage {
        gone_at: gone_at(&it, visit.person).await?,
        apps: apps.collect(),
        unconnected: unconnected.collect(),
        former_mails: former.collect(),
    }))
}

async fn gone_at(it: &Feature, person: PersonId) -> db::Result<Option<String>> {
    let gone_at = records::find_gone_at(it.db.pool(), person).await?;
    Ok(gone_at.map(|gone_at| it.web.date_and_time(gone_at)))
}

fn labels(fields: FieldSet) -> String {
    let labels: Vec<_> = fields.iter().map(|field| field.row().label).collect();
    labels.join(", ")
}

#[derive(Debug, Serialize)]
struct TakeBackPage {
    app: TakenBack,
    action: String,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct TakenBack {
    #[serde(flatten)]
    face: Face,
    owner_name: String,
    contact: Option<String>,
}

impl Page for TakeBackPage {
    const TEMPLATE: &'static str = "connected_apps/take_back.html";

    fn title(&self) -> String {
        format!("Take it back from {}", self.app.face.name)
    }
}

pub(super) async fn ask(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
) -> Result<Response, PageProblem> {
    let connection = find(&it, visit.person, app).await?;
    let connection = connection.ok_or_else(PageProblem::not_found)?;
    let links = it.web.links();
    Ok(frame.show(&TakeBackPage {
        rows: connection.rows(),
        action: links.take_back(connection.app),
        app: TakenBack {
            face: Face::of(&connection.name, connection.logo.as_deref(), links),
            owner_name: connection.owner_name,
            contact: connection.contact,
        },
    }))
}

pub(super) async fn take_back(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let Some(connection) = find(&it, visit.person, app).await? else {
        // Sent twice, or taken back elsewhere: what was wanted is so.
        let told = Flash::info("This app can read nothing about you.");
        return Ok(frame.send_to_with(&it.web.links().connected_apps(), &told));
    };
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let entropy = it.entropy.as_ref();
    grants::take_back(&mut tx, visit.person, connection.app, now, entropy).await?;
    tx.commit().await.map_err(db::Error::from)?;
    // Without its name: what was taken back is gone from the page.
    let told = Flash::good("Taken back. This app can no longer read anything about you.");
    Ok(frame.send_to_with(&it.web.links().connected_apps(), &told))
}

/// The connection that the address names. An id that is none names none.
async fn find(
    it: &Feature,
    person: PersonId,
    app: Result<Path<AppId>, PathRejection>,
) -> db::Result<Option<Connection>> {
    let Ok(Path(app)) = app else {
        return Ok(None);
    };
    let found = store::list(it.db.pool(), person, Some(app)).await?;
    Ok(found.into_iter().next())
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{Sample, sample};

    pub(crate) fn samples() -> Vec<Sample> {
        let list = vec![
            Sample::of(&ListPage {
                gone_at: None,
                apps: Vec::new(),
                unconnected: Vec::new(),
                former_mails: Vec::new(),
            }),
            Sample::of(&ListPage {
                gone_at: Some("28 Nov 2026, 18:05".to_owned()),
                apps: vec![connected(false), connected(true)],
                unconnected: [1, 2]
                    .map(|times| ReadUnconnected {
                        app_name: "Mess Menu".to_owned(),
                        fields: "Roll number, Email".to_owned(),
                        times,
                        last: "21 Nov 2026, 18:05".to_owned(),
                    })
                    .into(),
                former_mails: vec![FormerMail {
                    app_name: "Mess Menu".to_owned(),
                    mail: mail(),
                }],
            }),
            Sample::of(&taken_back(false)),
            Sample::of(&taken_back(true)),
        ];
        let parts = show::samples::samples().into_iter();
        list.into_iter()
            .chain(parts)
            .chain(withdraw::samples::samples())
            .collect()
    }

    fn face(full: bool) -> Face {
        let logo = full.then_some("logo.png");
        Face::of("Mess Menu", logo, &sample::links())
    }

    fn rows() -> Vec<Row> {
        let row = |fields: &[&'static str], kept_back: &[&'static str]| Row {
            sentence: "Something about you",
            fields: fields.to_vec(),
            kept_back: kept_back.to_vec(),
        };
        vec![row(&[], &[]), row(&["One", "Two"], &["Three"])]
    }

    pub(super) fn mail() -> ShownMail {
        ShownMail {
            at: "21 Nov 2026, 18:05".to_owned(),
            outcome: "Sent",
            message_id: "<1.2.3@campus.example>".to_owned(),
        }
    }

    fn connected(full: bool) -> Connected {
        let text = |text: &str| full.then(|| text.to_owned());
        Connected {
            face: face(full),
            owner_name: "Meera Iyer".to_owned(),
            owner_username: "meera".to_owned(),
            website: Website::of("https://mess.example/").filter(|_| full),
            privacy_policy: text("https://mess.example/privacy"),
            contact: text("mess@campus.example"),
            since: "21 Nov 2026".to_owned(),
            last_used: text("22 Nov 2026"),
            take_back: "/user/settings/1/take-back/".to_owned(),
            details: "/user/settings/1/".to_owned(),
            rows: rows(),
            refuses_mail: full,
        }
    }

    fn taken_back(full: bool) -> TakeBackPage {
        TakeBackPage {
            app: TakenBack {
                face: face(full),
                owner_name: "Meera Iyer".to_owned(),
                contact: full.then(|| "mess@campus.example".to_owned()),
            },
            action: "/user/settings/1/take-back/".to_owned(),
            rows: rows(),
        }
    }
}

//! The list of connected apps, and the confirmation page to remove access.

pub(super) mod show;
pub(super) mod withdraw;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::model::{ConnectedApp, MailRecord, ScopeAccess};
use super::{Feature, store};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::fields::FieldSet;
use crate::people::records;
use crate::platform::db;
use crate::platform::id::{AppId, PersonId};
use crate::platform::web::{CsrfForm, FlashMessage, Page, PageError, Web};
use crate::protocol::clients::{AppSummary, WebsiteLink};
use crate::protocol::grants;

#[derive(Debug, Serialize)]
struct ConnectedAppsPage {
    /// When the account is deleted, if it is closed.
    gone_at: Option<String>,
    apps: Vec<ConnectedAppItem>,
    /// Reads of apps that are no longer connected.
    unconnected: Vec<FormerAppReads>,
    former_mails: Vec<FormerAppMail>,
}

/// The reads of an app that is not connected.
#[derive(Debug, Serialize)]
struct FormerAppReads {
    app_name: String,
    fields: String,
    times: i64,
    last: String,
}

#[derive(Debug, Serialize)]
struct FormerAppMail {
    app_name: String,
    #[serde(flatten)]
    mail: MailRecordView,
}

/// A mail in a list.
#[derive(Debug, Serialize)]
pub(super) struct MailRecordView {
    at: String,
    outcome: &'static str,
    message_id: String,
}

impl MailRecordView {
    fn of(mail: MailRecord, web: &Web) -> Self {
        Self {
            at: web.date_and_time(mail.at),
            outcome: match mail.status {
                Some(true) => "Sent",
                Some(false) => "Not sent",
                None => "Sending",
            },
            message_id: mail.message_id,
        }
    }
}

#[derive(Debug, Serialize)]
struct ConnectedAppItem {
    #[serde(flatten)]
    face: AppSummary,
    owner_name: String,
    owner_username: String,
    website: Option<WebsiteLink>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    since: String,
    last_used: Option<String>,
    take_back: String,
    details: String,
    rows: Vec<ScopeAccess>,
    refuses_mail: bool,
}

impl Page for ConnectedAppsPage {
    const TEMPLATE: &'static str = "connected_apps/list.html";

    fn title(&self) -> String {
        "Connected apps".to_owned()
    }
}

impl ConnectedAppItem {
    fn of(connection: ConnectedApp, web: &Web) -> Self {
        let links = web.links();
        Self {
            rows: connection.rows(),
            refuses_mail: connection.refuses_mail,
            face: AppSummary::of(&connection.name, connection.logo.as_deref(), links),
            owner_name: connection.owner_name,
            owner_username: connection.owner_username,
            website: connection.website.as_deref().and_then(WebsiteLink::of),
            privacy_policy: connection.privacy_policy,
            contact: connection.contact,
            since: web.date(connection.since),
            last_used: connection.last_used.map(|at| web.date(at)),
            take_back: links.remove_access(connection.app),
            details: links.connected_app(connection.app),
        }
    }
}

pub(super) async fn list(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let connections = store::list(feature.db.pool(), session.person, None).await?;
    let apps = connections
        .into_iter()
        .map(|connection| ConnectedAppItem::of(connection, &feature.web));
    let unconnected = store::list_unconnected(feature.db.pool(), session.person).await?;
    let unconnected = unconnected.into_iter().map(|app| FormerAppReads {
        fields: labels(app.fields),
        app_name: app.app_name,
        times: app.times,
        last: feature.web.date_and_time(app.last),
    });
    let former = store::list_mails(feature.db.pool(), session.person, None).await?;
    let former = former.into_iter().map(|mail| FormerAppMail {
        app_name: mail.app_name.clone(),
        mail: MailRecordView::of(mail, &feature.web),
    });
    Ok(context.render(&ConnectedAppsPage {
        gone_at: gone_at(&feature, session.person).await?,
        apps: apps.collect(),
        unconnected: unconnected.collect(),
        former_mails: former.collect(),
    }))
}

async fn gone_at(feature: &Feature, person: PersonId) -> db::Result<Option<String>> {
    let gone_at = records::find_deletion_time(feature.db.pool(), person).await?;
    Ok(gone_at.map(|gone_at| feature.web.date_and_time(gone_at)))
}

fn labels(fields: FieldSet) -> String {
    let labels: Vec<_> = fields.iter().map(|field| field.row().label).collect();
    labels.join(", ")
}

#[derive(Debug, Serialize)]
struct RemoveAccessPage {
    app: RemovedAccess,
    action: String,
    rows: Vec<ScopeAccess>,
}

#[derive(Debug, Serialize)]
struct RemovedAccess {
    #[serde(flatten)]
    face: AppSummary,
    owner_name: String,
    contact: Option<String>,
}

impl Page for RemoveAccessPage {
    const TEMPLATE: &'static str = "connected_apps/take_back.html";

    fn title(&self) -> String {
        format!("Remove access of {}", self.app.face.name)
    }
}

pub(super) async fn ask(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
) -> Result<Response, PageError> {
    let connection = find(&feature, session.person, app).await?;
    let connection = connection.ok_or_else(PageError::not_found)?;
    let links = feature.web.links();
    Ok(context.render(&RemoveAccessPage {
        rows: connection.rows(),
        action: links.remove_access(connection.app),
        app: RemovedAccess {
            face: AppSummary::of(&connection.name, connection.logo.as_deref(), links),
            owner_name: connection.owner_name,
            contact: connection.contact,
        },
    }))
}

pub(super) async fn take_back(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let Some(connection) = find(&feature, session.person, app).await? else {
        // The form was sent twice, or access was removed in another tab.
        let notice = FlashMessage::info("This app has no access to your data.");
        return Ok(context.redirect_with_message(&feature.web.links().connected_apps(), &notice));
    };
    let now = feature.clock.now();
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let rng = feature.rng.as_ref();
    grants::end_grant(&mut tx, session.person, connection.app, now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    // Without the name of the app, which is no longer on the page.
    let notice = FlashMessage::good("Access removed. The app can no longer read your data.");
    Ok(context.redirect_with_message(&feature.web.links().connected_apps(), &notice))
}

/// The connection of the app in the path. None for an invalid id.
async fn find(
    feature: &Feature,
    person: PersonId,
    app: Result<Path<AppId>, PathRejection>,
) -> db::Result<Option<ConnectedApp>> {
    let Ok(Path(app)) = app else {
        return Ok(None);
    };
    let found = store::list(feature.db.pool(), person, Some(app)).await?;
    Ok(found.into_iter().next())
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        let list = vec![
            PageSample::of(&ConnectedAppsPage {
                gone_at: None,
                apps: Vec::new(),
                unconnected: Vec::new(),
                former_mails: Vec::new(),
            }),
            PageSample::of(&ConnectedAppsPage {
                gone_at: Some("28 Nov 2026, 18:05".to_owned()),
                apps: vec![connected(false), connected(true)],
                unconnected: [1, 2]
                    .map(|times| FormerAppReads {
                        app_name: "Mess Menu".to_owned(),
                        fields: "Roll number, Email".to_owned(),
                        times,
                        last: "21 Nov 2026, 18:05".to_owned(),
                    })
                    .into(),
                former_mails: vec![FormerAppMail {
                    app_name: "Mess Menu".to_owned(),
                    mail: mail(),
                }],
            }),
            PageSample::of(&taken_back(false)),
            PageSample::of(&taken_back(true)),
        ];
        let parts = show::samples::samples().into_iter();
        list.into_iter()
            .chain(parts)
            .chain(withdraw::samples::samples())
            .collect()
    }

    fn face(full: bool) -> AppSummary {
        let logo = full.then_some("logo.png");
        AppSummary::of("Mess Menu", logo, &sample::links())
    }

    fn rows() -> Vec<ScopeAccess> {
        let row = |fields: &[&'static str], kept_back: &[&'static str]| ScopeAccess {
            sentence: "Something about you",
            fields: fields.to_vec(),
            kept_back: kept_back.to_vec(),
        };
        vec![row(&[], &[]), row(&["One", "Two"], &["Three"])]
    }

    pub(super) fn mail() -> MailRecordView {
        MailRecordView {
            at: "21 Nov 2026, 18:05".to_owned(),
            outcome: "Sent",
            message_id: "<1.2.3@campus.example>".to_owned(),
        }
    }

    fn connected(full: bool) -> ConnectedAppItem {
        let text = |text: &str| full.then(|| text.to_owned());
        ConnectedAppItem {
            face: face(full),
            owner_name: "Meera Iyer".to_owned(),
            owner_username: "meera".to_owned(),
            website: WebsiteLink::of("https://mess.example/").filter(|_| full),
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

    fn taken_back(full: bool) -> RemoveAccessPage {
        RemoveAccessPage {
            app: RemovedAccess {
                face: face(full),
                owner_name: "Meera Iyer".to_owned(),
                contact: full.then(|| "mess@campus.example".to_owned()),
            },
            action: "/user/settings/1/take-back/".to_owned(),
            rows: rows(),
        }
    }
}

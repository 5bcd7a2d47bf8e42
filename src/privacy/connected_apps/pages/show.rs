//! One connected app: what it may know, with the present values, what it has read, what was agreed.

use std::collections::HashMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::super::model::ConnectedApp;
use super::super::store;
use super::{Feature, MailRecordView, find, gone_at};
use crate::identity::login::SignedIn;
use crate::people::fields::Field;
use crate::people::records;
use crate::people::records::{DisplayValue, Person};
use crate::platform::clock::Timestamp;
use crate::platform::web::{Page, PageError, Web};
use crate::privacy::receipts;
use crate::protocol::access_log;
use crate::protocol::access_log::FieldReads;
use crate::protocol::clients::{AppSummary, WebsiteLink};
use crate::protocol::grants::REQUIRED_SCOPE;
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
pub(super) struct ConnectedAppPage {
    /// When the account is deleted, if it is closed.
    gone_at: Option<String>,
    app: ConnectedAppView,
    parts: Vec<ScopeAccessView>,
    /// Reads of fields that are no longer shared.
    read_before: Vec<EarlierReads>,
    complete_up_to: String,
    receipts: Vec<ReceiptLink>,
    mails: Vec<MailRecordView>,
    refuses_mail: bool,
}

#[derive(Debug, Serialize)]
struct ConnectedAppView {
    #[serde(flatten)]
    face: AppSummary,
    owner_name: String,
    owner_username: String,
    website: Option<WebsiteLink>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    first_allowed: String,
    /// Absent if the access never ended in between.
    connected_since: Option<String>,
    last_used: Option<String>,
    take_back: String,
}

/// A scope, with the fields the app may read.
#[derive(Debug, Serialize)]
struct ScopeAccessView {
    sentence: &'static str,
    /// The page that removes the scope; absent for the compulsory scope.
    withdraw: Option<String>,
    fields: Vec<FieldAccessView>,
    kept_back: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct FieldAccessView {
    label: &'static str,
    value: DisplayValue,
    read: Option<ReadCount>,
    withdraw: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReadCount {
    times: i64,
    last: String,
}

#[derive(Debug, Serialize)]
struct EarlierReads {
    label: &'static str,
    read: ReadCount,
}

#[derive(Debug, Serialize)]
struct ReceiptLink {
    href: String,
    heading: &'static str,
    at: String,
}

impl Page for ConnectedAppPage {
    const TEMPLATE: &'static str = "connected_apps/show.html";

    fn title(&self) -> String {
        format!("What {} can read", self.app.face.name)
    }
}

pub(in crate::privacy::connected_apps) async fn show(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    app: Result<Path<crate::platform::id::AppId>, PathRejection>,
) -> Result<Response, PageError> {
    let connection = find(&feature, session.person, app).await?;
    let connection = connection.ok_or_else(PageError::not_found)?;
    let (db, person, app) = (feature.db.pool(), session.person, connection.app);
    let now = feature.clock.now();
    // Flush the pending entries of this process; other processes flush within a second.
    feature.access_log.flush().await?;
    let complete_up_to = access_log::find_complete_up_to(db, now).await?;
    let readings = access_log::list_readings(db, person, app).await?;
    let entries = receipts::list(db, person, Some(app), None).await?;
    let mails = store::list_mails(db, person, Some(app)).await?;
    let gone_at = gone_at(&feature, person).await?;
    let person = records::find(db, person).await?;
    let person = person.ok_or_else(PageError::not_found)?;
    let links = feature.web.links();
    let receipt = |entry: &receipts::ReceiptAuditEntry| ReceiptLink {
        href: links.receipt(entry.id),
        heading: entry.deed.heading(),
        at: feature.web.date_and_time(entry.at),
    };
    let mut read = read_counts(&readings, &feature.web, now);
    Ok(context.render(&ConnectedAppPage {
        gone_at,
        parts: scope_views(&connection, &person, &mut read, &feature.web),
        read_before: earlier_reads(read),
        complete_up_to: feature.web.date_and_second(complete_up_to),
        receipts: entries.iter().map(receipt).collect(),
        mails: mails
            .into_iter()
            .map(|mail| MailRecordView::of(mail, &feature.web))
            .collect(),
        refuses_mail: connection.refuses_mail,
        app: ConnectedAppView::of(connection, &feature.web, now),
    }))
}

fn read_counts(readings: &[FieldReads], web: &Web, now: Timestamp) -> HashMap<Field, ReadCount> {
    let counts = readings.iter().map(|reading| {
        let read = ReadCount {
            times: reading.times,
            last: web.format_relative(reading.last, now),
        };
        (reading.field, read)
    });
    counts.collect()
}

/// Reads of fields that the app can no longer read, in the order of the table.
fn earlier_reads(mut read: HashMap<Field, ReadCount>) -> Vec<EarlierReads> {
    let left = Field::all().filter_map(|field| {
        Some(EarlierReads {
            label: field.row().label,
            read: read.remove(&field)?,
        })
    });
    left.collect()
}

/// The scopes of a connection. The reads of their fields are removed from `read`.
fn scope_views(
    connection: &ConnectedApp,
    person: &Person,
    read: &mut HashMap<Field, ReadCount>,
    web: &Web,
) -> Vec<ScopeAccessView> {
    let links = web.links();
    let withdraw = |scope: Scope, part: String| {
        (scope != REQUIRED_SCOPE).then(|| links.remove_field(connection.app, &part))
    };
    let given = connection.share.fields();
    let kept_back = connection.refused.without(given);
    let mut part = |scope: Scope| {
        let fields = scope.row().fields;
        let shown = fields.iter().filter(|field| given.contains(**field));
        let shown = shown.map(|field| FieldAccessView {
            label: field.row().label,
            value: person.shown(*field, links),
            read: read.remove(field),
            withdraw: withdraw(scope, format!("field={}", field.name())),
        });
        ScopeAccessView {
            sentence: scope.row().title,
            fields: shown.collect(),
            withdraw: withdraw(scope, format!("scope={}", scope.name())),
            kept_back: fields
                .iter()
                .filter(|field| kept_back.contains(**field))
                .map(|field| field.row().label)
                .collect(),
        }
    };
    connection.share.scopes().iter().map(&mut part).collect()
}

impl ConnectedAppView {
    fn of(connection: ConnectedApp, web: &Web, now: Timestamp) -> Self {
        let links = web.links();
        let is_again = connection.first_given > connection.since
            || connection.since - connection.first_given > time::Duration::seconds(1);
        Self {
            face: AppSummary::of(&connection.name, connection.logo.as_deref(), links),
            owner_name: connection.owner_name,
            owner_username: connection.owner_username,
            website: connection.website.as_deref().and_then(WebsiteLink::of),
            privacy_policy: connection.privacy_policy,
            contact: connection.contact,
            first_allowed: web.date(connection.first_given),
            connected_since: is_again.then(|| web.date(connection.since)),
            last_used: connection.last_used.map(|at| web.format_relative(at, now)),
            take_back: links.remove_access(connection.app),
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&page(false)), PageSample::of(&page(true))]
    }

    fn shown_app(full: bool) -> ConnectedAppView {
        let text = |text: &str| full.then(|| text.to_owned());
        ConnectedAppView {
            face: AppSummary::of("Mess Menu", None, &sample::links()),
            owner_name: "Meera Iyer".to_owned(),
            owner_username: "meera".to_owned(),
            website: WebsiteLink::of("https://mess.example/").filter(|_| full),
            privacy_policy: text("https://mess.example/privacy"),
            contact: text("mess@campus.example"),
            first_allowed: "21 Nov 2026".to_owned(),
            connected_since: text("22 Nov 2026"),
            last_used: text("today at 18:05"),
            take_back: "/user/settings/1/take-back/".to_owned(),
        }
    }

    fn page(full: bool) -> ConnectedAppPage {
        let text = |text: &str| full.then(|| text.to_owned());
        let read = |times| ReadCount {
            times,
            last: "today at 18:05".to_owned(),
        };
        let field = |label, times: Option<i64>| FieldAccessView {
            label,
            value: DisplayValue::Unset,
            read: times.map(read),
            withdraw: text("/user/settings/1/withdraw/?field=mobile"),
        };
        ConnectedAppPage {
            gone_at: text("28 Nov 2026, 18:05"),
            app: shown_app(full),
            parts: vec![
                ScopeAccessView {
                    sentence: "Something to do",
                    withdraw: None,
                    fields: vec![],
                    kept_back: vec![],
                },
                ScopeAccessView {
                    sentence: "Something about you",
                    withdraw: text("/user/settings/1/withdraw/?scope=phone"),
                    fields: vec![
                        field("One", None),
                        field("Two", Some(1)),
                        field("Three", Some(3)),
                    ],
                    kept_back: vec!["Four"],
                },
            ],
            read_before: if full {
                vec![EarlierReads {
                    label: "Five",
                    read: read(2),
                }]
            } else {
                vec![]
            },
            complete_up_to: "21 Nov 2026, 18:05:03".to_owned(),
            receipts: vec![ReceiptLink {
                href: "/user/receipts/1/".to_owned(),
                heading: "You allowed",
                at: "21 Nov 2026, 18:05".to_owned(),
            }],
            mails: full.then(super::super::samples::mail).into_iter().collect(),
            refuses_mail: full,
        }
    }
}

//! One connected app: what it may know, with the present values, what it has read, what was agreed.

use std::collections::HashMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::super::model::Connection;
use super::super::store;
use super::{Feature, ShownMail, find, gone_at};
use crate::identity::login::SignedIn;
use crate::people::fields::Field;
use crate::people::records;
use crate::people::records::{Person, Shown};
use crate::platform::clock::Moment;
use crate::platform::web::{Page, PageProblem, Web};
use crate::privacy::receipts;
use crate::protocol::access_log;
use crate::protocol::access_log::Reading;
use crate::protocol::clients::{Face, Website};
use crate::protocol::grants::COMPULSORY;
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
pub(super) struct ShowPage {
    /// When everything is deleted, for who has closed their account.
    gone_at: Option<String>,
    app: ShownApp,
    parts: Vec<Part>,
    /// What it read while it still might.
    read_before: Vec<Before>,
    complete_up_to: String,
    receipts: Vec<Receipt>,
    mails: Vec<ShownMail>,
    refuses_mail: bool,
}

#[derive(Debug, Serialize)]
struct ShownApp {
    #[serde(flatten)]
    face: Face,
    owner_name: String,
    owner_username: String,
    website: Option<Website>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    first_allowed: String,
    /// Absent if it was never ended in between.
    connected_since: Option<String>,
    last_used: Option<String>,
    take_back: String,
}

/// A scope, with the fields the app may read.
#[derive(Debug, Serialize)]
struct Part {
    sentence: &'static str,
    /// Where to withdraw all of it; absent for what ends only with the app.
    withdraw: Option<String>,
    fields: Vec<ShownField>,
    kept_back: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct ShownField {
    label: &'static str,
    value: Shown,
    read: Option<Read>,
    withdraw: Option<String>,
}

#[derive(Debug, Serialize)]
struct Read {
    times: i64,
    last: String,
}

#[derive(Debug, Serialize)]
struct Before {
    label: &'static str,
    read: Read,
}

#[derive(Debug, Serialize)]
struct Receipt {
    href: String,
    heading: &'static str,
    at: String,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "connected_apps/show.html";

    fn title(&self) -> String {
        format!("What {} knows about you", self.app.face.name)
    }
}

pub(in crate::privacy::connected_apps) async fn show(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    app: Result<Path<crate::platform::id::AppId>, PathRejection>,
) -> Result<Response, PageProblem> {
    let connection = find(&it, visit.person, app).await?;
    let connection = connection.ok_or_else(PageProblem::not_found)?;
    let (db, person, app) = (it.db.pool(), visit.person, connection.app);
    let now = it.clock.now();
    // What this process has in mind goes on the page; others write within a second.
    it.ledger.write_down().await?;
    let complete_up_to = access_log::find_complete_up_to(db, now).await?;
    let readings = access_log::list_readings(db, person, app).await?;
    let entries = receipts::list(db, person, Some(app), None).await?;
    let mails = store::list_mails(db, person, Some(app)).await?;
    let gone_at = gone_at(&it, person).await?;
    let person = records::find(db, person).await?;
    let person = person.ok_or_else(PageProblem::not_found)?;
    let links = it.web.links();
    let receipt = |entry: &receipts::Entry| Receipt {
        href: links.receipt(entry.id),
        heading: entry.deed.heading(),
        at: it.web.date_and_time(entry.at),
    };
    let mut read = said(&readings, &it.web, now);
    Ok(frame.show(&ShowPage {
        gone_at,
        parts: parts(&connection, &person, &mut read, &it.web),
        read_before: before(read),
        complete_up_to: it.web.date_and_second(complete_up_to),
        receipts: entries.iter().map(receipt).collect(),
        mails: mails
            .into_iter()
            .map(|mail| ShownMail::of(mail, &it.web))
            .collect(),
        refuses_mail: connection.refuses_mail,
        app: ShownApp::of(connection, &it.web, now),
    }))
}

fn said(readings: &[Reading], web: &Web, now: Moment) -> HashMap<Field, Read> {
    let said = readings.iter().map(|reading| {
        let read = Read {
            times: reading.times,
            last: web.said(reading.last, now),
        };
        (reading.field, read)
    });
    said.collect()
}

/// What was read of fields the app may no longer read, in the table's order.
fn before(mut read: HashMap<Field, Read>) -> Vec<Before> {
    let left = Field::all().filter_map(|field| {
        Some(Before {
            label: field.row().label,
            read: read.remove(&field)?,
        })
    });
    left.collect()
}

/// The parts of a connection. What was read of their fields is taken out of `read`.
fn parts(
    connection: &Connection,
    person: &Person,
    read: &mut HashMap<Field, Read>,
    web: &Web,
) -> Vec<Part> {
    let links = web.links();
    let withdraw = |scope: Scope, part: String| {
        (scope != COMPULSORY).then(|| links.withdraw(connection.app, &part))
    };
    let given = connection.share.fields();
    let kept_back = connection.refused.without(given);
    let mut part = |scope: Scope| {
        let fields = scope.row().fields;
        let shown = fields.iter().filter(|field| given.contains(**field));
        let shown = shown.map(|field| ShownField {
            label: field.row().label,
            value: person.shown(*field, links),
            read: read.remove(field),
            withdraw: withdraw(scope, format!("field={}", field.name())),
        });
        Part {
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

impl ShownApp {
    fn of(connection: Connection, web: &Web, now: Moment) -> Self {
        let links = web.links();
        let is_again = connection.first_given > connection.since
            || connection.since - connection.first_given > time::Duration::seconds(1);
        Self {
            face: Face::of(&connection.name, connection.logo.as_deref(), links),
            owner_name: connection.owner_name,
            owner_username: connection.owner_username,
            website: connection.website.as_deref().and_then(Website::of),
            privacy_policy: connection.privacy_policy,
            contact: connection.contact,
            first_allowed: web.date(connection.first_given),
            connected_since: is_again.then(|| web.date(connection.since)),
            last_used: connection.last_used.map(|at| web.said(at, now)),
            take_back: links.take_back(connection.app),
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{Sample, sample};

    pub(crate) fn samples() -> Vec<Sample> {
        vec![Sample::of(&page(false)), Sample::of(&page(true))]
    }

    fn shown_app(full: bool) -> ShownApp {
        let text = |text: &str| full.then(|| text.to_owned());
        ShownApp {
            face: Face::of("Mess Menu", None, &sample::links()),
            owner_name: "Meera Iyer".to_owned(),
            owner_username: "meera".to_owned(),
            website: Website::of("https://mess.example/").filter(|_| full),
            privacy_policy: text("https://mess.example/privacy"),
            contact: text("mess@campus.example"),
            first_allowed: "21 Nov 2026".to_owned(),
            connected_since: text("22 Nov 2026"),
            last_used: text("today at 18:05"),
            take_back: "/user/settings/1/take-back/".to_owned(),
        }
    }

    fn page(full: bool) -> ShowPage {
        let text = |text: &str| full.then(|| text.to_owned());
        let read = |times| Read {
            times,
            last: "today at 18:05".to_owned(),
        };
        let field = |label, times: Option<i64>| ShownField {
            label,
            value: Shown::Unset,
            read: times.map(read),
            withdraw: text("/user/settings/1/withdraw/?field=mobile"),
        };
        ShowPage {
            gone_at: text("28 Nov 2026, 18:05"),
            app: shown_app(full),
            parts: vec![
                Part {
                    sentence: "Something to do",
                    withdraw: None,
                    fields: vec![],
                    kept_back: vec![],
                },
                Part {
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
                vec![Before {
                    label: "Five",
                    read: read(2),
                }]
            } else {
                vec![]
            },
            complete_up_to: "21 Nov 2026, 18:05:03".to_owned(),
            receipts: vec![Receipt {
                href: "/user/receipts/1/".to_owned(),
                heading: "You allowed",
                at: "21 Nov 2026, 18:05".to_owned(),
            }],
            mails: full.then(super::super::samples::mail).into_iter().collect(),
            refuses_mail: full,
        }
    }
}

//! Taking a field or a scope back from an app: a page that says what ends, and a button.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde::Serialize;

use super::{Feature, find};
use crate::identity::login::SignedIn;
use crate::people::fields::Field;
use crate::platform::db;
use crate::platform::id::AppId;
use crate::platform::web::{Flash, Page, PageProblem, Pairs, Protected};
use crate::protocol::clients::Face;
use crate::protocol::grants;
use crate::protocol::scope::{Scope, Share};

#[derive(Debug, Serialize)]
struct WithdrawPage {
    app: Face,
    owner_name: String,
    /// What it is called on the consent page.
    part: &'static str,
    /// The labels of the fields that end.
    fields: Vec<&'static str>,
    action: String,
    back: String,
}

impl Page for WithdrawPage {
    const TEMPLATE: &'static str = "connected_apps/withdraw.html";

    fn title(&self) -> String {
        format!("Take this back from {}", self.app.name)
    }
}

/// What an address of this page names.
#[derive(Debug, Clone, Copy)]
enum Part {
    Field(Field),
    Scope(Scope),
}

impl Part {
    /// Out of `field=…` or `scope=…`. What ends only with the app is no part.
    fn read(query: Option<String>) -> Option<Self> {
        let query = Pairs::parse(query?.as_bytes())?;
        let part = match Field::named(query.text("field")) {
            Some(field) => Self::Field(field),
            None => Self::Scope(Scope::named(query.text("scope"))?),
        };
        let compulsory = Share::whole([grants::COMPULSORY].into_iter().collect());
        (!part.share().is_within(compulsory)).then_some(part)
    }

    fn share(self) -> Share {
        match self {
            Self::Field(field) => Share::of_field(field),
            Self::Scope(scope) => Share::whole([scope].into_iter().collect()),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Field(field) => field.row().label,
            Self::Scope(scope) => scope.row().title,
        }
    }

    fn query(self) -> String {
        match self {
            Self::Field(field) => format!("field={}", field.name()),
            Self::Scope(scope) => format!("scope={}", scope.name()),
        }
    }
}

pub(in crate::privacy::connected_apps) async fn ask(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageProblem> {
    let connection = find(&it, visit.person, app).await?;
    let connection = connection.ok_or_else(PageProblem::not_found)?;
    let part = Part::read(query).ok_or_else(PageProblem::not_found)?;
    let links = it.web.links();
    let ends = connection.share.intersection(part.share());
    if ends.is_empty() {
        // Withdrawn in another tab.
        return Ok(frame.send_to(&links.connected_app(connection.app)));
    }
    Ok(frame.show(&WithdrawPage {
        app: Face::of(&connection.name, connection.logo.as_deref(), links),
        owner_name: connection.owner_name,
        part: part.label(),
        fields: ends.fields().iter().map(|it| it.row().label).collect(),
        action: links.withdraw(connection.app, &part.query()),
        back: links.connected_app(connection.app),
    }))
}

pub(in crate::privacy::connected_apps) async fn withdraw(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    RawQuery(query): RawQuery,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let connection = find(&it, visit.person, app).await?;
    let links = it.web.links();
    let Some(connection) = connection else {
        // Taken back whole elsewhere: what was wanted is so.
        let told = Flash::info("This app can read nothing about you.");
        return Ok(frame.send_to_with(&links.connected_apps(), &told));
    };
    let part = Part::read(query).ok_or_else(PageProblem::not_found)?;
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let who = (visit.person, connection.app);
    grants::withdraw(&mut tx, who, part.share(), now, it.entropy.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let (app, label) = (&connection.name, part.label());
    let told = match part {
        Part::Scope(scope) if scope.row().fields.is_empty() => {
            format!("Taken back from {app}: {label}. It ended at once.")
        }
        _ => format!("{app} can no longer read: {label}."),
    };
    let told = Flash::good(format!("{told} The receipt stands below."));
    Ok(frame.send_to_with(&links.connected_app(connection.app), &told))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{Sample, sample};

    pub(crate) fn samples() -> Vec<Sample> {
        let page = |fields| WithdrawPage {
            app: Face::of("Mess Menu", None, &sample::links()),
            owner_name: "Meera Iyer".to_owned(),
            part: "Your phone",
            fields,
            action: "/user/settings/1/withdraw/?scope=phone".to_owned(),
            back: "/user/settings/1/".to_owned(),
        };
        vec![
            Sample::of(&page(vec![])),
            Sample::of(&page(vec!["One", "Two"])),
        ]
    }
}

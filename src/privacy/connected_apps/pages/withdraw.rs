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
use crate::platform::web::{CsrfForm, FlashMessage, FormParams, Page, PageError};
use crate::protocol::clients::AppFace;
use crate::protocol::grants;
use crate::protocol::scope::{GrantedAccess, Scope};

#[derive(Debug, Serialize)]
struct WithdrawFieldPage {
    app: AppFace,
    owner_name: String,
    /// What it is called on the consent page.
    part: &'static str,
    /// The labels of the fields that end.
    fields: Vec<&'static str>,
    action: String,
    back: String,
}

impl Page for WithdrawFieldPage {
    const TEMPLATE: &'static str = "connected_apps/withdraw.html";

    fn title(&self) -> String {
        format!("Take this back from {}", self.app.name)
    }
}

/// What an address of this page names.
#[derive(Debug, Clone, Copy)]
enum WithdrawTarget {
    Field(Field),
    Scope(Scope),
}

impl WithdrawTarget {
    /// Out of `field=…` or `scope=…`. What ends only with the app is no part.
    fn read(query: Option<String>) -> Option<Self> {
        let query = FormParams::parse(query?.as_bytes())?;
        let part = match Field::named(query.text("field")) {
            Some(field) => Self::Field(field),
            None => Self::Scope(Scope::named(query.text("scope"))?),
        };
        let compulsory = GrantedAccess::whole([grants::COMPULSORY].into_iter().collect());
        (!part.share().is_within(compulsory)).then_some(part)
    }

    fn share(self) -> GrantedAccess {
        match self {
            Self::Field(field) => GrantedAccess::of_field(field),
            Self::Scope(scope) => GrantedAccess::whole([scope].into_iter().collect()),
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
    SignedIn { visit, context }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let connection = find(&it, visit.person, app).await?;
    let connection = connection.ok_or_else(PageError::not_found)?;
    let part = WithdrawTarget::read(query).ok_or_else(PageError::not_found)?;
    let links = it.web.links();
    let ends = connection.share.intersection(part.share());
    if ends.is_empty() {
        // Withdrawn in another tab.
        return Ok(context.redirect(&links.connected_app(connection.app)));
    }
    Ok(context.render(&WithdrawFieldPage {
        app: AppFace::of(&connection.name, connection.logo.as_deref(), links),
        owner_name: connection.owner_name,
        part: part.label(),
        fields: ends.fields().iter().map(|it| it.row().label).collect(),
        action: links.remove_field(connection.app, &part.query()),
        back: links.connected_app(connection.app),
    }))
}

pub(in crate::privacy::connected_apps) async fn withdraw(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    RawQuery(query): RawQuery,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let connection = find(&it, visit.person, app).await?;
    let links = it.web.links();
    let Some(connection) = connection else {
        // Taken back whole elsewhere: what was wanted is so.
        let told = FlashMessage::info("This app can read nothing about you.");
        return Ok(context.redirect_with_message(&links.connected_apps(), &told));
    };
    let part = WithdrawTarget::read(query).ok_or_else(PageError::not_found)?;
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let who = (visit.person, connection.app);
    grants::withdraw(&mut tx, who, part.share(), now, it.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let (app, label) = (&connection.name, part.label());
    let told = match part {
        WithdrawTarget::Scope(scope) if scope.row().fields.is_empty() => {
            format!("Taken back from {app}: {label}. It ended at once.")
        }
        _ => format!("{app} can no longer read: {label}."),
    };
    let told = FlashMessage::good(format!("{told} The receipt stands below."));
    Ok(context.redirect_with_message(&links.connected_app(connection.app), &told))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        let page = |fields| WithdrawFieldPage {
            app: AppFace::of("Mess Menu", None, &sample::links()),
            owner_name: "Meera Iyer".to_owned(),
            part: "Your phone",
            fields,
            action: "/user/settings/1/withdraw/?scope=phone".to_owned(),
            back: "/user/settings/1/".to_owned(),
        };
        vec![
            PageSample::of(&page(vec![])),
            PageSample::of(&page(vec!["One", "Two"])),
        ]
    }
}

//! Removes one field or scope from an app, with a confirmation page.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde::Serialize;

use super::{Feature, find};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::fields::Field;
use crate::platform::db;
use crate::platform::id::AppId;
use crate::platform::web::{CsrfForm, FlashMessage, FormParams, Page, PageError};
use crate::protocol::clients::AppSummary;
use crate::protocol::grants;
use crate::protocol::scope::{GrantedAccess, Scope};

#[derive(Debug, Serialize)]
struct WithdrawFieldPage {
    app: AppSummary,
    owner_name: String,
    /// The label of the field or the title of the scope.
    part: &'static str,
    /// The labels of the fields that are removed.
    fields: Vec<&'static str>,
    action: String,
    back: String,
}

impl Page for WithdrawFieldPage {
    const TEMPLATE: &'static str = "connected_apps/withdraw.html";

    fn title(&self) -> String {
        format!("Remove access of {}", self.app.name)
    }
}

/// The field or scope in the query.
#[derive(Debug, Clone, Copy)]
enum WithdrawTarget {
    Field(Field),
    Scope(Scope),
}

impl WithdrawTarget {
    /// Reads `field=…` or `scope=…`. The compulsory scope cannot be removed alone.
    fn read(query: Option<String>) -> Option<Self> {
        let query = FormParams::parse(query?.as_bytes())?;
        let part = match Field::named(query.text("field")) {
            Some(field) => Self::Field(field),
            None => Self::Scope(Scope::named(query.text("scope"))?),
        };
        let compulsory = GrantedAccess::whole([grants::REQUIRED_SCOPE].into_iter().collect());
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
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let connection = find(&feature, session.person, app).await?;
    let connection = connection.ok_or_else(PageError::not_found)?;
    let part = WithdrawTarget::read(query).ok_or_else(PageError::not_found)?;
    let links = feature.web.links();
    let ends = connection.share.intersection(part.share());
    if ends.is_empty() {
        // Already removed in another tab.
        return Ok(context.redirect(&links.connected_app(connection.app)));
    }
    Ok(context.render(&WithdrawFieldPage {
        app: AppSummary::of(&connection.name, connection.logo.as_deref(), links),
        owner_name: connection.owner_name,
        part: part.label(),
        fields: ends
            .fields()
            .iter()
            .map(|field| field.row().label)
            .collect(),
        action: links.remove_field(connection.app, &part.query()),
        back: links.connected_app(connection.app),
    }))
}

pub(in crate::privacy::connected_apps) async fn withdraw(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    app: Result<Path<AppId>, PathRejection>,
    RawQuery(query): RawQuery,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let connection = find(&feature, session.person, app).await?;
    let links = feature.web.links();
    let Some(connection) = connection else {
        // All access was removed in another tab.
        let notice = FlashMessage::info("This app has no access to your data.");
        return Ok(context.redirect_with_message(&links.connected_apps(), &notice));
    };
    let part = WithdrawTarget::read(query).ok_or_else(PageError::not_found)?;
    let now = feature.clock.now();
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let who = (session.person, connection.app);
    grants::withdraw_access(&mut tx, who, part.share(), now, feature.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let (app, label) = (&connection.name, part.label());
    let notice = match part {
        WithdrawTarget::Scope(scope) if scope.row().fields.is_empty() => {
            format!("Access of {app} removed: {label}.")
        }
        _ => format!("{app} can no longer read: {label}."),
    };
    let notice = FlashMessage::good(format!("{notice} The receipt is below."));
    Ok(context.redirect_with_message(&links.connected_app(connection.app), &notice))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        let page = |fields| WithdrawFieldPage {
            app: AppSummary::of("Mess Menu", None, &sample::links()),
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

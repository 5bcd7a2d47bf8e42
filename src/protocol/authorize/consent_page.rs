//! The consent page: the app, and for each requested scope its fields with the person's own values.

use serde::Serialize;

use super::model::{AuthorizationRequest, AuthorizeFacts, ClientFacts};
use crate::people::fields::Field;
use crate::people::records::{DisplayValue, Person};
use crate::platform::config::Lifetimes;
use crate::platform::links::Links;
use crate::platform::web::{FormAction, Page};
use crate::protocol::clients::{AppSummary, WebsiteLink};
use crate::protocol::grants;
use crate::protocol::grants::ConsentRecord;
use crate::protocol::scope::{Scope, ScopeSet};

#[derive(Debug, Serialize)]
pub(super) struct ConsentPage {
    action: String,
    app: ConsentApp,
    first_time: bool,
    asks_more: bool,
    rows: Vec<ScopeCheckbox>,
    redirect_host: String,
    person: ConsentPerson,
    /// The address of the profile, if a requested field is not set.
    complete_profile: Option<String>,
    connected_apps: String,
    ends_after_unused_days: u64,
    ends_after_days: u64,
    switch: SwitchAccountForm,
}

#[derive(Debug, Serialize)]
struct ConsentApp {
    #[serde(flatten)]
    face: AppSummary,
    owner_name: String,
    owner_username: String,
    website: Option<WebsiteLink>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    description: String,
    verified: bool,
}

#[derive(Debug, Serialize)]
struct ConsentPerson {
    name: String,
    username: String,
}

/// Signs out and returns to the same request.
#[derive(Debug, Serialize)]
struct SwitchAccountForm {
    action: String,
    next: String,
}

#[derive(Debug, Serialize)]
struct ScopeCheckbox {
    scope: &'static str,
    sentence: &'static str,
    locked: bool,
    ticked: bool,
    is_new: bool,
    refused_before: bool,
    fields: Vec<FieldCheckbox>,
}

#[derive(Debug, Serialize)]
struct FieldCheckbox {
    field: &'static str,
    label: &'static str,
    locked: bool,
    ticked: bool,
    is_new: bool,
    refused_before: bool,
    value: DisplayValue,
}

impl ConsentPage {
    pub(super) fn of(
        facts: &AuthorizeFacts,
        request: &AuthorizationRequest,
        person: &Person,
        action: String,
        next: String,
        links: &Links,
        lifetimes: &Lifetimes,
    ) -> Self {
        let AuthorizeFacts {
            client, consent, ..
        } = facts;
        let connected = consent.live_grant.is_some();
        let rows = scope_checkboxes(consent.record, request.scopes, connected, person, links);
        let unset = rows
            .iter()
            .flat_map(|row| &row.fields)
            .any(|field| field.value == DisplayValue::Unset);
        let days = |span: std::time::Duration| span.as_secs() / 86_400;
        Self {
            action,
            app: ConsentApp::of(client, links),
            first_time: !connected,
            asks_more: connected
                && rows
                    .iter()
                    .any(|row| row.is_new || row.fields.iter().any(|f| f.is_new)),
            redirect_host: request.target.redirect_uri.display_host().to_owned(),
            person: ConsentPerson {
                name: person.full_name(),
                username: person.username.clone(),
            },
            complete_profile: unset.then(|| links.profile()),
            connected_apps: links.connected_apps(),
            ends_after_unused_days: days(lifetimes.refresh_token),
            ends_after_days: days(lifetimes.family),
            switch: SwitchAccountForm {
                action: links.logout(),
                next,
            },
            rows,
        }
    }
}

impl ConsentApp {
    fn of(client: &ClientFacts, links: &Links) -> Self {
        Self {
            face: AppSummary::of(&client.name, client.logo.as_deref(), links),
            owner_name: client.owner_name.clone(),
            owner_username: client.owner_username.clone(),
            website: client.website.as_deref().and_then(WebsiteLink::of),
            privacy_policy: client.privacy_policy.clone(),
            contact: client.contact.clone(),
            description: client.description.clone(),
            verified: client.is_verified,
        }
    }
}

/// One row for each requested scope, the compulsory one first. What the person refused last time is not
/// ticked, everything else is. In an app that is connected, what it never requested before is new.
fn scope_checkboxes(
    record: ConsentRecord,
    requested: ScopeSet,
    connected: bool,
    person: &Person,
    links: &Links,
) -> Vec<ScopeCheckbox> {
    requested
        .iter()
        .map(|scope| {
            let locked = scope == grants::REQUIRED_SCOPE;
            let field = |field: &Field| FieldCheckbox {
                field: field.name(),
                label: field.row().label,
                locked,
                ticked: locked || !record.refused_fields.contains(*field),
                is_new: connected && !locked && !record.knows_field(*field),
                refused_before: !locked && record.refused_fields.contains(*field),
                value: person.shown(*field, links),
            };
            let fields: Vec<FieldCheckbox> = scope.row().fields.iter().map(field).collect();
            let has_new_field = fields.iter().any(|field| field.is_new);
            let is_new = if fields.is_empty() {
                connected && !record.knows_scope(scope)
            } else {
                has_new_field
            };
            ScopeCheckbox {
                scope: scope.name(),
                sentence: scope.row().title,
                locked,
                ticked: locked || is_ticked(record, scope, &fields),
                is_new,
                refused_before: !locked && record.refused(scope),
                fields,
            }
        })
        .collect()
}

fn is_ticked(record: ConsentRecord, scope: Scope, fields: &[FieldCheckbox]) -> bool {
    if fields.is_empty() {
        !record.refused_scopes.contains(scope)
    } else {
        fields.iter().any(|field| field.ticked)
    }
}

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "authorize/consent.html";

    fn title(&self) -> String {
        format!("{} would like to know", self.app.face.name)
    }

    /// The response redirects to the app, and the app may redirect anywhere: browsers apply the policy to
    /// the whole chain of redirects.
    fn form_action(&self) -> FormAction {
        FormAction::Anywhere
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&page(false)), PageSample::of(&page(true))]
    }

    fn page(full: bool) -> ConsentPage {
        let text = |text: &str| full.then(|| text.to_owned());
        ConsentPage {
            action: "/oauth/authorize/1/".to_owned(),
            app: ConsentApp {
                face: AppSummary {
                    name: "Mess Menu".to_owned(),
                    initial: "M".to_owned(),
                    logo: text("/media/app_logo/logo.png"),
                },
                owner_name: "Meera Iyer".to_owned(),
                owner_username: "meera".to_owned(),
                website: full.then(|| WebsiteLink {
                    href: "https://mess.example/".to_owned(),
                    host: "mess.example".to_owned(),
                }),
                privacy_policy: text("https://mess.example/privacy"),
                contact: text("mess@campus.example"),
                description: text("Tonight’s dinner.").unwrap_or_default(),
                verified: full,
            },
            first_time: !full,
            asks_more: full,
            rows: rows(),
            redirect_host: "mess.example".to_owned(),
            person: ConsentPerson {
                name: "Asha D’Souza".to_owned(),
                username: "asha".to_owned(),
            },
            complete_profile: text("/user/"),
            connected_apps: "/user/settings/".to_owned(),
            ends_after_unused_days: 90,
            ends_after_days: 365,
            switch: SwitchAccountForm {
                action: "/account/logout/".to_owned(),
                next: "/oauth/authorize/?client_id=a".to_owned(),
            },
        }
    }

    /// A locked row, a new one, one that was refused before, and one without fields.
    fn rows() -> Vec<ScopeCheckbox> {
        let fields = |is_new: bool| {
            let values = DisplayValue::samples().into_iter();
            let fields = values.map(|value| FieldCheckbox {
                field: "a_field",
                label: "A field",
                locked: !is_new,
                ticked: is_new,
                is_new,
                refused_before: is_new,
                value,
            });
            fields.collect()
        };
        let row = |locked, is_new, refused_before, fields: Vec<FieldCheckbox>| ScopeCheckbox {
            scope: "a_scope",
            sentence: "Something about you",
            locked,
            ticked: is_new,
            is_new,
            refused_before,
            fields,
        };
        vec![
            row(true, false, false, fields(false)),
            row(false, true, false, fields(true)),
            row(false, false, true, fields(true)),
            row(false, false, false, Vec::new()),
        ]
    }
}

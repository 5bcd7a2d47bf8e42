//! `/user/ways-in/`

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;

use super::{Feature, remove};
use crate::connectors::{Connector, DynConnector, PasswordConnector};
use crate::identity::login;
use crate::identity::login::{RecentlyAuthenticated, SignedIn};
use crate::people::records;
use crate::people::records::{LinkedIdentity, PeopleError};
use crate::platform::db;
use crate::platform::web::{CsrfForm, FlashMessage, FormParams, Page, PageError};

#[derive(Debug, Serialize)]
struct LinkedIdentitiesPage {
    ways: Vec<LinkedIdentityView>,
    further: Vec<LinkableConnector>,
}

/// Asks before an identity is removed.
#[derive(Debug, Serialize)]
struct UnlinkPage {
    label: String,
    provider: String,
    subject: String,
    action: String,
}

#[derive(Debug, Serialize)]
struct LinkedIdentityView {
    label: String,
    /// The account there, if the label does not contain it.
    subject: Option<String>,
    since: String,
    last_used: Option<String>,
    /// Whether its connector is disabled.
    is_off: bool,
    /// Where it can be removed, if it can.
    remove: Option<String>,
    /// Where its proof is shown.
    more: Option<String>,
}

/// A connector that the person can link.
#[derive(Debug, Serialize)]
struct LinkableConnector {
    label: &'static str,
    hint: Option<&'static str>,
    href: String,
}

impl Page for UnlinkPage {
    const TEMPLATE: &'static str = "ways_in/remove.html";

    fn title(&self) -> String {
        "Remove a sign-in method".to_owned()
    }
}

impl Page for LinkedIdentitiesPage {
    const TEMPLATE: &'static str = "ways_in/list.html";

    fn title(&self) -> String {
        "Sign-in methods".to_owned()
    }
}

pub(super) async fn list(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let identities = records::list_identities(feature.db.pool(), session.person).await?;
    let links = feature.web.links();
    let has = |way: &&DynConnector| {
        !identities
            .iter()
            .any(|identity| identity.provider == way.slug())
    };
    let further = (feature.ways.iter().filter(has))
        // Administrators set passwords; they cannot be linked.
        .filter(|way| way.slug() != PasswordConnector::SLUG)
        .map(|way| LinkableConnector {
            label: way.label().text,
            hint: way.label().hint,
            href: (way.first_time_link())
                .map_or_else(|| links.link_identity(way.slug()), |it| it.href),
        });
    let page = LinkedIdentitiesPage {
        further: further.collect(),
        ways: identities
            .iter()
            .map(|way| feature.shown(way, &identities))
            .collect(),
    };
    Ok(context.render(&page))
}

impl Feature {
    fn shown(&self, way: &LinkedIdentity, all: &[LinkedIdentity]) -> LinkedIdentityView {
        let offered = self.ways.named(&way.provider);
        let works = |way: &LinkedIdentity| self.ways.named(&way.provider).is_some();
        let is_last = all.iter().filter(|way| works(way)).count() < 2 && works(way);
        let now = self.clock.now();
        let may_go = way.provider != PasswordConnector::SLUG && !is_last;
        LinkedIdentityView {
            label: self.label(&way.provider),
            // The subject of a password is a person id.
            subject: (way.provider != PasswordConnector::SLUG).then(|| way.subject.clone()),
            since: self.web.date(way.linked_at),
            last_used: way.last_used_at.map(|at| self.web.format_relative(at, now)),
            is_off: offered.is_none(),
            more: offered
                .and_then(DynConnector::first_time_link)
                .map(|it| it.href),
            remove: may_go.then(|| {
                let links = self.web.links();
                links.remove_linked_identity_of(&way.provider, &way.subject)
            }),
        }
    }

    /// The label of a connector; the name of the provider if it is disabled.
    fn label(&self, provider: &str) -> String {
        let offered = self.ways.named(provider);
        offered.map_or_else(
            || provider.to_uppercase(),
            |offered| offered.label().text.to_owned(),
        )
    }
}

/// `GET /user/ways-in/remove/?provider=…&subject=…`: the confirmation page.
pub(super) async fn ask(
    State(feature): State<Feature>,
    RawQuery(query): RawQuery,
    RecentlyAuthenticated(SignedIn { session, context }): RecentlyAuthenticated,
) -> Result<Response, PageError> {
    let query = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let identities = records::list_identities(feature.db.pool(), session.person).await?;
    let is_asked = |way: &&LinkedIdentity| {
        way.provider == query.text("provider") && way.subject == query.text("subject")
    };
    let Some(way) = identities.iter().find(is_asked) else {
        // It is removed already.
        return Ok(context.redirect(&feature.web.links().linked_identities()));
    };
    Ok(context.render(&UnlinkPage {
        label: feature.label(&way.provider),
        provider: way.provider.clone(),
        subject: way.subject.clone(),
        action: feature.web.links().remove_linked_identity(),
    }))
}

pub(super) async fn remove(
    State(feature): State<Feature>,
    RecentlyAuthenticated(SignedIn { session, context }): RecentlyAuthenticated,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let which = (form.text("provider"), form.text("subject"));
    let back = feature.web.links().linked_identities();
    if which.0 == PasswordConnector::SLUG {
        return Err(PageError::not_found());
    }
    let whose = (session.person, context.session_hash());
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let removed = remove::remove(&mut tx, whose, which, &feature.ways, now, rng).await;
    match removed {
        Ok(()) => {}
        Err(PeopleError::LastIdentity) => {
            let message =
                FlashMessage::info("This is your only sign-in method. Add another one first.");
            return Ok(context.redirect_with_message(&back, &message));
        }
        Err(error) => return Err(error.into()),
    }
    tx.commit().await.map_err(db::Error::from)?;
    let message =
        FlashMessage::good("The sign-in method was removed. All your other sessions were ended.");
    Ok(context.redirect_with_message(&back, &message))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let way = |may_go: bool| LinkedIdentityView {
            label: "Campus account".to_owned(),
            subject: may_go.then(|| "asha".to_owned()),
            since: "21 Nov 2026".to_owned(),
            last_used: may_go.then(|| "today at 18:05".to_owned()),
            is_off: !may_go,
            remove: may_go.then(|| "/user/ways-in/remove/".to_owned()),
            more: may_go.then(|| "/association/".to_owned()),
        };
        let further = |hint| LinkableConnector {
            label: "ERP of IIT Kharagpur",
            hint,
            href: "/account/login/erp/?link=1".to_owned(),
        };
        let page = |ways, further| PageSample::of(&LinkedIdentitiesPage { ways, further });
        vec![
            page(vec![way(false)], vec![further(None)]),
            page(
                vec![way(true), way(false)],
                vec![further(Some("with a code"))],
            ),
            page(vec![way(true)], Vec::new()),
            PageSample::of(&UnlinkPage {
                label: "Campus account".to_owned(),
                provider: "ldap".to_owned(),
                subject: "asha".to_owned(),
                action: "/user/ways-in/remove/".to_owned(),
            }),
        ]
    }
}

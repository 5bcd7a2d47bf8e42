//! Sample pages, for the test that renders every page in each of its states. Each module lists its own
//! samples, `server` collects them, and [`find_errors`] checks them.

use std::collections::BTreeSet;

use tera::Context;
use time::macros::datetime;

use super::{
    Assets, CookiePolicy, FlashMessage, NamedNetworks, Page, PageError, SessionLifetime, Templates,
    UserSession, Web, WebParts, page_context,
};
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::id::PersonId;
use crate::platform::links::Links;
use crate::platform::secret::ServerKey;

/// One page in one of its states.
#[derive(Debug)]
pub(crate) struct PageSample {
    /// The type, as `profiles::developers::apps::pages::ListPage`.
    pub page: &'static str,
    pub template: &'static str,
    context: Context,
    fields: Vec<String>,
}

impl PageSample {
    pub(crate) fn of<P: Page>(page: &P) -> Self {
        let name = std::any::type_name::<P>();
        Self {
            page: name.split('<').next().unwrap_or(name),
            template: P::TEMPLATE,
            context: page_context::page_context(page).unwrap(),
            fields: fields(page),
        }
    }

    /// The contexts of a visitor, and of a signed-in person who sees a flash message.
    fn contexts(&self, web: &Web) -> [Context; 2] {
        let (user, flash) = (user(), FlashMessage::good("Saved."));
        [(None, None), (Some(&user), Some(&flash))].map(|(user, flash)| {
            let mut context = self.context.clone();
            page_context::add_shared_context(&mut context, web, user, "token", flash);
            context
        })
    }
}

fn fields(page: &impl Page) -> Vec<String> {
    let page = serde_json::to_value(page).unwrap();
    page.as_object().unwrap().keys().cloned().collect()
}

/// The error page.
pub(crate) fn samples() -> Vec<PageSample> {
    let not_found = PageError::not_found();
    let internal =
        PageError::internal(std::io::Error::other("a sample")).with_back_link("/", "Back");
    vec![
        PageSample::of(&not_found.page(Some("abc"))),
        PageSample::of(&internal.page(Some("abc"))),
    ]
}

/// Compares these pages with their templates. Returns one line per error.
pub(crate) fn find_errors(samples: &[PageSample]) -> Vec<String> {
    let web = web();
    let mut errors = BTreeSet::new();
    for sample in samples {
        let PageSample { page, template, .. } = sample;
        if !web.templates.names().any(|name| name == *template) {
            errors.insert(format!("{page}: there is no templates/{template}"));
            continue;
        }
        let variables = web.templates.variables(template);
        for context in sample.contexts(&web) {
            // Rendering also finds missing members of variables, but only on the branches it takes.
            if let Err(error) = web.templates.render(template, &context) {
                errors.insert(format!("{page}: {}", super::ErrorChain::of(error)));
            }
            let missing = variables
                .iter()
                .filter(|variable| !context.contains_key(variable));
            errors.extend(missing.map(|variable| {
                format!("templates/{template} uses `{variable}`, which {page} does not give")
            }));
        }
        for field in sample
            .fields
            .iter()
            .filter(|field| !variables.contains(field))
        {
            errors.insert(format!(
                "{page} gives `{field}`, which templates/{template} does not use"
            ));
        }
    }
    errors.into_iter().collect()
}

/// A server of no particular campus.
pub(crate) fn web() -> Web {
    let key = ServerKey::master([7; 32]);
    Web::new(WebParts {
        links: links(),
        templates: Templates::read().unwrap(),
        assets: Assets::read(),
        cookies: CookiePolicy { secure: false },
        campus_name: "Campus".to_owned(),
        time_zone: time::macros::offset!(+5:30),
        form_key: key.derive("forms"),
        cookie_key: key.derive("cookies"),
        trusted_proxies: Vec::new(),
        named_networks: NamedNetworks::default(),
    })
}

pub(crate) fn links() -> Links {
    Links::new(&"http://localhost:8000/profiles".parse().unwrap())
}

fn user() -> UserSession {
    UserSession {
        person: PersonId(7),
        epoch: CredentialEpoch(0),
        username: "asha".to_owned(),
        name: "Asha D’Souza".to_owned(),
        is_admin: true,
        signed_in_at: datetime!(2026-11-21 12:00 UTC),
        lifetime: SessionLifetime::Browser,
        device: None,
        place: None,
    }
}

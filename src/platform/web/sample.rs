//! Pages with something in them, for the test that renders every page there is. Each room lists those
//! of its own, the roof collects them, and what must hold of all is judged here.

use std::collections::BTreeSet;

use tera::Context;
use time::macros::datetime;

use super::{
    Assets, CookiePolicy, FlashMessage, NamedNetworks, Page, PageError, SessionLifetime, Templates,
    UserSession, Web, WebParts, frame,
};
use crate::platform::id::PersonId;
use crate::platform::links::Links;
use crate::platform::secret::ServerKey;

/// One page in one of its states.
#[derive(Debug)]
pub(crate) struct PageSample {
    /// The type, as `profiles::developers::apps::pages::ListPage`.
    pub page: &'static str,
    pub template: &'static str,
    own: Context,
    fields: Vec<String>,
}

impl PageSample {
    pub(crate) fn of<P: Page>(page: &P) -> Self {
        let name = std::any::type_name::<P>();
        Self {
            page: name.split('<').next().unwrap_or(name),
            template: P::TEMPLATE,
            own: frame::own(page).unwrap(),
            fields: fields(page),
        }
    }

    /// As a stranger sees it, and as somebody does who is signed in and is told something.
    fn in_frames(&self, web: &Web) -> [Context; 2] {
        let (visit, flash) = (visit(), FlashMessage::good("Saved."));
        [(None, None), (Some(&visit), Some(&flash))].map(|(visit, flash)| {
            let mut context = self.own.clone();
            frame::dress(&mut context, web, visit, "seal", flash);
            context
        })
    }
}

fn fields(page: &impl Page) -> Vec<String> {
    let page = serde_json::to_value(page).unwrap();
    page.as_object().unwrap().keys().cloned().collect()
}

/// The page of a problem, which every room may have.
pub(crate) fn samples() -> Vec<PageSample> {
    let plain = PageError::not_found();
    let broken = PageError::broken(std::io::Error::other("a sample")).back("/", "Back");
    vec![
        PageSample::of(&plain.page(Some("abc"))),
        PageSample::of(&broken.page(Some("abc"))),
    ]
}

/// What is wrong between these pages and their templates, in a line each.
pub(crate) fn complaints(samples: &[PageSample]) -> Vec<String> {
    let web = web();
    let mut told = BTreeSet::new();
    for sample in samples {
        let PageSample { page, template, .. } = sample;
        if !web.pages.names().any(|name| name == *template) {
            told.insert(format!("{page}: there is no templates/{template}"));
            continue;
        }
        let variables = web.pages.variables(template);
        for context in sample.in_frames(&web) {
            // Rendering sees what is inside of things, but only where it comes along.
            if let Err(error) = web.pages.render(template, &context) {
                told.insert(format!("{page}: {}", super::ErrorChain::of(error)));
            }
            let missing = variables
                .iter()
                .filter(|variable| !context.contains_key(variable));
            told.extend(missing.map(|variable| {
                format!("templates/{template} uses `{variable}`, which {page} does not give")
            }));
        }
        for field in sample
            .fields
            .iter()
            .filter(|field| !variables.contains(field))
        {
            told.insert(format!(
                "{page} gives `{field}`, which templates/{template} does not use"
            ));
        }
    }
    told.into_iter().collect()
}

/// A house of no particular campus.
pub(crate) fn web() -> Web {
    let key = ServerKey::master([7; 32]);
    Web::new(WebParts {
        links: links(),
        pages: Templates::read().unwrap(),
        assets: Assets::read(),
        cookies: CookiePolicy { secure: false },
        campus_name: "Campus".to_owned(),
        time_zone: time::macros::offset!(+5:30),
        form_key: key.derive("forms"),
        cookie_key: key.derive("cookies"),
        trusted_proxies: Vec::new(),
        places: NamedNetworks::default(),
    })
}

pub(crate) fn links() -> Links {
    Links::new(&"http://localhost:8000/profiles".parse().unwrap())
}

fn visit() -> UserSession {
    UserSession {
        person: PersonId(7),
        username: "asha".to_owned(),
        name: "Asha D’Souza".to_owned(),
        is_admin: true,
        signed_in_at: datetime!(2026-11-21 12:00 UTC),
        lifetime: SessionLifetime::Browser,
        device: None,
        place: None,
    }
}

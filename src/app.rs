//! Wiring: builds what the rooms share, gives each room what it needs, and puts the shell round their
//! routes. The only place that knows all rooms.

use std::sync::Arc;

use axum::Router;
use url::Url;

use crate::apps;
use crate::authorize;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::db::Db;
use crate::entropy::SharedEntropy;
use crate::health;
use crate::links::Links;
use crate::metadata;
use crate::pictures::Pictures;
use crate::secret::Key;
use crate::token;
use crate::user_api;
use crate::web::Assets;
use crate::web::CookiePolicy;
use crate::web::Pages;
use crate::web::SessionRows;
use crate::web::Shell;
use crate::web::Web;
use crate::web::WebParts;

/// What comes from outside: the database, the time and chance.
#[derive(Debug, Clone)]
pub struct Parts {
    pub db: Db,
    pub clock: SharedClock,
    pub entropy: SharedEntropy,
    /// From which the server's keys are derived.
    pub master_key: Key,
    /// The base of every address.
    pub public_url: Url,
}

/// The house, ready to be served.
#[derive(Debug)]
pub struct House {
    pub router: Router,
}

/// Builds the house. Fails only if a template does not read, which a test rules out.
pub fn build(config: &Config, parts: Parts) -> Result<House, tera::Error> {
    let Parts {
        db,
        clock,
        entropy,
        master_key,
        public_url,
    } = parts;
    let links = Links::new(&public_url);
    let web = Web::new(WebParts {
        cookies: CookiePolicy {
            secure: links.is_secure(),
        },
        links,
        pages: Pages::read()?,
        assets: Assets::read(),
        campus_name: config.campus_name.clone(),
        time_zone: config.time_zone,
        form_key: master_key.derive("forms"),
        cookie_key: master_key.derive("cookies"),
        trusted_proxies: config.trusted_proxies.clone(),
    });
    let sessions = SessionRows::new(db.clone(), Arc::clone(&clock), config.session_idle);

    let pictures = Pictures::new(config.data_dir.join("pictures"));

    let apps = apps::Feature {
        db: db.clone(),
        web: web.clone(),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        pictures: pictures.clone(),
        cap: apps::Cap(config.unverified_cap),
    };
    let tokens = token::Feature {
        db: db.clone(),
        web: web.clone(),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        lifetimes: config.lifetimes,
        guard: token::Guard::default(),
    };
    let authorize = authorize::Feature {
        db: db.clone(),
        web: web.clone(),
        clock,
        entropy: Arc::clone(&entropy),
        settings: authorize::Settings {
            lifetimes: config.lifetimes,
            cap: config.unverified_cap,
        },
    };
    let user_api = user_api::Feature {
        web: web.clone(),
        db: db.clone(),
        tokens: tokens.clone(),
    };

    let rooms = Router::new()
        .merge(health::routes(db))
        .merge(pictures.routes())
        .merge(apps.routes())
        .merge(metadata::routes(&web.links))
        .merge(token::routes(tokens))
        .merge(authorize::routes(authorize))
        .merge(user_api::routes(user_api));
    let shell = Shell {
        web,
        sessions,
        entropy,
        aliases: config.aliases.clone(),
    };
    Ok(House {
        router: shell.wrap(rooms),
    })
}

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
use crate::login;
use crate::metadata;
use crate::pictures::Pictures;
use crate::secret::Key;
use crate::token;
use crate::upstream::Hasher;
use crate::upstream::Password;
use crate::upstream::Registry;
use crate::user_api;
use crate::web::Assets;
use crate::web::CookiePolicy;
use crate::web::Pages;
use crate::web::SessionRows;
use crate::web::Shell;
use crate::web::Web;
use crate::web::WebParts;
use crate::welcome;

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

/// Why the house cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A template does not read, which a test rules out.
    #[error(transparent)]
    Templates(#[from] tera::Error),
    #[error("the machine gives no threads to check passwords on: {0}")]
    Threads(#[from] std::io::Error),
}

/// Builds the house.
pub fn build(config: &Config, parts: Parts) -> Result<House, BuildError> {
    let web = web(config, &parts)?;
    let Parts {
        db, clock, entropy, ..
    } = parts;
    let it = Shared {
        db,
        web,
        clock,
        entropy,
    };
    let pictures = Pictures::new(config.data_dir.join("pictures"));
    let tokens = it.tokens(config);

    let rooms = Router::new()
        .merge(health::routes(it.db.clone()))
        .merge(metadata::routes(it.web.links()))
        .merge(
            welcome::Feature {
                web: it.web.clone(),
            }
            .routes(),
        )
        .merge(it.login()?.routes())
        .merge(it.apps(config, pictures.clone()).routes())
        .merge(pictures.routes())
        .merge(authorize::routes(it.authorize(config)))
        .merge(user_api::routes(it.user_api(tokens.clone())))
        .merge(token::routes(tokens));
    let shell = Shell {
        sessions: SessionRows::new(it.db, it.clock, config.session_idle),
        web: it.web,
        entropy: it.entropy,
        aliases: config.aliases.clone(),
    };
    Ok(House {
        router: shell.wrap(rooms),
    })
}

fn web(config: &Config, parts: &Parts) -> Result<Web, tera::Error> {
    let links = Links::new(&parts.public_url);
    Ok(Web::new(WebParts {
        cookies: CookiePolicy {
            secure: links.is_secure(),
        },
        links,
        pages: Pages::read()?,
        assets: Assets::read(),
        campus_name: config.campus_name.clone(),
        time_zone: config.time_zone,
        form_key: parts.master_key.derive("forms"),
        cookie_key: parts.master_key.derive("cookies"),
        trusted_proxies: config.trusted_proxies.clone(),
    }))
}

/// What most rooms share, and what each room gets of it.
struct Shared {
    db: Db,
    web: Web,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl Shared {
    fn login(&self) -> Result<login::Feature, std::io::Error> {
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let ways = Registry::default().with(Password {
            db: self.db.clone(),
            hasher: Hasher::start(entropy.as_ref())?,
            entropy: Arc::clone(&entropy),
        });
        Ok(login::Feature::new(
            self.web.clone(),
            self.db.clone(),
            clock,
            entropy,
            ways,
        ))
    }

    fn apps(&self, config: &Config, pictures: Pictures) -> apps::Feature {
        apps::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            pictures,
            cap: apps::Cap(config.unverified_cap),
        }
    }

    fn tokens(&self, config: &Config) -> token::Feature {
        token::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            lifetimes: config.lifetimes,
            guard: token::Guard::default(),
        }
    }

    fn authorize(&self, config: &Config) -> authorize::Feature {
        let (lifetimes, cap) = (config.lifetimes, config.unverified_cap);
        authorize::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            settings: authorize::Settings { lifetimes, cap },
        }
    }

    fn user_api(&self, tokens: token::Feature) -> user_api::Feature {
        user_api::Feature {
            web: self.web.clone(),
            db: self.db.clone(),
            tokens,
        }
    }
}

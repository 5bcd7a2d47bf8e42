//! The server: builds every feature from the settings and wraps their routes in the middleware. The only module
//! that imports all areas.
//!
//! [`features`] builds the features, area by area; [`jobs`] the background jobs; [`mail`] the transport of
//! mails; [`login_connectors`] the connectors. [`demo`], [`welcome`], [`health`] and [`metrics`] are
//! small features of the server itself.

pub mod demo;
mod features;
mod health;
mod jobs;
pub mod login_connectors;
mod mail;
mod metrics;
#[cfg(test)]
mod page_samples;
pub mod welcome;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use url::Url;

use self::demo::Demo;
use self::features::SharedParts;
use self::login_connectors::ConnectorSetupError;
pub use self::mail::mail_transport;
use crate::connectors::ConnectorRegistry;
use crate::platform::clock::SharedClock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::jobs::Jobs;
use crate::platform::links::Links;
use crate::platform::mail::{CodeKey, MailSetupError};
use crate::platform::pictures::Pictures;
use crate::platform::rng::SharedRng;
use crate::platform::secret::ServerKey;
use crate::platform::web::{
    Assets, CookiePolicy, MiddlewareStack, NamedNetworks, PostgresSessionStore, Templates, Web,
    WebParts,
};
use crate::protocol::access_log::AccessLog;
use crate::protocol::problems::ProblemLog;

/// What the command line provides, and tests replace.
#[derive(Debug, Clone)]
pub struct ServerParts {
    pub db: Db,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub access_log: AccessLog,
    /// The keys of all purposes are derived from it.
    pub master_key: ServerKey,
    /// The base of every address.
    pub public_url: Url,
    /// Connectors beside those of the settings. Empty in production; tests sign in by their own.
    pub extra_connectors: ConnectorRegistry,
    /// The demo app, if there is one, and the address at which it calls this server.
    pub demo: Option<(Demo, SocketAddr)>,
}

/// The server, ready to be started.
#[derive(Debug)]
pub struct Server {
    pub router: Router,
    /// For operators, on a listener of its own.
    pub metrics: Router,
    /// To be started together with the router.
    pub jobs: Jobs,
}

/// Why the server cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A template cannot be parsed; a test rules this out.
    #[error(transparent)]
    Templates(#[from] tera::Error),
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    #[error(transparent)]
    Connectors(#[from] ConnectorSetupError),
    #[error(transparent)]
    Demo(#[from] demo::DemoCallError),
}

/// Builds the server.
pub fn build(config: &Config, parts: ServerParts) -> Result<Server, BuildError> {
    let web = web(config, &parts)?;
    let sessions = PostgresSessionStore::new(
        parts.db.clone(),
        Arc::clone(&parts.clock),
        config.session_idle,
    );
    let shared = SharedParts {
        problems: ProblemLog::new(parts.db.clone(), Arc::clone(&parts.rng), &parts.clock),
        codes: CodeKey::derive(&parts.master_key),
        transport: mail_transport(config)?,
        pictures: Pictures::new(config.data_dir.join("pictures")),
        web: web.clone(),
        db: parts.db,
        clock: parts.clock,
        rng: Arc::clone(&parts.rng),
        access_log: parts.access_log,
        master_key: parts.master_key,
    };
    let connectors = shared.connectors(config)?.with_all(parts.extra_connectors);
    let login = shared.login(connectors.clone());
    let jobs = shared.jobs(config, sessions.clone(), login.clone())?;
    let tokens = shared.tokens(config);
    let metrics = shared.metrics(connectors.clone()).routes();
    let routes = Router::new()
        .merge(shared.identity_routes(login, connectors))
        .merge(shared.protocol_routes(config, &tokens))
        .merge(shared.developer_routes(config, &tokens)?)
        .merge(shared.privacy_routes(config)?)
        .merge(shared.own_routes(parts.demo)?);
    let middleware = MiddlewareStack {
        web,
        sessions,
        rng: parts.rng,
        aliases: config.aliases.clone(),
    };
    Ok(Server {
        router: middleware.wrap(routes),
        metrics,
        jobs,
    })
}

fn web(config: &Config, parts: &ServerParts) -> Result<Web, tera::Error> {
    let links = Links::new(&parts.public_url);
    Ok(Web::new(WebParts {
        cookies: CookiePolicy {
            secure: links.is_secure(),
        },
        links,
        templates: Templates::read()?,
        assets: Assets::read(),
        campus_name: config.campus_name.clone(),
        time_zone: config.time_zone,
        form_key: parts.master_key.derive("forms"),
        cookie_key: parts.master_key.derive("cookies"),
        trusted_proxies: config.trusted_proxies.clone(),
        named_networks: NamedNetworks(config.named_networks.clone()),
    }))
}

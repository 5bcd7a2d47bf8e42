//! Builds the features, area by area.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use crate::connectors::ConnectorRegistry;
use crate::developers::{apps, docs, send_mail, widget};
use crate::identity::{linked_identities, login, profile, sessions};
use crate::platform::clock::SharedClock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::mail::{CodeKey, MailSetupError, MailTransport};
use crate::platform::pictures::Pictures;
use crate::platform::rng::SharedRng;
use crate::platform::secret::ServerKey;
use crate::platform::web::Web;
use crate::privacy::{association, connected_apps, data_export, receipts};
use crate::protocol::access_log::AccessLog;
use crate::protocol::problems::ProblemLog;
use crate::protocol::{authorize, clients, fedcm, metadata, token, user_api};
use crate::server::demo::Demo;
use crate::server::login_connectors::{ConnectorDependencies, ConnectorSetupError};
use crate::server::{demo, health, login_connectors, metrics, welcome};

/// What features share. Each gets what it needs of it.
pub(super) struct SharedParts {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub access_log: AccessLog,
    pub problems: ProblemLog,
    pub pictures: Pictures,
    pub transport: MailTransport,
    pub master_key: ServerKey,
    pub codes: CodeKey,
}

// Identity and its connectors.
impl SharedParts {
    pub(super) fn connectors(
        &self,
        config: &Config,
    ) -> Result<ConnectorRegistry, ConnectorSetupError> {
        let dependencies = ConnectorDependencies {
            db: &self.db,
            links: self.web.links(),
            clock: &self.clock,
            rng: &self.rng,
            codes: &self.codes,
        };
        login_connectors::build_registry(config, &dependencies)
    }

    pub(super) fn login(&self, connectors: ConnectorRegistry) -> login::Feature {
        let client_lookup = clients::AuthorizeClientLookup {
            db: self.db.clone(),
            links: self.web.links().clone(),
        };
        login::Feature::new(
            self.web.clone(),
            self.db.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.rng),
            connectors,
            Arc::new(client_lookup),
        )
    }

    pub(super) fn identity_routes(
        &self,
        login: login::Feature,
        connectors: ConnectorRegistry,
    ) -> Router {
        Router::new()
            .merge(login.routes())
            .merge(self.profile(connectors.clone()).routes())
            .merge(self.linked_identities(connectors).routes())
            .merge(self.sessions().routes())
    }

    fn profile(&self, connectors: ConnectorRegistry) -> profile::Feature {
        profile::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            pictures: self.pictures.clone(),
            limits: profile::ProfileLimits::new(&self.clock),
            ways: connectors,
        }
    }

    fn linked_identities(&self, connectors: ConnectorRegistry) -> linked_identities::Feature {
        linked_identities::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            ways: connectors,
        }
    }

    fn sessions(&self) -> sessions::Feature {
        sessions::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
        }
    }
}

// The protocol.
impl SharedParts {
    pub(super) fn protocol_routes(&self, config: &Config, tokens: &token::Feature) -> Router {
        Router::new()
            .merge(metadata::routes(self.web.links()))
            .merge(authorize::routes(self.authorize(config)))
            .merge(token::routes(tokens.clone()))
            .merge(user_api::routes(self.user_api(tokens.clone())))
            .merge(self.fedcm(config).routes())
    }

    fn authorize(&self, config: &Config) -> authorize::Feature {
        let (lifetimes, cap) = (config.lifetimes, config.unverified_user_cap);
        authorize::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            problems: self.problems.clone(),
            settings: authorize::AuthorizeSettings { lifetimes, cap },
            kept_requests: authorize::KeptRequestLimiter::new(&self.clock),
        }
    }

    pub(super) fn tokens(&self, config: &Config) -> token::Feature {
        token::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            lifetimes: config.lifetimes,
            problems: self.problems.clone(),
            rotation_key: token::RotationKey::derive(&self.master_key),
            state: token::TokenEndpointState::new(&self.clock),
        }
    }

    fn user_api(&self, tokens: token::Feature) -> user_api::Feature {
        user_api::Feature {
            web: self.web.clone(),
            db: self.db.clone(),
            tokens,
            access_log: self.access_log.clone(),
        }
    }

    fn fedcm(&self, config: &Config) -> fedcm::Feature {
        fedcm::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            authorize: self.authorize(config),
            branding: fedcm::Branding {
                background: format!("#{}", widget::BUTTON.default),
                text: format!("#{}", widget::WORDS.default),
            },
        }
    }
}

// Pages and endpoints for developers.
impl SharedParts {
    pub(super) fn developer_routes(
        &self,
        config: &Config,
        tokens: &token::Feature,
    ) -> Result<Router, MailSetupError> {
        Ok(Router::new()
            .merge(self.apps(config).routes())
            .merge(self.pictures.clone().routes())
            .merge(self.docs(config).routes())
            .merge(self.widget().routes())
            .merge(self.send_mail(config, tokens.clone())?.routes()))
    }

    fn apps(&self, config: &Config) -> apps::Feature {
        apps::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            pictures: self.pictures.clone(),
            cap: apps::UserCap(config.unverified_user_cap),
        }
    }

    fn docs(&self, config: &Config) -> docs::Feature {
        let (lifetimes, cap) = (config.lifetimes, config.unverified_user_cap);
        docs::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            settings: docs::DocsSettings {
                lifetimes,
                cap,
                send_mail: config.send_mail,
            },
        }
    }

    fn widget(&self) -> widget::Feature {
        widget::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
        }
    }

    fn send_mail(
        &self,
        config: &Config,
        tokens: token::Feature,
    ) -> Result<send_mail::Feature, MailSetupError> {
        let limits = config.send_mail;
        Ok(send_mail::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            tokens,
            transport: self.transport.clone(),
            from: config.mail_from.parse()?,
            allowance: send_mail::MailQuota {
                per_person_day: limits.per_person_day,
                per_app_hour: limits.per_app_hour,
                unverified_day: limits.unverified_day,
            },
            stop_key: self.master_key.derive("stop mail"),
        })
    }
}

// Pages for a person's rights.
impl SharedParts {
    pub(super) fn privacy_routes(&self, config: &Config) -> Result<Router, ConnectorSetupError> {
        Ok(Router::new()
            .merge(self.connected_apps().routes())
            .merge(self.receipts().routes())
            .merge(self.data_export().routes())
            .merge(self.association(config)?))
    }

    fn connected_apps(&self) -> connected_apps::Feature {
        connected_apps::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            access_log: self.access_log.clone(),
        }
    }

    fn receipts(&self) -> receipts::Feature {
        receipts::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            receipt_key: receipts::ReceiptKey(self.master_key.derive("receipts")),
        }
    }

    fn data_export(&self) -> data_export::Feature {
        data_export::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            pictures: self.pictures.clone(),
            access_log: self.access_log.clone(),
        }
    }

    fn association(&self, config: &Config) -> Result<Router, ConnectorSetupError> {
        let Some(settings) = &config.erp else {
            return Ok(Router::new());
        };
        let feature = association::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            access_log: self.access_log.clone(),
            portal: association::ErpPortal {
                questions: login_connectors::erp_pages(config, settings)?,
                page: format!(
                    "{}/IIT_ERP3/home.htm",
                    settings.base.as_str().trim_end_matches('/')
                ),
            },
            limits: association::AssociationLimits::new(&self.clock),
        };
        Ok(feature.routes())
    }
}

// Features of the server itself.
impl SharedParts {
    pub(super) fn own_routes(
        &self,
        demo: Option<(Demo, SocketAddr)>,
    ) -> Result<Router, demo::DemoCallError> {
        Ok(Router::new()
            .merge(health::routes(self.db.clone()))
            .merge(self.welcome().routes())
            .merge(self.demo(demo)?))
    }

    pub(super) fn metrics(&self, connectors: ConnectorRegistry) -> metrics::Feature {
        let db = self.db.clone();
        metrics::Feature { db, connectors }
    }

    fn welcome(&self) -> welcome::Feature {
        welcome::Feature {
            web: self.web.clone(),
        }
    }

    fn demo(&self, demo: Option<(Demo, SocketAddr)>) -> Result<Router, demo::DemoCallError> {
        let Some((app, address)) = demo else {
            return Ok(Router::new());
        };
        let (web, rng) = (self.web.clone(), Arc::clone(&self.rng));
        demo::Feature::new(web, rng, app, address).map(demo::routes)
    }
}

//! Wiring: builds what the rooms share, gives each room what it needs, and puts the shell round their
//! routes. The only place that knows all rooms.

pub mod demo;
mod health;
pub mod login_connectors;
mod metrics;
pub mod welcome;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lettre::Address;
use url::Url;

use crate::connectors::ConnectorRegistry;
use crate::developers::{apps, docs, send_mail, widget};
use crate::identity::{linked_identities, login, profile, sessions};
use crate::platform::clock::SharedClock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::jobs::{Job, Jobs};
use crate::platform::links::Links;
use crate::platform::mail::{CodeKey, DkimSigner, MailDelivery, MailSetupError, MailTransport};
use crate::platform::pictures::Pictures;
use crate::platform::rng::SharedRng;
use crate::platform::secret::ServerKey;
use crate::platform::web::{
    Assets, CookiePolicy, MiddlewareStack, NamedNetworks, PostgresSessionStore, Templates, Web,
    WebParts,
};
use crate::privacy::{association, connected_apps, data_export, receipts};
use crate::protocol::access_log::AccessLog;
use crate::protocol::{access_log, authorize, fedcm, metadata, token, user_api};
use crate::server::demo::Demo;
use crate::server::login_connectors::{ConnectorDependencies, ConnectorSetupError};

/// What comes from outside: the database, the time and chance.
#[derive(Debug, Clone)]
pub struct ServerParts {
    pub db: Db,
    pub clock: SharedClock,
    pub rng: SharedRng,
    /// What apps read is noted here.
    pub ledger: AccessLog,
    /// From which the server's keys are derived.
    pub master_key: ServerKey,
    /// The base of every address.
    pub public_url: Url,
    /// The demo app, where there is one, and where this server listens, for it to call.
    pub demo: Option<(Demo, SocketAddr)>,
}

/// The house, ready to be served.
#[derive(Debug)]
pub struct Server {
    pub router: Router,
    /// For operators, on a listener of its own.
    pub metrics: Router,
    /// To be started beside the router.
    pub jobs: Jobs,
}

/// How often letters are looked for, and things that have ended are forgotten.
const DELIVER_EVERY: Duration = Duration::from_secs(2);
/// What a crash may lose of the ledger: under a second, with the time that writing takes.
const WRITE_DOWN_EVERY: Duration = Duration::from_millis(500);
/// Half-finished sign-ins may hold a password.
const FORGET_SIGN_INS_EVERY: Duration = Duration::from_secs(30);
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Why the house cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A template does not read, which a test rules out.
    #[error(transparent)]
    Templates(#[from] tera::Error),
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    #[error(transparent)]
    Upstream(#[from] ConnectorSetupError),
    #[error(transparent)]
    Demo(#[from] demo::DemoCallError),
}

/// Builds the house.
pub fn build(config: &Config, parts: ServerParts) -> Result<Server, BuildError> {
    let web = web(config, &parts)?;
    let ServerParts {
        db,
        clock,
        rng,
        ledger,
        demo,
        master_key,
        ..
    } = parts;
    let it = SharedParts {
        codes: CodeKey::of(&master_key),
        db,
        web,
        clock,
        rng,
        ledger,
    };
    let pictures = Pictures::new(config.data_dir.join("pictures"));
    let tokens = it.tokens(config);
    let sessions =
        PostgresSessionStore::new(it.db.clone(), Arc::clone(&it.clock), config.session_idle);
    let transport = transport(config)?;
    let ways = it.ways(config)?;
    let metrics = it.metrics(ways.clone());
    let login = it.login(ways.clone());
    let jobs = it.jobs(config, sessions.clone(), transport.clone(), login.clone())?;

    let rooms = Router::new()
        .merge(health::routes(it.db.clone()))
        .merge(metadata::routes(it.web.links()))
        .merge(it.welcome().routes())
        .merge(login.routes())
        .merge(it.profile(pictures.clone(), ways.clone()).routes())
        .merge(it.ways_in(ways).routes())
        .merge(it.association(config)?)
        .merge(it.apps(config, pictures.clone()).routes())
        .merge(pictures.clone().routes())
        .merge(it.connected_apps().routes())
        .merge(it.for_developers(config))
        .merge(it.receipts(&master_key).routes())
        .merge(it.sessions().routes())
        .merge(it.my_data(pictures).routes())
        .merge(authorize::routes(it.authorize(config)))
        .merge(it.fedcm(config).routes())
        .merge(user_api::routes(it.user_api(tokens.clone())))
        .merge(
            it.send_mail(config, tokens.clone(), transport, &master_key)?
                .routes(),
        )
        .merge(token::routes(tokens))
        .merge(it.demo(demo)?);
    let shell = MiddlewareStack {
        sessions,
        web: it.web,
        rng: it.rng,
        aliases: config.aliases.clone(),
    };
    Ok(Server {
        router: shell.wrap(rooms),
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
        pages: Templates::read()?,
        assets: Assets::read(),
        campus_name: config.campus_name.clone(),
        time_zone: config.time_zone,
        form_key: parts.master_key.derive("forms"),
        cookie_key: parts.master_key.derive("cookies"),
        trusted_proxies: config.trusted_proxies.clone(),
        places: NamedNetworks(config.places.clone()),
    }))
}

/// What most rooms share, and what each room gets of it.
struct SharedParts {
    db: Db,
    web: Web,
    clock: SharedClock,
    rng: SharedRng,
    ledger: AccessLog,
    codes: CodeKey,
}

impl SharedParts {
    fn welcome(&self) -> welcome::Feature {
        welcome::Feature {
            web: self.web.clone(),
        }
    }

    fn ways(&self, config: &Config) -> Result<ConnectorRegistry, ConnectorSetupError> {
        let needs = ConnectorDependencies {
            db: &self.db,
            links: self.web.links(),
            rng: &self.rng,
            codes: &self.codes,
        };
        login_connectors::ways(config, &needs)
    }

    /// Where there is a portal whose security questions can be looked at.
    fn association(&self, config: &Config) -> Result<Router, ConnectorSetupError> {
        let Some(settings) = &config.erp else {
            return Ok(Router::new());
        };
        let room = association::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            ledger: self.ledger.clone(),
            portal: association::ErpPortal {
                questions: login_connectors::erp_pages(config, settings)?,
                page: format!(
                    "{}/IIT_ERP3/home.htm",
                    settings.base.as_str().trim_end_matches('/')
                ),
            },
            limits: association::AssociationLimits::default(),
        };
        Ok(room.routes())
    }

    fn login(&self, ways: ConnectorRegistry) -> login::Feature {
        let signpost = crate::protocol::clients::AuthorizeClientLookup {
            db: self.db.clone(),
            links: self.web.links().clone(),
        };
        login::Feature::new(
            self.web.clone(),
            self.db.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.rng),
            ways,
            Arc::new(signpost),
        )
    }

    fn metrics(&self, ways: ConnectorRegistry) -> Router {
        let db = self.db.clone();
        metrics::Feature { db, ways }.routes()
    }

    fn ways_in(&self, ways: ConnectorRegistry) -> linked_identities::Feature {
        linked_identities::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            ways,
        }
    }

    fn profile(&self, pictures: Pictures, ways: ConnectorRegistry) -> profile::Feature {
        profile::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            pictures,
            limits: profile::ProfileLimits::default(),
            ways,
        }
    }

    fn apps(&self, config: &Config, pictures: Pictures) -> apps::Feature {
        apps::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            pictures,
            cap: apps::UserCap(config.unverified_cap),
        }
    }

    fn connected_apps(&self) -> connected_apps::Feature {
        connected_apps::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            ledger: self.ledger.clone(),
        }
    }

    fn receipts(&self, master_key: &ServerKey) -> receipts::Feature {
        receipts::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            receipt_key: receipts::ReceiptKey(master_key.derive("receipts")),
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

    fn my_data(&self, pictures: Pictures) -> data_export::Feature {
        data_export::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            pictures,
            ledger: self.ledger.clone(),
        }
    }

    fn tokens(&self, config: &Config) -> token::Feature {
        token::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            lifetimes: config.lifetimes,
            memory: token::TokenEndpointState::default(),
        }
    }

    fn authorize(&self, config: &Config) -> authorize::Feature {
        let (lifetimes, cap) = (config.lifetimes, config.unverified_cap);
        authorize::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            settings: authorize::AuthorizeSettings { lifetimes, cap },
        }
    }

    fn jobs(
        &self,
        config: &Config,
        sessions: PostgresSessionStore,
        transport: MailTransport,
        login: login::Feature,
    ) -> Result<Jobs, BuildError> {
        let post = MailDelivery {
            db: self.db.clone(),
            web: self.web.clone(),
            transport,
            from: config.mail_from.parse().map_err(MailSetupError::from)?,
            rng: Arc::clone(&self.rng),
            codes: self.codes.clone(),
        };
        let deliver = Job::new(
            "mail.deliver",
            DELIVER_EVERY,
            post.clone(),
            |it, now| async move { it.deliver(now).await },
        );
        let write_down = Job::new(
            "ledger.write_down",
            WRITE_DOWN_EVERY,
            self.ledger.clone(),
            |it, _| async move { it.write_down().await },
        );
        let mut jobs = self.sweeps(config, sessions, post);
        let forget = Job::new(
            "login.sweep",
            FORGET_SIGN_INS_EVERY,
            login,
            |it, now| async move {
                it.sweep(now);
                Ok(())
            },
        );
        jobs.extend([
            deliver,
            write_down.in_every_process(),
            forget.in_every_process(),
        ]);
        Ok(Jobs::new(self.db.clone(), Arc::clone(&self.clock), jobs))
    }

    /// Forgetting what has ended, room by room.
    fn sweeps(
        &self,
        config: &Config,
        sessions: PostgresSessionStore,
        post: MailDelivery,
    ) -> Vec<Job> {
        let removal = data_export::AccountRemoval {
            db: self.db.clone(),
            pictures: Pictures::new(config.data_dir.join("pictures")),
            rng: Arc::clone(&self.rng),
        };
        let (db, lifetimes, every) = (&self.db, config.lifetimes, SWEEP_EVERY);
        vec![
            Job::new("mail.sweep", every, post, |it, now| async move {
                it.sweep(now).await
            }),
            Job::new("ledger.sweep", every, db.clone(), |db, now| async move {
                access_log::sweep(&db, now).await
            }),
            Job::new("my_data.remove", every, removal, |it, now| async move {
                it.remove(now).await
            }),
            Job::new("session.sweep", every, sessions, |it, _| async move {
                it.sweep().await
            }),
            Job::new("authorize.sweep", every, db.clone(), |db, now| async move {
                authorize::sweep(&db, now).await
            }),
            Job::new(
                "association.sweep",
                every,
                db.clone(),
                |db, now| async move { association::sweep(&db, now).await },
            ),
            Job::new("send_mail.sweep", every, db.clone(), |db, now| async move {
                send_mail::sweep(&db, now).await
            }),
            Job::new(
                "token.sweep",
                every,
                (db.clone(), lifetimes),
                |(db, lifetimes), now| async move { token::sweep(&db, &lifetimes, now).await },
            ),
        ]
    }

    fn demo(&self, demo: Option<(Demo, SocketAddr)>) -> Result<Router, demo::DemoCallError> {
        let Some((app, address)) = demo else {
            return Ok(Router::new());
        };
        let (web, rng) = (self.web.clone(), Arc::clone(&self.rng));
        demo::Feature::new(web, rng, app, address).map(demo::routes)
    }

    fn for_developers(&self, config: &Config) -> Router {
        let widget = self.widget().routes();
        self.docs(config).routes().merge(widget)
    }

    fn widget(&self) -> widget::Feature {
        widget::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
        }
    }

    fn fedcm(&self, config: &Config) -> fedcm::Feature {
        fedcm::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            requests: self.authorize(config),
            branding: fedcm::Branding {
                background: format!("#{}", widget::BUTTON.default),
                text: format!("#{}", widget::WORDS.default),
            },
        }
    }

    fn docs(&self, config: &Config) -> docs::Feature {
        let (lifetimes, cap) = (config.lifetimes, config.unverified_cap);
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

    fn send_mail(
        &self,
        config: &Config,
        tokens: token::Feature,
        transport: MailTransport,
        master_key: &ServerKey,
    ) -> Result<send_mail::Feature, MailSetupError> {
        let limits = config.send_mail;
        Ok(send_mail::Feature {
            db: self.db.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            tokens,
            transport,
            from: config.mail_from.parse()?,
            allowance: send_mail::MailQuota {
                per_person_day: limits.per_person_day,
                per_app_hour: limits.per_app_hour,
                unverified_day: limits.unverified_day,
            },
            stop_key: master_key.derive("stop mail"),
        })
    }

    fn user_api(&self, tokens: token::Feature) -> user_api::Feature {
        user_api::Feature {
            web: self.web.clone(),
            db: self.db.clone(),
            tokens,
            ledger: self.ledger.clone(),
        }
    }
}

/// The way out for mails, as it is set.
pub fn transport(config: &Config) -> Result<MailTransport, MailSetupError> {
    let transport = match &config.smtp_url {
        Some(address) => {
            let file = config.smtp_ca_file.as_deref();
            let authority = file.map(|file| read("PROFILES_SMTP_CA_FILE", file));
            MailTransport::server(address, authority.transpose()?.as_deref())?
        }
        None => MailTransport::files(config.data_dir.join("mail")),
    };
    let Some(file) = &config.dkim_key_file else {
        return Ok(transport);
    };
    let from: Address = config.mail_from.parse()?;
    let key = read("PROFILES_DKIM_KEY_FILE", file)?;
    let signer = DkimSigner::read(&key, &config.dkim_selector, from.domain());
    Ok(transport.signed(Some(signer.ok_or(MailSetupError::SigningKey)?)))
}

fn read(setting: &'static str, file: &Path) -> Result<Vec<u8>, MailSetupError> {
    std::fs::read(file).map_err(|why| MailSetupError::File { setting, why })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::platform::web;
    use crate::platform::web::PageSample;

    fn samples() -> Vec<PageSample> {
        let rooms = [
            web::sample::samples(),
            welcome::samples(),
            login::samples(),
            apps::samples(),
            association::samples(),
            authorize::samples(),
            docs::samples(),
            widget::samples(),
            fedcm::samples(),
            profile::samples(),
            connected_apps::samples(),
            receipts::samples(),
            send_mail::samples(),
            sessions::samples(),
            linked_identities::samples(),
            data_export::samples(),
            demo::samples(),
        ];
        rooms.into_iter().flatten().collect()
    }

    #[test]
    fn every_page_gives_what_its_template_takes() {
        let told = web::sample::complaints(&samples());
        assert!(told.is_empty(), "\n{}\n", told.join("\n"));
    }

    #[test]
    fn every_page_there_is_has_a_sample() {
        let samples = samples();
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let pages = pages_below(&src, "profiles");
        assert!(pages.len() > 10, "{pages:?}");
        for page in pages {
            assert!(
                samples.iter().any(|sample| sample.page == page),
                "{page} has no sample: list it in samples() at the foot of its file, and that, through its room's face, in the list above"
            );
        }
    }

    /// `profiles::developers::apps::pages::ListPage` and so on, read from `impl Page for` in the files.
    fn pages_below(folder: &Path, module: &str) -> Vec<String> {
        let mut pages = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let inside = format!("{module}::{stem}");
            if path.is_dir() {
                pages.extend(pages_below(&path, &inside));
                continue;
            }
            let inside = if stem == "mod" { module } else { &inside };
            let text = fs::read_to_string(&path).unwrap();
            let named = text
                .lines()
                .filter_map(|line| line.strip_prefix("impl Page for "));
            let named = named.filter_map(|rest| rest.split(['<', ' ']).next());
            pages.extend(named.map(|page| format!("{inside}::{page}")));
        }
        pages
    }
}

//! Wiring: builds the connectors that the settings switch on, with the HTTP clients of their upstreams. The
//! only place that builds all connectors. `profiles check` uses the same ones as the sign-in page.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::connectors::erp::Erp;
use crate::connectors::{
    CodeMailer, Connector, ConnectorRegistry, HttpClient, HttpEndpoint, HttpSetupError, Jiit,
    JiitPaths, Ldap, LdapSetupError, Leprechaun, LeprechaunClient, MaxTlsVersion,
    PasswordConnector, PasswordHasher, erp,
};
use crate::platform::clock::SharedClock;
use crate::platform::config;
use crate::platform::config::{Config, ErpSettings};
use crate::platform::db::Db;
use crate::platform::links::Links;
use crate::platform::mail::CodeKey;
use crate::platform::rng::SharedRng;
use crate::privacy::association;

/// What connectors need besides their settings.
#[derive(Debug)]
pub struct ConnectorDependencies<'a> {
    pub db: &'a Db,
    pub links: &'a Links,
    pub clock: &'a SharedClock,
    pub rng: &'a SharedRng,
    pub codes: &'a CodeKey,
}

/// Why a connector cannot be built from its settings. One line that names the setting.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorSetupError {
    #[error("the machine gives no threads to check passwords on: {0}")]
    Threads(std::io::Error),
    #[error(transparent)]
    Directory(#[from] LdapSetupError),
    #[error("{setting}: {why}")]
    Reach {
        setting: &'static str,
        why: HttpSetupError,
    },
    #[error("{setting} cannot be read: {why}")]
    File {
        setting: &'static str,
        why: std::io::Error,
    },
}

impl ConnectorSetupError {
    fn from_http([address, ca_file]: [&'static str; 2], why: HttpSetupError) -> Self {
        let setting = match why {
            HttpSetupError::Authority => ca_file,
            _ => address,
        };
        Self::Reach { setting, why }
    }
}

/// Every connector that is switched on. The sign-in page opens with the first.
pub fn build_registry(
    config: &Config,
    dependencies: &ConnectorDependencies<'_>,
) -> Result<ConnectorRegistry, ConnectorSetupError> {
    let db = || dependencies.db.clone();
    let rng = || Arc::clone(dependencies.rng);
    let codes = || CodeMailer::new(db(), dependencies.codes.clone(), rng(), dependencies.clock);
    let hasher =
        PasswordHasher::start(dependencies.rng.as_ref()).map_err(ConnectorSetupError::Threads)?;
    let mut connectors = ConnectorRegistry::default().with(PasswordConnector {
        db: db(),
        hasher,
        rng: rng(),
    });
    if let Some(settings) = &config.directory {
        connectors = connectors.with(ldap(settings, rng())?);
    }
    if let Some(settings) = &config.erp {
        connectors = connectors.with(erp(config, settings, db(), dependencies.clock)?);
        connectors = connectors.with(association::AssociationConnector {
            db: db(),
            links: dependencies.links.clone(),
            codes: codes(),
            max_age: config.association_age,
        });
    }
    if let Some(settings) = &config.jiit {
        connectors = connectors.with(jiit(config, settings, rng(), dependencies.clock)?);
    }
    if let Some(settings) = &config.leprechaun {
        connectors = connectors.with(Leprechaun {
            look_ups: leprechaun(config, settings)?,
            codes: codes(),
            db: db(),
        });
    }
    Ok(connectors)
}

/// The LDAP connector. A configured certificate file replaces the public roots.
pub fn ldap(
    settings: &config::DirectorySettings,
    rng: SharedRng,
) -> Result<Ldap, ConnectorSetupError> {
    let authorities = read_file("PROFILES_LDAP_CA_FILE", settings.ca_file.as_deref())?;
    Ok(Ldap::new(settings.clone(), authorities.as_deref(), rng)?)
}

fn erp(
    config: &Config,
    settings: &ErpSettings,
    db: Db,
    clock: &SharedClock,
) -> Result<Erp, ConnectorSetupError> {
    let options = erp::ErpOptions {
        fetch_name: settings.fetch_name,
        reask_password: settings.reask_password,
    };
    Ok(Erp::new(erp_client(config, settings)?, db, options, clock))
}

/// The pages of the ERP that need no login.
pub fn erp_pages(
    config: &Config,
    settings: &ErpSettings,
) -> Result<erp::ErpQuestions, ConnectorSetupError> {
    Ok(erp::ErpQuestions::new(erp_client(config, settings)?))
}

fn erp_client(config: &Config, settings: &ErpSettings) -> Result<HttpClient, ConnectorSetupError> {
    let names = ["PROFILES_ERP_URL", "PROFILES_ERP_CA_FILE"];
    let endpoint = endpoint(config, &settings.base, names, settings.ca_file.as_deref())?;
    HttpClient::new(Erp::SLUG, &endpoint).map_err(|why| ConnectorSetupError::from_http(names, why))
}

/// The client of the Leprechaun server.
pub fn leprechaun(
    config: &Config,
    settings: &config::LeprechaunSettings,
) -> Result<LeprechaunClient, ConnectorSetupError> {
    let endpoint = HttpEndpoint {
        within: config.connector_timeout.min(LeprechaunClient::TIMEOUT),
        longest: LeprechaunClient::MAX_RESPONSE_BYTES,
        ..HttpEndpoint::of(settings.url.clone())
    };
    let client = HttpClient::new(Leprechaun::SLUG, &endpoint);
    let client = client.map_err(|why| ConnectorSetupError::Reach {
        setting: "PROFILES_LEPRECHAUN_URL",
        why,
    })?;
    Ok(LeprechaunClient {
        client,
        authorization: settings.authorization.clone(),
        max_age: config.association_age,
    })
}

/// The connector of the JIIT portal.
pub fn jiit(
    config: &Config,
    settings: &config::JiitSettings,
    rng: SharedRng,
    clock: &SharedClock,
) -> Result<Jiit, ConnectorSetupError> {
    let names = ["PROFILES_JIIT_URL", "PROFILES_JIIT_CA_FILE"];
    let mut endpoint = endpoint(config, &settings.url, names, settings.ca_file.as_deref())?;
    endpoint.longest = 4 << 20;
    if !settings.offers_tls_1_3 {
        endpoint.newest_tls = MaxTlsVersion::V1_2;
    }
    let paths = JiitPaths {
        captcha: settings.captcha_path.clone(),
        pre_token: settings.pre_token_path.clone(),
        token: settings.token_path.clone(),
        particulars: settings.person_path.clone(),
    };
    let jiit = Jiit::new(&endpoint, paths, settings.mail_domain.clone(), rng, clock);
    jiit.map_err(|why| ConnectorSetupError::from_http(names, why))
}

/// The endpoint of an upstream. `names` are the settings of its address and of its certificate file.
fn endpoint(
    config: &Config,
    base: &Url,
    names: [&'static str; 2],
    ca_file: Option<&Path>,
) -> Result<HttpEndpoint, ConnectorSetupError> {
    let mut endpoint = HttpEndpoint::of(base.clone());
    endpoint.within = config.connector_timeout;
    let [_, setting] = names;
    endpoint.authority = read_file(setting, ca_file)?;
    Ok(endpoint)
}

fn read_file(
    setting: &'static str,
    file: Option<&Path>,
) -> Result<Option<Vec<u8>>, ConnectorSetupError> {
    let read = file.map(std::fs::read).transpose();
    read.map_err(|why| ConnectorSetupError::File { setting, why })
}

//! Wiring: which ways to sign in there are by the settings, and how each reaches its campus system. The
//! only place that knows all adapters; `profiles check` asks the same ones that people sign in by.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::connectors::erp::Erp;
use crate::connectors::{
    CodeMailer, Connector, ConnectorRegistry, HttpClient, HttpEndpoint, HttpSetupError, Jiit,
    JiitPaths, Ldap, LdapSetupError, Leprechaun, LeprechaunClient, MaxTlsVersion,
    PasswordConnector, PasswordHasher, erp,
};
use crate::platform::config;
use crate::platform::config::{Config, ErpSettings};
use crate::platform::db::Db;
use crate::platform::links::Links;
use crate::platform::mail::CodeKey;
use crate::platform::rng::SharedRng;
use crate::privacy::association;

/// What ways to sign in work with, beside their settings.
#[derive(Debug)]
pub struct ConnectorDependencies<'a> {
    pub db: &'a Db,
    pub links: &'a Links,
    pub rng: &'a SharedRng,
    pub codes: &'a CodeKey,
}

/// Why an upstream cannot be asked as it was set. One line that names the setting.
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
    fn reach([address, ca_file]: [&'static str; 2], why: HttpSetupError) -> Self {
        let setting = match why {
            HttpSetupError::Authority => ca_file,
            _ => address,
        };
        Self::Reach { setting, why }
    }
}

/// Every way to sign in that is switched on; the sign-in page opens with the first.
pub fn ways(
    config: &Config,
    needs: &ConnectorDependencies<'_>,
) -> Result<ConnectorRegistry, ConnectorSetupError> {
    let db = || needs.db.clone();
    let rng = || Arc::clone(needs.rng);
    let codes = || CodeMailer::new(db(), needs.codes.clone(), rng());
    let hasher = PasswordHasher::start(needs.rng.as_ref()).map_err(ConnectorSetupError::Threads)?;
    let mut ways = ConnectorRegistry::default().with(PasswordConnector {
        db: db(),
        hasher,
        rng: rng(),
    });
    if let Some(settings) = &config.directory {
        ways = ways.with(ldap(settings, rng())?);
    }
    if let Some(settings) = &config.erp {
        ways = ways.with(erp(config, settings, db())?);
        ways = ways.with(association::AssociationConnector {
            db: db(),
            links: needs.links.clone(),
            codes: codes(),
            max_age: config.association_age,
        });
    }
    if let Some(settings) = &config.jiit {
        ways = ways.with(jiit(config, settings, rng())?);
    }
    if let Some(settings) = &config.leprechaun {
        ways = ways.with(Leprechaun {
            look_ups: leprechaun(config, settings)?,
            codes: codes(),
            db: db(),
        });
    }
    Ok(ways)
}

/// The directory as it was set. What the settings say of it stands in place of what everybody trusts.
pub fn ldap(
    settings: &config::DirectorySettings,
    rng: SharedRng,
) -> Result<Ldap, ConnectorSetupError> {
    let authorities = read("PROFILES_LDAP_CA_FILE", settings.ca_file.as_deref())?;
    Ok(Ldap::new(settings.clone(), authorities.as_deref(), rng)?)
}

fn erp(config: &Config, settings: &ErpSettings, db: Db) -> Result<Erp, ConnectorSetupError> {
    let wishes = erp::ErpOptions {
        fetch_name: settings.fetch_name,
        reask_password: settings.reask_password,
    };
    Ok(Erp::new(erp_caller(config, settings)?, db, wishes))
}

/// What the ERP shows to anybody.
pub fn erp_pages(
    config: &Config,
    settings: &ErpSettings,
) -> Result<erp::ErpQuestions, ConnectorSetupError> {
    Ok(erp::ErpQuestions::new(erp_caller(config, settings)?))
}

fn erp_caller(config: &Config, settings: &ErpSettings) -> Result<HttpClient, ConnectorSetupError> {
    let names = ["PROFILES_ERP_URL", "PROFILES_ERP_CA_FILE"];
    let reach = reach(config, &settings.base, names, settings.ca_file.as_deref())?;
    HttpClient::new(Erp::SLUG, &reach).map_err(|why| ConnectorSetupError::reach(names, why))
}

/// The Leprechaun server as it was set.
pub fn leprechaun(
    config: &Config,
    settings: &config::LeprechaunSettings,
) -> Result<LeprechaunClient, ConnectorSetupError> {
    let reach = HttpEndpoint {
        within: config.connector_timeout.min(LeprechaunClient::WITHIN),
        longest: LeprechaunClient::LONGEST,
        ..HttpEndpoint::of(settings.url.clone())
    };
    let caller = HttpClient::new(Leprechaun::SLUG, &reach);
    let caller = caller.map_err(|why| ConnectorSetupError::Reach {
        setting: "PROFILES_LEPRECHAUN_URL",
        why,
    })?;
    Ok(LeprechaunClient {
        caller,
        authorization: settings.authorization.clone(),
        max_age: config.association_age,
    })
}

/// The JIIT portal as it was set.
pub fn jiit(
    config: &Config,
    settings: &config::JiitSettings,
    rng: SharedRng,
) -> Result<Jiit, ConnectorSetupError> {
    let names = ["PROFILES_JIIT_URL", "PROFILES_JIIT_CA_FILE"];
    let mut reach = reach(config, &settings.url, names, settings.ca_file.as_deref())?;
    reach.longest = 4 << 20;
    if !settings.offers_tls_1_3 {
        reach.newest_tls = MaxTlsVersion::V1_2;
    }
    let paths = JiitPaths {
        captcha: settings.captcha_path.clone(),
        pre_token: settings.pre_token_path.clone(),
        token: settings.token_path.clone(),
        particulars: settings.person_path.clone(),
    };
    let jiit = Jiit::new(&reach, paths, settings.mail_domain.clone(), rng);
    jiit.map_err(|why| ConnectorSetupError::reach(names, why))
}

/// How an upstream is reached. `names` are those of its address and of the file to trust.
fn reach(
    config: &Config,
    base: &Url,
    names: [&'static str; 2],
    ca_file: Option<&Path>,
) -> Result<HttpEndpoint, ConnectorSetupError> {
    let mut reach = HttpEndpoint::of(base.clone());
    reach.within = config.connector_timeout;
    let [_, setting] = names;
    reach.authority = read(setting, ca_file)?;
    Ok(reach)
}

fn read(
    setting: &'static str,
    file: Option<&Path>,
) -> Result<Option<Vec<u8>>, ConnectorSetupError> {
    let read = file.map(std::fs::read).transpose();
    read.map_err(|why| ConnectorSetupError::File { setting, why })
}

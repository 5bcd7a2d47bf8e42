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

/// What an import has to know of a connector.
struct IdentityProvider {
    slug: &'static str,
    parse_subject: fn(&str) -> Result<String, &'static str>,
    /// The setting that switches it on; none for a connector that is always on.
    setting: Option<&'static str>,
    is_enabled: fn(&Config) -> bool,
}

const fn identity_provider<C: Connector>(
    setting: Option<&'static str>,
    is_enabled: fn(&Config) -> bool,
) -> IdentityProvider {
    IdentityProvider {
        slug: C::SLUG,
        parse_subject: C::parse_subject,
        setting,
        is_enabled,
    }
}

/// Every connector, switched on or not: a campus may import its people before it connects its directory.
const IDENTITY_PROVIDERS: [IdentityProvider; 6] = [
    identity_provider::<PasswordConnector>(None, |_| true),
    identity_provider::<Ldap>(Some("PROFILES_LDAP_URL"), |config| {
        config.directory.is_some()
    }),
    identity_provider::<Erp>(Some("PROFILES_ERP_URL"), |config| config.erp.is_some()),
    identity_provider::<association::AssociationConnector>(Some("PROFILES_ERP_URL"), |config| {
        config.erp.is_some()
    }),
    identity_provider::<Jiit>(Some("PROFILES_JIIT_URL"), |config| config.jiit.is_some()),
    identity_provider::<Leprechaun>(Some("PROFILES_LEPRECHAUN_URL"), |config| {
        config.leprechaun.is_some()
    }),
];

/// Parses an identity of an import, as `ldap:asha`, to the provider and the subject as the provider's sign-in
/// writes it. The error follows the word “identity”.
pub fn parse_identity(text: &str) -> Result<(String, String), String> {
    let Some((slug, subject)) = text.split_once(':') else {
        return Err("must be provider:subject, as ldap:asha".to_owned());
    };
    let slug = slug.trim().to_ascii_lowercase();
    let provider = IDENTITY_PROVIDERS.iter().find(|known| known.slug == slug);
    let Some(provider) = provider else {
        let known: Vec<_> = IDENTITY_PROVIDERS.iter().map(|known| known.slug).collect();
        return Err(format!(
            "has the provider {slug:?}, which is not one of {}",
            known.join(", ")
        ));
    };
    let subject = (provider.parse_subject)(subject).map_err(str::to_owned)?;
    Ok((slug, subject))
}

/// The setting without which nobody signs in with identities of this provider; `None` if they can.
pub fn missing_setting(config: &Config, slug: &str) -> Option<&'static str> {
    let provider = IDENTITY_PROVIDERS.iter().find(|known| known.slug == slug)?;
    provider.setting.filter(|_| !(provider.is_enabled)(config))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imported_identity_is_written_as_its_provider_writes_it() {
        for (text, provider, subject) in [
            ("ldap:asha", "ldap", "asha"),
            ("LDAP: Asha ", "ldap", "asha"),
            ("ldap:Nandini   Sen", "ldap", "nandini sen"),
            ("ldap:zoe\u{308}", "ldap", "zo\u{eb}"),
            ("ldap:asha@Campus.example", "ldap", "asha@campus.example"),
            ("erp:22cs10001", "erp", "22CS10001"),
            ("association: 22cs10001", "association", "22CS10001"),
            ("leprechaun:22cs10001 ", "leprechaun", "22CS10001"),
            ("jiit: 22103171", "jiit", "22103171"),
            ("jiit:a2103171", "jiit", "A2103171"),
        ] {
            let expected = Ok((provider.to_owned(), subject.to_owned()));
            assert_eq!(parse_identity(text), expected, "{text}");
        }
    }

    #[test]
    fn an_identity_that_signs_in_nobody_is_refused() {
        for (text, reason) in [
            ("asha", "must be provider:subject"),
            (
                "google:asha",
                "has the provider \"google\", which is not one of password, ldap",
            ),
            (":asha", "has the provider \"\""),
            ("password:7", "cannot be a password"),
            ("ldap:", "must be a username"),
            ("ldap:uid=asha,dc=campus", "must be the username alone"),
            ("ldap:CAMPUS\\asha", "must be the username alone"),
            ("erp:22CS1000", "must be a roll number"),
            ("association:asha", "must be a roll number"),
            ("leprechaun:22CS100011", "must be a roll number"),
            ("jiit:asha@mail.jiit.ac.in", "must be an enrollment number"),
        ] {
            let refused = parse_identity(text).unwrap_err();
            assert!(refused.starts_with(reason), "{text}: {refused}");
        }
    }
}

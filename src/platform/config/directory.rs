//! The settings of the campus directory (LDAP): where it is, how its people are found.

use std::net::IpAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::{ConfigError, SettingValues};

/// What the typed username stands in for.
pub const PLACEHOLDER: &str = "{username}";

/// A directory to sign in through.
#[derive(Debug, Clone)]
pub struct DirectorySettings {
    pub server: DirectoryServer,
    pub finds: PersonLookup,
    /// Certificates in PEM that are trusted in place of those that everybody trusts.
    pub ca_file: Option<PathBuf>,
    /// `ou=Alumni`: whoever is below a unit of this name is an alumna or alumnus.
    pub alumni_unit: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryServer {
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
    pub speaks: LdapTransport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdapTransport {
    /// TLS from the start.
    Tls,
    /// TLS after a plain beginning, or nothing at all.
    StartTls,
    /// Nothing is encrypted: on loopback only.
    Plain,
}

/// How somebody's entry is found.
#[derive(Debug, Clone)]
pub enum PersonLookup {
    /// Searched for below `base`, by an account that may, or by nobody in particular.
    Search {
        base: String,
        filter: String,
        account: Option<(String, SecretString)>,
    },
    /// By its name, which is made of what was typed. With `below`, the person then searches for the
    /// entry there with the filter, since the name they signed in with is no DN.
    Name {
        dn: String,
        below: Option<(String, String)>,
    },
}

const URL: &str = "PROFILES_LDAP_URL";
const BASE_DN: &str = "PROFILES_LDAP_BASE_DN";
const USER_FILTER: &str = "PROFILES_LDAP_USER_FILTER";
const USER_DN: &str = "PROFILES_LDAP_USER_DN";
const BIND_DN: &str = "PROFILES_LDAP_BIND_DN";
const BIND_PASSWORD: &str = "PROFILES_LDAP_BIND_PASSWORD";
const CA_FILE: &str = "PROFILES_LDAP_CA_FILE";
const ALUMNI_UNIT: &str = "PROFILES_LDAP_ALUMNI_UNIT";

/// LDAP's ports, with TLS and without.
const TLS_PORT: u16 = 636;
const PORT: u16 = 389;

impl DirectorySettings {
    pub(super) fn read(values: &SettingValues<'_>) -> Result<Option<Self>, ConfigError> {
        let encrypts = values.text(CA_FILE).is_some();
        let server = values.optional(URL, |text| server(text, encrypts))?;
        let Some(server) = server else {
            values.required(USER_FILTER, with_placeholder)?;
            values.required(ALUMNI_UNIT, unit)?;
            return without_url(values).map(|()| None);
        };
        Ok(Some(Self {
            server,
            finds: PersonLookup::read(values)?,
            ca_file: values.optional(CA_FILE, |text| Ok(PathBuf::from(text)))?,
            alumni_unit: values.required(ALUMNI_UNIT, unit)?,
        }))
    }
}

impl PersonLookup {
    fn read(values: &SettingValues<'_>) -> Result<Self, ConfigError> {
        let base = values.optional(BASE_DN, |text| Ok(text.to_owned()))?;
        let filter = values.required(USER_FILTER, with_placeholder)?;
        let account = account(values)?;
        let dn = values.optional(USER_DN, with_placeholder)?;
        match (dn, base, account) {
            (Some(_), _, Some(_)) => Err(wrong(
                BIND_DN,
                "cannot be set beside PROFILES_LDAP_USER_DN: people sign in by themselves then",
            )),
            (Some(dn), base, None) => Ok(Self::Name {
                dn,
                below: base.map(|base| (base, filter)),
            }),
            (None, Some(base), account) => Ok(Self::Search {
                base,
                filter,
                account,
            }),
            (None, None, _) => Err(wrong(
                BASE_DN,
                "is missing: say below which entry people are, as ou=people,dc=campus,dc=example",
            )),
        }
    }
}

/// A directory without an address is a slip: somebody would wonder why nobody is asked.
fn without_url(values: &SettingValues<'_>) -> Result<(), ConfigError> {
    let others = [BASE_DN, USER_DN, BIND_DN, BIND_PASSWORD, CA_FILE];
    match others.into_iter().find(|name| values.text(name).is_some()) {
        Some(name) => Err(ConfigError::Value {
            name: URL,
            problem: format!("is missing: {name} does nothing without it"),
        }),
        None => Ok(()),
    }
}

/// A name without a password would be let in as nobody, by any server (RFC 4513 §5.1.2).
fn account(values: &SettingValues<'_>) -> Result<Option<(String, SecretString)>, ConfigError> {
    let dn = values.optional(BIND_DN, |text| Ok(text.to_owned()))?;
    let password = values.optional(BIND_PASSWORD, |text| Ok(SecretString::from(text)))?;
    match (dn, password) {
        (Some(dn), Some(password)) => Ok(Some((dn, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(wrong(
            BIND_PASSWORD,
            "is missing: PROFILES_LDAP_BIND_DN needs one",
        )),
        (None, Some(_)) => Err(wrong(
            BIND_DN,
            "is missing: PROFILES_LDAP_BIND_PASSWORD is of nobody",
        )),
    }
}

fn wrong(name: &'static str, problem: &str) -> ConfigError {
    ConfigError::Value {
        name,
        problem: problem.to_owned(),
    }
}

fn server(text: &str, encrypts_here: bool) -> Result<DirectoryServer, String> {
    let shape = || "must be a directory, as ldaps://ldap.campus.example".to_owned();
    let url: Url = text.parse().map_err(|_| shape())?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(shape)?.trim_matches(['[', ']']).to_owned();
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_bare {
        return Err(
            "must be scheme, host and port only: who searches where has settings of its own"
                .to_owned(),
        );
    }
    let (speaks, port) = match url.scheme() {
        "ldaps" => (LdapTransport::Tls, TLS_PORT),
        "ldap" if is_loopback(&host) && !encrypts_here => (LdapTransport::Plain, PORT),
        "ldap" => (LdapTransport::StartTls, PORT),
        _ => return Err(shape()),
    };
    Ok(DirectoryServer {
        host,
        port: url.port().unwrap_or(port),
        speaks,
    })
}

/// In a scheme that is not the web's, an address is a host name to [`Url`].
fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.parse();
    address.map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback(),
    )
}

fn with_placeholder(text: &str) -> Result<String, String> {
    if text.contains(PLACEHOLDER) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "must hold {PLACEHOLDER}, where the typed username goes"
    ))
}

fn unit(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains(',') => {
            Ok(text.to_owned())
        }
        _ => Err("must be one step of a DN, as ou=Alumni".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<DirectorySettings>, String> {
        let given: BTreeMap<String, String> = pairs
            .iter()
            .map(|(name, value)| (format!("PROFILES_LDAP_{name}"), (*value).to_owned()))
            .collect();
        DirectorySettings::read(&SettingValues(&given)).map_err(|error| error.to_string())
    }

    fn speaks(url: &str, ca: &str) -> Result<DirectoryServer, String> {
        read(&[("URL", url), ("BASE_DN", "dc=campus"), ("CA_FILE", ca)])
            .map(|directory| directory.unwrap().server)
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        use LdapTransport::{Plain, StartTls, Tls};
        for (url, ca, expected, port) in [
            ("ldaps://ldap.campus.example", "", Tls, 636),
            ("ldaps://127.0.0.1:1636/", "", Tls, 1636),
            ("ldap://ldap.campus.example", "", StartTls, 389),
            ("ldap://10.0.0.1:3389", "", StartTls, 3389),
            ("ldap://localhost.campus.example", "", StartTls, 389),
            ("ldap://127.0.0.1", "", Plain, 389),
            ("ldap://[::1]:3389", "", Plain, 3389),
            ("ldap://localhost", "", Plain, 389),
            ("ldap://localhost", "ca.pem", StartTls, 389),
        ] {
            let server = speaks(url, ca).unwrap();
            assert_eq!((server.speaks, server.port), (expected, port), "{url}");
        }
        assert_eq!(speaks("ldap://[::1]", "").unwrap().host, "::1");
        for url in [
            "ldap.campus.example",
            "https://ldap.campus.example",
            "ldapi:///run/slapd",
            "ldaps://cn=admin:pass@ldap.campus.example",
            "ldaps://ldap.campus.example/dc=campus?uid",
        ] {
            let told = speaks(url, "").unwrap_err();
            assert!(told.starts_with("PROFILES_LDAP_URL must be"), "{told}");
            assert!(!told.contains("pass@"));
        }
    }

    #[test]
    fn people_are_searched_for_or_sign_in_by_name() {
        let url = ("URL", "ldaps://ldap.campus.example");
        let base = ("BASE_DN", "ou=people,dc=campus");
        let dn = ("USER_DN", "uid={username},ou=people,dc=campus");
        let account = [("BIND_DN", "cn=reader,dc=campus"), ("BIND_PASSWORD", "pw")];
        let finds = |pairs: &[_]| read(pairs).unwrap().unwrap().finds;
        assert!(matches!(
            finds(&[url, base]),
            PersonLookup::Search { filter, account: None, .. } if filter == "(uid={username})"
        ));
        assert!(matches!(
            finds(&[url, base, account[0], account[1]]),
            PersonLookup::Search {
                account: Some(_),
                ..
            }
        ));
        assert!(matches!(
            finds(&[url, dn]),
            PersonLookup::Name { below: None, .. }
        ));
        assert!(matches!(
            finds(&[url, dn, base]),
            PersonLookup::Name { below: Some(_), .. }
        ));
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let url = ("URL", "ldaps://ldap.campus.example");
        let base = ("BASE_DN", "dc=campus");
        for (pairs, told) in [
            (&[url][..], "PROFILES_LDAP_BASE_DN is missing"),
            (&[base], "PROFILES_LDAP_URL is missing"),
            (
                &[url, base, ("BIND_DN", "cn=reader")],
                "PROFILES_LDAP_BIND_PASSWORD is missing",
            ),
            (
                &[url, base, ("BIND_PASSWORD", "hunter2")],
                "PROFILES_LDAP_BIND_DN is missing",
            ),
            (
                &[url, base, ("USER_FILTER", "(uid=asha)")],
                "PROFILES_LDAP_USER_FILTER must hold {username}",
            ),
            (
                &[url, ("USER_DN", "uid=asha,dc=campus")],
                "PROFILES_LDAP_USER_DN must hold {username}",
            ),
            (
                &[url, base, ("ALUMNI_UNIT", "Alumni")],
                "PROFILES_LDAP_ALUMNI_UNIT must be one step",
            ),
        ] {
            let error = read(pairs).unwrap_err();
            assert!(error.starts_with(told), "{error}");
            assert!(!error.contains("hunter2"));
        }
        assert!(read(&[]).unwrap().is_none());
    }
}

//! Settings of the campus directory (LDAP).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::{ConfigError, SettingValues};

/// Stands for the typed username in filters and DNs.
pub const USERNAME_PLACEHOLDER: &str = "{username}";

/// A directory.
#[derive(Debug, Clone)]
pub struct DirectorySettings {
    pub server: DirectoryServer,
    pub lookup: PersonLookup,
    /// Certificates in PEM to trust instead of the usual ones.
    pub ca_file: Option<PathBuf>,
    /// `ou=Alumni`: people below a unit of this name are alumni.
    pub alumni_unit: String,
    pub attributes: DirectoryAttributes,
    /// Whether an attribute that an entry does not have clears its column. Otherwise the column keeps its
    /// value: the directory may only have hidden the attribute.
    pub clears_absent: bool,
    /// The campus' own page where people change the password of their account.
    pub password_url: Option<Url>,
}

/// The attributes of an entry, by what they are read for. Of several names the first that the entry has
/// counts; what has no name is not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryAttributes {
    pub username: Vec<String>,
    /// What the directory never gives to another entry.
    pub id: Vec<String>,
    pub first_name: Vec<String>,
    pub last_name: Vec<String>,
    /// The whole name, for entries without first and last name.
    pub name: Vec<String>,
    pub email: Vec<String>,
    pub roll_number: Vec<String>,
    pub kind: Vec<String>,
    pub mobile: Vec<String>,
}

impl DirectoryAttributes {
    /// Parses `username=sAMAccountName,name=displayName|cn`.
    fn read_from(&mut self, text: &str) -> Result<(), String> {
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let (purpose, names) = item.split_once('=').unwrap_or((item, "?"));
            let names = names.split('|').map(str::trim);
            let names: Vec<String> = names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
            if !names.iter().all(|name| is_attribute(name)) {
                return Err(format!(
                    "has {item:?}; an item must be like name=displayName|cn"
                ));
            }
            *self.names_for(purpose.trim()).ok_or_else(|| {
                format!(
                    "has {purpose:?}, which is not one of {}",
                    PURPOSES.join(", ")
                )
            })? = names;
        }
        if self.username.is_empty() {
            return Err("must name the attribute of the username".to_owned());
        }
        Ok(())
    }

    fn names_for(&mut self, purpose: &str) -> Option<&mut Vec<String>> {
        match purpose {
            "username" => Some(&mut self.username),
            "id" => Some(&mut self.id),
            "first_name" => Some(&mut self.first_name),
            "last_name" => Some(&mut self.last_name),
            "name" => Some(&mut self.name),
            "email" => Some(&mut self.email),
            "roll_number" => Some(&mut self.roll_number),
            "type" => Some(&mut self.kind),
            "mobile" => Some(&mut self.mobile),
            _ => None,
        }
    }

    /// Every name, grouped by what it is read for.
    pub fn groups(&self) -> [&[String]; 9] {
        [
            &self.username,
            &self.id,
            &self.first_name,
            &self.last_name,
            &self.name,
            &self.email,
            &self.roll_number,
            &self.kind,
            &self.mobile,
        ]
    }
}

const PURPOSES: [&str; 9] = [
    "username",
    "id",
    "first_name",
    "last_name",
    "name",
    "email",
    "roll_number",
    "type",
    "mobile",
];

/// A short name of an attribute (RFC 4512 §1.4).
fn is_attribute(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && name
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryServer {
    /// A host name or an IP address without brackets.
    pub host: String,
    pub port: u16,
    pub transport: LdapTransport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdapTransport {
    /// Implicit TLS (`ldaps`).
    Tls,
    /// With `StartTLS`; the connection fails without it.
    StartTls,
    /// No encryption: on loopback only.
    Plain,
}

/// How the entry of a person is found.
#[derive(Debug, Clone)]
pub enum PersonLookup {
    /// By a search below `base`, with an account or anonymously.
    Search {
        base: String,
        filter: String,
        account: Option<(String, SecretString)>,
    },
    /// By a name built from the typed username, which is used to bind. With `below` (base, filter), the
    /// person then searches for the entry, because the bind name is not a DN.
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
const ATTRIBUTES: &str = "PROFILES_LDAP_ATTRIBUTES";
const ABSENT: &str = "PROFILES_LDAP_ABSENT";
const PASSWORD_URL: &str = "PROFILES_LDAP_PASSWORD_URL";

/// The default ports, with implicit TLS and without.
const TLS_PORT: u16 = 636;
const PORT: u16 = 389;

impl DirectorySettings {
    pub(super) fn read(values: &SettingValues<'_>) -> Result<Option<Self>, ConfigError> {
        let encrypts_loopback = values.text(CA_FILE).is_some();
        let server = values.optional(URL, |text| parse_server(text, encrypts_loopback))?;
        let attributes = read_attributes(values)?;
        let clears_absent = values.required(ABSENT, |text| match text {
            "keep" => Ok(false),
            "clear" => Ok(true),
            _ => Err("must be keep or clear".to_owned()),
        })?;
        let Some(server) = server else {
            values.required(USER_FILTER, parse_template)?;
            values.required(ALUMNI_UNIT, parse_unit)?;
            return refuse_without_url(values).map(|()| None);
        };
        Ok(Some(Self {
            server,
            lookup: PersonLookup::read(values, &attributes)?,
            ca_file: values.optional(CA_FILE, |text| Ok(PathBuf::from(text)))?,
            alumni_unit: values.required(ALUMNI_UNIT, parse_unit)?,
            attributes,
            clears_absent,
            password_url: values.optional(PASSWORD_URL, parse_page)?,
        }))
    }
}

impl PersonLookup {
    fn read(
        values: &SettingValues<'_>,
        attributes: &DirectoryAttributes,
    ) -> Result<Self, ConfigError> {
        let base = values.optional(BASE_DN, |text| Ok(text.to_owned()))?;
        let filter = values.optional(USER_FILTER, parse_template)?;
        let filter = filter.unwrap_or_else(|| usual_filter(&attributes.username));
        let account = parse_account(values)?;
        let dn = values.optional(USER_DN, parse_template)?;
        match (dn, base, account) {
            (Some(_), _, Some(_)) => Err(invalid(
                BIND_DN,
                "cannot be set together with PROFILES_LDAP_USER_DN: people bind with their own name then",
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
            (None, None, _) => Err(invalid(
                BASE_DN,
                "is missing: it names the entry below which people are, as ou=people,dc=campus,dc=example",
            )),
        }
    }
}

/// The default names, with those that are set in their place.
fn read_attributes(values: &SettingValues<'_>) -> Result<DirectoryAttributes, ConfigError> {
    let mut attributes = DirectoryAttributes::default();
    let default =
        SettingValues(&BTreeMap::new()).required(ATTRIBUTES, |text| Ok(text.to_owned()))?;
    let set = values.text(ATTRIBUTES).unwrap_or_default();
    for text in [default.as_str(), set] {
        attributes
            .read_from(text)
            .map_err(|problem| ConfigError::Value {
                name: ATTRIBUTES,
                problem,
            })?;
    }
    Ok(attributes)
}

/// `(uid={username})`, for the attributes that hold usernames.
fn usual_filter(attributes: &[String]) -> String {
    let parts = attributes
        .iter()
        .map(|attribute| format!("({attribute}={USERNAME_PLACEHOLDER})"));
    let parts: Vec<String> = parts.collect();
    match parts.as_slice() {
        [one] => one.clone(),
        several => format!("(|{})", several.concat()),
    }
}

fn parse_page(text: &str) -> Result<Url, String> {
    let url: Option<Url> = text.parse().ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    url.ok_or_else(|| {
        "must be the address of a page, as https://id.campus.example/password".to_owned()
    })
}

/// Other LDAP settings without the URL are a mistake: they would have no effect.
fn refuse_without_url(values: &SettingValues<'_>) -> Result<(), ConfigError> {
    let others = [
        BASE_DN,
        USER_DN,
        BIND_DN,
        BIND_PASSWORD,
        CA_FILE,
        PASSWORD_URL,
    ];
    match others.into_iter().find(|name| values.text(name).is_some()) {
        Some(name) => Err(ConfigError::Value {
            name: URL,
            problem: format!("is missing: {name} does nothing without it"),
        }),
        None => Ok(()),
    }
}

/// A bind with a DN and no password succeeds as anonymous on any server (RFC 4513 §5.1.2), so it is refused.
fn parse_account(
    values: &SettingValues<'_>,
) -> Result<Option<(String, SecretString)>, ConfigError> {
    let dn = values.optional(BIND_DN, |text| Ok(text.to_owned()))?;
    let password = values.optional(BIND_PASSWORD, |text| Ok(SecretString::from(text)))?;
    match (dn, password) {
        (Some(dn), Some(password)) => Ok(Some((dn, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(invalid(
            BIND_PASSWORD,
            "is missing: PROFILES_LDAP_BIND_DN needs one",
        )),
        (None, Some(_)) => Err(invalid(
            BIND_DN,
            "is missing: PROFILES_LDAP_BIND_PASSWORD needs one",
        )),
    }
}

fn invalid(name: &'static str, problem: &str) -> ConfigError {
    ConfigError::Value {
        name,
        problem: problem.to_owned(),
    }
}

fn parse_server(text: &str, encrypts_loopback: bool) -> Result<DirectoryServer, String> {
    let usage = || "must be a directory, as ldaps://ldap.campus.example".to_owned();
    let url: Url = text.parse().map_err(|_| usage())?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(usage)?.trim_matches(['[', ']']).to_owned();
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_bare {
        return Err(
            "must be scheme, host and port only: account and base DN have their own settings"
                .to_owned(),
        );
    }
    let (transport, port) = match url.scheme() {
        "ldaps" => (LdapTransport::Tls, TLS_PORT),
        "ldap" if is_loopback(&host) && !encrypts_loopback => (LdapTransport::Plain, PORT),
        "ldap" => (LdapTransport::StartTls, PORT),
        _ => return Err(usage()),
    };
    Ok(DirectoryServer {
        host,
        port: url.port().unwrap_or(port),
        transport,
    })
}

/// [`Url`] parses the host of an unknown scheme as a name, even if it is an IP address.
fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.parse();
    address.map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback(),
    )
}

fn parse_template(text: &str) -> Result<String, String> {
    if text.contains(USERNAME_PLACEHOLDER) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "must contain {USERNAME_PLACEHOLDER}, which stands for the typed username"
    ))
}

fn parse_unit(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains(',') => {
            Ok(text.to_owned())
        }
        _ => Err("must be one step of a DN, as ou=Alumni".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<DirectorySettings>, String> {
        let given: BTreeMap<String, String> = pairs
            .iter()
            .map(|(name, value)| (format!("PROFILES_LDAP_{name}"), (*value).to_owned()))
            .collect();
        DirectorySettings::read(&SettingValues(&given)).map_err(|error| error.to_string())
    }

    fn server(url: &str, ca: &str) -> Result<DirectoryServer, String> {
        read(&[("URL", url), ("BASE_DN", "dc=campus"), ("CA_FILE", ca)])
            .map(|directory| directory.unwrap().server)
    }

    #[test]
    fn connections_to_other_machines_are_encrypted() {
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
            let server = server(url, ca).unwrap();
            assert_eq!((server.transport, server.port), (expected, port), "{url}");
        }
        assert_eq!(server("ldap://[::1]", "").unwrap().host, "::1");
        for url in [
            "ldap.campus.example",
            "https://ldap.campus.example",
            "ldapi:///run/slapd",
            "ldaps://cn=admin:pass@ldap.campus.example",
            "ldaps://ldap.campus.example/dc=campus?uid",
        ] {
            let error = server(url, "").unwrap_err();
            assert!(error.starts_with("PROFILES_LDAP_URL must be"), "{error}");
            assert!(!error.contains("pass@"));
        }
    }

    #[test]
    fn people_are_found_by_search_or_by_name() {
        let url = ("URL", "ldaps://ldap.campus.example");
        let base = ("BASE_DN", "ou=people,dc=campus");
        let dn = ("USER_DN", "uid={username},ou=people,dc=campus");
        let account = [("BIND_DN", "cn=reader,dc=campus"), ("BIND_PASSWORD", "pw")];
        let lookup = |pairs: &[_]| read(pairs).unwrap().unwrap().lookup;
        assert!(matches!(
            lookup(&[url, base]),
            PersonLookup::Search { filter, account: None, .. } if filter == "(uid={username})"
        ));
        assert!(matches!(
            lookup(&[url, base, account[0], account[1]]),
            PersonLookup::Search {
                account: Some(_),
                ..
            }
        ));
        assert!(matches!(
            lookup(&[url, dn]),
            PersonLookup::Name { below: None, .. }
        ));
        assert!(matches!(
            lookup(&[url, dn, base]),
            PersonLookup::Name { below: Some(_), .. }
        ));
    }

    #[test]
    fn attributes_that_are_set_take_the_place_of_the_usual_ones() {
        let url = ("URL", "ldaps://ldap.campus.example");
        let base = ("BASE_DN", "dc=campus");
        let settings = |pairs: &[_]| read(&[&[url, base], pairs].concat()).unwrap().unwrap();
        let filter = |settings: &DirectorySettings| match &settings.lookup {
            PersonLookup::Search { filter, .. } => filter.clone(),
            PersonLookup::Name { .. } => String::new(),
        };
        let usual = settings(&[]);
        assert_eq!(usual.attributes.username, ["uid"]);
        assert_eq!(usual.attributes.id, ["entryUUID", "objectGUID"]);
        assert_eq!(usual.attributes.name, ["displayName", "cn"]);
        assert!(!usual.clears_absent);
        let active = "username=sAMAccountName, email=mail|userPrincipalName, mobile=";
        let active = settings(&[("ATTRIBUTES", active), ("ABSENT", "clear")]);
        assert_eq!(active.attributes.username, ["sAMAccountName"]);
        assert_eq!(active.attributes.email, ["mail", "userPrincipalName"]);
        assert!(active.attributes.mobile.is_empty() && active.clears_absent);
        assert_eq!(active.attributes.last_name, ["sn"]);
        assert_eq!(filter(&active), "(sAMAccountName={username})");
        let two = settings(&[("ATTRIBUTES", "username=uid|userPrincipalName")]);
        assert_eq!(
            filter(&two),
            "(|(uid={username})(userPrincipalName={username}))"
        );
        let own = settings(&[
            ("ATTRIBUTES", "username=sAMAccountName"),
            ("USER_FILTER", "(mail={username})"),
        ]);
        assert_eq!(filter(&own), "(mail={username})");
        for (name, value, told) in [
            ("ATTRIBUTES", "login=uid", "which is not one of username"),
            ("ATTRIBUTES", "username", "an item must be like"),
            ("ATTRIBUTES", "username=uid;x", "an item must be like"),
            ("ATTRIBUTES", "username=", "must name the attribute"),
            ("ABSENT", "delete", "must be keep or clear"),
            ("PASSWORD_URL", "id.campus.example", "must be the address"),
            ("PASSWORD_URL", "javascript:alert(1)", "must be the address"),
        ] {
            let error = read(&[url, base, (name, value)]).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn contradicting_settings_are_refused() {
        let url = ("URL", "ldaps://ldap.campus.example");
        let base = ("BASE_DN", "dc=campus");
        for (pairs, expected) in [
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
                "PROFILES_LDAP_USER_FILTER must contain {username}",
            ),
            (
                &[url, ("USER_DN", "uid=asha,dc=campus")],
                "PROFILES_LDAP_USER_DN must contain {username}",
            ),
            (
                &[url, base, ("ALUMNI_UNIT", "Alumni")],
                "PROFILES_LDAP_ALUMNI_UNIT must be one step",
            ),
        ] {
            let error = read(pairs).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("hunter2"));
        }
        assert!(read(&[]).unwrap().is_none());
    }
}

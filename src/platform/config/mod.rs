//! Settings from environment variables. An unknown name or an invalid value stops the start with one line that
//! says what to do, so that a typing error does not silently select a default.
//!
//! Only `server` and `cli` use [`Config`]; features get values.

mod directory;
mod erp;
mod injected;
mod variables;
mod warnings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use directory::{
    DirectoryAttributes, DirectoryServer, DirectorySettings, LdapTransport, PersonLookup,
    USERNAME_PLACEHOLDER,
};
pub use erp::ErpSettings;
use ipnet::IpNet;
use secrecy::SecretString;
use time::UtcOffset;
use url::Url;
pub use variables::{DEMO_UPSTREAMS, VARIABLES, Variable, help, sample};

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `None`: the private cluster, with demo people.
    pub database_url: Option<SecretString>,
    pub listen: SocketAddr,
    /// `None`: localhost, with the port in use.
    pub public_url: Option<Url>,
    /// `/profiles`, `/sso`: with a leading slash and no trailing one.
    pub aliases: Vec<String>,
    pub data_dir: PathBuf,
    /// `None`: generated once, in the data folder.
    pub secret: Option<[u8; 32]>,
    pub campus_name: String,
    pub time_zone: UtcOffset,
    pub smtp_url: Option<SecretString>,
    pub smtp_ca_file: Option<PathBuf>,
    pub mail_from: String,
    pub dkim_key_file: Option<PathBuf>,
    pub dkim_selector: String,
    pub send_mail: SendMailLimits,
    pub lifetimes: Lifetimes,
    /// How many people may use an unverified app.
    pub unverified_user_cap: i32,
    pub session_idle: Duration,
    /// `None`: no sign-in through a directory.
    pub directory: Option<DirectorySettings>,
    /// `None`: no sign-in with an ERP account.
    pub erp: Option<ErpSettings>,
    /// How long one request to a campus system may take.
    pub connector_timeout: Duration,
    /// `None`: no sign-in through the JIIT portal.
    pub jiit: Option<JiitSettings>,
    /// How long a mailbox proof (association) is valid.
    pub association_age: Duration,
    pub leprechaun: Option<LeprechaunSettings>,
    pub trusted_proxies: Vec<IpNet>,
    /// Names of address ranges.
    pub named_networks: Vec<(String, IpNet)>,
    /// `None`: metrics cannot be read.
    pub metrics_listen: Option<SocketAddr>,
    pub log: String,
    pub log_json: bool,
    /// Whether `PROFILES_DEMO_UPSTREAMS` is set, which has an effect on `script/run` only.
    pub expects_simulators: bool,
}

/// The JIIT portal.
#[derive(Debug, Clone)]
pub struct JiitSettings {
    pub url: Url,
    pub ca_file: Option<PathBuf>,
    /// Whether TLS 1.3 is offered.
    pub offers_tls_1_3: bool,
    /// The domain of the campus' mail addresses.
    pub mail_domain: String,
    /// Paths below `url`, each with a leading slash.
    pub captcha_path: String,
    pub pre_token_path: String,
    pub token_path: String,
    pub person_path: String,
}

/// Lifetimes of codes and tokens.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    pub access_token: Duration,
    pub code: Duration,
    /// How long a refresh token that was replaced returns the same new pair (0: never).
    pub refresh_grace: Duration,
    /// How long a refresh token is valid if it is not used.
    pub refresh_token: Duration,
    /// How long a token family is valid, even if it is refreshed.
    pub family: Duration,
}

/// A Leprechaun server, which maps roll numbers to mailboxes.
#[derive(Debug, Clone)]
pub struct LeprechaunSettings {
    pub url: Url,
    /// The complete value of the `Authorization` header.
    pub authorization: SecretString,
}

/// How many mails an app may send.
#[derive(Debug, Clone, Copy)]
pub struct SendMailLimits {
    /// To one person in 24 hours.
    pub per_person_day: u32,
    /// In an hour.
    pub per_app_hour: u32,
    /// In 24 hours, if the app is not verified.
    pub unverified_day: u32,
}

/// An invalid setting: one line that names the variable and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{name} is not a setting of this program{hint}. See `profiles serve --help`.")]
    Unknown { name: String, hint: String },
    #[error("{name} {problem}")]
    Value { name: &'static str, problem: String },
}

const YEAR: Duration = Duration::from_hours(8760);
const DAY: Duration = Duration::from_hours(24);

impl Config {
    /// Parses the settings in an environment.
    pub fn load(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let given: BTreeMap<String, String> = environment
            .into_iter()
            .filter(|(name, _)| name == "DATABASE_URL" || name.starts_with("PROFILES_"))
            .collect();
        refuse_unknown(&given)?;
        let values = SettingValues(&given);
        let public_url = values.optional("PROFILES_PUBLIC_URL", public_url)?;
        Ok(Self {
            database_url: values.optional("DATABASE_URL", database_url)?,
            listen: values.required("PROFILES_LISTEN", |text| listen(text, "127.0.0.1:8000"))?,
            public_url,
            aliases: values.required("PROFILES_ALIASES", aliases)?,
            data_dir: values.required("PROFILES_DATA_DIR", |text| Ok(PathBuf::from(text)))?,
            secret: values.optional("PROFILES_SECRET", secret)?,
            campus_name: values.required("PROFILES_CAMPUS_NAME", |text| Ok(text.to_owned()))?,
            time_zone: values.required("PROFILES_TIME_ZONE", time_zone)?,
            smtp_url: values.optional("PROFILES_SMTP_URL", smtp_url)?,
            smtp_ca_file: values.file("PROFILES_SMTP_CA_FILE")?,
            mail_from: values.required("PROFILES_MAIL_FROM", mailbox)?,
            dkim_key_file: values.file("PROFILES_DKIM_KEY_FILE")?,
            dkim_selector: values.required("PROFILES_DKIM_SELECTOR", selector)?,
            send_mail: SendMailLimits {
                per_person_day: values.number("PROFILES_SEND_MAIL_PER_PERSON_DAY", 0..=10_000)?,
                per_app_hour: values.number("PROFILES_SEND_MAIL_PER_APP_HOUR", 0..=1_000_000)?,
                unverified_day: values.number("PROFILES_SEND_MAIL_UNVERIFIED_DAY", 0..=10_000)?,
            },
            lifetimes: Lifetimes {
                access_token: values.seconds("PROFILES_ACCESS_TOKEN_SECONDS", 1..=30 * 86_400)?,
                code: values.seconds("PROFILES_CODE_SECONDS", 1..=600)?,
                refresh_grace: values.seconds("PROFILES_REFRESH_GRACE_SECONDS", 0..=600)?,
                refresh_token: DAY * values.number("PROFILES_REFRESH_TOKEN_DAYS", 1..=365)?,
                family: YEAR,
            },
            unverified_user_cap: values
                .number("PROFILES_UNVERIFIED_CAP", 0..=1_000_000)
                .map(|cap| i32::try_from(cap).unwrap_or(i32::MAX))?,
            session_idle: Duration::from_mins(1)
                * values.number("PROFILES_SESSION_IDLE_MINUTES", 1..=525_600)?,
            directory: DirectorySettings::read(&values)?,
            erp: ErpSettings::read(&values)?,
            connector_timeout: values.seconds("PROFILES_UPSTREAM_SECONDS", 1..=30)?,
            jiit: jiit(&values)?,
            association_age: DAY * values.number("PROFILES_ASSOCIATION_DAYS", 1..=3_650)?,
            leprechaun: leprechaun(&values)?,
            trusted_proxies: values
                .optional("PROFILES_TRUSTED_PROXIES", networks)?
                .unwrap_or_default(),
            named_networks: values
                .optional("PROFILES_PLACES", parse_named_networks)?
                .unwrap_or_default(),
            metrics_listen: values.optional("PROFILES_METRICS_LISTEN", |text| {
                listen(text, "127.0.0.1:9100")
            })?,
            log: values.required("PROFILES_LOG", log)?,
            log_json: values.required("PROFILES_LOG_FORMAT", log_format)?,
            expects_simulators: given.contains_key(DEMO_UPSTREAMS),
        })
    }
}

/// The variables that are set; the table has the defaults of the others.
struct SettingValues<'a>(&'a BTreeMap<String, String>);

impl SettingValues<'_> {
    /// An empty value counts as unset, as in a copy of `.env.sample`.
    fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    fn optional<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let value = self.text(name).map(parse).transpose();
        value.map_err(|problem| ConfigError::Value { name, problem })
    }

    fn file(&self, name: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        self.optional(name, |text| Ok(PathBuf::from(text)))
    }

    fn required<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let default = VARIABLES.iter().find(|variable| variable.name == name);
        let default = default
            .and_then(|variable| variable.default)
            .unwrap_or_default();
        let text = self.text(name).unwrap_or(default);
        parse(text).map_err(|problem| ConfigError::Value { name, problem })
    }

    fn number(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, ConfigError> {
        self.required(name, |text| {
            text.parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    format!(
                        "must be a whole number from {} to {}",
                        range.start(),
                        range.end()
                    )
                })
        })
    }

    fn seconds(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Duration, ConfigError> {
        self.number(name, range)
            .map(|seconds| Duration::from_secs(seconds.into()))
    }
}

fn refuse_unknown(given: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    let known = |name: &str| VARIABLES.iter().any(|variable| variable.name == name);
    let is_unknown = |name: &&String| !known(name) && !injected::is_injected(name, given);
    let Some(name) = given.keys().find(is_unknown) else {
        return Ok(());
    };
    let similar = VARIABLES
        .iter()
        .find(|variable| is_similar(variable.name, name));
    let hint = similar.map(|variable| format!(" (did you mean {}?)", variable.name));
    Err(ConfigError::Unknown {
        name: name.clone(),
        hint: hint.unwrap_or_default(),
    })
}

/// Whether two names differ by a typing error.
fn is_similar(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.replace('_', "").to_ascii_uppercase();
    let (one, other) = (bare(one), bare(other));
    one == other
        || (one.len().abs_diff(other.len()) <= 2
            && one
                .chars()
                .zip(other.chars())
                .filter(|(a, b)| a != b)
                .count()
                <= 2)
        || (other.len() > 12 && (one.starts_with(&other) || other.starts_with(&one)))
}

fn listen(text: &str, example: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("must be an address and a port, as {example}"))
}

fn database_url(text: &str) -> Result<SecretString, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        check_credential_characters(text)?;
        return Ok(SecretString::from(text));
    }
    Err("must be a PostgreSQL address, as postgres://user:password@host/name".to_owned())
}

/// In a URL `/`, `?` and `#` end the part with name and password, so the host would be read from the middle
/// of a password that has one.
fn check_credential_characters(text: &str) -> Result<(), String> {
    let (_, rest) = text.split_once("://").unwrap_or_default();
    let Some(at) = rest.find(['/', '?', '#']) else {
        return Ok(());
    };
    let (authority, tail) = rest.split_at_checked(at).unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let has_wrong_port = port.is_some_and(|port| port.parse::<u16>().is_err());
    let has_at_sign = |text: &str| text.contains('@');
    let sign = match tail.chars().next() {
        Some('#') if has_at_sign(tail) => '#',
        Some('/') if has_at_sign(tail.split('?').next().unwrap_or_default()) => '/',
        Some('?') if has_at_sign(tail) && !has_at_sign(authority) && has_wrong_port => '?',
        _ => return Ok(()),
    };
    Err(format!(
        "has a {sign} in the name or password, where a URL needs it encoded: write # as %23, / as %2F, \
         ? as %3F, @ as %40, % as %25"
    ))
}

fn public_url(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|_| "must be an address, as https://profiles.campus.example".to_owned())?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if url.query().is_some() || url.fragment().is_some() || has_credentials {
        return Err("must be scheme, host and path only".to_owned());
    }
    if url.host_str().is_some_and(|host| host.ends_with('.')) {
        return Err(
            "must have no dot at the end of the host: browsers take it for another".to_owned(),
        );
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("must be https: plain http is for loopback hosts only".to_owned()),
        _ => Err("must begin with https://".to_owned()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn jiit(values: &SettingValues<'_>) -> Result<Option<JiitSettings>, ConfigError> {
    // All settings are parsed, even without a portal, so that mistakes are reported.
    let url = values.optional("PROFILES_JIIT_URL", parse_base_url)?;
    let path = |name| values.required(name, path_below);
    let ca_file = values.file("PROFILES_JIIT_CA_FILE")?;
    let offers_tls_1_3 = values.required("PROFILES_JIIT_TLS", |text| match text {
        "1.2" => Ok(false),
        "1.3" => Ok(true),
        _ => Err("must be 1.2 or 1.3".to_owned()),
    })?;
    let mail_domain = values.required("PROFILES_JIIT_MAIL_DOMAIN", domain)?;
    let captcha_path = path("PROFILES_JIIT_CAPTCHA_PATH")?;
    let pre_token_path = path("PROFILES_JIIT_PRETOKEN_PATH")?;
    let token_path = path("PROFILES_JIIT_TOKEN_PATH")?;
    let person_path = path("PROFILES_JIIT_PERSON_PATH")?;
    Ok(url.map(|url| JiitSettings {
        url,
        ca_file,
        offers_tls_1_3,
        mail_domain,
        captcha_path,
        pre_token_path,
        token_path,
        person_path,
    }))
}

fn path_below(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if text.starts_with('/') && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err("must be a path with a slash in front, as /token/getcaptcha".to_owned())
}

fn domain(text: &str) -> Result<String, String> {
    match format!("a@{text}").parse::<lettre::Address>() {
        Ok(_) if !text.contains('@') => Ok(text.to_lowercase()),
        _ => Err("must be what stands behind the @ of a mail address".to_owned()),
    }
}

/// The server refuses every look-up without authorization, so it is required.
fn leprechaun(values: &SettingValues<'_>) -> Result<Option<LeprechaunSettings>, ConfigError> {
    const AUTHORIZATION: &str = "PROFILES_LEPRECHAUN_AUTHORIZATION";
    let url = values.optional("PROFILES_LEPRECHAUN_URL", parse_base_url)?;
    let authorization = values.optional(AUTHORIZATION, |text| {
        let is_printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if is_printable && !text.trim().is_empty() {
            Ok(SecretString::from(text))
        } else {
            Err(
                "must be what the server wants in the Authorization header, as Bearer abcd"
                    .to_owned(),
            )
        }
    })?;
    match (url, authorization) {
        (Some(url), Some(authorization)) => Ok(Some(LeprechaunSettings { url, authorization })),
        (Some(_), None) => Err(ConfigError::Value {
            name: AUTHORIZATION,
            problem: "must be set where PROFILES_LEPRECHAUN_URL is, as Bearer abcd".to_owned(),
        }),
        (None, _) => Ok(None),
    }
}

/// Parses the base URL of a campus system.
pub fn parse_base_url(text: &str) -> Result<Url, String> {
    let base: Url = text
        .parse()
        .map_err(|_| "must be an address, as https://portal.campus.example".to_owned())?;
    check_base_url(&base).map_err(str::to_owned)?;
    Ok(base)
}

/// Whether passwords may be sent to this URL: over TLS, or to this machine.
pub fn check_base_url(base: &Url) -> Result<(), &'static str> {
    let is_loopback = match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let has_more_parts = !base.username().is_empty()
        || base.password().is_some()
        || base.query().is_some()
        || base.fragment().is_some();
    match base.scheme() {
        "https" | "http" if has_more_parts => Err("must be scheme, host and path only"),
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        _ => Err("must be https: plain http is for loopback hosts only"),
    }
}

fn aliases(text: &str) -> Result<Vec<String>, String> {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items
        .map(|item| {
            let path = item.trim_end_matches('/');
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
            if path.len() > 1
                && path.starts_with('/')
                && !path.contains("//")
                && path.chars().all(plain)
            {
                Ok(path.to_owned())
            } else {
                Err("must be paths that begin with a slash, as /profiles,/sso".to_owned())
            }
        })
        .collect()
}

fn secret(text: &str) -> Result<[u8; 32], String> {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    bytes.try_into().map_err(|_| {
        "must be 32 random bytes in base64: `head -c 32 /dev/urandom | base64` makes some"
            .to_owned()
    })
}

fn time_zone(text: &str) -> Result<UtcOffset, String> {
    // India has one offset all year. Other zones are set by their offset.
    let text = if text == "Asia/Kolkata" {
        "+05:30"
    } else {
        text
    };
    let offset = time::macros::format_description!("[offset_hour sign:mandatory]:[offset_minute]");
    UtcOffset::parse(text, &offset)
        .map_err(|_| "must be Asia/Kolkata, or an offset from UTC, as +05:30".to_owned())
}

fn smtp_url(text: &str) -> Result<SecretString, String> {
    let usage = || "must be a mail server, as smtp://user:password@host or smtps://…".to_owned();
    if !(text.starts_with("smtp://") || text.starts_with("smtps://")) {
        return Err(usage());
    }
    check_credential_characters(text)?;
    let url: Url = text.parse().map_err(|_| usage())?;
    if !url.has_host() {
        return Err(usage());
    }
    // The server would be used without signing in, and refuse each mail later.
    let (has_user, has_password) = (
        !url.username().is_empty(),
        url.password().is_some_and(|password| !password.is_empty()),
    );
    match (has_user, has_password) {
        (true, false) => Err(
            "has a user and no password: write user:password@host, or the host alone".to_owned(),
        ),
        (false, true) => Err(
            "has a password and no user: write user:password@host, or the host alone".to_owned(),
        ),
        _ => Ok(SecretString::from(text)),
    }
}

fn mailbox(text: &str) -> Result<String, String> {
    let parsed: Result<lettre::Address, _> = text.parse();
    parsed
        .map(|_| text.to_owned())
        .map_err(|_| "must be a mail address".to_owned())
}

fn selector(text: &str) -> Result<String, String> {
    let label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(plain)
    };
    if text.split('.').all(label) {
        return Ok(text.to_owned());
    }
    Err("must be a name in DNS: letters, digits, dots and -".to_owned())
}

fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let networks = items(text).map(parse_network).collect::<Option<_>>();
    networks.ok_or_else(|| "must be addresses or networks, as 10.0.0.0/8,192.0.2.7".to_owned())
}

fn parse_named_networks(text: &str) -> Result<Vec<(String, IpNet)>, String> {
    let named_network = |item: &str| {
        let (name, range) = item.split_once('=')?;
        let name = name.trim();
        let is_name = !name.is_empty() && !name.contains(char::is_control);
        is_name.then(|| Some((name.to_owned(), parse_network(range.trim())?)))?
    };
    let places = items(text).map(named_network).collect::<Option<_>>();
    places.ok_or_else(|| {
        "must be names with their networks, as Campus network=10.0.0.0/8,Library=10.7.0.0/16"
            .to_owned()
    })
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    let items = text.split(',').map(str::trim);
    items.filter(|item| !item.is_empty())
}

/// A single address is a network of one address.
fn parse_network(text: &str) -> Option<IpNet> {
    let single = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

/// A word without `=` must be a level. `EnvFilter` would take any other word for a target, and log nothing
/// else.
fn log(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    if items(text).all(|item| item.contains(['=', '[']) || is_level(item)) {
        return Ok(text.to_owned());
    }
    Err("must be a filter, as info or info,profiles=debug".to_owned())
}

fn log_format(text: &str) -> Result<bool, String> {
    match text {
        "json" => Ok(true),
        "text" => Ok(false),
        _ => Err("must be text or json".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn defaults_are_valid() {
        let config = load(&[("PATH", "/bin"), ("PROFILES_LISTEN", "")]).unwrap();
        assert_eq!(config.aliases, ["/profiles", "/sso"]);
        assert_eq!(config.lifetimes.access_token, Duration::from_hours(10));
        assert!(config.database_url.is_none());
    }

    #[test]
    fn an_unknown_name_is_refused_with_a_suggestion() {
        let error = load(&[("PROFILES_LISTENS", "x")]).unwrap_err().to_string();
        assert!(
            error.contains("PROFILES_LISTENS") && error.contains("did you mean PROFILES_LISTEN?")
        );
        assert!(!error.contains('\n'));
    }

    #[test]
    fn an_invalid_value_is_refused_without_repeating_it() {
        let error = load(&[("DATABASE_URL", "mysql://root:hunter2@db")])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("DATABASE_URL must be") && !error.contains("hunter2"));
        for (name, value) in [
            ("PROFILES_LISTEN", "8000"),
            ("PROFILES_METRICS_LISTEN", ":9100"),
            ("PROFILES_CODE_SECONDS", "601"),
            ("PROFILES_PUBLIC_URL", "http://profiles.campus.example"),
            ("PROFILES_ALIASES", "sso"),
            ("PROFILES_SECRET", "c2hvcnQ="),
            ("PROFILES_TRUSTED_PROXIES", "10.0.0.0/99"),
            ("PROFILES_PLACES", "10.0.0.0/8"),
            ("PROFILES_PLACES", "=10.0.0.0/8"),
            ("PROFILES_PLACES", "Campus=10.0.0.0/33"),
            ("PROFILES_PLACES", "Campus=the lake"),
            ("PROFILES_LOG_FORMAT", "xml"),
            ("PROFILES_LOG", "verbose"),
            ("PROFILES_LOG", "info,profiles"),
            ("PROFILES_JIIT_TLS", "1.1"),
            ("PROFILES_JIIT_TOKEN_PATH", "token"),
            ("PROFILES_LDAP_USER_FILTER", "(uid=asha)"),
            ("PROFILES_SMTP_URL", "http://mail"),
            ("PROFILES_ERP_URL", "http://erp.campus.example"),
            ("PROFILES_ERP_URL", "https://campus.example/erp"),
            ("PROFILES_ERP_FETCH_NAME", "1"),
        ] {
            let error = load(&[(name, value)]).unwrap_err();
            assert!(
                matches!(error, ConfigError::Value { name: told, .. } if told == name),
                "{name}"
            );
        }
    }

    #[test]
    fn credentials_in_a_url_are_complete_and_encoded() {
        for (name, value, cure) in [
            ("PROFILES_SMTP_URL", "smtp://me@mail.example", "no password"),
            (
                "PROFILES_SMTP_URL",
                "smtps://me:@mail.example",
                "no password",
            ),
            (
                "PROFILES_SMTP_URL",
                "smtp://:hunter2@mail.example",
                "no user",
            ),
            (
                "PROFILES_SMTP_URL",
                "smtp://me:hunt#er2@mail.example",
                "# as %23",
            ),
            (
                "PROFILES_SMTP_URL",
                "smtp://me:25#hunter2@mail.example",
                "# as %23",
            ),
            (
                "PROFILES_SMTP_URL",
                "smtp://me:hunt/er2@mail.example:587",
                "/ as %2F",
            ),
            (
                "PROFILES_SMTP_URL",
                "smtps://me:hunt?er2@mail.example",
                "? as %3F",
            ),
            (
                "PROFILES_SMTP_URL",
                "smtp://me@campus.example:hunt/er2@mail",
                "/ as %2F",
            ),
            (
                "DATABASE_URL",
                "postgres://me:hunt#er2@db/profiles",
                "# as %23",
            ),
            (
                "DATABASE_URL",
                "postgres://me:hunt/er2@db/profiles",
                "/ as %2F",
            ),
            (
                "PROFILES_PUBLIC_URL",
                "https://:hunter2@campus.example",
                "path only",
            ),
            ("PROFILES_PUBLIC_URL", "https://campus.example./", "no dot"),
        ] {
            let error = load(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(cure), "{error}");
            assert!(!error.contains("hunt") && !error.contains("er2"), "{error}");
        }
    }

    #[test]
    fn credentials_in_a_url_may_hold_what_is_not_ambiguous() {
        for (name, value) in [
            ("PROFILES_SMTP_URL", "smtp://mail.example"),
            ("PROFILES_SMTP_URL", "smtp://localhost:1025?tls=required"),
            (
                "PROFILES_SMTP_URL",
                "smtp://me@campus.example:hunter2@mail.example/greeting",
            ),
            ("PROFILES_SMTP_URL", "smtp://me:hunt%23er2%2F@mail.example"),
            ("DATABASE_URL", "postgres:///profiles?host=/run/postgresql"),
            ("DATABASE_URL", "postgres://db/profiles?user=me@campus"),
            (
                "DATABASE_URL",
                "postgres://me:hunter2@db:5432/profiles?options=a@b",
            ),
        ] {
            assert!(load(&[(name, value)]).is_ok(), "{value}");
        }
    }

    #[test]
    fn named_networks_have_a_name_and_a_range() {
        let text = "Campus network=10.0.0.0/8, Library = 2001:db8:7::/48,Library=192.0.2.7";
        let places = load(&[("PROFILES_PLACES", text)]).unwrap().named_networks;
        let places: Vec<_> = places
            .iter()
            .map(|(name, range)| format!("{name} {range}"))
            .collect();
        let expected = [
            "Campus network 10.0.0.0/8",
            "Library 2001:db8:7::/48",
            "Library 192.0.2.7/32",
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(load(&[("PROFILES_PUBLIC_URL", "http://127.0.0.1:9/p")]).is_ok());
        assert!(load(&[("PROFILES_PUBLIC_URL", "https://profiles.campus.example/p")]).is_ok());
    }

    #[test]
    fn the_portals_paths_and_domain_are_settings() {
        let url = (
            "PROFILES_JIIT_URL",
            "https://portal.example/StudentPortalAPI",
        );
        assert!(load(&[]).unwrap().jiit.is_none());
        let jiit = load(&[url]).unwrap().jiit.unwrap();
        assert_eq!(jiit.token_path, "/token/generatewebtoken");
        assert!(!jiit.offers_tls_1_3);
        let moved = ("PROFILES_JIIT_TOKEN_PATH", "/token/next");
        let jiit = load(&[url, moved, ("PROFILES_JIIT_TLS", "1.3")])
            .unwrap()
            .jiit
            .unwrap();
        assert_eq!(
            (jiit.token_path.as_str(), jiit.offers_tls_1_3),
            ("/token/next", true)
        );
        for (name, value) in [
            ("PROFILES_JIIT_URL", "http://portal.example"),
            ("PROFILES_JIIT_TOKEN_PATH", "token"),
            ("PROFILES_JIIT_TOKEN_PATH", "https://evil.example/token"),
            ("PROFILES_JIIT_TOKEN_PATH", "/token?a=b"),
            ("PROFILES_JIIT_TLS", "1.1"),
            ("PROFILES_JIIT_MAIL_DOMAIN", "a@b.example"),
        ] {
            let error = load(&[url, (name, value)]).unwrap_err();
            assert!(
                matches!(error, ConfigError::Value { name: told, .. } if told == name),
                "{name}"
            );
        }
    }

    #[test]
    fn l18_a_leprechaun_server_without_authorization_is_no_start() {
        let url = ("PROFILES_LEPRECHAUN_URL", "https://leprechaun.example");
        let told = |authorization: &str| {
            let error = load(&[url, ("PROFILES_LEPRECHAUN_AUTHORIZATION", authorization)]);
            error.unwrap_err().to_string()
        };
        assert!(load(&[url]).is_err());
        for empty in ["", " ", "Bearer\tabcd"] {
            let told = told(empty);
            assert!(
                told.starts_with("PROFILES_LEPRECHAUN_AUTHORIZATION must be"),
                "{told}"
            );
            assert!(!told.contains("abcd,"), "{told}");
        }
        let config = load(&[url, ("PROFILES_LEPRECHAUN_AUTHORIZATION", "Bearer abcd")]).unwrap();
        assert!(!format!("{config:?}").contains("abcd"));
    }

    #[test]
    fn passwords_are_sent_over_tls_or_to_this_machine() {
        for good in [
            "https://erp.example",
            "https://portal.example/api/",
            "http://127.0.0.1:9",
            "http://[::1]:9/x",
            "http://localhost",
        ] {
            assert!(parse_base_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://erp.example",
            "http://localhost.example",
            "http://192.168.1.1",
            "ftp://127.0.0.1",
            "https://me:secret@erp.example",
            "https://erp.example/?a=b",
            "erp.example",
        ] {
            assert!(parse_base_url(bad).is_err(), "{bad}");
        }
    }
}

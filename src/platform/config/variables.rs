//! The table of variables. The loader, `profiles serve --help` and `.env.sample` are read from it.

use std::fmt::Write;

/// One environment variable.
#[derive(Debug)]
pub struct Variable {
    pub name: &'static str,
    /// What it is when unset; `None` where unset means off.
    pub default: Option<&'static str>,
    pub meaning: &'static str,
}

const fn variable(
    name: &'static str,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Variable {
    Variable {
        name,
        default,
        meaning,
    }
}

#[rustfmt::skip]
pub const VARIABLES: &[Variable] = &[
    variable("DATABASE_URL", None,
        "PostgreSQL 14 or newer, as postgres://user:password@host/name. Unset: a private cluster under the data folder, with demo people"),
    variable("PROFILES_LISTEN", Some("127.0.0.1:8000"),
        "address and port to listen on; port 0 takes a free one"),
    variable("PROFILES_PUBLIC_URL", Some("http://localhost:8000"),
        "where the world reaches the service; may carry a path; https except on loopback"),
    variable("PROFILES_ALIASES", Some("/profiles,/sso"),
        "further path prefixes under which the protocol addresses answer"),
    variable("PROFILES_DATA_DIR", Some("./data"),
        "folder for the private cluster, pictures and mail files"),
    variable("PROFILES_SECRET", None,
        "32 bytes in base64 from which server keys are derived. Unset: made once, in a file of the data folder"),
    variable("PROFILES_CAMPUS_NAME", Some("Campus"),
        "the name above every page"),
    variable("PROFILES_TIME_ZONE", Some("Asia/Kolkata"),
        "the campus' time zone, for times on pages: Asia/Kolkata, or an offset from UTC as +05:30"),
    variable("PROFILES_SMTP_URL", None,
        "mail server, as smtp://user:password@host or smtps://…. Unset: each mail becomes a file under the data folder's mail/"),
    variable("PROFILES_SMTP_CA_FILE", None,
        "a certificate in PEM to trust for the mail server, beside those that everybody trusts"),
    variable("PROFILES_MAIL_FROM", Some("no-reply@localhost"),
        "the address mails come from"),
    variable("PROFILES_DKIM_KEY_FILE", None,
        "private key in PEM, RSA or Ed25519, with which mails are signed (DKIM). Unset: the mail server signs, or nobody"),
    variable("PROFILES_DKIM_SELECTOR", Some("profiles"),
        "under which the key's other half stands in DNS: <selector>._domainkey.<domain of PROFILES_MAIL_FROM>"),
    variable("PROFILES_SEND_MAIL_PER_PERSON_DAY", Some("20"),
        "how many mails an app may send to one person in 24 hours"),
    variable("PROFILES_SEND_MAIL_PER_APP_HOUR", Some("1000"),
        "how many mails an app may send in an hour"),
    variable("PROFILES_SEND_MAIL_UNVERIFIED_DAY", Some("5"),
        "how many mails an app that is not verified may send in 24 hours, to all people together"),
    variable("PROFILES_ACCESS_TOKEN_SECONDS", Some("36000"),
        "how long an access token lives"),
    variable("PROFILES_CODE_SECONDS", Some("60"),
        "how long an authorization code lives; 600 at most"),
    variable("PROFILES_REFRESH_GRACE_SECONDS", Some("10"),
        "how long a refresh token that was just traded may be presented again, in case the answer was lost; 0 is strict"),
    variable("PROFILES_REFRESH_TOKEN_DAYS", Some("90"),
        "how long a refresh token lives unused; a login as a whole ends after 365 days"),
    variable("PROFILES_UNVERIFIED_CAP", Some("10"),
        "how many people an app that is not verified may have"),
    variable("PROFILES_SESSION_IDLE_MINUTES", Some("120"),
        "how long a browser session lives unused; sessions to be remembered live 365 days"),
    variable("PROFILES_LDAP_URL", None,
        "the campus directory, as ldaps://ldap.campus.example, or ldap://… for StartTLS; without TLS on loopback only. Unset: nobody signs in through it"),
    variable("PROFILES_LDAP_BASE_DN", None,
        "the entry below which people are searched for, as ou=people,dc=campus,dc=example"),
    variable("PROFILES_LDAP_USER_FILTER", Some("(uid={username})"),
        "what finds somebody's entry: a filter, with {username} for what was typed"),
    variable("PROFILES_LDAP_BIND_DN", None,
        "the account that searches. Unset: the search is anonymous"),
    variable("PROFILES_LDAP_BIND_PASSWORD", None,
        "that account's password"),
    variable("PROFILES_LDAP_USER_DN", None,
        "the name people sign in to the directory with, when no account is to search, as uid={username},ou=people,dc=campus,dc=example"),
    variable("PROFILES_LDAP_CA_FILE", None,
        "certificates in PEM to trust for the directory, in place of those that everybody trusts"),
    variable("PROFILES_LDAP_ALUMNI_UNIT", Some("ou=Alumni"),
        "the part of the directory whose people are alumni"),
    variable("PROFILES_ERP_URL", None,
        "the ERP of IIT Kharagpur, as https://erp.iitkgp.ac.in: people may sign in with their ERP account. Unset: they may not"),
    variable("PROFILES_ERP_CA_FILE", None,
        "a certificate in PEM to trust for the ERP, beside those that everybody trusts"),
    variable("PROFILES_ERP_FETCH_NAME", Some("off"),
        "on: read somebody\'s name off ERP\'s first page at each sign-in; it opens their portal for that moment"),
    variable("PROFILES_ERP_REASK_PASSWORD", Some("off"),
        "on: ask for the ERP password a second time, beside the code, instead of holding it in memory in between"),
    variable("PROFILES_UPSTREAM_SECONDS", Some("30"),
        "how long the ERP, the JIIT portal or a Leprechaun server may take for one answer at a sign-in; 30 at most. The directory has 8"),
    variable("PROFILES_JIIT_URL", None,
        "the JIIT portal's API, up to and with /StudentPortalAPI: people can sign in with their enrollment number; http only on loopback"),
    variable("PROFILES_JIIT_CA_FILE", None,
        "a certificate in PEM to trust for the portal, beside those that everybody trusts"),
    variable("PROFILES_JIIT_TLS", Some("1.2"),
        "the newest TLS the portal is offered, 1.2 or 1.3: JIIT's own breaks off at 1.3"),
    variable("PROFILES_JIIT_MAIL_DOMAIN", Some("mail.jiit.ac.in"),
        "mail addresses of the portal are taken, to be verified, if they end in this"),
    variable("PROFILES_JIIT_CAPTCHA_PATH", Some("/token/getcaptcha"),
        "where below PROFILES_JIIT_URL the portal gives a captcha"),
    variable("PROFILES_JIIT_PRETOKEN_PATH", Some("/token/pretoken-check"),
        "where it takes number and captcha"),
    variable("PROFILES_JIIT_TOKEN_PATH", Some("/token/generatewebtoken"),
        "where it takes the password; this has changed twice in 2026"),
    variable("PROFILES_JIIT_PERSON_PATH", Some("/studentpersinfo/getstudent-personalinformation"),
        "where it tells of a student who agreed to that"),
    variable("PROFILES_ASSOCIATION_DAYS", Some("400"),
        "after how many days a mailbox proved to belong to a roll number has to be proved again to sign in by it; such proofs are made where PROFILES_ERP_URL is set"),
    variable("PROFILES_LEPRECHAUN_URL", None,
        "a Leprechaun server, as https://leprechaun.example: people it knows a mailbox of sign in by a code mailed there"),
    variable("PROFILES_LEPRECHAUN_AUTHORIZATION", None,
        "what it wants in the Authorization header, whole, as Bearer abcd"),
    variable("PROFILES_TRUSTED_PROXIES", None,
        "addresses (CIDR, comma-separated) whose Forwarded or X-Forwarded-For header is believed; where both come neither is, so let the proxy drop the one it does not write"),
    variable("PROFILES_PLACES", None,
        "names of address ranges (name=CIDR, comma-separated; the narrowest counts), as Campus network=10.0.0.0/8: people see the name beside where they signed in; the address itself is not kept"),
    variable("PROFILES_METRICS_LISTEN", None,
        "address and port at which Prometheus reads /metrics, for operators only: nobody is asked who they are there. Unset: nowhere"),
    variable("PROFILES_LOG", Some("info"),
        "what is logged, as a filter such as info,profiles=debug"),
    variable("PROFILES_LOG_FORMAT", Some("text"),
        "text for people, json for machines"),
    variable(DEMO_UPSTREAMS, None,
        "1: script/run starts simulated campus systems and sets the server to them. The server itself only knows the name"),
];

/// For `script/run`, which does not hand it on.
pub const DEMO_UPSTREAMS: &str = "PROFILES_DEMO_UPSTREAMS";

/// `.env.sample`, whole.
pub fn sample() -> String {
    let mut text = String::from(
        "# Every setting, with its default. Copy to .env and change what differs.\n\
         # Written from src/config/variables.rs; a test holds the two together.\n",
    );
    for variable in VARIABLES {
        let value = variable.default.unwrap_or_default();
        let _ = write!(
            text,
            "\n# {}\n#{}={value}\n",
            variable.meaning, variable.name
        );
    }
    text
}

/// The part of `profiles serve --help` that lists them.
pub fn help() -> String {
    let mut text = String::from(
        "Environment variables (a .env file in the working directory is read first):\n",
    );
    for variable in VARIABLES {
        let default = variable.default.map(|value| format!(" [default: {value}]"));
        let default = default.unwrap_or_default();
        let _ = write!(
            text,
            "\n  {}\n      {}{default}\n",
            variable.name, variable.meaning
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "asks whether to write the file anew"
    )]
    fn the_sample_file_says_the_same() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.sample");
        if std::env::var_os("PROFILES_WRITE_DERIVED").is_some() {
            std::fs::write(path, sample()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), sample());
    }
}

//! The table of settings: the source of the defaults, of `profiles serve --help` and of `.env.sample`.

use std::fmt::Write;

/// One environment variable.
#[derive(Debug)]
pub struct Variable {
    pub name: &'static str,
    /// The default; `None` if unset means off.
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
        "the public URL of the service; may have a path; https except on loopback"),
    variable("PROFILES_ALIASES", Some("/profiles,/sso"),
        "additional path prefixes under which the protocol endpoints are served"),
    variable("PROFILES_DATA_DIR", Some("./data"),
        "folder for the private cluster, pictures and mail files"),
    variable("PROFILES_SECRET", None,
        "32 bytes in base64, from which the server's keys are derived. Unset: generated once, in a file of the data folder"),
    variable("PROFILES_CAMPUS_NAME", Some("Campus"),
        "the name at the top of every page"),
    variable("PROFILES_TIME_ZONE", Some("Asia/Kolkata"),
        "the campus' time zone, for times on pages: Asia/Kolkata, or an offset from UTC as +05:30"),
    variable("PROFILES_SMTP_URL", None,
        "mail server, as smtp://user:password@host or smtps://…. Unset: each mail is written to a file in mail/ of the data folder"),
    variable("PROFILES_SMTP_CA_FILE", None,
        "a certificate in PEM to trust for the mail server, in addition to the usual ones"),
    variable("PROFILES_MAIL_FROM", Some("no-reply@localhost"),
        "the sender address of mails"),
    variable("PROFILES_DKIM_KEY_FILE", None,
        "private key in PEM, RSA or Ed25519, with which mails are signed (DKIM). Unset: Profiles does not sign mails"),
    variable("PROFILES_DKIM_SELECTOR", Some("profiles"),
        "the DKIM selector; the public key is in DNS at <selector>._domainkey.<domain of PROFILES_MAIL_FROM>"),
    variable("PROFILES_SEND_MAIL_PER_PERSON_DAY", Some("20"),
        "how many mails an app may send to one person in 24 hours"),
    variable("PROFILES_SEND_MAIL_PER_APP_HOUR", Some("1000"),
        "how many mails an app may send in an hour"),
    variable("PROFILES_SEND_MAIL_UNVERIFIED_DAY", Some("5"),
        "how many mails an app that is not verified may send in 24 hours, to all people together"),
    variable("PROFILES_ACCESS_TOKEN_SECONDS", Some("36000"),
        "how long an access token is valid"),
    variable("PROFILES_CODE_SECONDS", Some("60"),
        "how long an authorization code is valid; at most 600"),
    variable("PROFILES_REFRESH_GRACE_SECONDS", Some("10"),
        "how long a refresh token that was replaced returns the same new pair; 0: every second use is a replay"),
    variable("PROFILES_REFRESH_TOKEN_DAYS", Some("90"),
        "how long an unused refresh token is valid; a token family ends after 365 days"),
    variable("PROFILES_UNVERIFIED_CAP", Some("10"),
        "how many people may use an app that is not verified"),
    variable("PROFILES_SESSION_IDLE_MINUTES", Some("120"),
        "how long an unused browser session lasts; with “keep me signed in” a session lasts 365 days"),
    variable("PROFILES_LDAP_URL", None,
        "the campus directory, as ldaps://ldap.campus.example, or ldap://… for StartTLS; without TLS on loopback only. Unset: no sign-in through a directory"),
    variable("PROFILES_LDAP_BASE_DN", None,
        "the entry below which people are searched for, as ou=people,dc=campus,dc=example"),
    variable("PROFILES_LDAP_USER_FILTER", Some("(uid={username})"),
        "the filter that finds a person's entry; {username} stands for the typed username. Unset: the attribute of the username in PROFILES_LDAP_ATTRIBUTES"),
    variable("PROFILES_LDAP_BIND_DN", None,
        "the account that searches. Unset: the search is anonymous"),
    variable("PROFILES_LDAP_BIND_PASSWORD", None,
        "that account's password"),
    variable("PROFILES_LDAP_USER_DN", None,
        "the name with which people bind to the directory if no account searches, as uid={username},ou=people,dc=campus,dc=example"),
    variable("PROFILES_LDAP_CA_FILE", None,
        "certificates in PEM to trust for the directory, instead of the usual ones"),
    variable("PROFILES_LDAP_ALUMNI_UNIT", Some("ou=Alumni"),
        "the unit of the directory whose people are alumni"),
    variable("PROFILES_LDAP_ATTRIBUTES", Some("username=uid,id=entryUUID|objectGUID,first_name=givenName,last_name=sn,name=displayName|cn,email=mail,roll_number=employeeNumber,type=employeeType,mobile=mobile"),
        "the directory's attributes, where they differ, as username=sAMAccountName for Active Directory; of several (|) the first counts; with none after the = it is not read"),
    variable("PROFILES_LDAP_ABSENT", Some("keep"),
        "what happens to a value whose attribute the directory does not show: keep, or clear if the account may read every attribute"),
    variable("PROFILES_LDAP_PASSWORD_URL", None,
        "the campus' own page where people change their password, for those whose password has expired"),
    variable("PROFILES_ERP_URL", None,
        "the ERP of IIT Kharagpur, as https://erp.iitkgp.ac.in. Unset: no sign-in with an ERP account"),
    variable("PROFILES_ERP_CA_FILE", None,
        "a certificate in PEM to trust for the ERP, in addition to the usual ones"),
    variable("PROFILES_ERP_FETCH_NAME", Some("off"),
        "on: read the person's name from the ERP's first page at each sign-in, which opens a session in their portal for a moment"),
    variable("PROFILES_ERP_REASK_PASSWORD", Some("off"),
        "on: ask for the ERP password a second time, together with the code, instead of keeping it in memory in between"),
    variable("PROFILES_UPSTREAM_SECONDS", Some("30"),
        "how many seconds the ERP, the JIIT portal or a Leprechaun server may take for one response; at most 30. The directory has 8"),
    variable("PROFILES_JIIT_URL", None,
        "the JIIT portal's API, up to and with /StudentPortalAPI: people sign in with their enrollment number; http on loopback only"),
    variable("PROFILES_JIIT_CA_FILE", None,
        "a certificate in PEM to trust for the portal, in addition to the usual ones"),
    variable("PROFILES_JIIT_TLS", Some("1.2"),
        "the newest TLS version offered to the portal, 1.2 or 1.3; JIIT's own closes connections that offer 1.3"),
    variable("PROFILES_JIIT_MAIL_DOMAIN", Some("mail.jiit.ac.in"),
        "mail addresses from the portal are used (after verification) if they are in this domain"),
    variable("PROFILES_JIIT_CAPTCHA_PATH", Some("/token/getcaptcha"),
        "the path of captchas below PROFILES_JIIT_URL"),
    variable("PROFILES_JIIT_PRETOKEN_PATH", Some("/token/pretoken-check"),
        "the path to which number and captcha are sent"),
    variable("PROFILES_JIIT_TOKEN_PATH", Some("/token/generatewebtoken"),
        "the path to which the password is sent; it has changed twice in 2026"),
    variable("PROFILES_JIIT_PERSON_PATH", Some("/studentpersinfo/getstudent-personalinformation"),
        "the path of a student's data, read with their consent"),
    variable("PROFILES_ASSOCIATION_DAYS", Some("400"),
        "for how many days the proof that a mailbox belongs to a roll number allows to sign in with that mailbox; proofs need PROFILES_ERP_URL"),
    variable("PROFILES_LEPRECHAUN_URL", None,
        "a Leprechaun server, as https://leprechaun.example: people whose mailbox it knows sign in with a code mailed there"),
    variable("PROFILES_LEPRECHAUN_AUTHORIZATION", None,
        "the complete value of the Authorization header for that server, as Bearer abcd"),
    variable("PROFILES_TRUSTED_PROXIES", None,
        "addresses (CIDR, comma-separated) of proxies whose Forwarded or X-Forwarded-For header is trusted; if a request has both, neither is, so the proxy must remove the one it does not write"),
    variable("PROFILES_PLACES", None,
        "names of address ranges (name=CIDR, comma-separated; the narrowest matches), as Campus network=10.0.0.0/8: people see the name beside their sessions; the address itself is not stored"),
    variable("PROFILES_METRICS_LISTEN", None,
        "address and port at which Prometheus reads /metrics; without authentication, so for operators only. Unset: not served"),
    variable("PROFILES_LOG", Some("info"),
        "the log filter, such as info,profiles=debug"),
    variable("PROFILES_LOG_FORMAT", Some("text"),
        "text or json"),
    variable(DEMO_UPSTREAMS, None,
        "1: script/run starts simulated campus systems and configures the server for them. The server itself ignores it"),
];

/// Read by `script/run`, which does not pass it on.
pub const DEMO_UPSTREAMS: &str = "PROFILES_DEMO_UPSTREAMS";

/// The text of `.env.sample`.
pub fn sample() -> String {
    let mut text = String::from(
        "# Every setting, with its default. Copy to .env and change what differs.\n\
         # Generated from src/platform/config/variables.rs. After a change there: PROFILES_WRITE_DERIVED=1 cargo test --lib sample_file\n",
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

/// The list of settings in `profiles serve --help`.
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
        reason = "decides whether to write the file"
    )]
    fn the_sample_file_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.sample");
        if std::env::var_os("PROFILES_WRITE_DERIVED").is_some() {
            std::fs::write(path, sample()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), sample());
    }
}

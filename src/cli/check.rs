//! `profiles check`

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::{fmt, fs};

use serde::Serialize;

use super::database::CONNECTION_ADVICE;
use super::{CommandError, print, say};
use crate::connectors::{ConnectorError, LeprechaunError};
use crate::platform::clock::{Clock, SharedClock, SystemClock};
use crate::platform::config::{Config, PersonLookup};
use crate::platform::db::{Db, cluster};
use crate::platform::rng::OsRng;
use crate::server::login_connectors;
use crate::{connectors, server};

/// The oldest supported PostgreSQL.
const OLDEST_VERSION: u32 = 14;

#[derive(Debug, Serialize)]
struct CheckReport {
    database: CheckResult,
    data_folder: CheckResult,
    mail: CheckResult,
    sign_in: CheckResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<CheckResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erp: Option<CheckResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jiit: Option<CheckResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leprechaun: Option<CheckResult>,
    settings: CheckResult,
    /// What works, and should be otherwise for a campus. Does not fail the check.
    warnings: Vec<&'static str>,
}

/// The result of one check: whether it works, or why not and what to do.
#[derive(Debug, Serialize)]
struct CheckResult {
    ok: bool,
    says: String,
}

impl CheckResult {
    fn good(says: impl Into<String>) -> Self {
        Self {
            ok: true,
            says: says.into(),
        }
    }

    fn wrong(says: impl Into<String>) -> Self {
        Self {
            ok: false,
            says: says.into(),
        }
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judged = if self.ok { "ok" } else { "wrong" };
        write!(f, "{judged}: {}", self.says)
    }
}

pub(super) async fn check(config: &Config) -> Result<ExitCode, CommandError> {
    let report = CheckReport {
        database: database(config).await,
        data_folder: data_folder(&config.data_dir),
        mail: mail(config).await,
        sign_in: sign_in(config).await,
        directory: directory(config).await,
        erp: erp(config).await,
        jiit: jiit(config).await,
        leprechaun: leprechaun(config).await,
        // Invalid settings have stopped the command before.
        settings: CheckResult::good("all known"),
        warnings: config.warnings(),
    };
    let findings = [
        ("database", Some(&report.database)),
        ("data folder", Some(&report.data_folder)),
        ("mail", Some(&report.mail)),
        ("sign-in", Some(&report.sign_in)),
        ("directory", report.directory.as_ref()),
        ("ERP", report.erp.as_ref()),
        ("JIIT portal", report.jiit.as_ref()),
        ("Leprechaun", report.leprechaun.as_ref()),
        ("settings", Some(&report.settings)),
    ];
    let findings = findings.into_iter();
    let findings: Vec<_> = findings
        .filter_map(|(what, it)| Some((what, it?)))
        .collect();
    for (what, finding) in &findings {
        say(format_args!("{what}: {finding}"));
    }
    for warning in &report.warnings {
        say(format_args!("warning: {warning}"));
    }
    print(&report)?;
    Ok(if findings.iter().all(|(_, finding)| finding.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn database(config: &Config) -> CheckResult {
    let Some(url) = &config.database_url else {
        return private_cluster(config);
    };
    let db = match Db::open(url) {
        Ok(db) => db,
        Err(error) => return CheckResult::wrong(format!("DATABASE_URL does not read: {error}")),
    };
    let finding = match db.server_version().await {
        Err(error) => CheckResult::wrong(format!("{error}. {CONNECTION_ADVICE}")),
        Ok(Some(version)) if version / 10_000 < OLDEST_VERSION => CheckResult::wrong(format!(
            "it is PostgreSQL {}; {OLDEST_VERSION} or newer is needed",
            version / 10_000
        )),
        Ok(_) if db.is_ready().await => CheckResult::good("reachable and up to date"),
        Ok(_) => CheckResult::wrong(
            "it is reachable and not up to date. Run `profiles migrate`, or start the server",
        ),
    };
    db.close().await;
    finding
}

/// Opens the running database without starting or migrating one.
fn open_running(config: &Config) -> Option<Db> {
    let url = match &config.database_url {
        Some(url) => url.clone(),
        None => cluster::find_running(&config.data_dir).ok()??.url,
    };
    Db::open(&url).ok()
}

fn private_cluster(config: &Config) -> CheckResult {
    match cluster::find_running(&config.data_dir) {
        Ok(Some(_)) => CheckResult::good("the private cluster runs"),
        Ok(None) => CheckResult::good(
            "DATABASE_URL is not set, so the server starts a private cluster in the data folder",
        ),
        Err(error) => CheckResult::wrong(error.to_string()),
    }
}

fn data_folder(folder: &Path) -> CheckResult {
    let test_file = folder.join(".trial");
    let result = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&test_file, b""))
        .and_then(|()| fs::remove_file(&test_file));
    match result {
        Ok(()) => CheckResult::good("can be written"),
        Err(error) => CheckResult::wrong(format!(
            "{} cannot be written: {error}. Set PROFILES_DATA_DIR to a folder of this account",
            folder.display()
        )),
    }
}

async fn mail(config: &Config) -> CheckResult {
    let transport = match server::mail_transport(config) {
        Ok(transport) => transport,
        Err(error) => return CheckResult::wrong(error.to_string()),
    };
    if config.smtp_url.is_none() {
        return CheckResult::good(
            "PROFILES_SMTP_URL is not set, so each mail becomes a file under the data folder's mail/",
        );
    }
    match transport.check().await {
        Ok(()) => CheckResult::good("the server answers"),
        Err(error) => CheckResult::wrong(format!(
            "{error}. See that PROFILES_SMTP_URL has the right host, port and password"
        )),
    }
}

/// Whether a connector was disabled automatically.
async fn sign_in(config: &Config) -> CheckResult {
    // If the database is not available, its own check reports it.
    let closed = match open_running(config) {
        Some(db) => {
            let closed = connectors::list_disabled(db.pool()).await;
            db.close().await;
            closed.unwrap_or_default()
        }
        None => Vec::new(),
    };
    if closed.is_empty() {
        return CheckResult::good("no way to sign in is closed");
    }
    let each = closed.iter().map(|closed| {
        format!(
            "{slug} closed itself on {at}, because {cause}. See what changed over there, then run \
             `profiles upstream open {slug}`",
            slug = closed.slug,
            at = closed.disabled_at.date(),
            cause = closed.reason
        )
    });
    CheckResult::wrong(each.collect::<Vec<_>>().join("; "))
}

/// Checks the campus directory, if one is configured.
async fn directory(config: &Config) -> Option<CheckResult> {
    let directory = config.directory.as_ref()?;
    let ldap = match login_connectors::ldap(directory, Arc::new(OsRng)) {
        Ok(ldap) => ldap,
        Err(error) => return Some(CheckResult::wrong(error.to_string())),
    };
    Some(match ldap.check().await {
        Ok(Some(missing)) => CheckResult::good(format!(
            "it answers, may be searched, and refuses who is not in it. {}",
            describe_missing(&missing, directory.clears_absent)
        )),
        Ok(None) if matches!(directory.lookup, PersonLookup::Search { .. }) => CheckResult::good(
            "it answers, may be searched, and refuses who is not in it. It lets nobody list entries, so \
             which attributes it shows appears when somebody signs in",
        ),
        Ok(None) => CheckResult::good(
            "it answers, and refuses who is not in it. Whether PROFILES_LDAP_USER_DN is right, and which \
             attributes it shows, appears when somebody signs in",
        ),
        Err(error) => CheckResult::wrong(error),
    })
}

fn describe_missing(missing: &[String], clears_absent: bool) -> String {
    if missing.is_empty() {
        return "The first entries show every attribute".to_owned();
    }
    let consequence = if clears_absent {
        "PROFILES_LDAP_ABSENT=clear removes these values from the profiles of people who sign in"
    } else {
        "profiles keep what they have"
    };
    format!(
        "The first entries do not show {}: either people have none, or the account that searches may not \
         read it, or it has another name (PROFILES_LDAP_ATTRIBUTES); {consequence}",
        missing.join(", ")
    )
}

/// Checks the login page of the ERP.
async fn erp(config: &Config) -> Option<CheckResult> {
    let settings = config.erp.as_ref()?;
    let client = match login_connectors::erp_pages(config, settings) {
        Ok(client) => client,
        Err(error) => return Some(CheckResult::wrong(error.to_string())),
    };
    Some(match client.check().await {
        Ok(()) => CheckResult::good("it answers, and its login page is as we know it"),
        Err(ConnectorError::ProtocolMismatch(what)) => CheckResult::wrong(format!(
            "it has changed: {what}. Nobody can sign in by it until this program knows the new one; unset PROFILES_ERP_URL"
        )),
        Err(_) => CheckResult::wrong(
            "it does not answer. See that PROFILES_ERP_URL is right, and that this machine reaches it",
        ),
    })
}

/// Checks the JIIT portal by requesting a captcha, the first step of a sign-in, which changes nothing there.
async fn jiit(config: &Config) -> Option<CheckResult> {
    let (rng, clock): (_, SharedClock) = (Arc::new(OsRng), Arc::new(SystemClock));
    let portal = match login_connectors::jiit(config, config.jiit.as_ref()?, rng, &clock) {
        Ok(portal) => portal,
        Err(error) => return Some(CheckResult::wrong(error.to_string())),
    };
    Some(match portal.check(SystemClock.now()).await {
        Ok(()) => CheckResult::good("it gives a captcha"),
        Err(error) => CheckResult::wrong(format!(
            "{error}. See that PROFILES_JIIT_URL and the paths that go with it are those of today"
        )),
    })
}

/// Checks the Leprechaun server, without a look-up of a real person.
async fn leprechaun(config: &Config) -> Option<CheckResult> {
    let server = match login_connectors::leprechaun(config, config.leprechaun.as_ref()?) {
        Ok(server) => server,
        Err(error) => return Some(CheckResult::wrong(error.to_string())),
    };
    Some(match server.check(SystemClock.now()).await {
        Ok(()) => CheckResult::good("it answers, and knows our authorization"),
        Err(error @ LeprechaunError::NotAuthorised) => CheckResult::wrong(format!(
            "{error}. See that PROFILES_LEPRECHAUN_AUTHORIZATION is the whole value its maintainers gave \
             you, `Bearer` included"
        )),
        Err(error @ LeprechaunError::Protocol(_)) => CheckResult::wrong(format!(
            "{error}. See that PROFILES_LEPRECHAUN_URL is where a Leprechaun server begins"
        )),
        Err(error) => CheckResult::wrong(format!(
            "{error}. See that PROFILES_LEPRECHAUN_URL is right, and that this machine reaches it"
        )),
    })
}

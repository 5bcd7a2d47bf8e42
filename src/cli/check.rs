//! `profiles check`

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::{fmt, fs};

use serde::Serialize;

use super::database::TO_REACH_IT;
use super::{Failure, print, say};
use crate::connectors::{LookUpError, UpstreamError};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::{Config, FindsPeople};
use crate::platform::db::{Db, cluster};
use crate::platform::rng::OsEntropy;
use crate::server::login_connectors;
use crate::{connectors, server};

/// The oldest PostgreSQL we were built for.
const OLDEST: u32 = 14;

#[derive(Debug, Serialize)]
struct Report {
    database: Finding,
    data_folder: Finding,
    mail: Finding,
    sign_in: Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erp: Option<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jiit: Option<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leprechaun: Option<Finding>,
    settings: Finding,
}

/// One thing's state: whether it works, and how, or why not and what to do.
#[derive(Debug, Serialize)]
struct Finding {
    ok: bool,
    says: String,
}

impl Finding {
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

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judged = if self.ok { "ok" } else { "wrong" };
        write!(f, "{judged}: {}", self.says)
    }
}

pub(super) async fn check(config: &Config) -> Result<ExitCode, Failure> {
    let report = Report {
        database: database(config).await,
        data_folder: data_folder(&config.data_dir),
        mail: mail(config).await,
        sign_in: sign_in(config).await,
        directory: directory(config).await,
        erp: erp(config).await,
        jiit: jiit(config).await,
        leprechaun: leprechaun(config).await,
        // What does not read has stopped the command before.
        settings: Finding::good("all known"),
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
    print(&report)?;
    Ok(if findings.iter().all(|(_, finding)| finding.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn database(config: &Config) -> Finding {
    let Some(url) = &config.database_url else {
        return private_cluster(config);
    };
    let db = match Db::open(url) {
        Ok(db) => db,
        Err(error) => return Finding::wrong(format!("DATABASE_URL does not read: {error}")),
    };
    let finding = match db.server_version().await {
        Err(error) => Finding::wrong(format!("{error}. {TO_REACH_IT}")),
        Ok(Some(version)) if version / 10_000 < OLDEST => Finding::wrong(format!(
            "it is PostgreSQL {}; {OLDEST} or newer is needed",
            version / 10_000
        )),
        Ok(_) if db.is_ready().await => Finding::good("reachable and up to date"),
        Ok(_) => Finding::wrong(
            "it is reachable and not up to date. Run `profiles migrate`, or start the server",
        ),
    };
    db.close().await;
    finding
}

/// The database as it is: nothing is started for this.
fn reach(config: &Config) -> Option<Db> {
    let url = match &config.database_url {
        Some(url) => url.clone(),
        None => cluster::find_running(&config.data_dir).ok()??.url,
    };
    Db::open(&url).ok()
}

fn private_cluster(config: &Config) -> Finding {
    match cluster::find_running(&config.data_dir) {
        Ok(Some(_)) => Finding::good("the private cluster runs"),
        Ok(None) => Finding::good(
            "DATABASE_URL is not set, so the server starts a private cluster in the data folder",
        ),
        Err(error) => Finding::wrong(error.to_string()),
    }
}

fn data_folder(folder: &Path) -> Finding {
    let trial = folder.join(".trial");
    let tried = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&trial, b""))
        .and_then(|()| fs::remove_file(&trial));
    match tried {
        Ok(()) => Finding::good("can be written"),
        Err(error) => Finding::wrong(format!(
            "{} cannot be written: {error}. Set PROFILES_DATA_DIR to a folder of this account",
            folder.display()
        )),
    }
}

async fn mail(config: &Config) -> Finding {
    let transport = match server::transport(config) {
        Ok(transport) => transport,
        Err(error) => return Finding::wrong(error.to_string()),
    };
    if config.smtp_url.is_none() {
        return Finding::good(
            "PROFILES_SMTP_URL is not set, so each mail becomes a file under the data folder's mail/",
        );
    }
    match transport.check().await {
        Ok(()) => Finding::good("the server answers"),
        Err(error) => Finding::wrong(format!(
            "{error}. See that PROFILES_SMTP_URL has the right host, port and password"
        )),
    }
}

/// Whether a way to sign in has closed itself.
async fn sign_in(config: &Config) -> Finding {
    // Where there is no answer, the database's own line says why.
    let closed = match reach(config) {
        Some(db) => {
            let closed = connectors::list_closed(db.pool()).await;
            db.close().await;
            closed.unwrap_or_default()
        }
        None => Vec::new(),
    };
    if closed.is_empty() {
        return Finding::good("no way to sign in is closed");
    }
    let each = closed.iter().map(|closed| {
        format!(
            "{slug} closed itself on {at}, because {met}. See what changed over there, then run \
             `profiles upstream open {slug}`",
            slug = closed.slug,
            at = closed.closed_at.date(),
            met = closed.met
        )
    });
    Finding::wrong(each.collect::<Vec<_>>().join("; "))
}

/// Whether the campus directory would let people in; nothing where there is none.
async fn directory(config: &Config) -> Option<Finding> {
    let directory = config.directory.as_ref()?;
    let searches = matches!(directory.finds, FindsPeople::Search { .. });
    let ldap = match login_connectors::ldap(directory, Arc::new(OsEntropy)) {
        Ok(ldap) => ldap,
        Err(error) => return Some(Finding::wrong(error.to_string())),
    };
    Some(match ldap.check().await {
        Ok(()) if searches => {
            Finding::good("it answers, may be searched, and refuses who is not in it")
        }
        Ok(()) => Finding::good(
            "it answers, and refuses who is not in it. Whether PROFILES_LDAP_USER_DN is right shows \
             when somebody signs in",
        ),
        Err(why) => Finding::wrong(why),
    })
}

/// Looks at its login page, as everybody may.
async fn erp(config: &Config) -> Option<Finding> {
    let settings = config.erp.as_ref()?;
    let client = match login_connectors::erp_pages(config, settings) {
        Ok(client) => client,
        Err(error) => return Some(Finding::wrong(error.to_string())),
    };
    Some(match client.check().await {
        Ok(()) => Finding::good("it answers, and its login page is as we know it"),
        Err(UpstreamError::Changed(what)) => Finding::wrong(format!(
            "it has changed: {what}. Nobody can sign in by it until this program knows the new one; unset PROFILES_ERP_URL"
        )),
        Err(_) => Finding::wrong(
            "it does not answer. See that PROFILES_ERP_URL is right, and that this machine reaches it",
        ),
    })
}

/// The portal, if people sign in through it. Asking for a captcha is what a sign-in begins with, and
/// changes nothing over there.
async fn jiit(config: &Config) -> Option<Finding> {
    let portal = match login_connectors::jiit(config, config.jiit.as_ref()?, Arc::new(OsEntropy)) {
        Ok(portal) => portal,
        Err(error) => return Some(Finding::wrong(error.to_string())),
    };
    Some(match portal.check(SystemClock.now()).await {
        Ok(()) => Finding::good("it gives a captcha"),
        Err(error) => Finding::wrong(format!(
            "{error}. See that PROFILES_JIIT_URL and the paths that go with it are those of today"
        )),
    })
}

/// The server that knows mailboxes, if people sign in through it. It is asked about nobody, so it tells us of
/// nobody.
async fn leprechaun(config: &Config) -> Option<Finding> {
    let server = match login_connectors::leprechaun(config, config.leprechaun.as_ref()?) {
        Ok(server) => server,
        Err(error) => return Some(Finding::wrong(error.to_string())),
    };
    Some(match server.check(SystemClock.now()).await {
        Ok(()) => Finding::good("it answers, and knows our authorization"),
        Err(error @ LookUpError::NotAuthorised) => Finding::wrong(format!(
            "{error}. See that PROFILES_LEPRECHAUN_AUTHORIZATION is the whole value its maintainers gave \
             you, `Bearer` included"
        )),
        Err(error @ LookUpError::Protocol(_)) => Finding::wrong(format!(
            "{error}. See that PROFILES_LEPRECHAUN_URL is where a Leprechaun server begins"
        )),
        Err(error) => Finding::wrong(format!(
            "{error}. See that PROFILES_LEPRECHAUN_URL is right, and that this machine reaches it"
        )),
    })
}

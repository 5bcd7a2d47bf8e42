//! `profiles upstream`: re-enables a connector that disabled itself.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, database, print};
use crate::connectors;
use crate::connectors::erp::Erp;
use crate::connectors::{Connector, Jiit, Ldap, Leprechaun};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::rng::OsRng;
use crate::platform::{audit, db};

/// The connectors that call an external system and so can disable themselves.
const CLOSING: [&str; 4] = [Ldap::SLUG, Erp::SLUG, Jiit::SLUG, Leprechaun::SLUG];

#[derive(Debug, Subcommand)]
pub(super) enum UpstreamCommand {
    /// Lets people sign in again by a way that had closed itself, and prints `{"upstream", "was_closed"}`
    ///
    /// A way closes itself when the other side says something it does not know. `profiles check` says
    /// which is closed, since when, and what it met. Look at that first.
    Open(UpstreamOpenArgs),
}

#[derive(Debug, Args)]
pub(super) struct UpstreamOpenArgs {
    /// As in the address of its page
    #[arg(value_parser = CLOSING)]
    upstream: String,
}

#[derive(Debug, Serialize)]
struct ReopenedConnector {
    upstream: String,
    was_closed: bool,
}

pub(super) async fn run(asked: UpstreamCommand, config: &Config) -> Result<ExitCode, CommandError> {
    let UpstreamCommand::Open(UpstreamOpenArgs { upstream }) = asked;
    let database = database::open_beside(config).await?;
    let opened = open(&database.db, &upstream).await;
    database.close().await;
    let was_closed = opened.map_err(|error| CommandError::while_doing("opening it", error))?;
    print(&ReopenedConnector {
        upstream,
        was_closed,
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn open(db: &Db, slug: &str) -> db::Result<bool> {
    let mut tx = db.begin().await?;
    let was_closed = connectors::enable(&mut tx, slug).await?;
    if was_closed {
        let entry = AuditEntry::of("upstream.opened").with(serde_json::json!({ "upstream": slug }));
        audit::record(&mut *tx, entry, SystemClock.now(), &OsRng).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(was_closed)
}

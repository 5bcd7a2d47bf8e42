//! `profiles upstream`: the campus' systems people sign in through.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Failure, database, print};
use crate::connectors;
use crate::connectors::erp::Erp;
use crate::connectors::{Jiit, Ldap, Leprechaun, Upstream};
use crate::platform::audit::Entry;
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::rng::OsEntropy;
use crate::platform::{audit, db};

/// Those that ask somebody else.
const CLOSING: [&str; 4] = [Ldap::SLUG, Erp::SLUG, Jiit::SLUG, Leprechaun::SLUG];

#[derive(Debug, Subcommand)]
pub(super) enum Asked {
    /// Lets people sign in again by a way that had closed itself, and prints `{"upstream", "was_closed"}`
    ///
    /// A way closes itself when the other side says something it does not know. `profiles check` says
    /// which is closed, since when, and what it met. Look at that first.
    Open(Open),
}

#[derive(Debug, Args)]
pub(super) struct Open {
    /// As in the address of its page
    #[arg(value_parser = CLOSING)]
    upstream: String,
}

#[derive(Debug, Serialize)]
struct Opened {
    upstream: String,
    was_closed: bool,
}

pub(super) async fn run(asked: Asked, config: &Config) -> Result<ExitCode, Failure> {
    let Asked::Open(Open { upstream }) = asked;
    let database = database::open_beside(config).await?;
    let opened = open(&database.db, &upstream).await;
    database.close().await;
    let was_closed = opened.map_err(|error| Failure::while_doing("opening it", error))?;
    print(&Opened {
        upstream,
        was_closed,
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn open(db: &Db, slug: &str) -> db::Result<bool> {
    let mut tx = db.begin().await?;
    let was_closed = connectors::open(&mut tx, slug).await?;
    if was_closed {
        let entry = Entry::of("upstream.opened").with(serde_json::json!({ "upstream": slug }));
        audit::note(&mut *tx, entry, SystemClock.now(), &OsEntropy).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(was_closed)
}

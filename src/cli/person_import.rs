//! `profiles person import`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{CommandError, database, print, say};
use crate::people::records;
use crate::people::records::{
    IdAllocation, ImportOutcome, ImportRow, ListEncoding, PeopleError, PictureFile, RowRequest,
    Update, import_columns,
};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::id::PersonId;
use crate::platform::pictures::{Picture, PictureKind, Pictures};
use crate::platform::rng::OsRng;
use crate::server::login_connectors;

#[derive(Debug, Args)]
pub(super) struct PersonImportArgs {
    /// The list
    file: PathBuf,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The encoding of the list: utf-8, utf-16le, utf-16be or windows-1252. Without it the list shows it
    #[arg(long)]
    encoding: Option<ListEncoding>,
}

/// The part of `--help` that lists the columns.
pub(super) fn columns() -> String {
    format!(
        "Columns:\n  {}\n\n  id is for new people only. contacts and secondary_emails have a ; between \
         their items, take the place of\n  those there are, and these addresses count as verified. \
         profile_picture is a file beside the list. identity is\n  provider:subject, as ldap:asha.\n\n  \
         Spreadsheets may put commas, semicolons or tabs between cells, and write UTF-8, UTF-16 or \
         Windows-1252. A list\n  that is not UTF-8 and has no mark is read as Windows-1252, which is \
         said. Values that a spreadsheet spoiled, as\n  9.1982E+11 or #N/A, are refused.",
        import_columns().join(", ")
    )
}

/// The output.
#[derive(Debug, Serialize)]
struct ImportReport {
    encoding: &'static str,
    added: u32,
    updated: u32,
    refused: Vec<RejectedRow>,
}

impl ImportReport {
    fn new(encoding: ListEncoding) -> Self {
        Self {
            encoding: encoding.name(),
            added: 0,
            updated: 0,
            refused: Vec::new(),
        }
    }
}

#[derive(Debug, Serialize)]
struct RejectedRow {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    reason: String,
}

/// Why a row is not imported: it is invalid, or the database failed and the import stops.
enum RowError {
    Row(String),
    All(db::Error),
}

pub(super) async fn import(
    args: PersonImportArgs,
    config: &Config,
) -> Result<ExitCode, CommandError> {
    let shown = args.file.display();
    let list = fs::read(&args.file)
        .map_err(|error| CommandError::while_doing(format_args!("reading {shown}"), error))?;
    let list = records::read_list(&list, args.encoding, login_connectors::parse_identity)
        .map_err(|error| CommandError::while_doing(format_args!("reading {shown}"), error))?;
    if args.encoding.is_none() && list.encoding == ListEncoding::Windows1252 {
        say(format_args!(
            "{shown} is not UTF-8 and was read as Windows-1252, as Excel writes it. See that names with \
             accents are right, or name the encoding with --encoding"
        ));
    }
    let rows = list.rows;
    warn_about_disabled_providers(&rows, config);
    let database = database::open_beside(config).await?;
    let importer = Importer {
        pictures: Pictures::new(database.data_dir.join("pictures")),
        beside: args.file.parent().map(Path::to_owned).unwrap_or_default(),
        dry_run: args.dry_run,
    };
    let imported = importer.run(&database.db, rows, list.encoding).await;
    database.close().await;
    let outcome = imported?;
    for refused in &outcome.refused {
        let whom = refused.username.as_deref().unwrap_or("not read");
        let RejectedRow { line, reason, .. } = refused;
        say(format_args!("line {line} ({whom}): {reason}"));
    }
    print(&outcome)?;
    Ok(if outcome.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says by which imported identities nobody can sign in yet.
fn warn_about_disabled_providers(rows: &[ImportRow], config: &Config) {
    let requests = rows.iter().filter_map(|row| row.request.as_ref().ok());
    let identities = requests.filter_map(|request| request.details.identity.as_ref());
    let providers: BTreeSet<&str> = identities.map(|(provider, _)| provider.as_str()).collect();
    for provider in providers {
        if let Some(setting) = login_connectors::missing_setting(config, provider) {
            say(format_args!(
                "nobody can sign in with the identities of {provider} on this list until {setting} is set"
            ));
        }
    }
}

struct Importer {
    pictures: Pictures,
    /// The folder of the list.
    beside: PathBuf,
    dry_run: bool,
}

impl Importer {
    /// Imports each row in a transaction of its own. A dry run imports all in one, so that rows see those
    /// before them, and rolls it back.
    async fn run(
        &self,
        db: &Db,
        rows: Vec<ImportRow>,
        encoding: ListEncoding,
    ) -> Result<ImportReport, CommandError> {
        let mut outcome = ImportReport::new(encoding);
        let failed = |line: u64| {
            move |error: db::Error| {
                let before = "rows before it were dealt with and may be imported again";
                CommandError::new(format!("stopped at line {line} ({before}): {error}"))
            }
        };
        let mut tx = db.begin().await.map_err(failed(1))?;
        self.reserve_ids(&mut tx, &rows).await.map_err(failed(1))?;
        for (number, row) in (1..).zip(rows) {
            let ImportRow {
                line,
                username,
                request,
            } = row;
            db::set_savepoint(&mut tx).await.map_err(failed(line))?;
            let imported = match request {
                Ok(request) => self.row(&mut tx, request, number).await,
                Err(reason) => Err(RowError::Row(reason)),
            };
            match imported {
                Ok(ImportOutcome::Added) => outcome.added += 1,
                Ok(ImportOutcome::Updated(_)) => outcome.updated += 1,
                Err(RowError::All(error)) => return Err(failed(line)(error)),
                Err(RowError::Row(reason)) => {
                    db::rollback_to_savepoint(&mut tx)
                        .await
                        .map_err(failed(line))?;
                    outcome.refused.push(RejectedRow {
                        line,
                        username,
                        reason,
                    });
                    continue;
                }
            }
            if !self.dry_run {
                tx.commit()
                    .await
                    .map_err(|error| failed(line)(error.into()))?;
                tx = db.begin().await.map_err(failed(line))?;
            }
            if let Ok(ImportOutcome::Updated(Some(picture))) = imported {
                self.discard(&picture).await;
            }
        }
        Ok(outcome)
    }

    /// A dry run takes no ids, because the sequence that gives them is not rolled back.
    async fn reserve_ids(&self, tx: &mut Tx, rows: &[ImportRow]) -> db::Result<()> {
        if self.dry_run {
            return Ok(());
        }
        let requests = rows.iter().filter_map(|row| row.request.as_ref().ok());
        records::reserve_ids(tx, requests.filter_map(|request| request.id)).await
    }

    async fn row(
        &self,
        tx: &mut Tx,
        mut request: RowRequest,
        number: i32,
    ) -> Result<ImportOutcome, RowError> {
        let ids = if self.dry_run {
            IdAllocation::DryRun(PersonId(-number))
        } else {
            IdAllocation::Permanent
        };
        request.details.columns.profile_picture = match &request.picture {
            Update::Keep => Update::Keep,
            Update::Clear => Update::Clear,
            Update::Set(file) => Update::Set(self.keep(file).await?),
        };
        let now = SystemClock.now();
        let imported = records::import(tx, &request, ids, now, &OsRng).await;
        if let (Err(_), Update::Set(stored)) = (&imported, &request.details.columns.profile_picture)
        {
            self.discard(stored.as_str()).await;
        }
        imported.map_err(|error| match error {
            PeopleError::Store(error) => RowError::All(error),
            error => RowError::Row(error.to_string()),
        })
    }

    /// Stores a picture. A dry run only validates it.
    async fn keep(&self, file: &str) -> Result<PictureFile, RowError> {
        let wrong = |error: &dyn std::fmt::Display| {
            RowError::Row(format!("profile_picture {file}: {error}"))
        };
        let picture = self.picture(file).await.map_err(|error| wrong(&error))?;
        let stored = if self.dry_run {
            "rehearsal".to_owned()
        } else {
            let kind = PictureKind::ProfilePicture;
            let stored = self.pictures.save(kind, &picture, &OsRng).await;
            stored.map_err(|error| wrong(&error))?
        };
        PictureFile::parse(&stored).map_err(|invalid| wrong(&invalid))
    }

    async fn picture(&self, file: &str) -> Result<Picture, String> {
        let inside = Path::new(file.trim_start_matches('/'));
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !inside.components().all(plain) {
            return Err("must be a file beside the list".to_owned());
        }
        // The user API answers a path; the folder of the list has the file.
        let candidates = [Some(inside.as_os_str()), inside.file_name()];
        let found = candidates
            .into_iter()
            .flatten()
            .find_map(|name| fs::read(self.beside.join(name)).ok());
        let content = found.ok_or("there is no such file beside the list")?;
        self.pictures
            .accept(PictureKind::ProfilePicture, content.into())
            .await
            .map_err(|error| error.to_string())
    }

    async fn discard(&self, file: &str) {
        if !self.dry_run {
            self.pictures
                .delete(PictureKind::ProfilePicture, file)
                .await;
        }
    }
}

//! `profiles person import`

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{CommandError, database, print, say};
use crate::people::records;
use crate::people::records::{
    IdAllocation, ImportOutcome, ImportRow, PeopleError, PictureFile, RowRequest, Update,
    import_columns,
};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::id::PersonId;
use crate::platform::pictures::{Picture, PictureKind, Pictures};
use crate::platform::rng::OsRng;

#[derive(Debug, Args)]
pub(super) struct PersonImportArgs {
    /// The list
    file: PathBuf,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// The part of `--help` that lists the columns.
pub(super) fn columns() -> String {
    format!(
        "Columns:\n  {}\n\n  id is for new people only. contacts and secondary_emails have a ; between \
         their items, take the place of\n  those there are, and these addresses count as verified. \
         profile_picture is a file beside the list. identity is\n  provider:subject, as ldap:asha.",
        import_columns().join(", ")
    )
}

/// What is printed.
#[derive(Debug, Default, Serialize)]
struct ImportReport {
    added: u32,
    updated: u32,
    refused: Vec<RejectedRow>,
}

#[derive(Debug, Serialize)]
struct RejectedRow {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    reason: String,
}

/// Why a row does not go in: it is wrong, and the next may be right; or nothing goes any more.
enum RowError {
    Row(String),
    All(db::Error),
}

pub(super) async fn import(
    asked: PersonImportArgs,
    config: &Config,
) -> Result<ExitCode, CommandError> {
    let shown = asked.file.display();
    let list = fs::read(&asked.file)
        .map_err(|error| CommandError::while_doing(format_args!("reading {shown}"), error))?;
    let rows = records::read_list(&list)
        .map_err(|error| CommandError::while_doing(format_args!("reading {shown}"), error))?;
    let database = database::open_beside(config).await?;
    let importer = Importer {
        pictures: Pictures::new(database.data_dir.join("pictures")),
        beside: asked.file.parent().map(Path::to_owned).unwrap_or_default(),
        dry_run: asked.dry_run,
    };
    let imported = importer.run(&database.db, rows).await;
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

struct Importer {
    pictures: Pictures,
    /// The list's folder.
    beside: PathBuf,
    dry_run: bool,
}

impl Importer {
    /// Each row is kept or refused for itself. A rehearsal keeps them all in one transaction, so that
    /// rows see those before them, and rolls it back.
    async fn run(&self, db: &Db, rows: Vec<ImportRow>) -> Result<ImportReport, CommandError> {
        let mut outcome = ImportReport::default();
        let failed = |line: u64| {
            move |error: db::Error| {
                let before = "rows before it were dealt with and may be imported again";
                CommandError::new(format!("stopped at line {line} ({before}): {error}"))
            }
        };
        let mut tx = db.begin().await.map_err(failed(1))?;
        for ImportRow {
            line,
            username,
            wanted,
        } in rows
        {
            db::set_savepoint(&mut tx).await.map_err(failed(line))?;
            let imported = match wanted {
                Ok(wanted) => self.row(&mut tx, wanted, line).await,
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

    async fn row(
        &self,
        tx: &mut Tx,
        mut wanted: RowRequest,
        line: u64,
    ) -> Result<ImportOutcome, RowError> {
        wanted.details.columns.profile_picture = match &wanted.picture {
            Update::Keep => Update::Keep,
            Update::Clear => Update::Clear,
            Update::Set(file) => Update::Set(self.keep(file).await?),
        };
        let numbers = if self.dry_run {
            let lent = i32::try_from(line).map_or(i32::MIN, |line| -line);
            IdAllocation::Lent(PersonId(lent))
        } else {
            IdAllocation::Taken
        };
        let now = SystemClock.now();
        let imported = records::import(tx, &wanted, numbers, now, &OsRng).await;
        if let (Err(_), Update::Set(kept)) = (&imported, &wanted.details.columns.profile_picture) {
            self.discard(kept.as_str()).await;
        }
        imported.map_err(|error| match error {
            PeopleError::Store(error) => RowError::All(error),
            error => RowError::Row(error.to_string()),
        })
    }

    /// Makes the picture ours and keeps it, except in a rehearsal, which only looks at it.
    async fn keep(&self, file: &str) -> Result<PictureFile, RowError> {
        let wrong =
            |why: &dyn std::fmt::Display| RowError::Row(format!("profile_picture {file}: {why}"));
        let picture = self.picture(file).await.map_err(|why| wrong(&why))?;
        let kept = if self.dry_run {
            "rehearsal".to_owned()
        } else {
            let kind = PictureKind::ProfilePicture;
            let kept = self.pictures.save(kind, &picture, &OsRng).await;
            kept.map_err(|error| wrong(&error))?
        };
        PictureFile::parse(&kept).map_err(|unfit| wrong(&unfit))
    }

    async fn picture(&self, file: &str) -> Result<Picture, String> {
        let inside = Path::new(file.trim_start_matches('/'));
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !inside.components().all(plain) {
            return Err("must be a file beside the list".to_owned());
        }
        // As the user API answers it, a picture has a path; beside the list is its file.
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

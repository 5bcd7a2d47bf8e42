//! Deleting whose time is over.

use super::{close, store};
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::pictures::{PictureKind, Pictures};
use crate::platform::rng::SharedRng;

/// Deletes people and all that is theirs; a job calls it.
#[derive(Debug, Clone)]
pub struct AccountRemoval {
    pub db: Db,
    pub pictures: Pictures,
    pub rng: SharedRng,
}

impl AccountRemoval {
    /// Everybody whose seven days are over, one after the other. One who cannot be deleted keeps nobody
    /// else; the first error is given back.
    pub async fn remove(&self, now: Timestamp) -> db::Result<()> {
        let mut done = Ok(());
        for person in records::list_due(self.db.pool(), now).await? {
            done = done.and(self.remove_one(person, now).await);
        }
        done
    }

    async fn remove_one(&self, person: PersonId, now: Timestamp) -> db::Result<()> {
        let mut tx = self.db.begin().await?;
        if close::find_verified(&mut tx, person).await?.is_some() {
            // Verified since they closed their account.
            tracing::warn!(person.id = %person, "somebody has to take over a verified app first");
            return Ok(());
        }
        let files = store::find_pictures(&mut *tx, person).await?;
        store::delete_traces(&mut *tx, person).await?;
        let gone = records::gone(&mut tx, person, now, self.rng.as_ref()).await?;
        let Some(files) = files.filter(|_| gone) else {
            return Ok(());
        };
        // The files first: should this end half-way, the next run finds the rows and knows the names.
        if let Some(portrait) = &files.portrait {
            let kind = PictureKind::ProfilePicture;
            self.pictures.delete(kind, portrait).await;
        }
        for logo in &files.logos {
            self.pictures.delete(PictureKind::AppLogo, logo).await;
        }
        tx.commit().await.map_err(db::Error::from)
    }
}

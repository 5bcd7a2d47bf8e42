//! Deletes closed accounts whose grace period has ended.

use super::{close, store};
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::pictures::{PictureKind, Pictures};
use crate::platform::rng::SharedRng;

/// The job that deletes closed accounts.
#[derive(Debug, Clone)]
pub struct AccountRemoval {
    pub db: Db,
    pub pictures: Pictures,
    pub rng: SharedRng,
}

impl AccountRemoval {
    /// Deletes every account that is due. A failure does not prevent the next deletion; the first error is
    /// returned.
    pub async fn remove(&self, now: Timestamp) -> db::Result<()> {
        let mut done = Ok(());
        for person in records::list_due_deletions(self.db.pool(), now).await? {
            done = done.and(self.remove_one(person, now).await);
        }
        done
    }

    async fn remove_one(&self, person: PersonId, now: Timestamp) -> db::Result<()> {
        let mut tx = self.db.begin().await?;
        if close::find_verified_app(&mut tx, person).await?.is_some() {
            // The app was verified after the account was closed.
            tracing::warn!(person.id = %person, "somebody has to take over a verified app first");
            return Ok(());
        }
        let files = store::find_pictures(&mut *tx, person).await?;
        store::delete_traces(&mut *tx, person).await?;
        let gone = records::delete_account(&mut tx, person, now, self.rng.as_ref()).await?;
        let Some(files) = files.filter(|_| gone) else {
            return Ok(());
        };
        // Files first: if this is interrupted, the next run finds the rows, which have the names of the
        // files.
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

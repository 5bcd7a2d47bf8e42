//! Unsubscribing: the link in every mail, and its effect.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::Feature;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::{AppId, PersonId};
use crate::platform::secret::ServerKey;
use crate::protocol::grants;
use crate::protocol::scope::{GrantedAccess, Scope};

/// The person and the app of an unsubscribe link. The link allows this one action and does not expire,
/// because a mail can be opened years later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsubscribeToken {
    pub person: PersonId,
    pub app: AppId,
}

const SEALED: &[u8] = b"stop mail";
const PERSON: usize = size_of::<i32>();

impl UnsubscribeToken {
    /// The text in the URL: letters, digits, `-`, `_` and a dot.
    pub fn seal(&self, key: &ServerKey) -> String {
        let ids = self.ids();
        let seal = key.mac(&[SEALED, &ids]);
        format!("{}.{seal}", URL_SAFE_NO_PAD.encode(ids))
    }

    /// Parses a link and checks its authentication code.
    pub fn open(text: &str, key: &ServerKey) -> Option<Self> {
        let (ids, seal) = text.split_once('.')?;
        let ids = URL_SAFE_NO_PAD.decode(ids).ok()?;
        if !key.verify_mac(seal, &[SEALED, &ids]) {
            return None;
        }
        let (person, app) = ids.split_first_chunk::<PERSON>()?;
        Some(Self {
            person: PersonId(i32::from_be_bytes(*person)),
            app: AppId(Uuid::from_slice(app).ok()?),
        })
    }

    fn ids(&self) -> Vec<u8> {
        let mut ids = self.person.0.to_be_bytes().to_vec();
        ids.extend_from_slice(self.app.0.as_bytes());
        ids
    }
}

impl Feature {
    /// Removes the permission to send mail. Idempotent.
    pub(super) async fn stop(&self, link: UnsubscribeToken, now: Timestamp) -> db::Result<()> {
        let mut tx = self.db.begin().await?;
        let rng = self.rng.as_ref();
        let UnsubscribeToken { person, app } = link;
        let mail = GrantedAccess::whole([Scope::SendMail].into_iter().collect());
        grants::withdraw_access(&mut tx, (person, app), mail, now, rng).await?;
        tx.commit().await.map_err(db::Error::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_one_person_and_one_app_and_cannot_be_made_up() {
        let key = ServerKey::master([7; 32]).derive("stop mail");
        let link = UnsubscribeToken {
            person: PersonId(33),
            app: AppId(Uuid::from_u128(5)),
        };
        let sealed = link.seal(&key);
        assert_eq!(UnsubscribeToken::open(&sealed, &key), Some(link));
        let other = UnsubscribeToken {
            person: PersonId(34),
            ..link
        };
        let (_, seal) = sealed.split_once('.').unwrap();
        let forged = format!("{}.{seal}", URL_SAFE_NO_PAD.encode(other.ids()));
        assert_eq!(UnsubscribeToken::open(&forged, &key), None);
        assert_eq!(
            UnsubscribeToken::open(&sealed, &ServerKey::master([8; 32])),
            None
        );
        for text in ["", ".", "a", "a.b"] {
            assert_eq!(UnsubscribeToken::open(text, &key), None);
        }
    }
}

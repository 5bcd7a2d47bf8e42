//! A connected app as its user sees it.

use serde::Serialize;

use crate::people::fields::{Field, FieldSet};
use crate::platform::clock::Timestamp;
use crate::platform::id::AppId;
use crate::protocol::scope::GrantedAccess;

/// An app with a live grant of the person.
#[derive(Debug)]
pub(super) struct ConnectedApp {
    pub app: AppId,
    pub name: String,
    pub logo: Option<String>,
    pub website: Option<String>,
    pub privacy_policy: Option<String>,
    pub contact: Option<String>,
    pub owner_name: String,
    pub owner_username: String,
    pub share: GrantedAccess,
    pub refused: FieldSet,
    /// Whether the person refused or removed the permission to send mail.
    pub refuses_mail: bool,
    pub since: Timestamp,
    /// The time of the first grant, including ended ones.
    pub first_given: Timestamp,
    pub last_used: Option<Timestamp>,
}

/// A mail that an app sent to the person, without its content.
#[derive(Debug)]
pub(super) struct MailRecord {
    pub app_name: String,
    pub message_id: String,
    pub at: Timestamp,
    /// Whether the mail server accepted it; none while it is being sent.
    pub status: Option<bool>,
}

/// An app that is not connected and has read fields, before its access ended or by a look-up.
#[derive(Debug)]
pub(super) struct FormerApp {
    pub app_name: String,
    pub fields: FieldSet,
    pub times: i64,
    pub last: Timestamp,
}

/// One scope of a connection: its title, its allowed fields and its refused fields.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct ScopeAccess {
    pub sentence: &'static str,
    pub fields: Vec<&'static str>,
    pub kept_back: Vec<&'static str>,
}

impl ConnectedApp {
    pub(super) fn rows(&self) -> Vec<ScopeAccess> {
        let labels = |fields: &[Field], set: FieldSet| {
            let inside = fields.iter().filter(|field| set.contains(**field));
            inside.map(|field| field.row().label).collect()
        };
        let scopes = self.share.scopes();
        let rows = scopes.iter().map(|scope| ScopeAccess {
            sentence: scope.row().title,
            fields: labels(scope.row().fields, self.share.fields()),
            kept_back: labels(
                scope.row().fields,
                self.refused.without(self.share.fields()),
            ),
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::scope::{Scope, ScopeSet};

    #[test]
    fn what_is_kept_back_stands_beside_what_is_given() {
        let phone = Scope::Phone.row();
        let (given, kept) = (phone.fields[0], phone.fields[1]);
        let connection = ConnectedApp {
            app: AppId(uuid::Uuid::nil()),
            name: "Mess Menu".into(),
            logo: None,
            website: None,
            privacy_policy: None,
            contact: None,
            owner_name: String::new(),
            owner_username: String::new(),
            share: GrantedAccess::of(
                ScopeSet::from_iter([Scope::Phone, Scope::SendMail]),
                FieldSet::from_iter([given]),
            ),
            // Sex is not a row, because its scope was refused completely.
            refused: FieldSet::from_iter([kept, Field::Sex]),
            refuses_mail: false,
            since: Timestamp::UNIX_EPOCH,
            first_given: Timestamp::UNIX_EPOCH,
            last_used: None,
        };
        let row = |scope: Scope, fields, kept_back| ScopeAccess {
            sentence: scope.row().title,
            fields,
            kept_back,
        };
        assert_eq!(
            connection.rows(),
            [
                row(
                    Scope::Phone,
                    vec![given.row().label],
                    vec![kept.row().label]
                ),
                row(Scope::SendMail, vec![], vec![]),
            ]
        );
    }
}

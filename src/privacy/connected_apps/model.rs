//! A connection as the person sees it.

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
    /// Whether the app was once allowed to write, or asked to, and the person does not want it.
    pub refuses_mail: bool,
    pub since: Timestamp,
    /// When this app was first allowed anything, in this connection or one that ended.
    pub first_given: Timestamp,
    pub last_used: Option<Timestamp>,
}

/// A mail an app sent to the person: that there was one, never what it said.
#[derive(Debug)]
pub(super) struct MailRecord {
    pub app_name: String,
    pub message_id: String,
    pub at: Timestamp,
    /// Whether the mail server took it; none while it is asked.
    pub status: Option<bool>,
}

/// An app that is not connected and has read something all the same: it was, or it looked somebody up.
#[derive(Debug)]
pub(super) struct FormerApp {
    pub app_name: String,
    pub fields: FieldSet,
    pub times: i64,
    pub last: Timestamp,
}

/// One scope of a connection: what it is, the fields it opens, and those the person keeps back.
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
            // A field of a scope that was refused whole is no row: the app was given nothing of it.
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

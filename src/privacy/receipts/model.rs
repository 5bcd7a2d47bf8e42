//! What a receipt says.

use serde::{Deserialize, Serialize};

use crate::people::fields::FieldSet;
use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, AuditId, PersonId};
use crate::protocol::scope::ScopeSet;

/// What happened between a person and an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptEvent {
    /// The person allowed what the receipt lists.
    Consent,
    /// The person withdrew what the receipt lists; the app keeps the rest.
    Withdrawal,
    /// The person took everything back.
    End,
}

impl ReceiptEvent {
    pub fn heading(self) -> &'static str {
        match self {
            Self::Consent => "You allowed",
            Self::Withdrawal => "You removed",
            Self::End => "You removed all access",
        }
    }
}

/// One deed as the audit remembers it.
#[derive(Debug, Clone)]
pub struct ReceiptAuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    pub deed: ReceiptEvent,
    pub app: AppId,
    /// As it was then.
    pub app_facts: Option<ReceiptApp>,
    pub scopes: ScopeSet,
    pub fields: FieldSet,
}

impl ReceiptAuditEntry {
    pub fn app_name(&self) -> &str {
        let facts = self.app_facts.as_ref();
        facts.map_or("a deleted app", |facts| facts.name.as_str())
    }
}

/// The app as a receipt names it: what it was called at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptApp {
    pub client_id: String,
    pub name: String,
    /// Username of whoever ran it; nothing once they have left.
    pub run_by: Option<String>,
}

/// The person as a receipt names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptPerson {
    pub id: PersonId,
    pub username: String,
    pub name: String,
}

/// A receipt. The order of its members is the order that is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    /// The address of the service that wrote it.
    pub issuer: String,
    pub number: AuditId,
    pub deed: ReceiptEvent,
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    pub person: ReceiptPerson,
    pub app: Option<ReceiptApp>,
    /// Names, as in `scope=`.
    pub scopes: Vec<String>,
    /// Names, as in `fields=`.
    pub fields: Vec<String>,
    pub how_to_withdraw: String,
    /// Over everything above.
    #[serde(default)]
    pub seal: String,
}

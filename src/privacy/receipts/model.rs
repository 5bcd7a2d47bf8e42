//! The content of a receipt.

use serde::{Deserialize, Serialize};

use crate::people::fields::FieldSet;
use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, AuditId, PersonId};
use crate::protocol::scope::ScopeSet;

/// The events that have a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptEvent {
    /// The person allowed the listed access.
    Consent,
    /// The person removed the listed access; the app keeps the rest.
    Withdrawal,
    /// The person removed all access.
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

/// An event in the audit log.
#[derive(Debug, Clone)]
pub struct ReceiptAuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    pub deed: ReceiptEvent,
    pub app: AppId,
    /// As it was at the time of the event.
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

/// The app in a receipt, with its name at the time of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptApp {
    pub client_id: String,
    pub name: String,
    /// The username of its owner; none after the owner left.
    pub run_by: Option<String>,
}

/// The person in a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptPerson {
    pub id: PersonId,
    pub username: String,
    pub name: String,
}

/// A receipt. The authentication code covers its members in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    /// The URL of the service that issued it.
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
    /// The authentication code over all members above.
    #[serde(default)]
    pub seal: String,
}

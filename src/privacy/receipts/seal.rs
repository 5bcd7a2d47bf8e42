//! The seal of a receipt.

use super::model::Receipt;
use crate::platform::secret::ServerKey;

/// Seals receipts and nothing else.
#[derive(Debug, Clone)]
pub struct ReceiptKey(pub ServerKey);

/// In front of every seal, so that another way of sealing can be told from this one.
const VERSION: &str = "1.";

impl ReceiptKey {
    pub(super) fn seal(&self, mut receipt: Receipt) -> Receipt {
        receipt.seal = format!("{VERSION}{}", self.0.mac(&[&sealed_text(&receipt)]));
        receipt
    }

    /// Whether the receipt says what it said when it was sealed here.
    pub(super) fn is_genuine(&self, receipt: &Receipt) -> bool {
        let seal = receipt.seal.strip_prefix(VERSION);
        seal.is_some_and(|seal| self.0.verify_mac(seal, &[&sealed_text(receipt)]))
    }
}

/// The members without the seal, in their order: how the file was laid out does not matter.
fn sealed_text(receipt: &Receipt) -> Vec<u8> {
    let bare = Receipt {
        seal: String::new(),
        ..receipt.clone()
    };
    // A receipt is text, numbers and lists, which JSON always takes.
    serde_json::to_vec(&bare).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::platform::id::{AuditId, PersonId};
    use crate::privacy::receipts::ReceiptEvent;
    use crate::privacy::receipts::model::ReceiptPerson;

    fn receipt() -> Receipt {
        Receipt {
            issuer: "http://localhost:8000".to_owned(),
            number: AuditId(uuid::Uuid::nil()),
            deed: ReceiptEvent::Consent,
            at: datetime!(2026-11-21 12:00:00.123456 UTC),
            person: ReceiptPerson {
                id: PersonId(7),
                username: "asha".to_owned(),
                name: "Asha D’Souza".to_owned(),
            },
            app: None,
            scopes: vec!["sex".to_owned()],
            fields: vec!["sex".to_owned()],
            how_to_withdraw: "Take it back".to_owned(),
            seal: String::new(),
        }
    }

    #[test]
    fn a_receipt_is_genuine_however_its_file_is_laid_out() {
        let key = ReceiptKey(ServerKey::master([7; 32]).derive("receipts"));
        let sealed = key.seal(receipt());
        let file = serde_json::to_string_pretty(&sealed).unwrap();
        assert!(key.is_genuine(&serde_json::from_str(&file).unwrap()));
        let shuffled: serde_json::Value = serde_json::from_str(&file).unwrap();
        assert!(key.is_genuine(&serde_json::from_value(shuffled).unwrap()));
    }

    #[test]
    fn a_changed_letter_another_key_and_no_seal_show() {
        let key = ReceiptKey(ServerKey::master([7; 32]).derive("receipts"));
        let sealed = key.seal(receipt());
        let changed = Receipt {
            fields: vec!["mobile".to_owned()],
            ..sealed.clone()
        };
        assert!(!key.is_genuine(&changed));
        assert!(!key.is_genuine(&receipt()));
        let other = ReceiptKey(ServerKey::master([8; 32]).derive("receipts"));
        assert!(!other.is_genuine(&sealed));
    }
}

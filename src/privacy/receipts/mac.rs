//! The message authentication code of a receipt.

use super::model::Receipt;
use crate::platform::secret::ServerKey;

/// The key for receipts only.
#[derive(Debug, Clone)]
pub struct ReceiptKey(pub ServerKey);

/// The prefix of every code: the version of the algorithm.
const VERSION: &str = "1.";

impl ReceiptKey {
    pub(super) fn sign(&self, mut receipt: Receipt) -> Receipt {
        receipt.seal = format!("{VERSION}{}", self.0.mac(&[&signed_bytes(&receipt)]));
        receipt
    }

    /// Whether the content of the receipt matches its authentication code.
    pub(super) fn verify(&self, receipt: &Receipt) -> bool {
        let seal = receipt.seal.strip_prefix(VERSION);
        seal.is_some_and(|seal| self.0.verify_mac(seal, &[&signed_bytes(receipt)]))
    }
}

/// The members without the code, in their order. The layout of the file does not matter.
fn signed_bytes(receipt: &Receipt) -> Vec<u8> {
    let bare = Receipt {
        seal: String::new(),
        ..receipt.clone()
    };
    // Serialising text, numbers and lists to JSON cannot fail.
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
            how_to_withdraw: "Remove access".to_owned(),
            seal: String::new(),
        }
    }

    #[test]
    fn a_receipt_is_genuine_however_its_file_is_laid_out() {
        let key = ReceiptKey(ServerKey::master([7; 32]).derive("receipts"));
        let signed = key.sign(receipt());
        let file = serde_json::to_string_pretty(&signed).unwrap();
        assert!(key.verify(&serde_json::from_str(&file).unwrap()));
        let shuffled: serde_json::Value = serde_json::from_str(&file).unwrap();
        assert!(key.verify(&serde_json::from_value(shuffled).unwrap()));
    }

    #[test]
    fn a_changed_letter_another_key_and_no_seal_show() {
        let key = ReceiptKey(ServerKey::master([7; 32]).derive("receipts"));
        let signed = key.sign(receipt());
        let changed = Receipt {
            fields: vec!["mobile".to_owned()],
            ..signed.clone()
        };
        assert!(!key.verify(&changed));
        assert!(!key.verify(&receipt()));
        let other = ReceiptKey(ServerKey::master([8; 32]).derive("receipts"));
        assert!(!other.verify(&signed));
    }
}

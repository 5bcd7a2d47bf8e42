//! Consent receipts: what a person allowed an app, or removed from it.
//!
//! Used by the person, who can later prove what was agreed, and by anyone who is shown a receipt and wants
//! to check it.
//!
//! Decision: a receipt is rendered from the audit log on each request, with a message authentication code
//! over its content (HMAC-SHA256 with a key of its own), because receipts then need no storage, and can be
//! checked years later, after the app or the account was deleted. The cost: only this service can check
//! them, instead of everyone as with a public-key signature.
//!
//! Decision: the name of the app is stored at the time of the event (by `grants`), because an app can be
//! renamed, and a receipt must show the name that the person saw.

mod mac;
mod model;
mod pages;
mod store;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
pub use mac::ReceiptKey;
pub use model::{ReceiptAuditEntry, ReceiptEvent};
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use store::list;

use crate::platform::db::Db;
use crate::platform::web::Web;

/// The dependencies of this room.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub receipt_key: ReceiptKey,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/user/receipts", get(pages::list))
            .route(
                "/user/receipts/check",
                get(pages::ask_check).post(pages::check),
            )
            .route("/user/receipts/{id}", get(pages::show))
            .route("/user/receipts/{id}/receipt.json", get(pages::download))
            .with_state(self)
    }
}

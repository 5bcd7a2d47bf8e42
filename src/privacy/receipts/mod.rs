//! Receipts: what somebody allowed an app or withdrew from it, to keep and to show.
//!
//! Whom it serves: the person, who can prove later what was agreed, and whoever is shown a receipt and
//! wants to know whether it is ours.
//!
//! Decision: a receipt is made anew from the audit each time it is looked at, and carries a seal over
//! all it says (HMAC-SHA256 with a key of its own). So none is stored, one from years ago can still be
//! checked, also after the app or the account is gone, and a changed letter shows. The price: only
//! this service can check it.
//!
//! Decision: what an app is called is kept at the moment of the deed (`grants` does it), because an app
//! can be given another name, and a receipt is about what was agreed with whom.

mod model;
mod pages;
mod seal;
mod store;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
pub use model::{ReceiptAuditEntry, ReceiptEvent};
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use seal::ReceiptKey;
pub use store::list;

use crate::platform::db::Db;
use crate::platform::web::Web;

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub seal: ReceiptKey,
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

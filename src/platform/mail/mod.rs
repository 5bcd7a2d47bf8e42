//! Mails that Profiles itself sends, through an outbox in the database. (Mails of apps, through
//! `send_mail`, are sent at once and not stored.)
//!
//! ```text
//! enqueue ─(the caller's transaction)─▶ waiting ──claim──▶ sending ──▶ sent
//!                                          ▲                  │
//!                                          └─ retry, doubling ┘ for a day, then given up
//! ```
//!
//! Decision: the outbox holds the name of a template and ids, and the mail is rendered when it is sent,
//! because then the queue contains no links, names or addresses, and deleted data is not mailed.
//!
//! Decision: a mail to a mailbox that belongs to no account refers to a row with the address and the hash
//! of the mailed secret. The row is deleted a day after the secret has expired.
//!
//! Decision: a mail is claimed for a few minutes, instead of locked while it is sent, because no
//! transaction may wait for the network. If a process ends while it sends, another claims the mail later.
//! The `Message-ID` stays the same, so a mailbox can recognise a duplicate.

mod deliver;
mod dkim;
mod mailed_secret;
mod rendered_mail;
mod retry;
mod smtp_server;
mod store;
mod transport;

pub use deliver::MailDelivery;
pub use dkim::DkimSigner;
pub use mailed_secret::{
    CodeKey, MailboxMessage, MailedSecret, enqueue_to_mailbox, find_by_link, redeem_code,
};
pub use store::enqueue;
pub use transport::{MailSetupError, MailTransport, SendError};

/// The template of the mail that verifies a secondary address.
pub const EMAIL_ADDED: &str = "email_added";

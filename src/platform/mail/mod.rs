//! Mails that the house itself writes. (What apps write through `send_mail` never comes here: it is not
//! kept anywhere.)
//!
//! ```text
//! put ─(the caller's transaction)─▶ waiting ─claimed─▶ on its way ─▶ sent
//!                                      ▲                   │
//!                                      └── later and later ┘ a day long, then given up
//! ```
//!
//! Decision: the outbox holds a template's name and ids, and the letter is written when it goes out,
//! because so no link, no name and no address lies in a queue, and what is deleted meanwhile is not
//! told any more.
//!
//! Decision: a letter to a mailbox that is nobody's yet (to see whether it is read) refers to a row that
//! holds the address and the hash of what it carried, and is deleted with it a day after that is over.
//!
//! Decision: a letter is claimed for a few minutes at a time, not locked while the mail server talks,
//! because no transaction may wait for a network. A process that dies while sending leaves the letter
//! to the next claim; its `Message-ID` is the same again, so a mailbox can tell that it is one letter.

mod deliver;
mod dkim;
mod letter;
mod mailbox;
mod rules;
mod server;
mod store;
mod transport;

pub use deliver::MailDelivery;
pub use dkim::DkimSigner;
pub use mailbox::{CodeKey, MailboxMessage, MailedSecret, find_linked, put_to_mailbox, take_code};
pub use store::put;
pub use transport::{MailSetupError, MailTransport, SendError};

/// The letter with the link that proves a further address.
pub const EMAIL_ADDED: &str = "email_added";

//! What a person has allowed an app.
//!
//! A grant holds fields, not only scopes: each was ticked or unticked by the person. There is one
//! live grant per person and app; taking it back ends it, and its tokens die with it, because a token
//! lives only while its pair, its family and its grant do. Connecting again makes a new grant, so the
//! dead stay dead. What was refused is remembered beyond the end and comes up unticked.
//! So is what was withdrawn afterwards, a field or a scope: the grant goes on without it.

mod give;
mod model;
mod record;
mod rules;
mod store;
mod take_back;
mod withdraw;

pub use give::{GrantOutcome, NewConsent, give};
pub use model::ConsentRecord;
pub use rules::{COMPULSORY, after, covers, with_compulsory};
pub use take_back::take_back;
pub use withdraw::withdraw;

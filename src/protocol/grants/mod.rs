//! Grants: what a person allows an app. Owns the tables `grants` and `receipts`.
//!
//! A grant holds fields besides scopes: the person ticks or unticks each one. There is one live grant per
//! person and app. Ending it ends its tokens, because a token is live only while its pair, its family and its
//! grant are. A new consent makes a new grant, so that old tokens stay ended. Refusals are remembered beyond
//! the end of a grant and come up unticked. So are fields and scopes that the person withdraws later; the
//! grant continues without them.

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

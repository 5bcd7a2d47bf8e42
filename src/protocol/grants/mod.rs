//! Grants: what a person allows an app. Owns the tables `grants` and `receipts`.
//!
//! A grant holds fields besides scopes: the person ticks or unticks each one. There is one live grant per
//! person and app. Ending it ends its tokens, because a token is live only while its pair, its family and its
//! grant are. A new consent makes a new grant, so that old tokens stay ended. Refusals are remembered beyond
//! the end of a grant and come up unticked. So are fields and scopes that the person withdraws later; the
//! grant continues without them.

mod end_grant;
mod model;
mod record;
mod rules;
mod store;
mod store_consent;
mod withdraw_access;

pub use end_grant::end_grant;
pub use model::ConsentRecord;
pub use rules::{REQUIRED_SCOPE, apply_consent, covers, with_required_scope};
pub use store_consent::{GrantOutcome, NewConsent, store_consent};
pub use withdraw_access::withdraw_access;

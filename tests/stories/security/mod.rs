//! Attacks: one test per statement of the security checklist (with its number) or per attack.
//!
//! Tested elsewhere: S4 by K7 and K31, S13 also in a real browser, S39 by K46, S48 in `finding_the_way`, S53 in
//! `consent`. Not tested, as the feature does not exist yet: S16 (the widget), S32, S33, S41 and S47 for signed
//! tokens, S42, S44, S49 to S52, S54.

mod authorize;
mod bad_input;
mod codes;
mod consent;
mod pages;
mod signing_in;
mod tokens;

//! What an attacker would try, one story per statement of the security bar (by its number) or per attack.
//!
//! Told elsewhere: S4 is K7 and K31, S13 in a real browser too, S39 is K46, S48 is in `finding_the_way`, S53 in
//! `consent`. Not yet to be told, for want of what they are about: S16 (the widget), S32, S33, S41 and S47 for signed
//! tokens, S42, S44, S49 to S52, S54.

mod authorize;
mod bad_input;
mod codes;
mod consent;
mod pages;
mod signing_in;
mod tokens;

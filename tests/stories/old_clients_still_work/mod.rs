//! What programs written for the original service rely on: one test per statement of the checklist, with its number.
//!
//! Left out: K63 and the part of K16 about scopes that an administrator attaches (both need private scopes), K68–K73
//! (mail, in `writing_to_a_person`), K77 (in `looking_after_an_app`), K78–K80 (the widget).

mod account;
mod authorize;
mod refresh;
mod revoke;
mod tokens;
mod user;

//! The checklist of what programs written for the original rely on, one story per statement, by its number.
//!
//! Left out: K63 and what K16 says of scopes an administrator attaches (both wait for private scopes), K68–K73 (mail, in
//! `writing_to_a_person`), K77 (verified apps), K78–K80 (the widget).

mod account;
mod authorize;
mod refresh;
mod revoke;
mod tokens;
mod user;

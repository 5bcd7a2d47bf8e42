//! What an attacker would try, one story per statement of the security bar (by its number) or per attack.

mod authorize;
mod bad_input;
mod codes;
mod consent;
mod pages;
mod signing_in;
mod tokens;

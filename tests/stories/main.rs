//! What people and apps do with the house, told from outside: HTTP in and out, a real PostgreSQL, the program's own commands.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a story stops at the first thing that is not as told"
)]

mod asking_the_database;
mod choosing_what_to_share;
mod commands;
mod finding_the_way;
mod in_a_real_browser;
mod keeping_a_login_fresh;
mod many_at_once;
mod old_clients_still_work;
mod registering_an_app;
mod security;
mod stock_clients;
mod support;
mod when_things_break;

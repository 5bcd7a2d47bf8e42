//! Stories: what people and apps do with the server, tested from outside with HTTP, a real PostgreSQL and the
//! program's own commands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a story fails at the first deviation"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::excessive_nesting,
    clippy::string_slice,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "stories run outside of the program, in real time, and are long functions"
)]

mod a_directory_that_lies;
mod asking_the_database;
mod asking_the_directory;
mod asking_the_jiit_portal;
mod beside_other_programs;
mod choosing_what_to_share;
mod commands;
mod credential_events;
mod delivering_the_outbox;
mod editing_my_profile;
mod embedding_the_widget;
mod everybody_can_use_it;
mod finding_the_way;
mod in_a_real_browser;
mod keeping_a_login_fresh;
mod keeping_promises;
mod keeping_secrets;
mod looking_after_an_app;
mod many_at_once;
mod old_clients_still_work;
mod owning_my_data;
mod proving_a_mailbox;
mod reading_the_docs;
mod registering_an_app;
mod security;
mod signing_in_by_redirect;
mod signing_in_through_erp;
#[path = "../sim/mod.rs"]
mod sim;
mod stock_clients;
mod support;
mod the_readme;
mod watching_it;
mod ways_to_sign_in;
mod when_things_break;
mod writing_to_a_person;

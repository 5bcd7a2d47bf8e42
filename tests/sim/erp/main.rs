//! The simulated ERP as a program, for the demo and for trying clients: `cargo run --features simulators --bin sim_erp --
//! --listen 127.0.0.1:8301`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a simulator stops at the first thing that is not as it should be"
)]

#[path = "mod.rs"]
#[expect(dead_code, reason = "stories look at more of it than its wire shows")]
mod erp;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "what one simulator needs, another may not")]
mod kit;

use clap::Parser;

/// A simulated ERP of IIT Kharagpur. Its people are made up; its mails are at /__sim/outbox.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    place: kit::command::Place,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let house = erp::House::new(arguments.place.ca_file.is_some());
    arguments
        .place
        .serves(house.watch.clone(), house.router())
        .await;
}

//! The simulated Leprechaun as a program, for the demo and for trying clients: `cargo run --features
//! simulators --bin sim_leprechaun -- --listen 127.0.0.1:8303 --erp http://127.0.0.1:8301`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a simulator stops at the first thing that is not as it should be"
)]

#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "what one simulator needs, another may not")]
mod kit;
#[path = "mod.rs"]
#[expect(dead_code, reason = "stories look at more of it than its wire shows")]
mod leprechaun;

use clap::Parser;

/// A simulated Leprechaun server. Its mails are at /__sim/outbox, its records at /__sim/people.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    place: kit::command::Place,
    /// Where the ERP is whose security questions it reads
    #[arg(long)]
    erp: String,
    /// What it wants to hear in the Authorization header
    #[arg(long, default_value = "Bearer abcd")]
    auth_token: String,
    /// Its own address in pages and mails; where it listens if unset
    #[arg(long)]
    base_link: Option<String>,
    /// Somebody it knows from the start, as 12CS40067=bob@example.com
    #[arg(long, value_name = "ROLL=EMAIL")]
    knows: Vec<String>,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let house = leprechaun::House::new(&arguments.erp, &arguments.auth_token);
    let here = format!("http://{}", arguments.place.listen);
    house.state().base_link = arguments.base_link.unwrap_or(here);
    for pair in &arguments.knows {
        let (roll, email) = pair.split_once('=').unwrap();
        house.knows(roll, email, time::Duration::ZERO);
    }
    arguments
        .place
        .serves(house.watch.clone(), house.router())
        .await;
}

//! The simulated JIIT portal as a program: `cargo run --features simulators --bin sim_jiit -- --listen 127.0.0.1:6011`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a simulator stops at the first thing that is not as told, and lives in real time"
)]

#[path = "mod.rs"]
#[expect(dead_code, reason = "stories turn its switches from inside")]
mod jiit;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "what one simulator needs, another may not")]
mod kit;

use clap::Parser;
use kit::command::Place;

/// A portal of JIIT's kind with made-up members, for trying out signing in.
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() {
    let portal = jiit::Portal::new();
    let router = portal.router();
    Command::parse().place.serves(portal.watch, router).await;
}

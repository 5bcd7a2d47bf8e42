//! The support code of all stories: a world per story and its actors.

pub mod browser;
pub mod campus;
pub mod chromium;
pub mod clock;
pub mod command;
pub mod counting_proxy;
pub mod database;
pub mod directory;
pub mod ferry;
pub mod firefox;
pub mod form;
pub mod mail_server;
pub mod pgbouncer;
pub mod relying_party;
pub mod scripted_directory;
pub mod server;
pub mod tls_proxy;
pub mod upstream;
pub mod wait;
pub mod world;

pub use browser::{Browser, Page};
pub use relying_party::{Answer, App, Tokens};
pub use world::World;

/// One query parameter of an address, decoded.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let address = url::Url::parse(address).unwrap();
    address
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The start of many stories: asha has allowed the canteen `basic profile`, and it has its tokens.
pub async fn asha_uses_the_canteen() -> (World, Browser, App, Tokens) {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;
    (world, asha, canteen, tokens)
}

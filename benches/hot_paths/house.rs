//! The house in this program, with the access log on or off.

use std::io::stdin;
use std::net::SocketAddr;
use std::sync::Arc;

use profiles::connectors::ConnectorRegistry;
use profiles::platform::clock::{SharedClock, SystemClock};
use profiles::platform::config::Config;
use profiles::platform::db::Db;
use profiles::platform::rng::{OsRng, Rng};
use profiles::platform::secret::ServerKey;
use profiles::protocol::access_log::AccessLog;
use profiles::server;
use profiles::server::ServerParts;
use tokio::net::TcpListener;

/// With one of these arguments the benchmark is this program.
pub(crate) const ACCESS_LOG_ON: &str = "access-log-on";
pub(crate) const ACCESS_LOG_OFF: &str = "access-log-off";

/// The database's address comes on standard input, its own goes to standard error.
pub(crate) async fn serve(access_log: fn(Db, SharedClock, &dyn Rng) -> AccessLog) {
    let mut database = String::new();
    stdin().read_line(&mut database).unwrap();
    let setting = ("DATABASE_URL".to_owned(), database.trim().to_owned());
    let config = Config::load([setting]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let db = Db::open(config.database_url.as_ref().unwrap()).unwrap();
    let clock: SharedClock = Arc::new(SystemClock);
    let parts = ServerParts {
        access_log: access_log(db.clone(), Arc::clone(&clock), &OsRng),
        db,
        clock,
        rng: Arc::new(OsRng),
        master_key: ServerKey::master([7; 32]),
        public_url: address.parse().unwrap(),
        extra_connectors: ConnectorRegistry::default(),
        demo: None,
    };
    let house = server::build(&config, parts).unwrap();
    let _working = house.jobs.start();
    eprintln!("listening on {address}");
    let service = house
        .router
        .into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.unwrap();
}

//! `profiles serve`

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use super::database::OpenDatabase;
use super::{CommandError, database, http_server, master_key, say};
use crate::connectors::ConnectorRegistry;
use crate::platform::clock::{Clock, SharedClock, SystemClock};
use crate::platform::config::{Config, DEMO_UPSTREAMS};
use crate::platform::links::Links;
use crate::platform::rng::OsRng;
use crate::protocol::access_log::AccessLog;
use crate::server;
use crate::server::demo::{Demo, NewPerson};
use crate::server::{ServerParts, demo};

pub(super) async fn serve(mut config: Config) -> Result<ExitCode, CommandError> {
    // TLS clients use the default provider of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if config.expects_simulators {
        tracing::warn!("{DEMO_UPSTREAMS} is for script/run, which starts the simulators");
    }
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let stop = stop_signal()?;
    let database = database::open_to_serve(&config).await?;
    config.data_dir.clone_from(&database.data_dir);
    let served = open_and_serve(&config, &database, stop).await;
    database.close().await;
    served.map(|()| ExitCode::SUCCESS)
}

async fn open_and_serve(
    config: &Config,
    database: &OpenDatabase,
    stop: impl Future<Output = ()>,
) -> Result<(), CommandError> {
    let rng = Arc::new(OsRng);
    let master_key = master_key::find_or_generate(config.secret, &config.data_dir, rng.as_ref())?;
    let (listener, address) = listen("PROFILES_LISTEN", config.listen).await?;
    let metrics_listener = match config.metrics_listen {
        Some(at) => Some(listen("PROFILES_METRICS_LISTEN", at).await?),
        None => None,
    };
    let public_url = match config.public_url.clone() {
        Some(url) => url,
        None => default_public_url(address)?,
    };
    let demo = if database.is_private() {
        Some((
            seed_demo(config, database, &public_url, rng.as_ref()).await?,
            address,
        ))
    } else {
        None
    };
    let clock: SharedClock = Arc::new(SystemClock);
    let db = database.db.clone();
    let parts = ServerParts {
        access_log: AccessLog::new(db.clone(), Arc::clone(&clock), rng.as_ref()),
        db,
        clock,
        rng,
        master_key,
        public_url: public_url.clone(),
        extra_connectors: ConnectorRegistry::default(),
        demo,
    };
    let server = server::build(config, parts)
        .map_err(|error| CommandError::while_doing("building the service", error))?;
    say(format_args!("listening on http://{address}"));
    if database.is_private() {
        let demo = Links::new(&public_url);
        let demo = demo.absolute(&demo.demo());
        say(format_args!("open {demo} to try a sign-in to a campus app"));
    }
    let jobs = server.jobs.start();
    // Runs until the end, so that the shutdown can be observed too.
    let metrics_task = metrics_listener.map(|(listener, address)| {
        say(format_args!("metrics on http://{address}/metrics"));
        tokio::spawn(http_server::serve(
            listener,
            server.metrics,
            Vec::new(),
            pending(),
        ))
    });
    let proxies = config.trusted_proxies.clone();
    http_server::serve(listener, server.router, proxies, stop).await;
    jobs.stop().await;
    if let Some(task) = metrics_task {
        task.abort();
    }
    Ok(())
}

async fn listen(setting: &str, at: SocketAddr) -> Result<(TcpListener, SocketAddr), CommandError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => CommandError::new(format!(
            "{at} is taken by another program: stop that, or set {setting} to another port"
        )),
        _ => CommandError::new(format!(
            "cannot listen on {at}: {error}. Set {setting} to an address of this machine"
        )),
    };
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Creates the demo, and prints the new people with their passwords, this once.
async fn seed_demo(
    config: &Config,
    database: &OpenDatabase,
    public_url: &Url,
    rng: &OsRng,
) -> Result<Demo, CommandError> {
    #[derive(Serialize)]
    struct DemoOutput {
        demo: String,
        people: Vec<NewPerson>,
    }
    let links = Links::new(public_url);
    let now = SystemClock.now();
    let seeded = demo::seed_demo(&database.db, &config.data_dir, &links, now, rng).await;
    let (demo, people) = seeded.map_err(|error| CommandError::new(error.to_string()))?;
    if people.is_empty() {
        let program = std::env::args().next();
        let program = program.as_deref().unwrap_or("profiles");
        say(format_args!(
            "the demo people are as they were; `{program} person password asha` makes a new password"
        ));
    } else {
        super::print_for_people(&DemoOutput {
            demo: links.absolute(&links.demo()),
            people,
        })?;
    }
    Ok(demo)
}

/// The default public URL: localhost, with the port in use.
fn default_public_url(address: SocketAddr) -> Result<Url, CommandError> {
    format!("http://localhost:{}", address.port())
        .parse()
        .map_err(|error| CommandError::while_doing("the public URL", error))
}

/// Completes on SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, CommandError> {
    let listen = |kind| {
        signal(kind).map_err(|error| CommandError::while_doing("listening for signals", error))
    };
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

//! A proxy between the program and PostgreSQL that counts round trips and can be cut.
//!
//! A round trip is a message the program waits for: a simple query, or a `Sync` (or `Flush`) after at least one
//! `Execute`. Preparing a statement does not count (it happens once per connection), nor does a bare `Sync`, which is
//! a ping.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub struct CountingProxy {
    address: SocketAddr,
    server: u16,
    counted: Arc<AtomicUsize>,
    /// The statements sent, for the failure message.
    seen: Arc<Mutex<Vec<String>>>,
    /// The listener and its connections; dropping the set ends all of them.
    open: Mutex<JoinSet<()>>,
}

impl CountingProxy {
    /// In front of the PostgreSQL on port `server`.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            server,
            counted: Arc::default(),
            seen: Arc::default(),
            open: Mutex::default(),
        };
        proxy.accept(listener);
        proxy
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets the count to zero.
    pub fn reset(&self) {
        self.counted.store(0, Ordering::SeqCst);
        self.seen.lock().unwrap().clear();
    }

    /// Round trips since the last [`CountingProxy::reset`].
    pub fn round_trips(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }

    /// The statements of these round trips.
    pub fn statements(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Closes every connection and refuses new ones, as a stopped PostgreSQL does.
    pub async fn cut(&self) {
        let mut open = std::mem::take(&mut *self.open.lock().unwrap());
        open.shutdown().await;
    }

    /// Accepts connections again, on the same port.
    pub async fn mend(&self) {
        self.accept(TcpListener::bind(self.address).await.unwrap());
    }

    fn accept(&self, listener: TcpListener) {
        let (server, counted, seen) = (
            self.server,
            Arc::clone(&self.counted),
            Arc::clone(&self.seen),
        );
        self.open.lock().unwrap().spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let count = Count {
                    counted: Arc::clone(&counted),
                    seen: Arc::clone(&seen),
                    executes: 0,
                };
                connections.spawn(carry(client, server, count));
            }
        });
    }
}

async fn carry(client: TcpStream, server: u16, mut count: Count) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let Some(()) = begin(&mut from_client, &mut to_client, &mut to_server).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
        _ = count.forward(&mut from_client, &mut to_server) => {}
    }
}

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// The first messages have no type byte. The proxy declines encryption itself and forwards the startup message.
async fn begin(
    from: &mut OwnedReadHalf,
    back: &mut OwnedWriteHalf,
    to: &mut OwnedWriteHalf,
) -> Option<()> {
    loop {
        let length = from.read_u32().await.ok()?;
        let code = from.read_u32().await.ok()?;
        if code == SSL_REQUEST || code == GSS_REQUEST {
            back.write_all(b"N").await.ok()?;
            continue;
        }
        let mut rest = vec![0; usize::try_from(length).ok()?.checked_sub(8)?];
        from.read_exact(&mut rest).await.ok()?;
        to.write_all(&[&length.to_be_bytes()[..], &code.to_be_bytes()[..], &rest].concat())
            .await
            .ok()?;
        return Some(());
    }
}

struct Count {
    counted: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    executes: usize,
}

impl Count {
    async fn forward(&mut self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> Option<()> {
        loop {
            let kind = from.read_u8().await.ok()?;
            let length = from.read_u32().await.ok()?;
            let mut body = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
            from.read_exact(&mut body).await.ok()?;
            self.note(kind, &body);
            to.write_all(&[&[kind][..], &length.to_be_bytes()[..], &body].concat())
                .await
                .ok()?;
        }
    }

    fn note(&mut self, kind: u8, body: &[u8]) {
        match kind {
            b'Q' => self.trip(String::from_utf8_lossy(body).into_owned()),
            b'E' => self.executes += 1,
            b'S' | b'H' if self.executes > 0 => {
                self.trip(format!("{} prepared", self.executes));
                self.executes = 0;
            }
            _ => {}
        }
    }

    fn trip(&self, statement: String) {
        self.counted.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(statement);
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, PgConnection};

    use super::CountingProxy;
    use crate::support::database;

    #[tokio::test]
    async fn the_proxy_counts_round_trips_and_can_be_cut() {
        let database = tokio::task::spawn_blocking(|| database::cluster().create(None))
            .await
            .unwrap();
        let proxy = CountingProxy::to(database.port()).await;
        let address = database.url_through(proxy.port());
        let mut connection = PgConnection::connect(&address).await.unwrap();
        proxy.reset();

        connection.ping().await.unwrap();
        for number in 0..3 {
            sqlx::query("select $1 + 1")
                .bind(number)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let begun = connection.begin().await.unwrap();
        begun.commit().await.unwrap();

        assert_eq!(proxy.round_trips(), 5, "{:?}", proxy.statements());

        proxy.cut().await;
        assert!(connection.ping().await.is_err());
        assert!(PgConnection::connect(&address).await.is_err());

        proxy.mend().await;
        assert!(PgConnection::connect(&address).await.is_ok());
    }
}

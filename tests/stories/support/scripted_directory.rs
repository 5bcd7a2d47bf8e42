//! A scripted LDAP server: a test decides on the bytes of each answer. It holds the entry of nandini, whose password
//! is `walks by the lake`, and accepts plain connections on loopback.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::World;
use super::directory::BASE;
use super::world::Plan;

pub const NANDINI: &str = "uid=nandini,ou=People,dc=campus,dc=example";
pub const PASSWORD: &str = "walks by the lake";
const READER: &str = "cn=reader,dc=campus,dc=example";
const SECRET: &str = "correct horse";

/// What the server does with a request.
pub enum Reply {
    /// Sends these bytes.
    Sends(Vec<u8>),
    /// Sends these bytes one by one, with a pause before each.
    SendsSlowly(Vec<u8>),
    Stalls,
    Closes,
}

/// A request.
#[derive(Debug)]
pub enum LdapRequest {
    Bind { dn: String, password: String },
    Search { filter: String },
    Other,
}

/// Replies to request `id`, the `turn`-th on its connection, from 0.
type Answers = dyn Fn(u8, usize, &LdapRequest) -> Reply + Send + Sync;

pub struct ScriptedDirectory {
    port: u16,
    task: JoinHandle<()>,
}

impl ScriptedDirectory {
    pub async fn that(
        answers: impl Fn(u8, usize, &LdapRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&answers)));
            }
        });
        Self { port, task }
    }

    pub fn plan(&self) -> Plan {
        World::plan()
            .set(
                "PROFILES_LDAP_URL",
                &format!("ldap://127.0.0.1:{}", self.port),
            )
            .set("PROFILES_LDAP_BASE_DN", BASE)
            .set("PROFILES_LDAP_BIND_DN", READER)
            .set("PROFILES_LDAP_BIND_PASSWORD", SECRET)
    }
}

impl Drop for ScriptedDirectory {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Answers>) {
    for turn in 0.. {
        let Some((id, request)) = read_request(&mut stream).await else {
            return;
        };
        // The client may have reached its time limit.
        let sent = match answers(id, turn, &request) {
            Reply::Sends(bytes) => stream.write_all(&bytes).await,
            Reply::SendsSlowly(bytes) => send_slowly(&mut stream, &bytes).await,
            Reply::Stalls => {
                tokio::time::sleep(Duration::from_mins(1)).await;
                return;
            }
            Reply::Closes => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn send_slowly(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        tokio::time::sleep(Duration::from_millis(400)).await;
        stream.write_all(&[*byte]).await?;
    }
    Ok(())
}

/// The next request, whose lengths are encoded as our LDAP client does.
async fn read_request(stream: &mut TcpStream) -> Option<(u8, LdapRequest)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    let length = if head[1] < 0x80 {
        usize::from(head[1])
    } else {
        usize::try_from(stream.read_u32().await.ok()?).unwrap()
    };
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    let id = message[2];
    let parts = parts(parts_of(&message[3..]));
    let text = |at: usize| String::from_utf8_lossy(&parts[at].1).into_owned();
    let request = match message[3] {
        0x60 => LdapRequest::Bind {
            dn: text(1),
            password: text(2),
        },
        0x63 => LdapRequest::Search { filter: text(6) },
        _ => LdapRequest::Other,
    };
    Some((id, request))
}

/// The content of the element that `bytes` begin with.
fn parts_of(bytes: &[u8]) -> &[u8] {
    if bytes[1] < 0x80 {
        &bytes[2..]
    } else {
        &bytes[6..]
    }
}

fn parts(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let [tag, first, ..] = *bytes {
        let (start, length) = if first < 0x80 {
            (2, usize::from(first))
        } else {
            let length = u32::from_be_bytes(bytes[2..6].try_into().unwrap());
            (6, usize::try_from(length).unwrap())
        };
        found.push((tag, bytes[start..start + length].to_vec()));
        bytes = &bytes[start + length..];
    }
    found
}

/// The reply of a correct server.
pub fn correct_reply(id: u8, request: &LdapRequest) -> Reply {
    Reply::Sends(match request {
        LdapRequest::Bind { dn, password } => {
            let accounts = [(READER, SECRET), (NANDINI, PASSWORD)];
            let is_right = accounts.contains(&(dn, password));
            bind_result(id, if is_right { 0 } else { 49 })
        }
        LdapRequest::Search { filter } if filter.ends_with("nandini") => {
            [entry(id, NANDINI, &nandini()), search_done(id, 0)].concat()
        }
        LdapRequest::Search { .. } => search_done(id, 0),
        LdapRequest::Other => return Reply::Closes,
    })
}

pub fn nandini() -> Vec<(&'static str, Vec<u8>)> {
    let texts = [
        ("uid", "nandini"),
        ("givenName", "Nandini"),
        ("sn", "Sen"),
        ("mail", "nandini@campus.example"),
        ("entryUUID", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
    ];
    texts
        .map(|(name, value)| (name, value.as_bytes().to_vec()))
        .to_vec()
}

pub fn bind_result(id: u8, code: u8) -> Vec<u8> {
    result_of(id, 0x61, code)
}

/// A bind refused with this text, as Active Directory says why.
pub fn refused_bind(id: u8, text: &str) -> Vec<u8> {
    let result = [element(0x0a, &[49]), octets(b""), octets(text.as_bytes())].concat();
    message(id, &element(0x61, &result))
}

pub fn search_done(id: u8, code: u8) -> Vec<u8> {
    result_of(id, 0x65, code)
}

/// A result of any operation with this code.
pub fn result_of(id: u8, operation: u8, code: u8) -> Vec<u8> {
    let result = [element(0x0a, &[code]), octets(b""), octets(b"")].concat();
    message(id, &element(operation, &result))
}

/// A referral to another server.
pub fn referral(id: u8, operation: u8) -> Vec<u8> {
    let elsewhere = element(0xa3, &octets(b"ldap://127.0.0.1:1/"));
    let result = [element(0x0a, &[10]), octets(b""), octets(b""), elsewhere].concat();
    message(id, &element(operation, &result))
}

pub fn reference(id: u8) -> Vec<u8> {
    message(id, &element(0x73, &octets(b"ldap://127.0.0.1:1/")))
}

pub fn entry(id: u8, dn: &str, attributes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let attributes = attributes.iter().map(|(name, value)| {
        let values = element(0x31, &octets(value));
        element(0x30, &[octets(name.as_bytes()), values].concat())
    });
    let attributes = element(0x30, &attributes.collect::<Vec<_>>().concat());
    let content = [octets(dn.as_bytes()), attributes].concat();
    message(id, &element(0x64, &content))
}

pub fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    element(0x30, &[&element(0x02, &[id]), operation].concat())
}

pub fn octets(content: &[u8]) -> Vec<u8> {
    element(0x04, content)
}

pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, content].concat()
}

//! What is measured on: a scratch cluster with one person and one app in it, made by the program's own
//! commands, and the two programs in front of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use profiles::people::fields::FIELDS;
use profiles::platform::db::cluster;
use profiles::platform::db::cluster::{Cluster, Durability};
use profiles::protocol::scope::SCOPES;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::CONNECTIONS;
use super::load::{Asking, Http, Pair, Trading, load};
use super::process::Process;
use super::table::Side;

const PASSWORD: &str = "asha walks by the lake";

/// Its parts end in this order: the programs before their database, the folder last.
pub(crate) struct Campus {
    profiles: Process,
    bare: Process,
    database: String,
    pub app: App,
    /// Of the browser in which asha is signed in.
    cookie: String,
    _cluster: Cluster,
    folder: Folder,
}

#[derive(Debug, Deserialize)]
pub(crate) struct App {
    client_id: String,
    client_secret: String,
}

impl App {
    pub(crate) fn credentials(&self) -> String {
        let Self {
            client_id,
            client_secret,
        } = self;
        format!("client_id={client_id}&client_secret={client_secret}")
    }
}

impl Campus {
    pub(crate) fn found(runtime: &Runtime) -> Self {
        let folder = Folder::new();
        let cluster = cluster::start(&folder.0, Durability::Scratch).unwrap();
        let database = cluster.url().expose_secret().to_owned();
        let command = |arguments: &[&str]| profiles(&database, &folder.0, arguments);

        let list = folder.0.join("people.jsonl");
        fs::write(&list, asha().to_string()).unwrap();
        run(command(&["person", "import", list.to_str().unwrap()]), "");
        run(
            command(&["person", "password", "asha", "--password-stdin"]),
            PASSWORD,
        );
        let app = [
            "app",
            "add",
            "--owner",
            "asha",
            "--name",
            "Canteen",
            "--verified",
        ];
        let redirect_uri = ["--redirect-uri", "https://canteen.example/cb"];
        let app = run(command(&[&app[..], &redirect_uri[..]].concat()), "");
        let app: App = serde_json::from_str(&app).unwrap();

        let profiles = Process::profiles(command(&[]), &folder.0);
        let bare = Process::bare(&database, &folder.0);
        let cookie = runtime.block_on(consent(&profiles.address, &app));
        Self {
            profiles,
            bare,
            database,
            app,
            cookie,
            _cluster: cluster,
            folder,
        }
    }

    pub(crate) fn servers(&self) -> [&Process; 2] {
        [&self.profiles, &self.bare]
    }

    /// The house with its access log on, and with it off.
    pub(crate) fn houses(&self) -> [Process; 2] {
        [Side::First, Side::Second].map(|side| Process::house(side, &self.database, &self.folder.0))
    }

    /// New codes, from the house itself: it remembers what asha allowed.
    pub(crate) async fn codes(&self, http: &Http, many: usize) -> Vec<String> {
        let address = authorize(&self.profiles.address, &self.app);
        let each = many.div_ceil(CONNECTIONS);
        let asking = || Asking::new(&address, &self.cookie, each);
        let workers = (0..CONNECTIONS).map(|_| asking()).collect();
        let (_, workers) = load(http, workers).await;
        workers
            .into_iter()
            .flat_map(|it| it.codes)
            .take(many)
            .collect()
    }

    /// New pairs, from the house itself.
    pub(crate) async fn trades(&self, http: &Http, many: usize) -> Vec<Pair> {
        let codes = self.codes(http, many).await;
        let trading = vec![Trading::new(&self.profiles.address, &self.app, codes)];
        let (_, mut trading) = load(http, trading).await;
        trading.remove(0).pairs
    }
}

fn asha() -> serde_json::Value {
    json!({
        "username": "asha", "first_name": "Asha", "last_name": "D’Souza", "email": "asha@campus.example",
        "type": "ug", "is_alumni": false, "roll_number": "012D0700", "mobile": "9876543210", "sex": "female",
        "contacts": [{ "id": 1, "number": "+91 98200 11111" }, { "id": 2, "number": "022-2572 2545" }],
        "secondary_emails": [{ "id": 1, "email": "asha@mail.example" }],
        "insti_address": { "room": "A-12", "hostel": "14" },
        "program": { "department": "CSE", "join_year": 2022, "graduation_year": 2026, "degree": "BTECH" },
    })
}

fn profiles(database: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiles"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).current_dir(folder);
    command
        .env("DATABASE_URL", database)
        .env("PROFILES_DATA_DIR", folder)
        .args(arguments);
    command
}

/// Runs to the end with a line on standard input, and gives what was printed.
fn run(mut command: Command, input: &str) -> String {
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may be gone already.
    let _ = writeln!(child.stdin.take().unwrap(), "{input}");
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout).unwrap()
}

fn authorize(address: &str, app: &App) -> String {
    let scopes: Vec<&str> = SCOPES.iter().map(|row| row.name).collect();
    let (client_id, scopes) = (&app.client_id, scopes.join("+"));
    format!(
        "{address}/oauth/authorize/?response_type=code&approval_prompt=auto&client_id={client_id}&scope={scopes}"
    )
}

/// Signs asha in and allows the app everything, once. Gives her browser's cookie.
async fn consent(address: &str, app: &App) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let browser = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let page = async |address: &str| {
        let page = browser.get(address).send().await.unwrap();
        page.text().await.unwrap()
    };
    let send = async |address: &str, form: &[(&str, &str)]| {
        let answer = browser.post(address).form(form).send().await.unwrap();
        assert!(answer.status().is_redirection(), "{answer:?}");
        answer
    };

    let login = format!("{address}/account/login/");
    let shown = page(&login).await;
    let seal = between(&shown, "name=\"csrf_token\" value=\"", "\"");
    let form = [
        ("csrf_token", seal),
        ("username", "asha"),
        ("password", PASSWORD),
    ];
    let signed_in = send(&login, &form).await;
    let cookies = signed_in.headers().get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let session = cookies
        .find(|cookie| cookie.starts_with("session="))
        .unwrap()
        .to_owned();

    let shown = page(&authorize(address, app)).await;
    let action = between(&shown, "action=\"/oauth/authorize/", "\"");
    let seal = between(&shown, "name=\"csrf_token\" value=\"", "\"");
    let mut form = vec![("csrf_token", seal), ("decision", "allow")];
    form.extend(SCOPES.iter().map(|row| ("scope", row.name)));
    form.extend(FIELDS.iter().map(|row| ("field", row.name)));
    send(&format!("{address}/oauth/authorize/{action}"), &form).await;
    session
}

pub(crate) fn code_in(address: &str) -> String {
    between(&format!("{address}&"), "code=", "&").to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map(|parts| parts.1);
    let inside = rest.and_then(|rest| rest.split_once(after));
    inside.unwrap_or_else(|| panic!("no {before} in {text}")).0
}

/// Gone with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("profiles-bench-").tempdir();
        Self(folder.unwrap().keep())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

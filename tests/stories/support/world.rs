//! A story's own server, database and clock, and the way to its people and apps.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use profiles::connectors::ConnectorRegistry;
use profiles::platform::jobs::Jobs;
use reqwest::redirect;
use time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::Level;

use super::browser::Browser;
use super::campus::{Campus, Person, Registration};
use super::clock::Clock;
use super::counting_proxy::CountingProxy;
use super::database::{Database, ToldEverything};
use super::patience::patiently;
use super::relying_party::App;
use super::server::{Process, Settings};
use super::{campus, database, server};

pub struct World {
    pub base: String,
    pub data: PathBuf,
    pub database: Database,
    clock: Arc<Clock>,
    campus: &'static Campus,
    http: reqwest::Client,
    server: Server,
    wire: Option<CountingProxy>,
    settings: Settings,
    /// Lets go of the write-ahead log when it is dropped.
    _told: Option<ToldEverything>,
}

enum Server {
    Here(JoinHandle<()>, Jobs),
    Apart(Box<Mutex<Process>>),
}

/// How a world is to differ from the usual one.
#[derive(Debug, Default)]
pub struct Plan {
    settings: Settings,
    apart: bool,
    wired: bool,
    demo: bool,
    told: bool,
    path: String,
    connectors: ConnectorRegistry,
}

impl Plan {
    /// With a variable set.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The variables that are set.
    pub fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// With the real program, which can be killed; its clock is the machine's.
    pub fn in_its_own_process(mut self) -> Self {
        self.apart = true;
        self
    }

    /// With a wire to PostgreSQL on which round trips are counted, and which can be cut.
    pub fn on_a_wire(mut self) -> Self {
        self.wired = true;
        self
    }

    /// With the demo's app and its pages.
    pub fn with_the_demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// With a PostgreSQL that writes down every statement with its values, and throws nothing away of its
    /// write-ahead log, as the end of any other story would have it.
    pub fn with_all_that_postgresql_writes(mut self) -> Self {
        self.told = true;
        self
    }

    /// With ways to sign in that no setting switches on.
    pub fn with_connectors(mut self, connectors: ConnectorRegistry) -> Self {
        self.connectors = connectors;
        self
    }

    /// With a path in its public address.
    pub fn under(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub async fn opens(self) -> World {
        // Building HTTP clients needs a provider of cryptography; the first to name one is heard.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What the house complains of stands beside the story that failed of it.
        let _ = tracing_subscriber::fmt()
            .with_max_level(Level::WARN)
            .with_test_writer()
            .try_init();
        let (campus, database, data) = spawn_blocking(settle).await.unwrap();
        let told = self.told.then(|| database.tells_everything());
        let wire = if self.wired {
            Some(CountingProxy::to(database.port()).await)
        } else {
            None
        };
        let address = wire
            .as_ref()
            .map_or_else(|| database.url(), |wire| database.url_through(wire.port()));
        let mut settings = self.settings;

        let clock = Arc::new(Clock::default());
        let (base, server) = if self.apart {
            let port = database::free_port();
            settings.push(("PROFILES_LISTEN".to_owned(), format!("127.0.0.1:{port}")));
            let (url, folder, variables) = (address.clone(), data.clone(), settings.clone());
            let process = spawn_blocking(move || Process::start(&url, &folder, &variables))
                .await
                .unwrap();
            (
                process.address.clone(),
                Server::Apart(Box::new(Mutex::new(process))),
            )
        } else {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base = format!("http://{}{}", listener.local_addr().unwrap(), self.path);
            let mut variables = vec![
                ("DATABASE_URL".to_owned(), address.clone()),
                (
                    "PROFILES_DATA_DIR".to_owned(),
                    data.to_str().unwrap().to_owned(),
                ),
            ];
            if !settings
                .iter()
                .any(|(name, _)| name == "PROFILES_PUBLIC_URL")
            {
                variables.push(("PROFILES_PUBLIC_URL".to_owned(), base.clone()));
            }
            variables.extend(settings);
            settings = variables;
            let (serving, jobs) = server::serve(
                listener,
                settings.clone(),
                Arc::clone(&clock),
                self.demo,
                self.connectors,
            )
            .await;
            (base, Server::Here(serving, jobs))
        };

        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        World {
            base: format!("{base}/"),
            data,
            database,
            clock,
            campus,
            http,
            server,
            wire,
            settings,
            _told: told,
        }
    }
}

fn settle() -> (&'static Campus, Database, PathBuf) {
    let campus = campus::campus();
    let database = database::cluster().create(Some(&campus.database.name));
    let data = campus::folder(&database.name);
    campus::copy(&campus.data, &data);
    (campus, database, data)
}

impl World {
    pub async fn new() -> Self {
        Self::plan().opens().await
    }

    pub fn plan() -> Plan {
        Plan::default()
    }

    /// Time passes.
    pub fn sleeps(&self, by: Duration) {
        assert!(
            matches!(self.server, Server::Here(..)),
            "the real program's time cannot be moved"
        );
        self.clock.advance(by);
    }

    /// Every job runs once, as it does now and then in the real program.
    pub async fn does_its_jobs(&self) {
        let Server::Here(_, jobs) = &self.server else {
            panic!("the real program does its jobs by itself")
        };
        jobs.run_once().await.unwrap();
    }

    /// The jobs of another process on the same database, at the same time.
    pub fn jobs_of_another_process(&self) -> Jobs {
        assert!(matches!(self.server, Server::Here(..)));
        server::house(
            self.settings.clone(),
            Arc::clone(&self.clock),
            None,
            ConnectorRegistry::default(),
        )
        .jobs
    }

    /// Nobody in particular, not signed in.
    pub fn stranger(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// Somebody of the campus, or a student newly added, in a browser and signed in.
    pub async fn student(&self, username: &str) -> Browser {
        let person = self.person(username).await;
        self.signed_in(&person).await
    }

    pub async fn signed_in(&self, person: &Person) -> Browser {
        let browser = self.stranger();
        let home = browser.signs_in(&person.username, &person.password).await;
        let refused = home.url.path().contains("/account/login/");
        assert!(
            !refused,
            "{} is not let in: {}",
            person.username,
            home.words()
        );
        browser
    }

    /// Somebody of the campus, or a student newly added.
    pub async fn person(&self, username: &str) -> Person {
        if let Some(known) = self
            .campus
            .people
            .iter()
            .find(|person| person.username == username)
        {
            return known.clone();
        }
        let (database, data, username) = (
            self.database.clone(),
            self.data.clone(),
            username.to_owned(),
        );
        spawn_blocking(move || campus::person(&database, &data, &username, "New", "Student"))
            .await
            .unwrap()
    }

    /// `many` students newly added, four at a time.
    pub async fn students(&self, many: usize) -> Vec<Person> {
        let mut people = Vec::new();
        for some in (0..many).collect::<Vec<_>>().chunks(4) {
            let added = some.iter().map(|number| {
                let (database, data, username) = (
                    self.database.clone(),
                    self.data.clone(),
                    format!("student{number}"),
                );
                spawn_blocking(move || {
                    campus::person(&database, &data, &username, "New", "Student")
                })
            });
            for person in added.collect::<Vec<_>>() {
                people.push(person.await.unwrap());
            }
        }
        people
    }

    pub fn canteen(&self) -> App {
        self.app("Canteen")
    }

    pub fn library(&self) -> App {
        self.app("Library")
    }

    pub fn timetable(&self) -> App {
        self.app("Timetable")
    }

    pub fn lost_and_found(&self) -> App {
        self.app("Lost and Found")
    }

    fn app(&self, name: &str) -> App {
        let registered = self
            .campus
            .apps
            .iter()
            .find(|app| app.name == name)
            .unwrap();
        App::new(&self.base, self.http.clone(), registered)
    }

    /// An app newly registered by a command.
    pub async fn registers(&self, app: &Registration<'static>) -> App {
        let (database, data, app) = (self.database.clone(), self.data.clone(), app.clone());
        let registered = spawn_blocking(move || campus::register(&database, &data, &app))
            .await
            .unwrap();
        App::new(&self.base, self.http.clone(), &registered)
    }

    /// Any app by its credentials, as a developer has them from the page.
    pub fn app_known_as(&self, registered: &campus::Registered) -> App {
        App::new(&self.base, self.http.clone(), registered)
    }

    /// The whole way once: `person`'s browser goes to the app's link, allows all it is shown, the app trades the code.
    pub async fn connects(&self, person: &Browser, app: &App, scope: &str) -> super::Tokens {
        let code = self.consents(person, &app.login_link(scope)).await;
        app.trades(&code).await
    }

    /// The code that comes of going to `link` and allowing all that is shown (or of having allowed it before).
    pub async fn consents(&self, person: &Browser, link: &str) -> String {
        let asked = person.visits(link).await;
        let back = if asked.redirect().is_some() {
            asked
        } else {
            asked.presses("allow").await
        };
        super::parameter(back.location().as_str(), "code")
            .unwrap_or_else(|| panic!("no code in {}", back.location()))
    }

    /// The newest of `many` mails to an address, as it can be read, once all that waited are files.
    pub async fn mail_to(&self, address: &str, many: usize) -> String {
        self.does_its_jobs().await;
        let to = format!("<{address}>");
        let files = std::fs::read_dir(self.data.join("mail"))
            .into_iter()
            .flatten();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        // Named after their ids, which are in the order of time.
        files.sort();
        let mails = files
            .iter()
            .map(|file| readable(&std::fs::read(file).unwrap()));
        let mut mails: Vec<_> = mails.filter(|mail| mail.contains(&to)).collect();
        assert_eq!(mails.len(), many, "mails to {to}");
        mails.remove(many - 1)
    }

    /// The first mail that the real program sends by itself, as it was sent.
    pub async fn first_mail(&self) -> String {
        let mail = patiently(async || {
            let mut folder = std::fs::read_dir(self.data.join("mail")).ok()?;
            Some(folder.next()?.unwrap().path())
        });
        std::fs::read_to_string(mail.await.unwrap_or_else(|| panic!("no mail came"))).unwrap()
    }

    /// How many mails have gone out, to whomever.
    pub fn mails(&self) -> usize {
        std::fs::read_dir(self.data.join("mail"))
            .into_iter()
            .flatten()
            .count()
    }

    /// The wire of a world that has one.
    pub fn wire(&self) -> &CountingProxy {
        self.wire.as_ref().unwrap()
    }

    /// What the real program has logged.
    pub fn log(&self) -> String {
        self.process().log()
    }

    /// Kills the real program as a power cut would.
    pub fn dies(&self) {
        self.process().kill();
    }

    pub fn is_running(&self) -> bool {
        self.process().is_running()
    }

    pub fn process_id(&self) -> u32 {
        self.process().id()
    }

    /// Waits for the real program to end by itself, and gives its exit code. Blocking.
    pub fn ends(&self) -> Option<i32> {
        self.process().ends()
    }

    /// Starts the real program again after [`World::dies`], at the same address.
    pub async fn rises(&self) {
        let address = self.wire.as_ref().map_or_else(
            || self.database.url(),
            |it| self.database.url_through(it.port()),
        );
        let (data, settings) = (self.data.clone(), self.settings.clone());
        let process = spawn_blocking(move || Process::start(&address, &data, &settings))
            .await
            .unwrap();
        *self.process() = process;
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Process> {
        let Server::Apart(process) = &self.server else {
            panic!("this world's server is no process of its own")
        };
        process.lock().unwrap()
    }
}

/// A mail with its quoted-printable parts undone, as far as links go (RFC 2045 §6.7).
fn readable(mail: &[u8]) -> String {
    let mail = String::from_utf8_lossy(mail);
    mail.replace("=\r\n", "").replace("=3D", "=")
}

impl Drop for World {
    fn drop(&mut self) {
        if let Server::Here(task, _) = &self.server {
            task.abort();
        }
        database::cluster().discard(&self.database);
    }
}

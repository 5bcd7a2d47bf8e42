//! A story's own server, database and clock, with its people and apps.

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
use super::database::{Database, FullLogs};
use super::pgbouncer::PgBouncer;
use super::relying_party::App;
use super::server::{Process, Settings};
use super::wait::wait_for;
use super::{campus, database, server};

pub struct World {
    pub base: String,
    pub data: PathBuf,
    pub database: Database,
    clock: Arc<Clock>,
    campus: &'static Campus,
    http: reqwest::Client,
    server: Server,
    database_proxy: Option<CountingProxy>,
    /// Ends with the world.
    _pgbouncer: Option<PgBouncer>,
    settings: Settings,
    /// Releases the write-ahead log when it is dropped.
    _full_logs: Option<FullLogs>,
}

enum Server {
    InProcess(JoinHandle<()>, Box<Jobs>),
    OwnProcess(Box<Mutex<Process>>),
}

/// How a world differs from the default.
#[derive(Debug, Default)]
pub struct Plan {
    settings: Settings,
    own_process: bool,
    has_database_proxy: bool,
    /// Further lines of its configuration.
    pgbouncer: Option<&'static str>,
    demo: bool,
    full_logs: bool,
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

    /// Runs the real program, which can be killed; its clock is the machine's.
    pub fn in_its_own_process(mut self) -> Self {
        self.own_process = true;
        self
    }

    /// Connects to PostgreSQL through a proxy that counts round trips and can be cut.
    pub fn with_database_proxy(mut self) -> Self {
        self.has_database_proxy = true;
        self
    }

    /// Runs the real program and connects it to PostgreSQL through PgBouncer in transaction mode, with these further
    /// settings of it.
    pub fn with_pgbouncer(mut self, settings: &'static str) -> Self {
        self.pgbouncer = Some(settings);
        self.in_its_own_process()
    }

    /// With the demo's app and its pages.
    pub fn with_the_demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// With a PostgreSQL that logs every statement with its values and keeps its whole write-ahead log.
    pub fn with_full_postgresql_logs(mut self) -> Self {
        self.full_logs = true;
        self
    }

    /// With further connectors, which no setting enables.
    pub fn with_connectors(mut self, connectors: ConnectorRegistry) -> Self {
        self.connectors = connectors;
        self
    }

    /// With a path in the public URL.
    pub fn under(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub async fn opens(self) -> World {
        // HTTP clients need a process-wide crypto provider; the first call installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Warnings of the server are printed with a failing story.
        let _ = tracing_subscriber::fmt()
            .with_max_level(Level::WARN)
            .with_test_writer()
            .try_init();
        let (campus, database, data) = spawn_blocking(prepare).await.unwrap();
        let full_logs = self.full_logs.then(|| database.logs_everything());
        let database_proxy = if self.has_database_proxy {
            Some(CountingProxy::to(database.port()).await)
        } else {
            None
        };
        let pgbouncer = match self.pgbouncer {
            Some(settings) => {
                let (url, folder) = (database.url(), data.clone());
                let start = move || PgBouncer::start(&url, &folder, settings);
                Some(spawn_blocking(start).await.unwrap())
            }
            None => None,
        };
        let proxy_port = database_proxy.as_ref().map(CountingProxy::port);
        let address = match proxy_port.or(pgbouncer.as_ref().map(PgBouncer::port)) {
            Some(port) => database.url_through(port),
            None => database.url(),
        };
        let mut settings = self.settings;

        let clock = Arc::new(Clock::default());
        let (base, server) = if self.own_process {
            let port = database::free_port();
            settings.push(("PROFILES_LISTEN".to_owned(), format!("127.0.0.1:{port}")));
            let (url, folder, variables) = (address.clone(), data.clone(), settings.clone());
            let process = spawn_blocking(move || Process::start(&url, &folder, &variables))
                .await
                .unwrap();
            (
                process.address.clone(),
                Server::OwnProcess(Box::new(Mutex::new(process))),
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
            (base, Server::InProcess(serving, Box::new(jobs)))
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
            database_proxy,
            _pgbouncer: pgbouncer,
            settings,
            _full_logs: full_logs,
        }
    }
}

fn prepare() -> (&'static Campus, Database, PathBuf) {
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

    /// Advances the clock.
    pub fn advance_clock(&self, by: Duration) {
        assert!(
            matches!(self.server, Server::InProcess(..)),
            "the real program's time cannot be moved"
        );
        self.clock.advance(by);
    }

    /// Sets the clock back, as NTP and resumed virtual machines do.
    pub fn step_clock_back(&self, by: Duration) {
        assert!(matches!(self.server, Server::InProcess(..)));
        self.clock.step_back(by);
    }

    /// Runs every job once, as the real program does regularly.
    pub async fn runs_jobs(&self) {
        let Server::InProcess(_, jobs) = &self.server else {
            panic!("the real program does its jobs by itself")
        };
        jobs.run_once().await.unwrap();
    }

    /// The jobs of another process on the same database, at the same time.
    pub fn jobs_of_another_process(&self) -> Jobs {
        assert!(matches!(self.server, Server::InProcess(..)));
        server::build_server(
            self.settings.clone(),
            Arc::clone(&self.clock),
            None,
            ConnectorRegistry::default(),
        )
        .jobs
    }

    /// A new browser that is not signed in.
    pub fn visitor(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// A person of the campus, or a new student, in a signed-in browser.
    pub async fn student(&self, username: &str) -> Browser {
        let person = self.person(username).await;
        self.signed_in(&person).await
    }

    pub async fn signed_in(&self, person: &Person) -> Browser {
        let browser = self.visitor();
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

    /// A person of the campus, or a new student.
    pub async fn person(&self, username: &str) -> Person {
        if let Some(person) = self
            .campus
            .people
            .iter()
            .find(|person| person.username == username)
        {
            return person.clone();
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

    /// Sets a person's password with the command: a credential event from outside of any browser.
    pub async fn sets_password(&self, username: &str, password: &str) {
        spawn_blocking(self.password_command(username, password))
            .await
            .unwrap();
    }

    /// The same for a simulator that runs it in the middle of its answer. Blocking.
    pub fn password_command(
        &self,
        username: &str,
        password: &str,
    ) -> impl Fn() + Send + Sync + 'static {
        let (database, data) = (self.database.clone(), self.data.clone());
        let (username, password) = (username.to_owned(), password.to_owned());
        move || campus::sets_password(&database, &data, &username, &password)
    }

    /// Adds `many` students, four at a time.
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

    /// Registers an app with the command.
    pub async fn registers(&self, app: &Registration<'static>) -> App {
        let (database, data, app) = (self.database.clone(), self.data.clone(), app.clone());
        let registered = spawn_blocking(move || campus::register(&database, &data, &app))
            .await
            .unwrap();
        App::new(&self.base, self.http.clone(), &registered)
    }

    /// An app by its credentials.
    pub fn app_with_credentials(&self, registered: &campus::RegisteredApp) -> App {
        App::new(&self.base, self.http.clone(), registered)
    }

    /// A whole login: `person` opens the app's link and allows everything, and the app exchanges the code.
    pub async fn connects(&self, person: &Browser, app: &App, scope: &str) -> super::Tokens {
        let code = self.consents(person, &app.login_link(scope)).await;
        app.exchanges_code(&code).await
    }

    /// The code after opening `link` and allowing everything (or having allowed it before).
    pub async fn consents(&self, person: &Browser, link: &str) -> String {
        let form = person.visits(link).await;
        let back = if form.redirect().is_some() {
            form
        } else {
            form.presses("allow").await
        };
        super::parameter(back.location().as_str(), "code")
            .unwrap_or_else(|| panic!("no code in {}", back.location()))
    }

    /// The newest of `many` mails to an address, decoded, after the queue is delivered.
    pub async fn mail_to(&self, address: &str, many: usize) -> String {
        self.runs_jobs().await;
        let to = format!("<{address}>");
        let files = std::fs::read_dir(self.data.join("mail"))
            .into_iter()
            .flatten();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        // The file names are ids in order of time.
        files.sort();
        let mails = files
            .iter()
            .map(|file| readable(&std::fs::read(file).unwrap()));
        let mut mails: Vec<_> = mails.filter(|mail| mail.contains(&to)).collect();
        assert_eq!(mails.len(), many, "mails to {to}");
        mails.remove(many - 1)
    }

    /// The first mail that the real program sends by itself, undecoded.
    pub async fn first_mail(&self) -> String {
        let mail = wait_for(async || {
            let mut folder = std::fs::read_dir(self.data.join("mail")).ok()?;
            Some(folder.next()?.unwrap().path())
        });
        std::fs::read_to_string(mail.await.unwrap_or_else(|| panic!("no mail came"))).unwrap()
    }

    /// The number of mails sent, to any address.
    pub fn mails(&self) -> usize {
        std::fs::read_dir(self.data.join("mail"))
            .into_iter()
            .flatten()
            .count()
    }

    /// The database proxy of a world that has one.
    pub fn database_proxy(&self) -> &CountingProxy {
        self.database_proxy.as_ref().unwrap()
    }

    /// The log of the real program.
    pub fn log(&self) -> String {
        self.process().log()
    }

    /// Kills the real program (SIGKILL).
    pub fn crashes(&self) {
        self.process().kill();
    }

    pub fn is_running(&self) -> bool {
        self.process().is_running()
    }

    pub fn process_id(&self) -> u32 {
        self.process().id()
    }

    /// Waits for the real program to exit, and returns its exit code. Blocking.
    pub fn exit_code(&self) -> Option<i32> {
        self.process().exit_code()
    }

    /// Starts the real program again after [`World::crashes`], at the same address.
    pub async fn restarts(&self) {
        let address = self.database_proxy.as_ref().map_or_else(
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
        let Server::OwnProcess(process) = &self.server else {
            panic!("this world's server is no process of its own")
        };
        process.lock().unwrap()
    }
}

/// A mail with its quoted-printable parts decoded as far as links need it (RFC 2045 §6.7).
fn readable(mail: &[u8]) -> String {
    let mail = String::from_utf8_lossy(mail);
    mail.replace("=\r\n", "").replace("=3D", "=")
}

impl Drop for World {
    fn drop(&mut self) {
        if let Server::InProcess(task, _) = &self.server {
            task.abort();
        }
        database::cluster().discard(&self.database);
    }
}

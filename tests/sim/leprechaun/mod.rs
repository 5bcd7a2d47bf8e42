//! A Leprechaun server as its source has it, quirks included: who opens a link changes things, a verifier is good for ever,
//! and two records of one roll number can both be complete. What is done otherwise: no fault of the ERP crashes it unless
//! it is told to, and what it echoes is escaped.

mod control;
mod pages;
pub mod people;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use people::{Letter, Person, Reset};
use reqwest::redirect;
use time::{Duration, OffsetDateTime};

use super::kit::Watch;
use super::kit::site::Site;

/// What it is started with, and what it knows.
#[derive(Debug, Clone)]
pub struct State {
    pub base_link: String,
    /// The whole value expected in `Authorization`.
    pub auth_token: String,
    /// Where the ERP is.
    pub erp: String,
    /// A failing ERP closes the connection, as it does in the original.
    pub crash_like_original: bool,
    /// By how much its clock is ahead.
    pub ahead: Duration,
    pub people: Vec<Person>,
    pub resets: Vec<Reset>,
    pub letters: Vec<Letter>,
}

impl State {
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc() + self.ahead;
        now.replace_nanosecond(0).unwrap()
    }
}

/// What every handler holds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct House {
    pub watch: Watch,
    http: reqwest::Client,
    state: Arc<Mutex<State>>,
}

impl House {
    /// One whose ERP is at `erp`, and which wants to hear `auth_token`.
    pub fn new(erp: &str, auth_token: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(5))
            .build()
            .unwrap();
        let state = State {
            base_link: String::new(),
            auth_token: auth_token.to_owned(),
            erp: erp.to_owned(),
            crash_like_original: false,
            ahead: Duration::ZERO,
            people: Vec::new(),
            resets: Vec::new(),
            letters: Vec::new(),
        };
        Self {
            watch: Watch::default(),
            http,
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub fn router(&self) -> Router {
        pages::routes(self.clone()).merge(control::routes(self.clone()))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Somebody whose both steps are complete, so long ago.
    pub fn knows(&self, roll: &str, email: &str, since: Duration) {
        let mut state = self.state();
        let at = state.now() - since;
        let mut person = Person::new(roll, email, at);
        (person.step1complete, person.step2complete) = (true, true);
        state.people.push(person);
    }
}

/// A server in this process, gone when dropped.
pub struct Leprechaun {
    pub site: Site,
    house: House,
}

impl Leprechaun {
    pub async fn opens(erp: &str, auth_token: &str) -> Self {
        let house = House::new(erp, auth_token);
        let at = SocketAddr::from(([127, 0, 0, 1], 0));
        let site = Site::opens(at, None, house.watch.clone(), house.router()).await;
        house.state().base_link.clone_from(&site.origin);
        Self { site, house }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.house.state()
    }

    /// Somebody whose both steps are complete, so long ago.
    pub fn knows(&self, roll: &str, email: &str, since: Duration) {
        self.house.knows(roll, email, since);
    }
}

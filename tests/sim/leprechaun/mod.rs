//! A simulator of a Leprechaun server, following its source with its quirks: a `GET` of a link changes
//! state, a verifier never expires, and two records of one roll number can both be complete. Two
//! differences: a fault of ERP does not crash it unless set so, and echoed values are escaped.

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

/// Settings and records.
#[derive(Debug, Clone)]
pub struct State {
    pub base_link: String,
    /// The whole value expected in `Authorization`.
    pub auth_token: String,
    /// ERP's address.
    pub erp: String,
    /// A failing ERP closes the connection, as it does in the original.
    pub crash_like_original: bool,
    /// How far its clock is ahead.
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

/// The state of all handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct House {
    pub watch: Watch,
    http: reqwest::Client,
    state: Arc<Mutex<State>>,
}

impl House {
    /// A server that calls the ERP at `erp` and accepts `auth_token`.
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

    /// Adds a record that was completed this long ago.
    pub fn knows(&self, roll: &str, email: &str, since: Duration) {
        let mut state = self.state();
        let at = state.now() - since;
        let mut person = Person::new(roll, email, at);
        (person.step1complete, person.step2complete) = (true, true);
        state.people.push(person);
    }
}

/// A Leprechaun server in this process; it stops when dropped.
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

    /// Adds a record that was completed this long ago.
    pub fn knows(&self, roll: &str, email: &str, since: Duration) {
        self.house.knows(roll, email, since);
    }
}

//! A simulator of the ERP of IIT Kharagpur: sign-in with a security question and a mailed code, a few
//! pages behind it, and the lifetimes of its sessions and tokens.
//!
//! `pages` contains ERP's own responses, including those that a knob changes. `control` contains the
//! routes below `/__sim/`, which the real ERP does not have.

mod control;
pub mod knobs;
mod pages;
pub mod people;
pub mod state;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use knobs::Knobs;
use people::Person;
use state::{Letter, State};

use super::kit::Watch;
use super::kit::authority::Authority;
use super::kit::site::Site;

/// The state of all handlers. Cheap to clone.
#[derive(Clone)]
pub struct House {
    pub watch: Watch,
    /// `https` or `http`, used in redirects.
    scheme: &'static str,
    state: Arc<Mutex<State>>,
}

impl House {
    pub fn new(secure: bool) -> Self {
        let scheme = if secure { "https" } else { "http" };
        Self {
            watch: Watch::default(),
            scheme,
            state: Arc::default(),
        }
    }

    pub fn router(&self) -> Router {
        pages::routes(self.clone()).merge(control::routes(self.clone()))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// An ERP simulator in this process; it stops when dropped.
pub struct Erp {
    pub site: Site,
    house: House,
}

impl Erp {
    pub async fn opens() -> Self {
        Self::opens_with(None).await
    }

    pub async fn opens_with(authority: Option<&Authority>) -> Self {
        let house = House::new(authority.is_some());
        let at = SocketAddr::from(([127, 0, 0, 1], 0));
        let site = Site::opens(at, authority, house.watch.clone(), house.router()).await;
        Self { site, house }
    }

    pub fn turns(&self, turn: impl FnOnce(&mut Knobs)) {
        turn(&mut self.state().knobs);
    }

    /// Changes a person's account.
    pub fn changes(&self, roll: &str, change: impl FnOnce(&mut Person)) {
        change(self.state().people.get_mut(roll).unwrap());
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.house.state()
    }

    /// The mails to a person.
    pub fn letters(&self, roll: &str) -> Vec<Letter> {
        self.state().letters(Some(roll))
    }

    /// The code in the newest mail to a person.
    pub fn code(&self, roll: &str) -> String {
        let letters = self.letters(roll);
        letters
            .last()
            .unwrap_or_else(|| panic!("no mail to {roll}"))
            .otp
            .clone()
    }
}

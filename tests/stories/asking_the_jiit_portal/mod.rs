//! Signing in with a JIIT enrollment number, against a simulated portal. Test names begin with the number (`j01` …)
//! of one of the twenty-five statements about the portal's protocol. Statements about bytes and dates are unit tests
//! beside the code.

mod by_hand;
mod in_chromium;
mod mutations;
mod numbered;
mod other_clients;

use time::{Date, OffsetDateTime};

use crate::sim::jiit;
use crate::sim::kit::authority::Authority;
use crate::sim::kit::site::Site;
use crate::support::database::cluster;
use crate::support::upstream::Portal;
use crate::support::world::Plan;
use crate::support::{Browser, Page, World};

/// A student of the portal.
pub struct Student {
    pub number: &'static str,
    pub password: &'static str,
}

pub const ASHA: Student = Student {
    number: "22000001",
    password: "S3cr3t!pass",
};

const FORM: &str = "account/login/jiit/";

/// The portal, served over TLS.
pub struct Jiit {
    pub portal: jiit::Portal,
    site: Site,
    authority: Authority,
}

impl Jiit {
    pub async fn opens() -> Self {
        let (portal, authority) = (jiit::Portal::new(), Authority::new());
        let at = "127.0.0.1:0".parse().unwrap();
        let (watch, router) = (portal.watch.clone(), portal.router());
        let site = Site::opens(at, Some(&authority), watch, router).await;
        Self {
            portal,
            site,
            authority,
        }
    }

    fn base(&self) -> String {
        format!("{}{}", self.site.origin, jiit::PREFIX)
    }

    pub fn trusted(&self, plan: Plan) -> Plan {
        let file = self.authority.file(&cluster().folder());
        plan.set("PROFILES_JIIT_URL", &self.base())
            .set("PROFILES_JIIT_CA_FILE", file.to_str().unwrap())
    }

    async fn world(&self) -> World {
        self.trusted(World::plan()).opens().await
    }

    /// The characters of the newest captcha.
    fn letters(&self) -> String {
        self.portal.newest_captcha().0
    }

    /// The number of requests to `path`.
    fn calls(&self, path: &str) -> usize {
        self.site
            .watch
            .requests
            .to(&format!("{}{path}", jiit::PREFIX))
    }

    /// Types number, password and captcha into `form` and submits it.
    async fn answers(&self, form: Page, student: &Student) -> Page {
        let form = form
            .fills("username", student.number)
            .fills("password", student.password);
        form.fills("captcha", &self.letters())
            .presses("Sign in")
            .await
    }

    /// A whole sign-in with correct answers.
    pub async fn signs_in(&self, browser: &Browser, student: &Student) -> Page {
        let form = browser.visits(FORM).await;
        self.answers(form, student).await
    }

    /// A whole sign-in that also allows reading the portal's record.
    pub async fn signs_in_and_agrees(&self, browser: &Browser, student: &Student) -> Page {
        let form = browser.visits(FORM).await.touches("details", "yes", true);
        self.answers(form, student).await
    }
}

/// The date in India, the portal's time zone.
fn today() -> Date {
    jiit::today(OffsetDateTime::now_utc())
}

async fn is_in(browser: &Browser) -> bool {
    browser.gets("user/").await.status == 200
}

impl Portal for Jiit {
    const SLUG: &'static str = "jiit";
    const MAX_REQUESTS: u32 = 5;

    async fn opens() -> Self {
        Self::opens().await
    }

    fn plan(&self, plan: Plan) -> Plan {
        self.trusted(plan)
    }

    async fn sign_in(&self, browser: &Browser) -> Page {
        let form = browser.visits(FORM).await;
        if !form.offers("input[name=captcha]") {
            return form;
        }
        let form = form.touches("details", "yes", true);
        self.answers(form, &ASHA).await
    }
}

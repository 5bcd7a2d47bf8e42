//! Students sign in with their ERP account: the simulated ERP and the connector for it.
//!
//! Test names begin with the number (`e01` …) of one of the twenty-five statements about ERP's protocol. Some are
//! unit tests beside the code.

mod closing;
mod credential_events;
mod mutations;
mod profile;
mod simulator;
mod statements;
mod stock_client;

use crate::sim::erp::Erp;
use crate::sim::erp::knobs::QuestionMode;
use crate::support::world::Plan;
use crate::support::{Browser, Page, World};

const ASHA: &str = "21CS10001";
const PASSWORD: &str = "Str0ng&Pass=1";
/// The answer to her first question.
const ANSWER: &str = "Kendriya Vidyalaya";

const TO_CREDENTIALS: &str = "Continue";
const TO_CODE: &str = "Have ERP mail me a code";
const IN: &str = "Sign in";

/// An ERP that always asks the person's first question.
async fn erp() -> Erp {
    let erp = Erp::opens().await;
    erp.turns(|knobs| knobs.question_mode = QuestionMode::Fixed);
    erp
}

fn plan(erp: &Erp) -> Plan {
    World::plan().set("PROFILES_ERP_URL", &erp.site.origin)
}

async fn campus() -> (Erp, World) {
    let erp = erp().await;
    let world = plan(&erp).opens().await;
    (erp, world)
}

/// Opens the form for the roll number and submits this one.
async fn at_credentials(browser: &Browser, roll: &str) -> Page {
    let form = browser.visits("account/login/erp/").await;
    form.fills("roll", roll).presses(TO_CREDENTIALS).await
}

async fn gives(page: Page, password: &str, answer: &str) -> Page {
    let form = page.fills("password", password).fills("answer", answer);
    form.presses(TO_CODE).await
}

async fn at_code(browser: &Browser) -> Page {
    let page = gives(at_credentials(browser, ASHA).await, PASSWORD, ANSWER).await;
    page.shows("Code from the mail");
    page
}

async fn enters(page: Page, code: &str) -> Page {
    page.fills("code", code).presses(IN).await
}

/// A whole sign-in with correct answers.
async fn signs_in(erp: &Erp, browser: &Browser) -> Page {
    let page = at_code(browser).await;
    enters(page, &erp.code(ASHA)).await
}

async fn is_in(browser: &Browser) -> bool {
    browser.gets("user/").await.status == 200
}

/// The requests that ERP got, as `POST auth.htm`.
fn erp_requests(erp: &Erp) -> Vec<String> {
    let lines = erp.site.watch.requests.lines();
    let short = |line: String| {
        line.replace("/SSOAdministration/", "")
            .replace("/IIT_ERP3/", "~/")
    };
    lines.into_iter().map(short).collect()
}

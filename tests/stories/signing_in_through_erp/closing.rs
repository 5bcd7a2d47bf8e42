//! The circuit breaker of the ERP connector: what closes it, what does not, and how it is opened again.

use std::sync::Arc;
use std::time::Duration;

use time::Duration as Span;
use tokio::task::spawn_blocking;

use super::{
    ANSWER, ASHA, PASSWORD, at_credentials, campus, enters, erp_requests, gives, is_in, signs_in,
};
use crate::sim::erp::Erp;
use crate::sim::kit::fault::Fault;
use crate::support::{Browser, World, command};

const QUESTION: &str = "/SSOAdministration/getSecurityQues.htm";
const SEND_CODE: &str = "/SSOAdministration/getEmilOTP.htm";
const SUCCESS: &str = "/SSOAdministration/success.htm";

const RAVI: &str = "22EE30002";

/// A whole sign-in of ravi with correct answers.
async fn ravi_signs_in(erp: &Erp, browser: &Browser) {
    let page = at_credentials(browser, RAVI).await;
    let page = gives(page, "Monsoon-2022-Kgp", "Mrs Pillai").await;
    enters(page, &erp.code(RAVI)).await;
}

/// What `profiles …` prints, on standard output and standard error.
async fn output_of(world: &World, arguments: &'static [&'static str]) -> String {
    let mut profiles = command::profiles(&world.database.url(), &world.data);
    profiles.args(arguments);
    let output = spawn_blocking(move || command::run(profiles, ""))
        .await
        .unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    format!("{out}{errors}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_connector_is_opened_by_an_administrator() {
    let (erp, world) = campus().await;
    let page = "/SSOAdministration/getSecurityQues.htm";
    erp.site.watch.faults.set(page, Fault::Html);
    let asha = world.visitor();
    let closed = at_credentials(&asha, ASHA).await;
    assert_eq!(closed.status, 503);
    assert!(
        closed.says("this sign-in method is not available"),
        "{}",
        closed.words()
    );
    assert!(!closed.says("Wait"), "{}", closed.words());

    // The connector stays closed even if ERP is mended, until an administrator opens it. The login page offers the
    // others.
    erp.site.watch.faults.mend();
    assert_eq!(asha.visits("account/login/erp/").await.status, 503);
    let others = asha.visits("account/login/").await;
    others.shows("Password");
    assert!(!others.says("ERP of IIT Kharagpur"), "{}", others.words());
    let report = output_of(&world, &["check"]).await;
    assert!(report.contains("erp closed itself"), "{report}");

    let opened = output_of(&world, &["upstream", "open", "erp"]).await;
    assert!(opened.contains(r#""was_closed":true"#), "{opened}");
    signs_in(&erp, &asha).await;
    assert!(is_in(&asha).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_submitted_twice_shows_that_the_first_request_still_runs() {
    let (erp, world) = campus().await;
    let asha = world.visitor();
    let form = at_credentials(&asha, ASHA).await;
    erp.turns(|knobs| knobs.latency_ms = 2_000);

    let first = tokio::spawn(gives(form.clone(), PASSWORD, ANSWER));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let second = gives(form, PASSWORD, ANSWER).await;

    second.shows("Still working");
    first.await.unwrap().shows("Code from the mail");
    second
        .clicks("Check again")
        .await
        .shows("Code from the mail");
    let codes = erp_requests(&erp)
        .into_iter()
        .filter(|line| line.contains("getEmilOTP"));
    assert_eq!(codes.count(), 1);
}

/// People write their questions themselves, and anybody may start a sign-in for any roll number: no question text may
/// close the connector.
#[tokio::test]
async fn no_question_text_closes_the_connector() {
    let (erp, world) = campus().await;
    for odd in [
        "Why? ".repeat(200),
        "<html><body>What is your name?</body></html>".to_owned(),
        "No text: \u{fffd}?".to_owned(),
    ] {
        erp.changes(ASHA, |asha| asha.questions[0].0.clone_from(&odd));
        let page = at_credentials(&world.visitor(), ASHA).await;
        page.refuses(400);
        let words = "ERP asks a security question for this roll number that we cannot read";
        assert!(page.says(words), "{}", page.words());
        assert!(!page.text().contains("What is your name?"));
        // An invented roll number was asked about, to see whether ERP or her account is at fault.
        assert_eq!(erp.site.watch.requests.to(QUESTION), 2);
        erp.site.watch.requests.forget();
    }
    let ravi = world.visitor();
    ravi_signs_in(&erp, &ravi).await;
    assert!(is_in(&ravi).await);
}

/// For example a firewall before ERP that answers some passwords with its own page.
#[tokio::test]
async fn no_typed_text_closes_the_connector() {
    let (erp, world) = campus().await;
    let page = at_credentials(&world.visitor(), ASHA).await;
    let firewall = |text: String| {
        if text.contains("has been sent") {
            return "<html><body>The requested URL was rejected.</body></html>".to_owned();
        }
        text
    };
    let faults = &erp.site.watch.faults;
    faults.set(SEND_CODE, Fault::Rewrites(Arc::new(firewall)));
    let result = gives(page, PASSWORD, ANSWER).await;
    result.refuses(400);
    let words = "ERP answered about this roll number in words that we do not know";
    assert!(result.says(words), "{}", result.words());
    assert!(!result.says("was rejected"));
    faults.mend();
    // The password for the invented roll number was sent, and no mail went out.
    assert_eq!(erp.site.watch.requests.to(SEND_CODE), 2);
    assert_eq!(erp.letters(ASHA).len(), 1);
    let ravi = world.visitor();
    ravi_signs_in(&erp, &ravi).await;
    assert!(is_in(&ravi).await);
}

/// What follows after ERP accepted everything cannot be tested with an invented roll number.
#[tokio::test]
async fn two_rejected_persons_in_a_row_close_the_connector_and_one_does_not() {
    let (erp, world) = campus().await;
    let faults = &erp.site.watch.faults;
    let lapsed = Fault::Says("text/html", "<p>Your password has lapsed.</p>".to_owned());
    faults.set(SUCCESS, lapsed.clone());
    for _ in 0..2 {
        let page = signs_in(&erp, &world.visitor()).await;
        page.refuses(400);
        assert!(page.says("words that we do not know"), "{}", page.words());
        world.advance_clock(Span::minutes(1));
    }
    faults.mend();
    let ravi = world.visitor();
    ravi_signs_in(&erp, &ravi).await;
    assert!(is_in(&ravi).await);

    // Another person signed in since, so the count begins again with her.
    faults.set(SUCCESS, lapsed);
    signs_in(&erp, &world.visitor()).await.refuses(400);
    world.advance_clock(Span::minutes(1));
    let meera = at_credentials(&world.visitor(), "25MA60R29").await;
    let meera = gives(meera, "prime numbers 17", "1729").await;
    let page = enters(meera, &erp.code("25MA60R29")).await;
    assert!(
        page.says("this sign-in method is not available"),
        "{}",
        page.words()
    );
}

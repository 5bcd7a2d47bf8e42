//! An ERP that has changed, and one that takes its time.

use std::sync::Arc;
use std::time::Duration;

use time::Duration as Span;
use tokio::task::spawn_blocking;

use super::{
    ANSWER, ASHA, PASSWORD, asked, at_credentials, campus, enters, gives, is_in, signs_in,
};
use crate::sim::erp::Erp;
use crate::sim::kit::fault::Fault;
use crate::support::{Browser, World, command};

const QUESTION: &str = "/SSOAdministration/getSecurityQues.htm";
const SEND_CODE: &str = "/SSOAdministration/getEmilOTP.htm";
const SUCCESS: &str = "/SSOAdministration/success.htm";

const RAVI: &str = "22EE30002";

/// Ravi goes the whole way, everything right.
async fn ravi_signs_in(erp: &Erp, browser: &Browser) {
    let page = at_credentials(browser, RAVI).await;
    let page = gives(page, "Monsoon-2022-Kgp", "Mrs Pillai").await;
    enters(page, &erp.code(RAVI)).await;
}

/// What `profiles …` says, on both of its ways out.
async fn says(world: &World, arguments: &'static [&'static str]) -> String {
    let mut profiles = command::profiles(&world.database.url(), &world.data);
    profiles.args(arguments);
    let output = spawn_blocking(move || command::run(profiles, ""))
        .await
        .unwrap();
    let [out, told] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    format!("{out}{told}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_closed_itself_is_opened_by_somebody_who_looked() {
    let (erp, world) = campus().await;
    let page = "/SSOAdministration/getSecurityQues.htm";
    erp.site.watch.faults.set(page, Fault::Html);
    let asha = world.stranger();
    let closed = at_credentials(&asha, ASHA).await;
    assert_eq!(closed.status, 503);
    assert!(
        closed.says("this sign-in method is not available"),
        "{}",
        closed.words()
    );
    assert!(!closed.says("Wait"), "{}", closed.words());

    // Mended over there or not: nobody guesses. The other ways are offered.
    erp.site.watch.faults.mend();
    assert_eq!(asha.visits("account/login/erp/").await.status, 503);
    let others = asha.visits("account/login/").await;
    others.shows("Password");
    assert!(!others.says("ERP of IIT Kharagpur"), "{}", others.words());
    let report = says(&world, &["check"]).await;
    assert!(report.contains("erp closed itself"), "{report}");

    let opened = says(&world, &["upstream", "open", "erp"]).await;
    assert!(opened.contains(r#""was_closed":true"#), "{opened}");
    signs_in(&erp, &asha).await;
    assert!(is_in(&asha).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_presses_twice_is_told_that_it_still_works() {
    let (erp, world) = campus().await;
    let asha = world.stranger();
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
    let codes = asked(&erp)
        .into_iter()
        .filter(|line| line.contains("getEmilOTP"));
    assert_eq!(codes.count(), 1);
}

/// People write their questions themselves, and everybody may look at those of anybody: whatever stands in one, the
/// way stays open for others.
#[tokio::test]
async fn what_somebody_wrote_into_their_question_closes_the_way_for_nobody() {
    let (erp, world) = campus().await;
    for odd in [
        "Why? ".repeat(200),
        "<html><body>What is your name?</body></html>".to_owned(),
        "No text: \u{fffd}?".to_owned(),
    ] {
        erp.changes(ASHA, |asha| asha.questions[0].0.clone_from(&odd));
        let told = at_credentials(&world.stranger(), ASHA).await;
        told.refuses(400);
        let words = "ERP asks a security question for this roll number that we cannot read";
        assert!(told.says(words), "{}", told.words());
        assert!(!told.text().contains("What is your name?"));
        // To see whether it is ERP or her, somebody made up was asked about.
        assert_eq!(erp.site.watch.requests.to(QUESTION), 2);
        erp.site.watch.requests.forget();
    }
    let ravi = world.stranger();
    ravi_signs_in(&erp, &ravi).await;
    assert!(is_in(&ravi).await);
}

/// Such as a firewall before ERP that answers a password it does not like with a page of its own.
#[tokio::test]
async fn what_somebody_typed_closes_the_way_for_nobody() {
    let (erp, world) = campus().await;
    let page = at_credentials(&world.stranger(), ASHA).await;
    let firewall = |text: String| {
        if text.contains("has been sent") {
            return "<html><body>The requested URL was rejected.</body></html>".to_owned();
        }
        text
    };
    let faults = &erp.site.watch.faults;
    faults.set(SEND_CODE, Fault::Rewrites(Arc::new(firewall)));
    let told = gives(page, PASSWORD, ANSWER).await;
    told.refuses(400);
    let words = "ERP answered about this roll number in words that we do not know";
    assert!(told.says(words), "{}", told.words());
    assert!(!told.says("was rejected"));
    faults.mend();
    // The password of somebody made up went there, and no mail went out by it.
    assert_eq!(erp.site.watch.requests.to(SEND_CODE), 2);
    assert_eq!(erp.letters(ASHA).len(), 1);
    let ravi = world.stranger();
    ravi_signs_in(&erp, &ravi).await;
    assert!(is_in(&ravi).await);
}

/// What comes once ERP has accepted everything cannot be tried out with somebody made up.
#[tokio::test]
async fn one_person_who_may_not_go_on_is_one_and_two_in_a_row_are_a_change() {
    let (erp, world) = campus().await;
    let faults = &erp.site.watch.faults;
    let lapsed = Fault::Says("text/html", "<p>Your password has lapsed.</p>".to_owned());
    faults.set(SUCCESS, lapsed.clone());
    for _ in 0..2 {
        let told = signs_in(&erp, &world.stranger()).await;
        told.refuses(400);
        assert!(told.says("words that we do not know"), "{}", told.words());
        world.sleeps(Span::minutes(1));
    }
    faults.mend();
    let ravi = world.stranger();
    ravi_signs_in(&erp, &ravi).await;
    assert!(is_in(&ravi).await);

    // Somebody got in since: she is the first again.
    faults.set(SUCCESS, lapsed);
    signs_in(&erp, &world.stranger()).await.refuses(400);
    world.sleeps(Span::minutes(1));
    let meera = at_credentials(&world.stranger(), "25MA60R29").await;
    let meera = gives(meera, "prime numbers 17", "1729").await;
    let told = enters(meera, &erp.code("25MA60R29")).await;
    assert!(
        told.says("this sign-in method is not available"),
        "{}",
        told.words()
    );
}

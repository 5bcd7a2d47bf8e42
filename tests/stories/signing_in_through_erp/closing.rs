//! An ERP that has changed, and one that takes its time.

use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::support::World;
use crate::support::command;

use super::ANSWER;
use super::ASHA;
use super::PASSWORD;
use super::asked;
use super::at_credentials;
use super::campus;
use super::gives;
use super::is_in;
use super::signs_in;
use crate::sim::kit::fault::Fault;

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
        closed.says("this way to sign in is closed"),
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
        .clicks("Look again")
        .await
        .shows("Code from the mail");
    let codes = asked(&erp)
        .into_iter()
        .filter(|line| line.contains("getEmilOTP"));
    assert_eq!(codes.count(), 1);
}

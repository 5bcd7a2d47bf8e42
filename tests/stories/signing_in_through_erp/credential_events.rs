//! A credential event between two forms, and while ERP answers.

use std::sync::Arc;

use time::Duration;

use super::{ASHA, at_code, campus, enters, gives, is_in, signs_in};
use crate::sim::erp::Erp;
use crate::sim::kit::fault::Fault;
use crate::support::{Browser, Page, World};

const AUTH: &str = "/SSOAdministration/auth.htm";
/// Between two codes for one roll number.
const BETWEEN_CODES: Duration = Duration::minutes(1);
const MEANWHILE: &str = "while you signed in";

/// ERP accepts the code, and the person's password here is set before its answer arrives.
fn sets_the_password_in_the_answer(erp: &Erp, world: &World, username: &str) {
    let command = world.password_command(username, "a lake nobody walks by");
    let rewrite = move |text| {
        command();
        text
    };
    let fault = Fault::Rewrites(Arc::new(rewrite));
    erp.site.watch.faults.set(AUTH, fault);
}

/// In asha's session, up to the form for the code.
async fn links_up_to_the_code(asha: &Browser) -> Page {
    let form = asha.visits("account/login/erp/?link=1").await;
    let form = form.fills("roll", ASHA).presses("Continue").await;
    let page = gives(form, super::PASSWORD, super::ANSWER).await;
    page.shows("Code from the mail");
    page
}

async fn ways(browser: &Browser) -> usize {
    let page = browser.visits("user/ways-in/").await;
    page.texts("li.session h2").len()
}

#[tokio::test]
async fn a_sign_in_between_two_forms_ends_with_a_credential_event() {
    let (erp, world) = campus().await;
    let (asha, other, thief) = (world.visitor(), world.visitor(), world.visitor());
    for browser in [&asha, &other] {
        signs_in(&erp, browser).await.shows(ASHA);
        world.advance_clock(BETWEEN_CODES);
    }
    let form = at_code(&thief).await;

    let sessions = asha.visits("user/sessions/").await;
    sessions.presses("End all other sessions").await;

    let page = enters(form, &erp.code(ASHA)).await;
    page.refuses(400);
    assert!(page.says(MEANWHILE), "{}", page.words());
    assert!(!is_in(&thief).await);
    world.advance_clock(BETWEEN_CODES);
    signs_in(&erp, &thief).await.shows(ASHA);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_ends_when_the_event_comes_while_erp_answers() {
    let (erp, world) = campus().await;
    let asha = world.visitor();
    signs_in(&erp, &asha).await.shows(ASHA);
    world.advance_clock(BETWEEN_CODES);
    sets_the_password_in_the_answer(&erp, &world, ASHA);

    let thief = world.visitor();
    let page = signs_in(&erp, &thief).await;

    page.refuses(400);
    assert!(page.says(MEANWHILE), "{}", page.words());
    assert!(!is_in(&thief).await && !is_in(&asha).await);
    erp.site.watch.faults.mend();
    world.advance_clock(BETWEEN_CODES);
    signs_in(&erp, &thief).await.shows(ASHA);
}

/// Whoever has stolen a session would have a way in for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_when_the_event_comes_while_erp_answers() {
    let (erp, world) = campus().await;
    let thief = world.student("asha").await;
    let form = links_up_to_the_code(&thief).await;
    sets_the_password_in_the_answer(&erp, &world, "asha");

    let page = enters(form, &erp.code(ASHA)).await;

    page.refuses(400);
    assert!(page.says(MEANWHILE), "{}", page.words());
    assert!(!is_in(&thief).await);
    let asha = world.visitor();
    asha.signs_in("asha", "a lake nobody walks by").await;
    assert_eq!(ways(&asha).await, 1);
}

#[tokio::test]
async fn a_link_ends_with_an_event_of_the_same_session() {
    let (erp, world) = campus().await;
    let person = world.person("asha").await;
    let (asha, _other) = (
        world.signed_in(&person).await,
        world.signed_in(&person).await,
    );
    let form = links_up_to_the_code(&asha).await;
    let sessions = asha.visits("user/sessions/").await;
    sessions.presses("End all other sessions").await;

    let page = enters(form, &erp.code(ASHA)).await;

    page.refuses(400);
    assert_eq!(ways(&asha).await, 1);
    world.advance_clock(BETWEEN_CODES);
    let form = links_up_to_the_code(&asha).await;
    let page = enters(form, &erp.code(ASHA)).await;
    page.shows("Sign-in method added");
    assert_eq!(ways(&asha).await, 2);
}

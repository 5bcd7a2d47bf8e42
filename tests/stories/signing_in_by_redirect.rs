//! Signing in through a connector that redirects: the browser goes to a portal and returns to the callback with a code.

use std::time::Instant;

use time::Duration;
use url::Url;

use crate::support::ferry::{Ferry, WITH_LUGGAGE};
use crate::support::{Browser, Page, World, parameter};

const FORM: &str = "account/login/ferry/";
const BUTTON: &str = "Go on to the ferry";
const UNKNOWN_CALLBACK: &str = "This sign-in has expired";

/// The address to which submitting the form redirects.
async fn goes_to_the_ferry(form: &Page) -> Url {
    form.presses(BUTTON).await.location()
}

/// A browser that was redirected to the portal, and its callback address.
async fn comes_back(world: &World, ferry: &Ferry, person: &str) -> (Browser, Url) {
    let browser = world.visitor();
    let form = browser.visits(FORM).await;
    let sent = goes_to_the_ferry(&form).await;
    (browser, ferry.signs_in(&sent, person).await)
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.gets("user/").await.status == 200
}

/// The page signs nobody in, says why, and has the way on.
fn is_refused(page: &Page, why: &str) {
    page.refuses(400);
    assert!(page.says(why), "{}", page.words());
    assert!(page.says("Start again"), "{}", page.words());
}

fn with_state(callback: &Url, state: &str) -> Url {
    let mut changed = callback.clone();
    let code = parameter(callback.as_str(), "code").unwrap();
    changed
        .query_pairs_mut()
        .clear()
        .append_pair("code", &code)
        .append_pair("state", state);
    changed
}

#[tokio::test]
async fn a_person_signs_in_through_a_redirect() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let nandini = world.visitor();
    let form = nandini.visits("account/login/").await;
    let form = form.clicks("Ferry account").await;

    let sent = form.sends(form.would_send(BUTTON)).await;

    assert_eq!(sent.status, 303);
    assert_eq!(sent.header("cache-control"), "no-store");
    assert_eq!(sent.header("referrer-policy"), "no-referrer");
    assert!(ferry.has(&sent.location()));
    let callback = ferry.signs_in(&sent.location(), "nandini").await;
    let home = nandini.visits(callback.as_str()).await;
    home.shows("nandini");
    assert!(is_signed_in(&nandini).await);
    // Without remember-me it is a session cookie of the browser.
    let session = home.set_cookies();
    let session = session
        .iter()
        .find(|it| it.starts_with("profiles_session="));
    assert!(!session.unwrap().contains("Max-Age"), "{session:?}");
}

/// Any page can make a browser send a GET request, and an attacker may have signed it in at the portal (login CSRF).
#[tokio::test]
async fn a_get_request_does_not_redirect_to_the_portal() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let asha = world.student("asha").await;
    for address in [format!("{FORM}?link=1"), format!("{FORM}?again=1")] {
        let page = asha.visits(&address).await;
        assert_eq!(page.status, 200);
        assert!(page.redirect().is_none());
    }
    let forged = asha.posts(FORM, &[("link", "1")]).await;
    forged.refuses(403);
}

#[tokio::test]
async fn the_callback_does_not_work_in_another_browser() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;

    // A new browser, one with its own redirect under way, and one of a signed-in person.
    let (other, _) = comes_back(&world, &ferry, "farhan").await;
    let asha = world.student("asha").await;
    for browser in [world.visitor(), other] {
        let page = browser.visits(callback.as_str()).await;
        is_refused(&page, UNKNOWN_CALLBACK);
        assert!(!is_signed_in(&browser).await);
    }
    asha.visits(callback.as_str()).await.refuses(400);
    asha.visits("user/").await.shows("Asha");

    // The browser that started it can still finish.
    nandini.visits(callback.as_str()).await.shows("nandini");
}

#[tokio::test]
async fn a_callback_works_once() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;
    nandini.visits(callback.as_str()).await.shows("nandini");
    let out = nandini.visits("account/logout/").await;
    out.presses("Sign out").await;

    let page = nandini.visits(callback.as_str()).await;

    is_refused(&page, UNKNOWN_CALLBACK);
    assert!(!is_signed_in(&nandini).await);
    page.clicks("Start again").await.shows("Sign in");
}

#[tokio::test]
async fn a_changed_missing_or_repeated_state_signs_nobody_in() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;
    let state = parameter(callback.as_str(), "state").unwrap();
    assert!(state.len() >= 22, "{state}");
    let begun = state.split_at(state.len() - 1).0;
    for changed in [format!("{begun}-"), begun.to_owned(), String::new()] {
        let page = nandini
            .visits(with_state(&callback, &changed).as_str())
            .await;
        is_refused(&page, UNKNOWN_CALLBACK);
    }
    for more in [
        "&code=another",
        &format!("&state={state}"),
        "&scope=a&scope=b",
    ] {
        let page = nandini.visits(&format!("{callback}{more}")).await;
        is_refused(&page, UNKNOWN_CALLBACK);
    }
    nandini
        .visits(&format!("{FORM}callback/"))
        .await
        .refuses(400);
    // Nor is it valid as the id of a form, or for another connector.
    let form = nandini.visits(&format!("{FORM}?attempt={state}")).await;
    form.refuses(400);
    let other = callback.as_str().replace("/ferry/", "/password/");
    nandini.visits(&other).await.refuses(400);
    assert!(!is_signed_in(&nandini).await);

    nandini.visits(callback.as_str()).await.shows("nandini");
}

/// Code injection (RFC 9700 §4.5): the attacker's code in the victim's browser.
#[tokio::test]
async fn an_injected_code_signs_nobody_in() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, hers) = comes_back(&world, &ferry, "nandini").await;
    let (_, theirs) = comes_back(&world, &ferry, "farhan").await;
    let state = parameter(hers.as_str(), "state").unwrap();

    let page = nandini.visits(with_state(&theirs, &state).as_str()).await;

    is_refused(&page, "The ferry does not know that code.");
    assert!(!is_signed_in(&nandini).await);
}

#[tokio::test]
async fn after_ten_minutes_the_login_starts_again() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;
    world.advance_clock(Duration::minutes(10));

    let page = nandini.visits(callback.as_str()).await;

    is_refused(&page, UNKNOWN_CALLBACK);
    assert!(!is_signed_in(&nandini).await);
    let again = page.clicks("Start again").await;
    let form = again.clicks("Ferry account").await;
    let callback = ferry
        .signs_in(&goes_to_the_ferry(&form).await, "nandini")
        .await;
    world.advance_clock(Duration::minutes(9));
    nandini.visits(callback.as_str()).await.shows("nandini");
}

#[tokio::test]
async fn a_refusal_of_the_portal_is_shown() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let nandini = world.visitor();
    let form = nandini.visits(&format!("{FORM}?next=/user/data/")).await;
    let sent = goes_to_the_ferry(&form).await;

    let page = nandini.visits(ferry.denies(&sent).await.as_str()).await;

    is_refused(&page, "You said no at the ferry.");
    assert!(!is_signed_in(&nandini).await);
    let again = page.clicks("Start again").await;
    assert_eq!(
        parameter(again.url.as_str(), "next").unwrap(),
        "/user/data/"
    );
}

#[tokio::test]
async fn a_further_way_to_sign_in_is_linked_by_redirect() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let asha = world.student("asha").await;
    let form = asha
        .visits("user/ways-in/")
        .await
        .clicks("Ferry account")
        .await;
    form.shows("becomes a further way to sign in");
    let callback = ferry
        .signs_in(&goes_to_the_ferry(&form).await, "nandini")
        .await;

    let page = asha.visits(callback.as_str()).await;

    page.shows("Sign-in method added");
    assert_eq!(page.texts("li.session h2").len(), 2);
    let (by_ferry, callback) = comes_back(&world, &ferry, "nandini").await;
    by_ferry.visits(callback.as_str()).await.shows("Asha");
}

#[tokio::test]
async fn a_link_finished_after_signing_out_links_nothing_and_signs_nobody_in() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let asha = world.student("asha").await;
    let form = asha
        .visits("user/ways-in/")
        .await
        .clicks("Ferry account")
        .await;
    let callback = ferry
        .signs_in(&goes_to_the_ferry(&form).await, "nandini")
        .await;
    let out = asha.visits("account/logout/").await;
    out.presses("Sign out").await;

    asha.visits(callback.as_str()).await.refuses(400);

    assert!(!is_signed_in(&asha).await);
    let (_, callback) = comes_back(&world, &ferry, "farhan").await;
    assert!(callback.as_str().contains("code="));
    let asha = world.student("asha").await;
    let page = asha.visits("user/ways-in/").await;
    assert_eq!(page.texts("li.session h2").len(), 1);
}

#[tokio::test]
async fn remember_me_and_the_pending_request_survive_the_redirect() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, canteen) = (world.visitor(), world.canteen());
    let form = nandini.visits(&canteen.login_link("basic")).await;
    let form = form.clicks("Ferry account").await;
    form.shows("to continue to");
    let form = form.touches("remember", "on", true);
    let callback = ferry
        .signs_in(&goes_to_the_ferry(&form).await, "nandini")
        .await;

    let consent = nandini.visits(callback.as_str()).await;

    consent.shows("Canteen");
    let cookies = consent.set_cookies();
    let session = cookies
        .iter()
        .find(|it| it.starts_with("profiles_session="));
    assert!(session.unwrap().contains("Max-Age"), "{session:?}");
    let back = consent.presses("allow").await;
    assert!(!canteen.receives(&back).code().is_empty());
}

#[tokio::test]
async fn signing_in_again_works_by_redirect() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;
    nandini.visits(callback.as_str()).await.shows("nandini");
    world.advance_clock(Duration::minutes(15));
    let page = nandini.visits("user/data/export/").await;
    let form = page.clicks("Ferry account").await;
    form.shows("For your security, sign in again");
    let callback = ferry
        .signs_in(&goes_to_the_ferry(&form).await, "nandini")
        .await;

    let page = nandini.visits(callback.as_str()).await;

    assert!(page.url.path().contains("/user/data/"), "{}", page.url);
    assert!(
        !page.says("For your security, sign in again"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn two_tabs_can_sign_in_independently() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let nandini = world.visitor();
    let mut callbacks = Vec::new();
    for next in ["/user/data/", "/user/sessions/"] {
        let form = nandini.visits(&format!("{FORM}?next={next}")).await;
        let sent = goes_to_the_ferry(&form).await;
        callbacks.push(ferry.signs_in(&sent, "nandini").await);
    }
    let (first, second) = (&callbacks[0], &callbacks[1]);
    assert_ne!(
        parameter(first.as_str(), "state"),
        parameter(second.as_str(), "state")
    );

    let page = nandini.visits(second.as_str()).await;

    assert!(page.url.path().ends_with("/user/sessions/"), "{}", page.url);
    // The other tab started signed out. Its page says that the person is signed in, and leads on.
    let late = nandini.visits(first.as_str()).await;
    is_refused(&late, UNKNOWN_CALLBACK);
    late.clicks("Start again").await.shows("nandini");
}

#[tokio::test]
async fn two_tabs_of_a_signed_in_person_finish_their_own_flows() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let asha = world.student("asha").await;
    let mut callbacks = Vec::new();
    for person in ["nandini", "farhan"] {
        let form = asha.visits(&format!("{FORM}?link=1")).await;
        let sent = goes_to_the_ferry(&form).await;
        callbacks.push(ferry.signs_in(&sent, person).await);
    }
    for callback in callbacks.iter().rev() {
        asha.visits(callback.as_str())
            .await
            .shows("Sign-in method added");
    }
    let page = asha.visits("user/ways-in/").await;
    assert_eq!(page.texts("li.session h2").len(), 3);
}

#[tokio::test]
async fn a_form_may_follow_the_callback() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let nandini = world.visitor();
    let form = nandini
        .visits(&format!("{FORM}?next=/user/sessions/"))
        .await;
    let sent = goes_to_the_ferry(&form.touches("remember", "on", true)).await;
    let callback = ferry.signs_in(&sent, WITH_LUGGAGE).await;

    let form = nandini.visits(callback.as_str()).await;

    form.shows("Your luggage");
    assert!(!is_signed_in(&nandini).await);
    let form = form.fills("bags", "3").presses("Go ashore").await;
    form.shows("Count again.");
    let page = form.fills("bags", "2").presses("Go ashore").await;
    assert!(page.url.path().ends_with("/user/sessions/"), "{}", page.url);
    let cookies = page.set_cookies();
    let session = cookies
        .iter()
        .find(|it| it.starts_with("profiles_session="));
    assert!(session.unwrap().contains("Max-Age"), "{session:?}");
}

#[tokio::test]
async fn the_callback_works_without_the_trailing_slash_and_refuses_post() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;
    let posted = nandini.posts(callback.as_str(), &[]).await;
    assert_eq!(posted.status, 405);

    let plain = callback.as_str().replace("/callback/?", "/callback?");
    assert_ne!(plain, callback.as_str());
    nandini.visits(&plain).await.shows("nandini");
}

/// Each redirect is kept for ten minutes: one client address must not push out those of others.
#[tokio::test]
async fn one_address_can_start_a_limited_number_of_logins() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let form = world.visitor().visits(FORM).await;
    let (mut accepted, began) = (0, Instant::now());
    let limited = loop {
        let sent = form.sends(form.would_send(BUTTON)).await;
        if sent.status != 303 {
            break sent;
        }
        accepted += 1;
        // The limit gains one login every three seconds of real time.
        assert!(accepted <= 61 + began.elapsed().as_secs() / 3);
    };
    assert!(accepted >= 60, "{accepted}");
    limited.refuses(429);
    world.advance_clock(Duration::seconds(4));
    assert_eq!(form.sends(form.would_send(BUTTON)).await.status, 303);
}

/// The person is known only when the browser is back: the event must be noticed all the same.
#[tokio::test]
async fn a_redirect_that_comes_back_after_a_credential_event_signs_nobody_in() {
    let ferry = Ferry::opens().await;
    let world = ferry.world().await;
    let (nandini, callback) = comes_back(&world, &ferry, "nandini").await;
    nandini.visits(callback.as_str()).await.shows("nandini");
    let (other, callback) = comes_back(&world, &ferry, "nandini").await;
    other.visits(callback.as_str()).await.shows("nandini");
    let (thief, callback) = comes_back(&world, &ferry, "nandini").await;
    let (farhan, his_callback) = comes_back(&world, &ferry, "farhan").await;

    let sessions = nandini.visits("user/sessions/").await;
    sessions.presses("End all other sessions").await;

    let page = thief.visits(callback.as_str()).await;
    is_refused(&page, "while you signed in");
    assert!(!is_signed_in(&thief).await && !is_signed_in(&other).await);
    assert!(is_signed_in(&nandini).await);
    // Events of others do not matter.
    farhan.visits(his_callback.as_str()).await.shows("farhan");
    let (again, callback) = comes_back(&world, &ferry, "nandini").await;
    again.visits(callback.as_str()).await.shows("nandini");
}

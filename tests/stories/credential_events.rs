//! A credential event (a new password, a way to sign in that is linked or removed, ended sessions, a closed account) ends
//! what began before it: the event always comes in the middle.
//!
//! The same for single ways to sign in: `signing_in_through_erp`, `signing_in_by_redirect`, `asking_the_directory`,
//! `proving_a_mailbox`, and for FedCM `embedding_the_widget`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use time::Duration;
use tokio::task::JoinSet;

use crate::support::browser::HalfSentForm;
use crate::support::directory::Directory;
use crate::support::form::Submission;
use crate::support::wait::becomes_true;
use crate::support::{Browser, Page, World};

const CHANGES: usize = 20;
const LOOPS: usize = 12;
/// A page for a request whose session has ended on the way.
const SUPERSEDED: &str = "HTTP/1.1 409 Conflict";

async fn is_in(browser: &Browser) -> bool {
    browser.gets("user/").await.status == 200
}

async fn ends_all_other_sessions(browser: &Browser) {
    let page = browser.visits("user/sessions/").await;
    page.presses("End all other sessions")
        .await
        .shows("All other sessions were ended");
}

/// Sends a form but for its last byte, and waits until the server has found its session.
async fn begins_to_send(world: &World, page: &Page, form: Submission) -> HalfSentForm {
    world.database_proxy().reset();
    let form = page.half_sends(form).await;
    assert!(becomes_true(async || world.database_proxy().round_trips() > 0).await);
    form
}

/// Signs in again and again until the password is refused or the change is over. Returns the browsers that were let in.
async fn keeps_signing_in(
    world: Arc<World>,
    password: String,
    is_over: Arc<AtomicBool>,
) -> Vec<Browser> {
    let mut browsers = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let browser = world.visitor();
        let form = browser.visits("account/login/").await;
        let form = form.touches("remember", "on", true);
        let page = form.signs_in("asha", &password).await;
        if page.status != 200 || page.url.path().contains("/account/login/") {
            break;
        }
        browsers.push(browser);
    }
    browsers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_sign_in_with_an_old_password_survives_its_change() {
    let world = Arc::new(World::new().await);
    let mut password = world.person("asha").await.password;
    let mut let_in = Vec::new();

    for change in 0..CHANGES {
        let is_over = Arc::new(AtomicBool::new(false));
        let loops = (0..LOOPS)
            .map(|_| keeps_signing_in(Arc::clone(&world), password.clone(), Arc::clone(&is_over)));
        let loops: JoinSet<_> = loops.collect();
        let next = format!("asha walks by lake number {change}");
        world.sets_password("asha", &next).await;
        is_over.store(true, Ordering::Relaxed);
        let browsers = loops.join_all().await.concat();
        for browser in &browsers {
            assert!(!is_in(browser).await, "change {change}");
        }
        let_in.extend(browsers);
        password = next;
        // The loops' last tries were failed ones.
        world.advance_clock(Duration::minutes(10));
    }

    assert!(let_in.len() > CHANGES, "only {} sign-ins", let_in.len());
    for browser in &let_in {
        assert!(!is_in(browser).await);
    }
    let home = world.visitor().signs_in("asha", &password).await;
    home.shows("Asha");
}

/// The head of a request comes before the event and its body after it: whoever has stolen a session can choose so.
#[tokio::test]
async fn a_form_that_is_finished_after_a_new_password_changes_nothing() {
    let world = World::plan().with_database_proxy().opens().await;
    let person = world.person("asha").await;
    world
        .connects(&world.signed_in(&person).await, &world.canteen(), "basic")
        .await;
    let mut password = person.password;
    let forms = [
        ("user/data/export/", "Download"),
        ("user/data/close/", "Close your account"),
        ("oauth/applications/register/", "Register app"),
        ("user/settings/", "Remove access of Canteen"),
        ("user/sessions/", "End all other sessions"),
    ];
    for (number, (address, button)) in forms.into_iter().enumerate() {
        let (thief, other) = (world.visitor(), world.visitor());
        for browser in [&other, &thief] {
            browser.signs_in("asha", &password).await.shows("Asha");
        }
        let mut page = thief.visits(address).await;
        let mut button = button;
        if button.starts_with("Remove access") {
            page = page.clicks(button).await;
            button = "Remove access";
        }
        if button == "Register app" {
            page = page
                .fills("name", "Mess Menu")
                .fills("description", "What there is for dinner")
                .touches("client_type", "confidential", true)
                .fills("redirect_uris", "https://mess.example/cb");
        }
        let mut form = page.would_send(button);
        form.multipart = false;
        let form = begins_to_send(&world, &page, form).await;

        password = format!("asha walks by lake number {number}");
        world.sets_password("asha", &password).await;

        let answer = form.finishes().await;
        assert!(answer.starts_with(SUPERSEDED), "{address}: {answer}");
        assert!(answer.contains("Sign in again"), "{address}: {answer}");
    }
    let asha = world.visitor();
    asha.signs_in("asha", &password).await;
    asha.visits("user/settings/").await.shows("Canteen");
    let own = asha.visits("oauth/applications/").await;
    assert!(!own.says("Mess Menu"), "{}", own.words());
    let data = asha.visits("user/data/").await;
    assert!(!data.says("Keep my account"), "{}", data.words());
}

/// An identity that a thief links would be a permanent way in.
#[tokio::test]
async fn a_link_that_is_finished_after_a_new_password_links_nothing() {
    let directory = Directory::opens().await;
    let world = directory.plan().with_database_proxy().opens().await;
    let thief = world.student("asha").await;
    let page = thief.visits("user/ways-in/").await;
    let page = page.clicks("Campus account").await;
    let page = page
        .fills("username", "farhan")
        .fills("password", "walks by the lake");
    let form = begins_to_send(&world, &page, page.would_enter("password")).await;

    world.sets_password("asha", "asha walks elsewhere").await;

    let answer = form.finishes().await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let farhan = world.visitor();
    let form = farhan.visits("account/login/ldap/").await;
    let home = form.signs_in("farhan", "walks by the lake").await;
    // He has an account of his own.
    home.shows("farhan");
    let asha = world.visitor();
    asha.signs_in("asha", "asha walks elsewhere").await;
    let ways = asha.visits("user/ways-in/").await;
    assert_eq!(ways.texts("li.session h2").len(), 1);
}

#[tokio::test]
async fn ending_a_session_ends_what_it_has_begun() {
    let world = World::plan().with_database_proxy().opens().await;
    let person = world.person("asha").await;
    let (asha, thief) = (
        world.signed_in(&person).await,
        world.signed_in(&person).await,
    );
    let page = thief.visits("user/sessions/").await;
    let form = page.would_send("End all other sessions");
    let form = begins_to_send(&world, &page, form).await;
    let consent = asha.visits(&world.canteen().login_link("basic")).await;

    let sessions = asha.visits("user/sessions/").await;
    let buttons = sessions.texts("form button");
    let button = buttons.iter().find(|it| it.starts_with("End session"));
    let page = sessions.presses(button.unwrap()).await;
    page.shows("Session ended");

    assert!(!is_in(&thief).await && is_in(&asha).await);
    let answer = form.finishes().await;
    assert!(answer.starts_with(SUPERSEDED), "{answer}");
    assert!(is_in(&asha).await);
    let late = consent.presses("allow").await;
    late.refuses(400);
}

#[tokio::test]
async fn a_consent_page_left_open_ends_with_a_credential_event() {
    let world = World::new().await;
    let person = world.person("asha").await;
    let (asha, _other) = (
        world.signed_in(&person).await,
        world.signed_in(&person).await,
    );
    let link = world.canteen().login_link("basic");
    let left_open = asha.visits(&link).await;

    ends_all_other_sessions(&asha).await;

    for button in ["allow", "deny"] {
        let late = left_open.presses(button).await;
        late.refuses(400);
        assert!(late.says("This page has expired"), "{}", late.words());
    }
    // The session goes on, and a new page can be answered.
    world.consents(&asha, &link).await;
}

#[tokio::test]
async fn an_authorization_code_ends_with_a_credential_event() {
    let world = World::new().await;
    let person = world.person("asha").await;
    let (asha, _other) = (
        world.signed_in(&person).await,
        world.signed_in(&person).await,
    );
    let canteen = world.canteen();
    let before = world.connects(&asha, &canteen, "basic").await;
    let code = world.consents(&asha, &canteen.login_link("basic")).await;

    ends_all_other_sessions(&asha).await;

    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    // Tokens that the app has already are not concerned: ending sessions is no new password.
    canteen.reads(&before.access, "").await.good();
    let code = world.consents(&asha, &canteen.login_link("basic")).await;
    canteen.exchanges_code(&code).await;

    let code = world.consents(&asha, &canteen.login_link("basic")).await;
    world.sets_password("asha", "asha walks elsewhere").await;
    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
}

fn link_in(mail: &str) -> String {
    let (_, rest) = mail.split_once("/user/confirm_email/?token=").unwrap();
    let token: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    format!("user/confirm_email/?token={token}")
}

#[tokio::test]
async fn a_mailed_link_to_confirm_an_address_ends_with_a_credential_event() {
    const HOME: &str = "asha@home.example";
    let world = World::new().await;
    let person = world.person("asha").await;
    let (asha, _other) = (
        world.signed_in(&person).await,
        world.signed_in(&person).await,
    );
    let profile = asha.visits("user/").await;
    let profile = profile.fills("email", HOME);
    profile
        .presses("Save addresses")
        .await
        .shows("A link is on its way");
    let link = link_in(&world.mail_to(HOME, 1).await);
    let page = asha.visits(&link).await;
    page.shows(HOME);

    ends_all_other_sessions(&asha).await;

    page.presses("Confirm").await.refuses(410);
    asha.visits(&link).await.refuses(410);
    // A mail that was still waiting is not sent.
    let again = format!("Send the link again to {HOME}");
    asha.visits("user/").await.presses(&again).await;
    let _other = world.signed_in(&person).await;
    ends_all_other_sessions(&asha).await;
    world.mail_to(HOME, 1).await;
    asha.visits("user/").await.presses(&again).await;
    let link = link_in(&world.mail_to(HOME, 2).await);
    let page = asha.visits(&link).await.presses("Confirm").await;
    page.shows(&format!("{HOME} is confirmed"));
}

/// Whoever is in possession of a browser that asha once used has no tries of their own after the event.
#[tokio::test]
async fn a_trusted_browser_is_a_strange_one_after_a_credential_event() {
    let world = World::new().await;
    let person = world.person("asha").await;
    let trusted = world.visitor();
    let signs_in = async |password: &str| {
        let page = trusted.visits("account/logout/").await;
        if is_in(&trusted).await {
            page.presses("Sign out").await;
        }
        trusted.signs_in("asha", password).await
    };
    let strangers_guess = async || {
        for guess in 0..10 {
            let password = format!("guess {guess}");
            world.visitor().signs_in("asha", &password).await;
        }
    };
    signs_in(&person.password).await.shows("Asha");
    strangers_guess().await;
    signs_in(&person.password).await.shows("Asha");

    world.sets_password("asha", "asha walks elsewhere").await;

    let page = signs_in("asha walks elsewhere").await;
    assert_eq!(page.status, 429, "{}", page.words());
    world.advance_clock(Duration::minutes(1));
    signs_in("asha walks elsewhere").await.shows("Asha");
    strangers_guess().await;
    signs_in("asha walks elsewhere").await.shows("Asha");
}

#[tokio::test]
async fn linking_and_removing_keep_the_session_that_does_it() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let person = world.person("asha").await;
    let (asha, other) = (
        world.signed_in(&person).await,
        world.signed_in(&person).await,
    );
    let consent = asha.visits(&world.canteen().login_link("basic")).await;

    let page = asha.visits("user/ways-in/").await;
    let form = page.clicks("Campus account").await;
    let page = form.signs_in("farhan", "walks by the lake").await;
    page.shows("Sign-in method added");

    assert!(is_in(&asha).await && is_in(&other).await);
    consent.presses("allow").await.refuses(400);
    let consent = asha.visits(&world.canteen().login_link("basic")).await;
    let page = asha.visits("user/ways-in/").await;
    let page = page.clicks("Remove Campus account").await;
    page.presses("Remove").await.shows("was removed");
    assert!(is_in(&asha).await && !is_in(&other).await);
    consent.presses("allow").await.refuses(400);
    world
        .consents(&asha, &world.canteen().login_link("basic"))
        .await;
}

#[tokio::test]
async fn an_imported_identity_is_a_credential_event() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let consent = asha.visits(&world.canteen().login_link("basic")).await;
    let imports = async |row: serde_json::Value| {
        let (database, data) = (world.database.clone(), world.data.clone());
        tokio::task::spawn_blocking(move || {
            crate::support::campus::import(&database, &data, &[row]);
        })
        .await
        .unwrap();
    };

    imports(serde_json::json!({ "username": "asha", "type": "pg" })).await;
    let tab = asha.visits(&world.canteen().login_link("basic")).await;
    tab.presses("deny").await;
    imports(serde_json::json!({ "username": "asha", "identity": "ldap:asha" })).await;

    consent.presses("allow").await.refuses(400);
    assert!(is_in(&asha).await);
}

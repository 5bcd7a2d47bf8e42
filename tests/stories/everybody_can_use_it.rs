//! Accessibility of every page: judged by axe in both colour schemes on a narrow phone and a desktop, by keyboard
//! alone, and without scripts.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use url::Url;

use crate::support::World;
use crate::support::chromium::Chromium;
use crate::support::scripted_directory::{Reply, ScriptedDirectory, correct_reply};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// The pattern of an address: pages that differ in an id only have the same.
fn kind_of(address: &Url) -> String {
    let is_id = |part: &str| part.len() == 36 && part.matches('-').count() == 4;
    let parts = address.path().split('/');
    let parts: Vec<_> = parts
        .map(|part| if is_id(part) { "*" } else { part })
        .collect();
    parts.join("/")
}

/// Follows all links, visits one page of each kind and checks it. Returns the kinds.
async fn walks(browser: &Chromium, world: &World, from: &[&str]) -> BTreeSet<String> {
    let base = Url::parse(&world.base).unwrap();
    let mut ahead: VecDeque<Url> = from.iter().map(|path| base.join(path).unwrap()).collect();
    let mut seen = BTreeSet::new();
    while let Some(address) = ahead.pop_front() {
        let is_page = ![
            "/static/",
            "/media/",
            "/api/",
            "/.well-known/",
            "/user/api/",
        ]
        .iter()
        .any(|it| address.path().starts_with(it));
        if address.origin() != base.origin() || !is_page || !seen.insert(kind_of(&address)) {
            continue;
        }
        browser.visits(address.as_str()).await;
        let is_html = browser.evaluates("document.contentType").await == "text/html";
        if !is_html {
            seen.remove(&kind_of(&address));
            continue;
        }
        browser.can_be_used(address.path()).await;
        let links = browser
            .evaluates("[...document.links].map(it => it.href)")
            .await;
        let links = links
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| Url::parse(it.as_str()?).ok());
        ahead.extend(links);
    }
    seen
}

#[tokio::test]
async fn axe_reports_violations() {
    let browser = Chromium::opens(true).await;
    browser
        .visits("data:text/html,<title>x</title><img src=x><p style=color:silver>Pale<input>")
        .await;

    let violations = browser.axe_violations("light").await.join("\n");

    for rule in ["image-alt", "color-contrast", "label", "html-has-lang"] {
        assert!(
            violations.contains(&format!("{rule}: ")),
            "{rule} is not in {violations}"
        );
    }
}

#[tokio::test]
async fn axe_finds_nothing_on_any_linked_page() {
    let world = World::new().await;
    let (meera, asha) = (world.person("meera").await, world.person("asha").await);
    let owner = world.signed_in(&meera).await;
    world
        .connects(&owner, &world.canteen(), "basic profile phone")
        .await;

    let visitor = Chromium::opens(true).await;
    let open = walks(&visitor, &world, &["", "account/login/", "nowhere/"]).await;
    let developer = Chromium::opens(true).await;
    developer
        .visits(&format!("{}account/login/", world.base))
        .await;
    developer.signs_in(&meera.username, &meera.password).await;
    // Of each kind one page is checked; only an unverified app has every page.
    let list = owner.visits("oauth/applications/").await;
    let app = list.clicks("Lost and Found").await;
    // The page that will soon ask for the password again comes first.
    let from = [
        "user/data/close/",
        app.url.path(),
        "user/",
        "account/logout/",
        "nowhere/",
    ];
    let own = walks(&developer, &world, &from).await;
    let newcomer = Chromium::opens(true).await;
    newcomer
        .visits(&format!("{}account/login/", world.base))
        .await;
    newcomer.signs_in(&asha.username, &asha.password).await;
    // Lists that are empty for one person are filled for another.
    for path in ["user/", "user/settings/", "oauth/applications/"] {
        newcomer.visits(&format!("{}{path}", world.base)).await;
        newcomer.can_be_used(&format!("{path} of asha")).await;
    }

    for page in ["/", "/account/login/", "/doc/"] {
        assert!(open.contains(page), "{page} is not among {open:?}");
    }
    for page in [
        "/user/",
        "/user/settings/",
        "/oauth/applications/",
        "/oauth/applications/register/",
        "/oauth/applications/*/",
        "/oauth/applications/*/update/",
        "/oauth/applications/*/delete/",
        "/oauth/applications/*/secret/",
        "/user/settings/*/take-back/",
        "/user/receipts/",
        "/user/receipts/*/",
        "/user/receipts/check/",
        "/user/sessions/",
        "/user/ways-in/",
        "/user/data/",
        "/user/data/export/",
        "/user/data/close/",
    ] {
        assert!(own.contains(page), "{page} is not among {own:?}");
    }
}

#[tokio::test]
async fn axe_finds_nothing_during_sign_in_and_on_error_pages() {
    let world = World::new().await;
    let (meera, vikram) = (world.person("meera").await, world.person("vikram").await);
    let at = |path: &str| format!("{}{path}", world.base);
    let all =
        "basic profile sex picture ldap phone insti_address program secondary_emails send_mail";

    let browser = Chromium::opens(true).await;
    browser.visits(&world.canteen().login_link(all)).await;
    browser.can_be_used("sign-in for an app").await;
    browser.signs_in(&meera.username, "mistyped").await;
    browser.can_be_used("sign-in refused").await;
    browser.signs_in(&meera.username, &meera.password).await;
    browser.can_be_used("consent").await;
    browser.clicks("input[name=scope][value=phone]").await;
    browser.can_be_used("consent, unticked").await;
    browser
        .visits(&at("oauth/authorize/?client_id=nobody"))
        .await;
    browser.can_be_used("unknown client").await;
    browser.visits(&at("oauth/applications/register/")).await;
    browser
        .types("[name=redirect_uris]", "http://squash.example/cb")
        .await;
    browser
        .follows("form:has([name=redirect_uris]) button:not([type=button])")
        .await;
    browser.can_be_used("an app refused").await;
    browser.types("[name=name]", "Squash").await;
    browser
        .types("[name=description]", "Bookings for the squash court")
        .await;
    browser
        .types("[name=redirect_uris]", "https://squash.example/cb")
        .await;
    browser
        .follows("form:has([name=redirect_uris]) button:not([type=button])")
        .await;
    browser.can_be_used("an app's secret").await;

    let student = Chromium::opens(true).await;
    student
        .visits(&world.lost_and_found().login_link(all))
        .await;
    student.signs_in(&vikram.username, &vikram.password).await;
    student
        .can_be_used("consent of an app that is not verified")
        .await;
    for (field, text, button) in [
        ("#room", "123456789", "form:has(#room) .primary"),
        ("#phone-1", "call me", "form:has(#phone-1) .primary"),
        ("#email-1", "nobody", "form:has(#email-1) .primary"),
        ("#join_year", "12", "form:has(#join_year) .primary"),
    ] {
        student.visits(&at("user/")).await;
        student.types(field, text).await;
        student.follows(button).await;
        student
            .can_be_used(&format!("profile, {field} refused"))
            .await;
        assert!(
            student
                .one(".notice.danger[role=alert]")
                .await
                .is_displayed()
                .await
                .unwrap()
        );
    }
    student.visits(&at("user/")).await;
    student.follows("form:has(#profile_picture) .primary").await;
    student.can_be_used("profile, no picture chosen").await;
    student.visits(&at("user/")).await;
    student.types("#email-1", "vikram@home.example").await;
    student.follows("form:has(#email-1) .primary").await;
    student.can_be_used("profile, saved").await;
    let mail = world.mail_to("vikram@home.example", 1).await;
    let (_, link) = mail.split_once("/user/confirm_email/").unwrap();
    let link = link.split_whitespace().next().unwrap();
    student
        .visits(&at(&format!("user/confirm_email/{link}")))
        .await;
    student.can_be_used("an address to confirm").await;
    student.follows("main .primary").await;
    student.can_be_used("an address confirmed").await;
    student
        .visits(&at(&format!("user/confirm_email/{link}")))
        .await;
    student.can_be_used("a link that is used").await;
}

#[tokio::test]
async fn axe_finds_nothing_in_the_demo() {
    let world = World::plan().with_the_demo().opens().await;
    let asha = world.person("asha").await;
    let browser = Chromium::opens(true).await;
    browser.visits(&format!("{}demo/", world.base)).await;
    browser.can_be_used("demo").await;
    browser.follows("main .button.primary").await;
    browser.can_be_used("demo, sign-in").await;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.can_be_used("demo, consent").await;
    browser.follows("button[value=allow]").await;
    assert!(browser.words().await.contains("What Mess Menu received"));
    browser.can_be_used("demo, received").await;

    let refuses = Chromium::opens(true).await;
    refuses.visits(&format!("{}demo/", world.base)).await;
    refuses.follows("main .button.primary").await;
    refuses
        .signs_in("vikram", &world.person("vikram").await.password)
        .await;
    refuses.follows("button[value=deny]").await;
    assert!(
        refuses
            .words()
            .await
            .contains("Mess Menu received nothing about you")
    );
    refuses.can_be_used("demo, nothing received").await;
}

#[tokio::test]
async fn axe_finds_nothing_during_sign_in_through_each_connector() {
    let silent = Arc::new(AtomicBool::new(false));
    let speaks = Arc::clone(&silent);
    let directory = ScriptedDirectory::that(move |id, _, request| {
        if speaks.load(Ordering::Relaxed) {
            return Reply::Closes;
        }
        correct_reply(id, request)
    })
    .await;
    let world = directory.plan().opens().await;
    let asha = world.person("asha").await;
    let at = |path: &str| format!("{}{path}", world.base);
    let browser = Chromium::opens(true).await;
    browser.visits(&at("account/login/")).await;
    browser.can_be_used("sign-in, two ways").await;
    browser.visits(&at("account/login/ldap/")).await;
    browser.can_be_used("sign-in, the directory's").await;
    browser.signs_in("nandini", "mistyped").await;
    browser
        .can_be_used("sign-in, the directory's, refused")
        .await;
    silent.store(true, Ordering::Relaxed);
    browser.signs_in("nandini", "mistyped").await;
    browser
        .can_be_used("sign-in, the directory is silent")
        .await;
    silent.store(false, Ordering::Relaxed);

    browser.visits(&at("account/login/password/")).await;
    for _ in 0..12 {
        browser.signs_in("wasim", "mistyped").await;
    }
    assert!(browser.words().await.contains("Try again in"));
    browser.can_be_used("sign-in, slowed").await;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.visits(&at("user/ways-in/")).await;
    browser.can_be_used("ways in, another to link").await;
    browser
        .visits(&at("account/login/?again=1&next=/user/"))
        .await;
    browser.can_be_used("sign-in, again").await;
}

#[tokio::test]
async fn axe_finds_nothing_on_account_pages_in_their_other_states() {
    let world = World::new().await;
    let (person, asha) = (world.person("asha").await, world.student("asha").await);
    let canteen = world.canteen();
    let tokens = world
        .connects(&asha, &canteen, "basic phone send_mail")
        .await;
    canteen.reads(&tokens.access, "fields=mobile").await.good();
    world.runs_jobs().await;
    let browser = Chromium::opens(true).await;
    let at = |path: &str| format!("{}{path}", world.base);
    let looks = async |path: &str, name: &str| {
        browser.visits(&at(path)).await;
        browser.can_be_used(name).await;
    };
    browser.visits(&at("account/login/")).await;
    browser.signs_in(&person.username, &person.password).await;

    looks("user/sessions/", "sessions, two of them").await;
    looks("user/settings/", "connected apps").await;
    browser.follows(".connected h2 a").await;
    browser.can_be_used("a connected app that has read").await;
    let withdraw = "main a[href*='/withdraw/'], main a[href*='withdraw']";
    browser.follows(withdraw).await;
    browser.can_be_used("a field to be taken back").await;
    let list = asha.visits("user/receipts/").await;
    let receipt = asha
        .visits(&list.attributes("main .lines a", "href")[0])
        .await;
    let file = receipt.clicks("Download receipt").await.text();
    for (text, name) in [(file.as_str(), "genuine"), ("{}", "forged")] {
        browser.visits(&at("user/receipts/check/")).await;
        let fill = format!(
            "document.querySelector('[name=text]').value = {}",
            serde_json::json!(text)
        );
        browser.evaluates(&fill).await;
        browser.follows("form:has([name=text]) .primary").await;
        browser
            .can_be_used(&format!("a receipt that is {name}"))
            .await;
    }

    world.advance_clock(time::Duration::minutes(70));
    looks("user/", "profile, addresses kept for a fresh sign-in").await;
    looks("user/data/close/", "sign-in, asked again").await;
    browser.signs_in(&person.username, &person.password).await;
    browser.follows("main .danger").await;
    browser.can_be_used("an account closed").await;
}

#[tokio::test]
async fn the_main_job_works_by_keyboard_alone() {
    let world = World::new().await;
    let (asha, browser) = (world.person("asha").await, Chromium::opens(true).await);

    browser
        .visits(&world.canteen().login_link("basic profile phone"))
        .await;
    browser.tabs_to("[name=username]").await;
    browser
        .presses_keys(&format!("{}{TAB}", asha.username))
        .await;
    browser.tabs_to("[name=password]").await;
    browser
        .presses_keys(&format!("{}{ENTER}", asha.password))
        .await;
    browser.waits_for("#consent").await;
    let consent_address = browser.address().await;
    browser.tabs_to("input[name=scope][value=phone]").await;
    browser.presses_keys(" ").await;
    assert!(!browser.is_ticked("input[name=field][value=mobile]").await);
    browser.tabs_to("button[value=allow]:enabled").await;
    browser.presses_keys(ENTER).await;
    let back = browser.leaves(&consent_address).await;

    assert_eq!(back.host_str(), Some("canteen.example"));
    assert!(back.query_pairs().any(|(name, _)| name == "code"), "{back}");
    let code = back
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(
        world.canteen().exchanges_code(&code).await.scopes(),
        ["basic", "profile"]
    );
}

#[tokio::test]
async fn a_profile_can_be_changed_by_keyboard_alone_and_without_scripts() {
    let world = World::new().await;
    let vikram = world.person("vikram").await;

    for (scripts, room) in [(true, "12"), (false, "14")] {
        let browser = Chromium::opens(scripts).await;
        browser.visits(&format!("{}user/", world.base)).await;
        browser.signs_in(&vikram.username, &vikram.password).await;
        browser.presses_keys(TAB).await;
        browser.tabs_to("#hostel").await;
        browser.presses_keys("Hostel 4").await;
        browser.tabs_to("#room").await;
        browser.presses_keys(&format!("{room}{ENTER}")).await;
        browser.waits_for(".flash").await;
        assert!(browser.words().await.contains("Address saved."));
        assert_eq!(
            browser
                .evaluates("document.querySelector('#room').value")
                .await,
            room
        );
        assert_eq!(
            browser
                .evaluates("document.querySelector('#hostel').value")
                .await,
            "4"
        );
        assert_eq!(browser.console_messages().await, Vec::<String>::new());
    }
}

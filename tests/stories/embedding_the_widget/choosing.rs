//! The browser's own account chooser (FedCM) on a page of another site.

use serde_json::json;

use super::{
    Campus, MESS, PROFILES, SHOWN, TO_MESS, button, clicks_the_button, code_at, exchange_code,
    page, page_at_once,
};
use crate::support::campus::Registration;
use crate::support::chromium::Chromium;
use crate::support::tls_proxy::Site;
use crate::support::wait::becomes_true;
use crate::support::{App, parameter};

async fn mess_with_a_button(campus: &Campus) -> (App, Site) {
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    campus.is_known_to_browsers().await;
    mess.shows("/", &[], &page_at_once(&button(&app, TO_MESS)));
    (app, mess)
}

/// Visits the page and clicks the button, so that the browser opens a dialog or a window.
async fn asks_the_browser(browser: &Chromium, mess: &Site) {
    let home = mess.at("/");
    for _ in 0..3 {
        browser.visits(&home).await;
        clicks_the_button(browser).await;
        if browser.opens_something().await {
            return;
        }
        // On a busy machine the user activation of the click may have expired before the call.
        let messages = browser.console_messages().await;
        let is_late = messages
            .iter()
            .all(|it| it.contains("transient user activation"));
        assert!(is_late && !messages.is_empty(), "{messages:?}");
    }
    panic!("the browser opens nothing");
}

/// Waits until the browser is at the page's callback.
async fn comes_back(browser: &Chromium, mess: &Site) {
    let home = url::Url::parse(&mess.at("/")).unwrap();
    let there = browser.leaves(&home).await;
    assert_eq!(there.path(), "/cb", "{there}");
}

async fn the_first_time_and_the_second(third_party_cookies: bool) {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, third_party_cookies).await;
    campus.asha_signs_in(&browser).await;

    asks_the_browser(&browser, &mess).await;
    assert_eq!(browser.dialog().await, "AccountChooser");
    assert!(browser.dialog_title().await.contains(MESS));
    let accounts = browser.dialog_accounts().await;
    assert_eq!(accounts[0]["name"], "Asha D’Souza", "{accounts}");
    browser.chooses_account(0).await;
    browser.enters_new_window().await;
    assert!(
        browser
            .words()
            .await
            .contains("Mess Menu would like to know")
    );
    browser.clicks("input[name=field][value=last_name]").await;
    browser.clicks("button[value=allow]").await;
    browser.returns().await;
    comes_back(&browser, &mess).await;
    let code = code_at(&mess);
    let tokens = exchange_code(&app, &code, &mess).await;
    assert!(
        !tokens.fields().contains(&"last_name"),
        "{:?}",
        tokens.fields()
    );

    // Everything is allowed already: the browser signs in without a dialog, with a new code. A link would have led to
    // another address.
    browser.visits(&mess.at("/")).await;
    browser
        .evaluates("document.querySelector('#sso-root a').href = '/link'")
        .await;
    clicks_the_button(&browser).await;
    comes_back(&browser, &mess).await;
    let back = mess.visits("/cb");
    let second = parameter(back[1].as_str(), "code").unwrap();
    assert_ne!(second, code);
    exchange_code(&app, &second, &mess).await;
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_chooser_signs_in_with_third_party_cookies_blocked() {
    the_first_time_and_the_second(false).await;
}

#[tokio::test]
async fn the_chooser_signs_in_with_third_party_cookies_allowed() {
    the_first_time_and_the_second(true).await;
}

#[tokio::test]
async fn a_signed_out_person_signs_in_in_a_window_of_the_browser() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;

    asks_the_browser(&browser, &mess).await;
    browser.enters_new_window().await;
    let asha = &campus.asha;
    browser.types("input[name=username]", &asha.username).await;
    browser.types("input[name=password]", &asha.password).await;
    browser
        .clicks("form:has(input[name=password]) button:not([type=button])")
        .await;
    browser.returns().await;
    assert_eq!(browser.dialog().await, "AccountChooser");
    browser.chooses_account(0).await;
    comes_back(&browser, &mess).await;
    exchange_code(&app, &code_at(&mess), &mess).await;
}

#[tokio::test]
async fn denying_on_the_page_in_the_dialog_gives_the_app_access_denied() {
    let campus = Campus::opens().await;
    let (_app, mess) = mess_with_a_button(&campus).await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    asks_the_browser(&browser, &mess).await;
    browser.dialog().await;
    browser.chooses_account(0).await;
    browser.enters_new_window().await;
    browser.clicks("button[value=deny]").await;
    browser.returns().await;
    comes_back(&browser, &mess).await;
    let back = &mess.visits("/cb")[0];
    assert_eq!(
        parameter(back.as_str(), "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(
        parameter(back.as_str(), "state").as_deref(),
        Some("a b&c=é")
    );
    assert_eq!(parameter(back.as_str(), "code"), None);
}

#[tokio::test]
async fn after_the_dialog_is_closed_the_next_click_follows_the_link() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    asks_the_browser(&browser, &mess).await;
    browser.dialog().await;
    // The page believes that much time has passed.
    browser.evaluates("(Date.now = () => Infinity, 0)").await;
    browser.closes_dialog().await;
    assert!(!browser.has_dialog().await);
    assert_eq!(browser.address().await.as_str(), mess.at("/"));
    assert!(mess.visits("/cb").is_empty());

    clicks_the_button(&browser).await;
    comes_back(&browser, &mess).await;
    exchange_code(&app, &code_at(&mess), &mess).await;
}

/// After somebody closes the dialog, the browser refuses calls without a click for a while (cooldown).
#[tokio::test]
async fn the_button_works_during_the_browsers_cooldown() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let config = campus.at("fedcm/config.json");
    let passive = format!(
        "navigator.credentials.get({{ identity: {{ providers: [{{ configURL: '{config}', clientId: '{}' }}] }} }}).catch(() => 0); 1",
        app.client_id
    );
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    browser.visits(&mess.at("/")).await;
    let watch = browser.opens_dev_tools().await;
    browser.evaluates(&passive).await;
    watch.closes_dialog_for_a_while().await;

    browser.visits(&mess.at("/")).await;
    browser.evaluates(&passive).await;
    assert!(!browser.has_dialog().await, "the browser keeps quiet");
    asks_the_browser(&browser, &mess).await;
    assert_eq!(browser.dialog().await, "AccountChooser");
    browser.closes_dialog().await;
    browser.forgets_dialogs().await;
    browser.visits(&mess.at("/")).await;
    browser.evaluates(&passive).await;
    assert_eq!(browser.dialog().await, "AccountChooser");
    browser.chooses_account(0).await;
}

/// Once a person has used the chooser on a page, the browser tells the frame, and only the frame, who that was.
async fn the_frame_shows_who_used_the_chooser_here(third_party_cookies: bool) {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    let listens =
        "heard = []; addEventListener('message', it => heard.push(it.origin + ' ' + it.data));";
    let listening = page_at_once(&format!("{listens}{}", button(&app, TO_MESS)));
    mess.shows("/", &[], &listening);
    let browser = Chromium::opens_behind(&campus.tls_proxy, third_party_cookies).await;
    campus.asha_signs_in(&browser).await;
    let seen = "JSON.stringify([heard, document.querySelector('#sso-root').innerHTML.replace(/ cd_frame_id_=\"[^\"]*\"/, ''),
        ...['#sso-root', '#sso-root > span', '#sso-root iframe'].map(it => document.querySelector(it).getBoundingClientRect())])";
    browser.visits(&mess.at("/")).await;
    browser.waits_for(SHOWN).await;
    let before = browser.evaluates(seen).await;
    assert_eq!(browser.words_in_frame().await, "Login with SSO");

    asks_the_browser(&browser, &mess).await;
    browser.sees_dialog("AccountChooser").await;
    browser.chooses_account(0).await;
    browser.enters_new_window().await;
    browser.clicks("button[value=allow]").await;
    browser.returns().await;
    comes_back(&browser, &mess).await;
    exchange_code(&app, &code_at(&mess), &mess).await;

    // The frame has one second to find out, which may be too short on a busy machine.
    let known = becomes_true(async || {
        browser.visits(&mess.at("/")).await;
        browser.waits_for(SHOWN).await;
        let about_a_second = async || browser.words_in_frame().await == KNOWN;
        for _ in 0..20 {
            if about_a_second().await {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        false
    });
    assert!(known.await, "{}", browser.words_in_frame().await);
    assert_eq!(browser.evaluates(seen).await, before);
    browser.looks_at("widget-elsewhere-asha").await;
    browser.can_be_used("widget-elsewhere-asha").await;
    let messages = browser.evaluates("heard").await;
    assert_eq!(
        messages,
        json!([format!("https://{PROFILES} sso-iframe://70:200")])
    );

    browser.enters_frame("#sso-root iframe").await;
    browser.clicks("a.other").await;
    browser.leaves_frame().await;
    browser.waits_for("form.choices").await;
    browser.follows("form.choices button").await;
    browser.visits(&mess.at("/")).await;
    browser.waits_for(SHOWN).await;
    assert_eq!(browser.words_in_frame().await, "Login with SSO");
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

const KNOWN: &str = "Continue as Asha\nLogin as other user";

#[tokio::test]
async fn the_frame_shows_who_used_the_chooser_with_third_party_cookies_blocked() {
    the_frame_shows_who_used_the_chooser_here(false).await;
}

#[tokio::test]
async fn the_frame_shows_who_used_the_chooser_with_third_party_cookies_allowed() {
    the_frame_shows_who_used_the_chooser_here(true).await;
}

/// A page's own script calls FedCM as documented, without the widget, and gets a code.
#[tokio::test]
async fn a_page_that_calls_fedcm_itself_gets_a_code() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let meera = campus.world.person("meera").await;
    let developer = campus.browser();
    developer.signs_in(&meera.username, &meera.password).await;
    let docs = developer.visits(&campus.at("doc/widgets/")).await;
    let lines = docs.code("#widget-fedcm").remove(0);
    let calls = format!(
        "<!doctype html><link rel=icon href=data:,><button>Sign in</button><script>
        document.querySelector('button').onclick = async () => {{ {lines} document.title = code }}</script>"
    );
    mess.shows("/own", &[], &calls);
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    browser.visits(&mess.at("/own")).await;
    browser.clicks("button").await;
    browser.dialog().await;
    browser.chooses_account(0).await;
    let script = "new Promise(done => { const look = () => document.title ? done(document.title) : setTimeout(look, 20); look() })";
    let code = browser.evaluates(script).await;
    exchange_code(&app, code.as_str().unwrap(), &mess).await;
}

/// A page of another origin asks in the app's name, and the app's own page fakes browser requests.
#[tokio::test]
async fn a_forging_page_learns_nothing_and_changes_nothing() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let evil = campus.site("evil.example").await;
    let pretends = format!(
        "<!doctype html><link rel=icon href=data:,><button>Win</button><script>
        const provider = {{ configURL: '{}', clientId: '{}', fields: [],
            params: {{ response_type: 'code', redirect_uri: 'https://mess.example/cb' }} }};
        document.querySelector('button').onclick = () =>
            navigator.credentials.get({{ identity: {{ mode: 'active', providers: [provider] }} }})
                .then(it => document.title = it.token, problem => document.title = problem.name)</script>",
        campus.at("fedcm/config.json"),
        app.client_id
    );
    evil.shows("/", &[], &pretends);
    let browser = Chromium::opens_behind(&campus.tls_proxy, true).await;
    campus.asha_signs_in(&browser).await;
    browser.visits(&evil.at("/")).await;
    browser.clicks("button").await;
    // This account has allowed the app, so the browser does not show the dialog again.
    browser.sees_dialog("Error").await;
    browser.presses_in_dialog("ErrorGotIt").await;
    let is_told = async || browser.evaluates("document.title").await == "IdentityCredentialError";
    assert!(becomes_true(is_told).await);

    browser.visits(&mess.at("/")).await;
    for (path, method) in [
        ("accounts", "GET"),
        ("assertion", "POST"),
        ("disconnect", "POST"),
    ] {
        let asks = format!(
            "fetch('{}', {{ method: '{method}', credentials: 'include', body: '{method}' === 'GET' ? null :
                new URLSearchParams({{ client_id: '{}', account_id: '{}', account_hint: 'asha' }}) }})
                .then(it => it.text(), problem => problem.name)",
            campus.at(&format!("fedcm/{path}/")),
            app.client_id,
            campus.asha.id
        );
        assert_eq!(browser.evaluates(&asks).await, "TypeError", "{path}");
    }
    let form = format!(
        "(() => {{ const form = document.body.appendChild(document.createElement('form'));
            form.method = 'post'; form.action = '{}';
            form.innerHTML = '<input name=client_id value={}><input name=account_hint value=asha>';
            form.submit() }})()",
        campus.at("fedcm/disconnect/"),
        app.client_id
    );
    browser.evaluates(&form).await;
    browser.leaves_for(PROFILES).await;
    assert!(browser.words().await.contains("invalid_request"));
    browser.visits(&campus.at("user/settings/")).await;
    assert!(browser.words().await.contains("Mess Menu"));
    assert!(evil.visits("/cb").is_empty() && mess.visits("/cb").is_empty());
}

#[tokio::test]
async fn disconnecting_removes_all_access() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    asks_the_browser(&browser, &mess).await;
    browser.dialog().await;
    browser.chooses_account(0).await;
    comes_back(&browser, &mess).await;
    let tokens = exchange_code(&app, &code_at(&mess), &mess).await;
    app.reads(&tokens.access, "").await.good();

    let disconnect = |hint: &str| {
        format!(
            "IdentityCredential.disconnect({{ configURL: '{}', clientId: '{}', accountHint: '{hint}' }})
                .then(() => 'done', problem => problem.name)",
            campus.at("fedcm/config.json"),
            app.client_id
        )
    };
    browser.visits(&mess.at("/")).await;
    assert_eq!(browser.evaluates(&disconnect("asha")).await, "done");
    assert_eq!(app.reads(&tokens.access, "").await.status, 401);
    app.tries_to_refresh(&tokens.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    browser.visits(&campus.at("user/settings/")).await;
    assert!(!browser.words().await.contains("Mess Menu"));
}

#[tokio::test]
async fn without_a_web_identity_file_a_click_follows_the_link() {
    let campus = Campus::opens().await;
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    campus.asha_has_allowed(&app, "basic profile").await;
    // The domain has no web-identity file.
    mess.shows("/", &[], &page_at_once(&button(&app, TO_MESS)));
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    browser.visits(&mess.at("/")).await;
    clicks_the_button(&browser).await;
    comes_back(&browser, &mess).await;
    exchange_code(&app, &code_at(&mess), &mess).await;
}

/// The browser reports a failure; the following redirect gives the app the error.
#[tokio::test]
async fn an_impossible_request_gives_the_app_its_error() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    let wrong = button(&app, &format!("{TO_MESS}, scope: 'bogus'"));
    mess.shows("/", &[], &page(&wrong));
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    asks_the_browser(&browser, &mess).await;
    browser.dialog().await;
    browser.chooses_account(0).await;
    browser.sees_dialog("Error").await;
    browser.presses_in_dialog("ErrorGotIt").await;
    comes_back(&browser, &mess).await;
    let back = &mess.visits("/cb")[0];
    assert_eq!(
        parameter(back.as_str(), "error").as_deref(),
        Some("invalid_scope")
    );
}

/// The page of the dialog may be opened in any window, where it ends with the redirect.
#[tokio::test]
async fn the_page_of_the_dialog_works_in_any_window() {
    let campus = Campus::opens().await;
    let (app, mess) = mess_with_a_button(&campus).await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    browser.visits(&campus.at("fedcm/login/")).await;
    assert!(browser.words().await.contains("You are signed in"));
    browser.looks_at("widget-signed-in").await;
    browser.can_be_used("widget-signed-in").await;

    asks_the_browser(&browser, &mess).await;
    browser.dialog().await;
    browser.chooses_account(0).await;
    browser.enters_new_window().await;
    let page = browser.address().await;
    browser.clicks("button[value=deny]").await;
    browser.returns().await;
    comes_back(&browser, &mess).await;

    browser.visits(page.as_str()).await;
    browser.clicks("button[value=allow]").await;
    browser.leaves_for(MESS).await;
    let back = mess.visits("/cb");
    let code = parameter(back[1].as_str(), "code").unwrap();
    exchange_code(&app, &code, &mess).await;
}

/// A page of one app, in the window of its own dialog, leads to the sign-in of another app.
#[tokio::test]
async fn a_dialog_never_delivers_another_apps_code() {
    let campus = Campus::opens().await;
    let (app, _mess) = mess_with_a_button(&campus).await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let shop = campus
        .world
        .registers(&Registration {
            name: "Shop",
            redirect_uris: &["https://shop.example/cb"],
            ..super::MESS_MENU
        })
        .await;
    let evil = campus.site("shop.example").await;
    let to_shop = button(&shop, "redirect_uri: 'https://shop.example/cb'");
    evil.shows("/", &[], &page(&to_shop));
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;

    asks_the_browser(&browser, &evil).await;
    browser.dialog().await;
    browser.chooses_account(0).await;
    browser.enters_new_window().await;
    let own = browser.address().await;
    let seal = parameter(own.as_str(), "dialog").unwrap();
    let query =
        "response_type=code&redirect_uri=https%3A%2F%2Fmess.example%2Fcb&state=a%20b%26c%3D%C3%A9";
    for mode in [
        "response_mode=fedcm",
        &format!("response_mode=fedcm&dialog={seal}"),
    ] {
        let link = format!(
            "oauth/authorize/?client_id={}&{query}&{mode}",
            app.client_id
        );
        browser.visits(&campus.at(&link)).await;
        let there = browser.address().await;
        assert_eq!(there.host_str(), Some(MESS), "{there}");
    }
    assert!(evil.visits("/cb").is_empty());
}

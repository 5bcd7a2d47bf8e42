//! The endpoints of FedCM, requested by hand as a browser does and as a forging page would.

use serde_json::{Value, json};

use super::{Campus, MESS_MENU};
use crate::support::campus::Registration;
use crate::support::{App, Browser, Page};

const MESS: &str = "https://mess.example";

/// The browser itself, with the `Origin` of a page.
fn for_a_page(browser: &Browser, origin: &str) -> Browser {
    browser
        .sending("sec-fetch-dest", "webidentity")
        .sending("origin", origin)
}

fn json_of(page: &Page) -> Value {
    serde_json::from_str(&page.text()).unwrap_or_else(|_| panic!("{}", page.text()))
}

fn error(page: &Page, status: u16) -> String {
    assert_eq!(page.status, status, "{}", page.text());
    let result = json_of(page);
    let error = if result["error"].is_string() {
        &result["error"]
    } else {
        assert_eq!(result["error"]["code"], result["error"]["error"]);
        &result["error"]["error"]
    };
    error.as_str().unwrap().to_owned()
}

struct AssertionRequest {
    app: App,
    account: String,
    params: Value,
}

impl AssertionRequest {
    async fn asks(&self, browser: &Browser) -> Page {
        let params = self.params.to_string();
        let form = [
            ("client_id", self.app.client_id.as_str()),
            ("account_id", &self.account),
            ("params", &params),
            ("is_auto_selected", "false"),
        ];
        browser.posts("fedcm/assertion/", &form).await
    }
}

/// asha, signed in, and a verified app that asks for her name.
async fn asha_and_mess_menu() -> (Campus, Browser, AssertionRequest) {
    let campus = Campus::opens().await;
    let asha = campus.browser();
    asha.signs_in(&campus.asha.username, &campus.asha.password)
        .await;
    let request = AssertionRequest {
        app: campus.mess_menu().await,
        account: campus.asha.id.to_string(),
        params: json!({
            "response_type": "code", "scope": "basic profile", "redirect_uri": "https://mess.example/cb", "state": "s",
        }),
    };
    (campus, asha, request)
}

#[tokio::test]
async fn sign_in_and_sign_out_set_the_fedcm_login_status() {
    let campus = Campus::opens().await;
    let asha = campus.browser();
    let ask = asha.gets("account/login/").await;
    let entered = ask
        .clone()
        .fills("username", &campus.asha.username)
        .fills("password", &campus.asha.password)
        .would_enter("password");
    let entered = ask.sends(entered).await;
    assert_eq!(entered.header("set-login"), "logged-in");
    let cookies = entered.set_cookies();
    let narrow: Vec<_> = cookies
        .iter()
        .filter(|it| it.starts_with("__Secure-fedcm="))
        .collect();
    let [narrow] = narrow.as_slice() else {
        panic!("{cookies:?}");
    };
    for part in [
        "; HttpOnly",
        "; SameSite=None",
        "; Secure",
        "; Path=/fedcm/",
    ] {
        assert!(narrow.contains(part), "{narrow}");
    }
    let others = cookies.iter().filter(|it| it != narrow);
    assert!(
        others.clone().all(|it| it.contains("SameSite=Lax")),
        "{cookies:?}"
    );

    // This cookie alone does not sign anybody in.
    let value = narrow.split(';').next().unwrap();
    let thief = campus.browser().sending("cookie", value);
    for path in [
        "user/",
        "user/settings/",
        "oauth/applications/",
        "account/login/",
    ] {
        let page = thief.visits(&campus.at(path)).await;
        assert!(page.url.path().contains("/account/login/"), "{}", page.url);
    }
    let known = thief.sending("sec-fetch-dest", "webidentity");
    assert_eq!(known.gets("fedcm/accounts/").await.status, 200);

    let left = asha.visits(&campus.at("account/logout/")).await;
    let left = left.sends(left.would_send("Sign out")).await;
    assert_eq!(left.header("set-login"), "logged-out");
    let cleared = left.set_cookies();
    let is_cleared = |it: &String| it.starts_with("__Secure-fedcm=;") && it.contains("Max-Age=0");
    assert!(cleared.iter().any(is_cleared), "{cleared:?}");
    // The cookie ends with the session.
    let gone = known.gets("fedcm/accounts/").await;
    assert_eq!(gone.status, 401);
    assert_eq!(gone.header("set-login"), "logged-out");
}

#[tokio::test]
async fn only_the_browser_can_read_the_accounts() {
    let (campus, asha, AssertionRequest { app, .. }) = asha_and_mess_menu().await;
    campus.asha_has_allowed(&app, "basic profile").await;
    for strange in [None, Some("empty"), Some("document"), Some("image")] {
        let form = strange.map_or_else(|| asha.clone(), |it| asha.sending("sec-fetch-dest", it));
        assert_eq!(
            error(&form.gets("fedcm/accounts/").await, 400),
            "invalid_request"
        );
    }
    let browser = asha.sending("sec-fetch-dest", "webidentity");
    let accounts = browser.gets("fedcm/accounts/").await;
    assert!(accounts.header("access-control-allow-origin").is_empty());
    assert_eq!(accounts.header("cache-control"), "no-store");
    let account = &json_of(&accounts)["accounts"][0];
    assert_eq!(account["id"], campus.asha.id.to_string());
    assert_eq!(account["name"], "Asha D’Souza");
    assert_eq!(account["given_name"], "Asha");
    assert_eq!(account["email"], "asha@campus.example");
    assert_eq!(account["approved_clients"], json!([app.client_id]));
    let picture = account["picture"].as_str().unwrap();
    assert_eq!(campus.browser().gets(picture).await.status, 200);

    let visitor = campus.browser().sending("sec-fetch-dest", "webidentity");
    assert_eq!(
        error(&visitor.gets("fedcm/accounts/").await, 401),
        "access_denied"
    );
    for forged in [
        "",
        "x",
        "00.00",
        &format!("{}.{}", "0".repeat(64), "A".repeat(43)),
        "é",
        "\"",
    ] {
        let forger = visitor.sending("cookie", &format!("__Secure-fedcm={forged}"));
        assert_eq!(forger.gets("fedcm/accounts/").await.status, 401, "{forged}");
    }
}

#[tokio::test]
async fn cookies_of_sister_sites_do_not_hide_the_account_from_fedcm() {
    let (_campus, asha, _) = asha_and_mess_menu().await;
    let browser = asha.sending("sec-fetch-dest", "webidentity");
    for foreign in [&b"city=K\xc3\xb6ln"[..], b"city=K\xf6ln"] {
        let accounts = browser
            .with_foreign_cookies(foreign)
            .gets("fedcm/accounts/")
            .await;
        assert_eq!(accounts.status, 200, "{}", accounts.text());
    }
}

#[tokio::test]
async fn an_allowed_request_gives_a_code_and_a_new_one_the_consent_page() {
    let (campus, asha, mut request) = asha_and_mess_menu().await;
    let browser = for_a_page(&asha, MESS);
    let first = request.asks(&browser).await;
    assert_eq!(first.header("access-control-allow-origin"), MESS);
    assert_eq!(first.header("access-control-allow-credentials"), "true");
    let page = json_of(&first)["continue_on"].as_str().unwrap().to_owned();
    assert!(page.starts_with(&campus.at("oauth/authorize/?")), "{page}");
    let allowed = asha.visits(&page).await.presses("allow").await;
    let code = allowed
        .attributes("[data-dialog=resolve]", "data-token")
        .remove(0);
    super::exchanges_code_at(&request.app, &code, "https://mess.example/cb").await;

    let code = json_of(&request.asks(&browser).await)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let tokens = super::exchanges_code_at(&request.app, &code, "https://mess.example/cb").await;
    assert_eq!(tokens.scopes(), ["basic", "profile"]);
    request.params["response_mode"] = "query".into();
    let address = json_of(&request.asks(&browser).await)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        address.starts_with("https://mess.example/cb?code="),
        "{address}"
    );
    // More than was allowed before, or `force`: the consent page again.
    for (name, value) in [
        ("scope", "basic profile phone"),
        ("approval_prompt", "force"),
    ] {
        let before = request.params.clone();
        request.params[name] = value.into();
        let result = json_of(&request.asks(&browser).await);
        assert!(result["continue_on"].is_string(), "{name}: {result}");
        request.params = before;
    }
}

#[tokio::test]
async fn an_unverified_app_needs_consent_each_time() {
    let (campus, asha, mut request) = asha_and_mess_menu().await;
    request.app = campus
        .world
        .registers(&Registration {
            flags: &[],
            ..MESS_MENU
        })
        .await;
    let browser = for_a_page(&asha, MESS);
    for _ in 0..2 {
        let page = json_of(&request.asks(&browser).await)["continue_on"]
            .as_str()
            .unwrap()
            .to_owned();
        let form = asha.visits(&page).await;
        form.shows("Not verified");
        form.presses("allow").await;
    }
}

#[tokio::test]
async fn the_assertion_works_for_the_apps_own_origins_and_the_chosen_account_only() {
    let (campus, asha, mut request) = asha_and_mess_menu().await;
    campus.asha_has_allowed(&request.app, "basic profile").await;
    let browser = for_a_page(&asha, MESS);

    let page = asha.sending("origin", MESS);
    assert_eq!(error(&request.asks(&page).await, 400), "invalid_request");
    for other in [
        "https://evil.example",
        "https://mess.example.evil.example",
        "http://mess.example",
        "null",
        "https://mess.example:444",
    ] {
        let answer = request.asks(&for_a_page(&asha, other)).await;
        assert_eq!(error(&answer, 403), "invalid_request", "{other}");
        assert!(
            answer.header("access-control-allow-origin").is_empty(),
            "{other}"
        );
    }
    // The origin belongs to the app, but the redirect URI is on another origin.
    let hostel = for_a_page(&asha, "https://hostel.campus.example");
    assert_eq!(error(&request.asks(&hostel).await, 403), "invalid_request");

    let asha_number = std::mem::replace(&mut request.account, "4711".to_owned());
    assert_eq!(error(&request.asks(&browser).await, 403), "access_denied");
    request.account = asha_number;
    let visitor = for_a_page(&campus.browser(), MESS);
    let answer = request.asks(&visitor).await;
    assert_eq!(error(&answer, 401), "access_denied");
    assert_eq!(answer.header("set-login"), "logged-out");

    let known = request.app.clone();
    request.app = known.with_id("nobody");
    assert_eq!(error(&request.asks(&browser).await, 400), "invalid_request");
    request.app = known;
    for (params, expected) in [
        (
            json!({ "redirect_uri": "https://evil.example/cb", "response_type": "code" }),
            "unauthorized_client",
        ),
        (
            json!({ "redirect_uri": "https://mess.example/cb/", "response_type": "code" }),
            "unauthorized_client",
        ),
        (
            json!({ "redirect_uri": "https://mess.example/cb" }),
            "invalid_request",
        ),
        (
            json!({ "redirect_uri": "https://mess.example/cb", "response_type": "token" }),
            "unsupported_response_type",
        ),
        (
            json!({ "response_type": "code", "scope": "bogus" }),
            "invalid_scope",
        ),
        (
            json!({ "response_type": "code", "state": "a".repeat(5000) }),
            "invalid_request",
        ),
        (
            json!({ "response_type": "code", "code_challenge": "a" }),
            "invalid_request",
        ),
        (json!({ "response_type": ["code", 1] }), "invalid_request"),
        (json!(["code"]), "invalid_request"),
        (json!({ "state": "\0" }), "invalid_request"),
    ] {
        request.params = params.clone();
        assert_eq!(
            error(&request.asks(&browser).await, 403),
            expected,
            "{params}"
        );
    }
}

#[tokio::test]
async fn disconnecting_works_for_the_same_origins_and_ends_the_grant() {
    let (campus, asha, AssertionRequest { app, .. }) = asha_and_mess_menu().await;
    campus.asha_has_allowed(&app, "basic profile").await;
    let browser = for_a_page(&asha, MESS);
    let form = |hint: &'static str| {
        [
            ("client_id", app.client_id.clone()),
            ("account_hint", hint.to_owned()),
        ]
    };
    let sent = async |by: &Browser, hint| {
        let form = form(hint);
        let fields = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        by.posts("fedcm/disconnect/", &fields).await
    };
    let is_connected = async || {
        asha.visits(&campus.at("user/settings/"))
            .await
            .says("Mess Menu")
    };

    assert_eq!(
        error(&sent(&asha.sending("origin", MESS), "asha").await, 400),
        "invalid_request"
    );
    let evil = for_a_page(&asha, "https://evil.example");
    assert_eq!(error(&sent(&evil, "asha").await, 403), "invalid_request");
    for other in ["vikram", ""] {
        assert_eq!(error(&sent(&browser, other).await, 403), "access_denied");
    }
    let visitor = for_a_page(&campus.browser(), MESS);
    assert_eq!(error(&sent(&visitor, "asha").await, 401), "access_denied");
    assert!(is_connected().await);

    let done = sent(&browser, "asha@campus.example").await;
    assert_eq!(json_of(&done)["account_id"], campus.asha.id.to_string());
    assert_eq!(done.header("access-control-allow-origin"), MESS);
    assert!(!is_connected().await);
    // A repeated request is accepted.
    assert_eq!(sent(&browser, "asha").await.status, 200);
}

#[tokio::test]
async fn the_public_fedcm_files_do_not_depend_on_the_person() {
    let campus = Campus::opens().await;
    let browser = campus.browser();
    let config = json_of(&browser.gets("fedcm/config.json").await);
    for name in [
        "accounts_endpoint",
        "id_assertion_endpoint",
        "login_url",
        "client_metadata_endpoint",
        "disconnect_endpoint",
    ] {
        assert!(
            config[name].as_str().unwrap().starts_with(&campus.base),
            "{config}"
        );
    }
    let icon = config["branding"]["icons"][0]["url"].as_str().unwrap();
    assert_eq!(browser.gets(icon).await.header("content-type"), "image/png");
    // A page may load the script under an old prefix; the configuration is the same.
    assert_eq!(
        config,
        json_of(&browser.gets("sso/fedcm/config.json").await)
    );
    let app = campus.mess_menu().await;
    let known = browser
        .gets(&format!(
            "fedcm/client_metadata/?client_id={}",
            app.client_id
        ))
        .await;
    assert_eq!(json_of(&known), json!({}));
    let unknown = browser
        .gets("fedcm/client_metadata/?client_id=nobody")
        .await;
    assert_eq!(error(&unknown, 404), "invalid_request");
    let popup = browser.visits(&campus.at("fedcm/login/")).await;
    assert!(
        popup
            .url
            .as_str()
            .contains("/account/login/?next=%2Ffedcm%2Flogin%2F"),
        "{}",
        popup.url
    );
}

#[tokio::test]
async fn with_a_path_in_the_public_url_only_the_web_identity_file_is_outside_of_it() {
    let campus = Campus::opens_under("/profiles/").await;
    let asha = campus.browser();
    let entered = asha
        .signs_in(&campus.asha.username, &campus.asha.password)
        .await;
    let cookies = entered.set_cookies();
    let narrow = cookies.iter().find(|it| it.starts_with("__Secure-fedcm="));
    assert!(
        narrow.unwrap().contains("; Path=/profiles/fedcm/"),
        "{cookies:?}"
    );
    let known = json_of(&asha.gets("/.well-known/web-identity").await);
    let config = campus.at("fedcm/config.json");
    assert_eq!(known["provider_urls"], json!([config]));
    let config = json_of(&asha.gets("/sso/fedcm/config.json").await);
    let accounts = config["accounts_endpoint"].as_str().unwrap();
    assert_eq!(accounts, campus.at("fedcm/accounts/"));
    assert_eq!(known["accounts_endpoint"], accounts);
    let browser = asha.sending("sec-fetch-dest", "webidentity");
    assert_eq!(browser.gets(accounts).await.status, 200);
}

#[tokio::test]
async fn the_dialog_and_its_codes_end_with_a_credential_event() {
    let (campus, asha, mut request) = asha_and_mess_menu().await;
    let other = campus.browser();
    other
        .signs_in(&campus.asha.username, &campus.asha.password)
        .await;
    let browser = for_a_page(&asha, MESS);
    request.params["approval_prompt"] = "force".into();
    let continue_on = json_of(&request.asks(&browser).await)["continue_on"]
        .as_str()
        .unwrap()
        .to_owned();
    campus.asha_has_allowed(&request.app, "basic profile").await;
    request.params["approval_prompt"] = "auto".into();
    let code = json_of(&request.asks(&browser).await)["token"]
        .as_str()
        .unwrap()
        .to_owned();

    let sessions = asha.visits(&campus.at("user/sessions/")).await;
    sessions.presses("End all other sessions").await;

    // The page of the dialog is an ordinary one now: it gives the dialog no code.
    let page = asha.visits(&continue_on).await.presses("allow").await;
    assert!(!page.offers("[data-dialog=resolve]"), "{}", page.words());
    let answer = request
        .app
        .tries_to_exchange(&code, &[("redirect_uri", "https://mess.example/cb")])
        .await;
    answer.refuses(400, "invalid_grant");
    // The session is still known to the browser's dialog; the other one is not.
    assert!(json_of(&request.asks(&browser).await)["token"].is_string());
    assert_eq!(request.asks(&for_a_page(&other, MESS)).await.status, 401);
}

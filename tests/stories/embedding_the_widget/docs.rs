//! The documentation page of the login button.

use super::{Campus, MESS, PROFILES, clicks_the_button, code_at};
use crate::support::chromium::Chromium;

#[tokio::test]
async fn the_developer_picks_colours_and_copies_lines_that_work() {
    let campus = Campus::opens().await;
    let meera = campus.world.person("meera").await;
    let app = campus.mess_menu().await;
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    browser.visits(&campus.at("account/login/")).await;
    browser.signs_in(&meera.username, &meera.password).await;
    browser.visits(&campus.at("doc/widgets/")).await;
    browser.waits_for("#widget-live a").await;
    browser.looks_at("widget-docs").await;
    browser.can_be_used("widget-docs").await;

    let paints = "(() => { const input = document.querySelector('[name=button_div_bg_color]');
        input.value = '#ffee00'; input.dispatchEvent(new Event('input', { bubbles: true })) })()";
    browser.evaluates(paints).await;
    let colour = "getComputedStyle(document.querySelector('#widget-live a')).backgroundColor";
    assert_eq!(browser.evaluates(colour).await, "rgb(255, 238, 0)");
    browser.waits_for("#widget-contrast:not([hidden])").await;
    browser.clicks("[name=scope][value=phone]").await;
    let written = "new Promise(done => { const look = () => /'phone'/.test(document.querySelector('#widget-code').textContent)
        ? done(document.querySelector('#widget-code').textContent) : setTimeout(look, 20); look() })";
    let lines = browser.evaluates(written).await;
    let lines = lines.as_str().unwrap();
    assert!(lines.contains("button_div_bg_color: 'FFEE00'"), "{lines}");
    assert_eq!(browser.console_messages().await, Vec::<String>::new());

    // As copied, with values as the server writes them.
    let lines = lines.replace("'STATE'", "'a b&c=é'");
    let mess = campus.site(MESS).await;
    mess.shows(
        "/",
        &[],
        // The button's clock stands still, so that only the browser itself can refuse.
        &format!(
            "<!doctype html><link rel=icon href=data:,><script>Date.now = () => 0</script>{lines}"
        ),
    );
    let student = Chromium::opens_behind(&campus.tls_proxy, false).await;
    student.visits(&mess.at("/")).await;
    clicks_the_button(&student).await;
    student.waits_for("input[name=username]").await;
    student
        .signs_in(&campus.asha.username, &campus.asha.password)
        .await;
    student.follows("button[value=allow]").await;
    let tokens = app.exchanges_code(&code_at(&mess)).await;
    assert_eq!(tokens.scopes(), ["basic", "phone", "profile"]);
}

#[tokio::test]
async fn the_tag_with_the_integrity_hash_loads_only_the_unchanged_script() {
    let campus = Campus::opens().await;
    let docs = campus.browser().visits(&campus.at("doc/widgets/")).await;
    let tag = docs.code("#widget-sri").remove(0);
    assert!(tag.contains("integrity=\"sha384-"), "{tag}");
    let mess = campus.site(MESS).await;
    mess.shows("/", &[], &format!("<link rel=icon href=data:,>{tag}"));
    let spoilt = tag.replace("login-1.0.0.min.js", "login.js");
    mess.shows(
        "/spoilt",
        &[],
        &format!("<link rel=icon href=data:,>{spoilt}"),
    );

    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    browser.visits(&mess.at("/")).await;
    assert_eq!(browser.evaluates("typeof SSO_JS").await, "function");
    browser.visits(&mess.at("/spoilt")).await;
    assert_eq!(browser.evaluates("typeof SSO_JS").await, "undefined");
}

#[tokio::test]
async fn the_documented_web_identity_file_is_the_one_served() {
    let campus = Campus::opens().await;
    let browser = campus.browser();
    let docs = browser.visits(&campus.at("doc/widgets/")).await;
    let shown: serde_json::Value =
        serde_json::from_str(&docs.code("#widget-well-known").remove(0)).unwrap();
    let answered = browser.gets(&campus.at(".well-known/web-identity")).await;
    assert_eq!(answered.header("content-type"), "application/json");
    let answered: serde_json::Value = serde_json::from_str(&answered.text()).unwrap();
    assert_eq!(shown, answered);
    let config = format!("https://{PROFILES}/fedcm/config.json");
    assert_eq!(shown["provider_urls"], serde_json::json!([config]));
}

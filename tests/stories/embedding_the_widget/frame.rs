//! The widget's frame on pages of the campus' own domain: it shows the signed-in person, and the page cannot read it
//! (K79, K80).

use serde_json::json;

use super::{
    Campus, HOSTEL, MESS, PROFILES, SHOWN, TO_HOSTEL, button, code_at, exchange_code, page,
    page_at_once,
};
use crate::support::chromium::Chromium;
use crate::support::wait::becomes_true;

/// Set before the button is: records which messages the page gets, and from which origin.
const LISTENS: &str =
    "heard = []; addEventListener('message', it => heard.push(it.origin + ' ' + it.data));";

#[tokio::test]
async fn the_frame_shows_who_would_sign_in_and_the_page_cannot_read_it() {
    let campus = Campus::opens().await;
    let (app, hostel) = (campus.mess_menu().await, campus.site(HOSTEL).await);
    hostel.shows(
        "/",
        &[],
        &page_at_once(&format!("{LISTENS}{}", button(&app, TO_HOSTEL))),
    );
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    let seen = "JSON.stringify([heard, document.querySelector('#sso-root').innerHTML.replace(/state=[^&]*/, ''),
        ...['#sso-root', '#sso-root > span', '#sso-root iframe'].map(it => document.querySelector(it).getBoundingClientRect())])";

    browser.visits(&hostel.at("/")).await;
    browser.waits_for(SHOWN).await;
    let as_a_stranger = browser.evaluates(seen).await;
    assert_eq!(browser.words_in_frame().await, "Login with SSO");
    browser.looks_at("widget-campus-stranger").await;

    campus.asha_signs_in(&browser).await;
    browser.visits(&hostel.at("/")).await;
    browser.waits_for(SHOWN).await;
    let as_asha = browser.evaluates(seen).await;
    assert_eq!(
        browser.words_in_frame().await,
        "Continue as Asha\nLogin as other user"
    );
    browser.looks_at("widget-campus-asha").await;
    browser.can_be_used("widget-campus").await;

    assert_eq!(as_a_stranger, as_asha);
    let messages = browser.evaluates("heard").await;
    assert_eq!(
        messages,
        json!([format!("https://{PROFILES} sso-iframe://70:200")])
    );

    browser.enters_frame("#sso-root iframe").await;
    browser.clicks("a.login").await;
    browser.leaves_frame().await;
    browser.waits_for("button[value=allow]").await;
    browser.follows("button[value=allow]").await;
    exchange_code(&app, &code_at(&hostel), &hostel).await;
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

#[tokio::test]
async fn another_person_can_sign_in_instead() {
    let campus = Campus::opens().await;
    let (app, hostel) = (campus.mess_menu().await, campus.site(HOSTEL).await);
    // On a dark page the frame has no white background.
    let dark =
        "<meta name=color-scheme content=dark><style>body { background: #112 }</style><main>";
    let colours = "colors: { button_div_bg_color: 'c5cae9', button_anchor_color: '112', logout_anchor_color: 'bbc' }";
    let drawn = button(&app, TO_HOSTEL).replace("} }).init", &format!("}}, {colours} }}).init"));
    hostel.shows("/", &[], &page_at_once(&drawn).replace("<main>", dark));
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    campus.asha_signs_in(&browser).await;
    browser.visits(&hostel.at("/")).await;
    browser.waits_for(SHOWN).await;
    browser.looks_at("widget-campus-dark").await;
    browser.enters_frame("#sso-root iframe").await;
    browser.clicks("a.other").await;
    browser.leaves_frame().await;
    browser.waits_for("form.choices").await;
    assert!(browser.words().await.contains("You are signed in as Asha"));
    browser.follows("form.choices button").await;
    let vikram = campus.world.person("vikram").await;
    browser.signs_in(&vikram.username, &vikram.password).await;
    assert!(browser.words().await.contains("Not Vikram Rao (vikram)?"));
}

/// A page that does not belong to the app, and messages from other origins.
#[tokio::test]
async fn only_the_apps_own_pages_get_the_frame_and_only_the_script_can_show_it() {
    let campus = Campus::opens().await;
    let (app, hostel) = (campus.mess_menu().await, campus.site(HOSTEL).await);
    // Sent by the page itself and by a frame of its own: the widget's own message, and others.
    let spoof = "for (const data of ['sso-iframe://70:200', 'sso-iframe://9999:9999', {}, null, '<img onerror=1>'])
        { postMessage(data, '*'); const frame = document.body.appendChild(document.createElement('iframe'));
          frame.srcdoc = `<script>parent.postMessage(${JSON.stringify(data)}, '*')<\\/script>`; };";
    let state =
        "JSON.stringify([document.querySelectorAll('#sso-root iframe, #sso-root [inert]').length,
        document.querySelector('#sso-root > span').getBoundingClientRect().height])";
    let drawn = button(&app, TO_HOSTEL);
    let (other, own) = (campus.site("other.campus.example").await, hostel);
    other.shows("/", &[], &page(&format!("{LISTENS}{drawn};{spoof}")));
    let without = drawn.replace("state:", "frame: 'off', state:");
    own.shows("/", &[], &page(&format!("{LISTENS}{without};{spoof}")));

    let browser = Chromium::opens_behind(&campus.tls_proxy, true).await;
    campus.asha_signs_in(&browser).await;
    for site in [other, own] {
        browser.visits(&site.at("/")).await;
        let are_all = async || browser.evaluates("heard.length").await == 10;
        assert!(
            becomes_true(are_all).await,
            "{}",
            browser.evaluates("heard").await
        );
        assert!(becomes_true(async || browser.evaluates(state).await == "[0,70]").await);
        let received = browser.evaluates("heard.join()").await;
        assert!(!received.as_str().unwrap().contains(PROFILES), "{received}");
        assert!(browser.words().await.contains("Login with SSO"));
    }
    let messages = browser.console_messages().await;
    assert!(
        messages.iter().all(|it| it.contains("frame-ancestors")) && !messages.is_empty(),
        "{messages:?}"
    );
}

/// K80.
#[tokio::test]
async fn k80_the_frames_page_is_for_the_apps_origins_and_accepts_any_query() {
    let campus = Campus::opens().await;
    let app = campus.mess_menu().await;
    let browser = campus.browser();
    let own = format!("widget/login/?client_id={}", app.client_id);
    for prefix in ["", "profiles/", "sso/"] {
        let page = browser.gets(&format!("{prefix}{own}")).await;
        page.shows("Login with SSO");
        let policy = page.header("content-security-policy");
        let home = "frame-ancestors https://hostel.campus.example https://mess.example";
        assert!(policy.ends_with(home), "{policy}");
        assert_eq!(page.header("x-frame-options"), "");
    }
    for visitor in ["widget/login/", "widget/login/?client_id=nobody"] {
        let page = browser.gets(visitor).await;
        page.shows("Login with SSO");
        assert!(
            page.header("content-security-policy")
                .ends_with("frame-ancestors 'none'")
        );
        assert_eq!(page.header("x-frame-options"), "DENY");
    }

    let evil = "%22%3E%3Cscript%3Epwned%3C/script%3E%0D%0A%27%3Bx";
    for name in [
        "client_id",
        "scope",
        "redirect_uri",
        "state",
        "response_type",
        "new_window",
        "origin",
        "button_div_bg_color",
        "button_anchor_color",
        "logout_anchor_color",
        "code_challenge",
        "bogus",
    ] {
        let page = browser.gets(&format!("{own}&{name}={evil}")).await;
        page.shows("Login with SSO");
        assert!(!page.text().contains("<script>"), "{name}: {}", page.text());
        assert!(!page.text().contains("pwned</"), "{name}: {}", page.text());
        assert!(
            !page.header("content-security-policy").contains("pwned"),
            "{name}"
        );
        let links = page.attributes("a", "href");
        assert!(
            links.iter().all(|it| it.starts_with("/oauth/authorize/?")),
            "{links:?}"
        );
    }
    let twice = browser
        .gets(&format!("{own}&state=%00&%FF=%FF&state=2&&&="))
        .await;
    twice.shows("Login with SSO");
    let page = browser
        .gets(&format!("{own}&state=a%26b%23c%2Bd&scope=basic+ldap"))
        .await;
    let link = url::Url::parse(&campus.at(""))
        .unwrap()
        .join(&page.attributes("a.login", "href")[0])
        .unwrap();
    let state = crate::support::parameter(link.as_str(), "state");
    assert_eq!(state.as_deref(), Some("a&b#c+d"));
    // The frame sends messages only to a page of the app.
    assert!(!page.offers("[data-origin]") && !page.offers("script"));
    let result = browser.gets(&format!("{own}&origin=https://{MESS}")).await;
    assert_eq!(
        result.attributes("body", "data-origin"),
        [format!("https://{MESS}")]
    );
    // The frame does not read the browser's FedCM state unless the script asks from another site.
    let elsewhere = browser.sending("sec-fetch-site", "cross-site");
    let asks = format!("{own}&origin=https://{MESS}&fedcm=true");
    let foreign = elsewhere.gets(&asks).await;
    assert_eq!(
        foreign.attributes("body", "data-client"),
        [app.client_id.as_str()]
    );
    assert_eq!(
        foreign.attributes("body", "data-chooser"),
        [campus.at("fedcm/config.json")]
    );
    let policy = foreign.header("content-security-policy");
    assert!(policy.contains("connect-src 'self';"), "{policy}");
    let near = browser.sending("sec-fetch-site", "same-site");
    let not_at_home = format!("{own}&origin=https://evil.example&fedcm=true");
    for page in [
        near.gets(&asks).await,
        elsewhere.gets(&asks.replace("true", "false")).await,
        elsewhere.gets(&not_at_home).await,
    ] {
        assert!(!page.offers("[data-chooser]"), "{}", page.text());
        let policy = page.header("content-security-policy");
        assert!(policy.contains("connect-src 'none';"), "{policy}");
    }
    for other in [
        "https://mess.example.evil",
        "*",
        "null",
        "https://mess.example/",
        "http://mess.example",
    ] {
        assert!(
            !browser
                .gets(&format!("{own}&origin={other}"))
                .await
                .offers("[data-origin]"),
            "{other}"
        );
    }
}

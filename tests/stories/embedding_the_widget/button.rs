//! The login button itself: a link that works on any page.

use serde_json::json;

use super::{Campus, MESS, PROFILES, TO_MESS, button, clicks_the_button, code_at, page, page_with};
use crate::support::chromium::Chromium;
use crate::support::parameter;

const LINK: &str = "document.querySelector('#sso-root a').href";

/// jQuery of 2015, as npm installed it.
fn jquery() -> String {
    let file = "tests/clients/node/node_modules/jquery/dist/jquery.js";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path)
        .unwrap_or_else(|problem| panic!("{file}: {problem}: run script/setup test"))
}

#[tokio::test]
async fn the_button_leads_to_a_code_that_can_be_exchanged() {
    let campus = Campus::opens().await;
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    mess.shows("/", &[], &page(&button(&app, "fedcm: 'off'")));

    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    browser.visits(&mess.at("/")).await;
    browser.looks_at("widget-elsewhere").await;
    browser.can_be_used("widget-elsewhere").await;
    // By keyboard alone, with a visible focus.
    browser.tabs_to("#sso-root a").await;
    browser.tabs_to("#sso-root a[data-other]").await;
    browser.follows("#sso-root a").await;
    let asha = &campus.asha;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.follows("button[value=allow]").await;

    app.exchanges_code(&code_at(&mess)).await;
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

/// K78: both files, under every prefix.
#[tokio::test]
async fn the_link_escapes_every_parameter() {
    let campus = Campus::opens().await;
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    // The script's frame is the first frame of the page.
    let globals = "Object.keys(window).filter(it => it !== '0').sort().join()";

    for (number, prefix) in ["", "profiles/", "sso/"].into_iter().enumerate() {
        for file in ["login.js", "login.min.js", "login-1.0.0.min.js"] {
            let at = format!("/{number}-{file}");
            let script = format!("{prefix}static/widget/js/{file}");
            mess.shows(&at, &[], &page_with(&button(&app, TO_MESS), &script));
            browser.visits(&mess.at(&at)).await;
            let link = browser.evaluates(LINK).await;
            let link = link.as_str().unwrap();
            let start = format!("https://{PROFILES}/{prefix}oauth/authorize/?");
            assert!(link.starts_with(&start), "{link}");
            assert!(link.contains("scope=basic%20profile"), "{link}");
            assert!(link.contains("state=a%20b%26c%3D%C3%A9"), "{link}");
            let link_parameter = |name| parameter(link, name).unwrap();
            assert_eq!(link_parameter("client_id"), app.client_id);
            assert_eq!(link_parameter("redirect_uri"), "https://mess.example/cb");
            assert_eq!(link_parameter("response_type"), "code");
        }
    }
    let with = browser.evaluates(globals).await;
    mess.shows("/bare", &[], "<!doctype html><title>Bare</title>");
    browser.visits(&mess.at("/bare")).await;
    let without = browser.evaluates(globals).await;
    let more: Vec<_> = with.as_str().unwrap().split(',').collect();
    let before: Vec<_> = without.as_str().unwrap().split(',').collect();
    let added: Vec<_> = more.iter().filter(|it| !before.contains(it)).collect();
    assert_eq!(added, [&"SSO_JS", &"sso_root"]);
}

/// The lines of the old documentation, verbatim except for the host and the app's own id and redirect URI.
#[tokio::test]
async fn k78_a_page_with_the_old_lines_still_works() {
    let campus = Campus::opens().await;
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    let script = format!(
        r#"<script src="https://{PROFILES}/profiles/static/widget/js/login.min.js" type="application/javascript"></script>"#
    );
    let snippet = r#"
    <script type="application/javascript">

        new SSO_JS({
            config: {
                client_id: 'your-long-client-id',   // Compulsory
                scope: ['basic', 'profile'],    // Optional. Default is  ['basic']
                state: '', // Optional. Default None
                response_type: 'code',  // Optional. Default is 'code'
                redirect_uri: 'uri-for-redirection',    //Optional
                sso_root: document.getElementById('sso-root'),
                /* Optional
                 document.getElementById don't work if your element is not in light DOM. In that case you need to
                 provide selector here. In most of the cases this will work.
                 */
            },
            colors: { // All Optional
                button_div_bg_color: '303F9F', // Background color of button
                button_anchor_color: 'FFFFFF', // Font color of Button
                logout_anchor_color: '727272', // Font color of logout mark (The one with 'Login as other user'
            },
        }).init();

    </script>"#
        .replace("your-long-client-id", &app.client_id)
        .replace("uri-for-redirection", "https://mess.example/cb");
    let root = r#"<div id="sso-root"></div>"#;
    let seed = format!("<!doctype html><link rel=icon href=data:,>{script}{root}{snippet}");
    // As pages of 2015 do it: all scripts in the head, jQuery around the call, and an old name for `init`.
    let jquery_round = format!(
        r#"<!doctype html><html><head><title>2015</title><link rel="icon" href="data:,">
        <script>Date.now = function () {{ return 0 }}</script>
        <script src="/jquery.js"></script>{script}<script>
        var button = new SSO_JS({{config: {{client_id: '{}', state: '', new_window: 'false', redirect_uri: 'https://mess.example/cb'}}}});
        $(document).ready(function () {{ button.config.sso_root = $('#sso-root'); button.render(); button.init(); }});
        $(function () {{ $('a').addClass('fancy').css('color', 'red'); }});
        </script></head><body><div id="sso-root">Loading</div></body></html>"#,
        app.client_id
    );
    let head = format!(
        "<!doctype html><link rel=icon href=data:,>{script}<script>new SSO_JS({{config: {{client_id: '{}', \
         sso_root: document.getElementById('sso-root')}}}}).init()</script>{root}",
        app.client_id
    );
    let plain = ["content-type: text/javascript"];
    mess.shows("/jquery.js", &plain, &jquery());
    mess.shows("/seed", &[], &seed);
    mess.shows("/2015", &[], &jquery_round);
    mess.shows("/head", &[], &head);

    let browser = Chromium::opens_behind(&campus.tls_proxy, true).await;
    for old in ["/seed", "/2015", "/head"] {
        browser.visits(&mess.at(old)).await;
        browser.waits_for("#sso-root a").await;
        let many = "document.querySelectorAll('#sso-root a').length";
        assert_eq!(browser.evaluates(many).await, 2, "{old}");
        let link = browser.evaluates(LINK).await;
        assert_eq!(parameter(link.as_str().unwrap(), "state"), None, "{old}");
    }
    browser.visits(&mess.at("/2015")).await;
    let colour = "getComputedStyle(document.querySelector('#sso-root a')).color";
    assert_eq!(browser.evaluates(colour).await, "rgb(255, 255, 255)");
    clicks_the_button(&browser).await;
    browser.waits_for("input[name=username]").await;
    let asha = &campus.asha;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.follows("button[value=allow]").await;
    let back = &mess.visits("/cb")[0];
    let code = parameter(back.as_str(), "code").unwrap();
    app.exchanges_code(&code).await;
    // The page has no web-identity file for its domain, so the browser reports an error about it.
    let messages = browser.console_messages().await;
    assert!(
        messages.iter().all(|it| it.contains("well-known")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn the_button_works_under_a_strict_content_security_policy() {
    let campus = Campus::opens().await;
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    let policy = format!(
        "content-security-policy: default-src 'none'; img-src data:; script-src https://{PROFILES} 'self'; \
         require-trusted-types-for 'script'"
    );
    let isolated = "cross-origin-embedder-policy: require-corp";
    let text = page("").replace("<script></script>", "<script src=/own.js></script>");
    let text = text.replace("<script src=", "<script crossorigin=anonymous src=");
    mess.shows("/", &[&policy, isolated], &text);
    let plain = [
        "content-type: text/javascript",
        "access-control-allow-origin: *",
    ];
    mess.shows("/own.js", &plain, &button(&app, ""));

    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    browser.visits(&mess.at("/")).await;
    browser.waits_for("#sso-root a").await;
    let background = "getComputedStyle(document.querySelector('#sso-root a')).backgroundColor";
    assert_eq!(browser.evaluates(background).await, "rgb(48, 63, 159)");
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

/// Every configuration key, with HTML, script and URL injections.
#[tokio::test]
async fn hostile_configuration_injects_nothing() {
    let campus = Campus::opens().await;
    let mess = campus.site(MESS).await;
    mess.shows("/", &[], &page(""));
    let browser = Chromium::opens_behind(&campus.tls_proxy, false).await;
    browser.visits(&mess.at("/")).await;

    let payloads = [
        "\"><img src=x onerror=pwned=1>",
        "javascript:pwned=1",
        "'-(pwned=1)-'",
        "</script><script>pwned=1</script>",
        "&client_id=evil#&redirect_uri=//evil.example",
        "\u{0}\r\nSet-Cookie: a=b",
        "\\u202e${pwned=1}",
        "fff;background:url(//evil.example)",
        "#sso-root,body",
        "__proto__",
    ];
    let keys = [
        "client_id",
        "scope",
        "state",
        "response_type",
        "redirect_uri",
        "sso_root",
        "new_window",
        "fedcm",
        "frame",
        "code_challenge",
        "code_challenge_method",
        "button_div_bg_color",
        "button_anchor_color",
        "logout_anchor_color",
        "__proto__",
        "toString",
    ];
    for key in keys {
        for payload in payloads {
            let expression = format!(
                "(() => {{
                    const set = {{ [{key}]: {payload} }}, config = {{ client_id: 'a', ...set }};
                    try {{ new SSO_JS({{ config, colors: /color/.test({key}) ? set : {{}} }}).init() }} catch (problem) {{
                        if (!/must be 3 or 6|No element is the sso_root/.test(problem)) return String(problem);
                    }}
                    return [...document.querySelectorAll('#sso-root *, #sso-root > span')]
                        .map(it => `${{it.localName}} ${{it.href ? new URL(it.href).origin : ''}}`).join();
                }})()",
                key = json!(key),
                payload = json!(payload)
            );
            let drawn = browser.evaluates(&expression).await;
            let links = format!("span ,a https://{PROFILES},a https://{PROFILES}");
            assert!(drawn == links || drawn == "", "{key} {payload:?}: {drawn}");
        }
    }
    assert_eq!(browser.evaluates("typeof pwned").await, "undefined");
    // Values that are not strings.
    for odd in [
        "{}",
        "[]",
        "1",
        "null",
        "true",
        "() => 1",
        "document.body",
        "'\\ud800'",
        "Symbol()",
        "[[['a']]]",
    ] {
        let expression = format!(
            "[...Object.keys(new SSO_JS({{}}).config), 'state', 'scope', 'redirect_uri'].map(key => \
             new SSO_JS({{ config: {{ client_id: 'a', [key]: {odd} }} }}).init()).length"
        );
        assert_eq!(browser.evaluates(&expression).await, 3, "{odd}");
    }
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

#[tokio::test]
async fn without_scripts_the_link_in_the_snippet_works() {
    let campus = Campus::opens().await;
    let meera = campus.world.person("meera").await;
    campus.mess_menu().await;
    let browser = campus.browser();
    browser.signs_in(&meera.username, &meera.password).await;
    let docs = browser.visits(&campus.at("doc/widgets/")).await;
    let lines = docs.code("#widget-code").remove(0);

    let asha = campus.browser();
    let (_, rest) = lines.split_once("<noscript><a href=\"").unwrap();
    let (link, _) = rest.split_once('"').unwrap();
    let form = asha.visits(&link.replace("&amp;", "&")).await;
    let form = form
        .signs_in(&campus.asha.username, &campus.asha.password)
        .await;
    form.shows("Mess Menu would like to know");
}

#[tokio::test]
async fn k78_pages_of_any_origin_can_load_the_script() {
    let campus = Campus::opens().await;
    let browser = campus.browser();
    for prefix in ["", "profiles/", "sso/"] {
        for file in ["login.js", "login.min.js"] {
            let script = browser
                .gets(&format!("{prefix}static/widget/js/{file}"))
                .await;
            assert_eq!(script.status, 200);
            assert_eq!(
                script.header("content-type"),
                "text/javascript; charset=utf-8"
            );
            assert_eq!(script.header("access-control-allow-origin"), "*");
            assert_eq!(
                script.header("cross-origin-resource-policy"),
                "cross-origin"
            );
            assert_eq!(script.header("cache-control"), "public, max-age=3600");
            assert!(script.bytes().len() < 10 * 1024);
            let known = browser.sending("if-none-match", script.header("etag"));
            let again = known
                .gets(&format!("{prefix}static/widget/js/{file}"))
                .await;
            assert_eq!((again.status.as_u16(), again.bytes().len()), (304, 0));
        }
    }
    let release = browser.gets("static/widget/js/login-1.0.0.min.js").await;
    assert!(release.header("cache-control").contains("immutable"));
    for other in ["login.test.mjs", "nothing.js", "..%2Flogin.js"] {
        browser
            .gets(&format!("static/widget/js/{other}"))
            .await
            .refuses(404);
    }
}

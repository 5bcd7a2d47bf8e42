//! Pages and headers: who may open a page, whether it may be cached, and how texts are escaped.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::support::campus::Registration;
use crate::support::{Answer, Browser, World, asha_uses_the_canteen};

const SCRIPT: &str = "<script>alert(1)</script>";

/// The addresses of the apps on the person's list.
async fn apps_of(browser: &Browser) -> BTreeSet<String> {
    let list = browser.visits("oauth/applications/").await;
    let links = list
        .attributes("main a[href*='/oauth/applications/']", "href")
        .into_iter();
    let paths = links.map(|link| list.url.join(&link).unwrap().path().to_owned());
    paths
        .filter(|path| path.matches('/').count() == 4 && !path.contains("register"))
        .collect()
}

#[tokio::test]
async fn people_see_and_change_their_own_apps_only() {
    let world = World::new().await;
    let (meera, wasim) = (world.student("meera").await, world.student("wasim").await);
    let hers = apps_of(&meera).await;
    assert_eq!(hers.len(), 4, "{hers:?}");
    assert!(apps_of(&wasim).await.is_empty());
    let his_form = wasim.visits("oauth/applications/register/").await;
    let token = his_form.attributes("input[name=csrf_token]", "value")[0].clone();

    for path in hers {
        for page in [
            path.clone(),
            format!("{path}update/"),
            format!("{path}delete/"),
        ] {
            let (seen, nowhere) = (
                wasim.gets(&page).await,
                wasim.gets("oauth/applications/nowhere/").await,
            );
            assert_eq!(
                (seen.status.as_u16(), nowhere.status.as_u16()),
                (404, 404),
                "{page}"
            );
            assert!(
                !seen.says("Canteen") && !seen.says("Library"),
                "{}",
                seen.words()
            );

            let fields = [
                ("csrf_token", token.as_str()),
                ("name", "Taken"),
                ("redirect_uris", "https://evil.example/cb"),
            ];
            let posted = wasim.posts(&page, &fields).await;
            assert!(
                [404, 405].contains(&posted.status.as_u16()),
                "{page}: {}",
                posted.status
            );
        }
        assert_eq!(meera.visits(&path).await.status, 200, "{path}");
    }
    assert!(!meera.visits("oauth/applications/").await.says("Taken"));
}

#[tokio::test]
async fn texts_of_developers_are_escaped() {
    let world = World::new().await;
    let noisy = world
        .registers(&Registration {
            owner: "meera",
            name: "Noisy <b>app</b>\"'",
            description: SCRIPT,
            redirect_uris: &["https://noisy.example/cb"],
            flags: &[],
        })
        .await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    world.connects(&asha, &noisy, "basic").await;
    let list = apps_of(&meera).await;

    let mut pages = vec![
        asha.visits(&noisy.login_link("basic")).await,
        asha.visits("user/settings/").await,
        meera.visits("oauth/applications/").await,
    ];
    for path in list {
        pages.push(meera.visits(&path).await);
    }

    assert!(
        pages[0].says("Noisy <b>app</b>\"'") && pages[0].says(SCRIPT),
        "{}",
        pages[0].words()
    );
    for page in pages {
        assert!(
            !page.text().contains(SCRIPT) && !page.text().contains("<b>app"),
            "{}: {}",
            page.url,
            page.text()
        );
    }
}

#[tokio::test]
async fn script_urls_cannot_be_registered() {
    let world = World::new().await;
    let meera = world.student("meera").await;

    for (name, link) in [
        ("website", "javascript:alert(1)"),
        ("privacy_policy", "data:text/html,hello"),
        ("website", "ftp://x.example"),
    ] {
        let form = meera.visits("oauth/applications/register/").await;
        let answer = form
            .fills("name", "Runner")
            .fills("description", "Runs")
            .fills("redirect_uris", "https://runner.example/cb")
            .fills(name, link)
            .enters("redirect_uris")
            .await;
        assert_eq!(answer.url.path(), "/oauth/applications/register/", "{link}");
    }
    assert!(!meera.visits("oauth/applications/").await.says("Runner"));
}

#[tokio::test]
async fn a_developer_cannot_verify_an_app() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let form = meera.visits("oauth/applications/register/").await;
    let mut sent = form
        .clone()
        .fills("name", "Eager")
        .fills("description", "Verifies itself")
        .fills("redirect_uris", "https://eager.example/cb")
        .would_enter("redirect_uris");
    for (name, value) in [
        ("is_verified", "true"),
        ("verified", "on"),
        ("standing", "verified"),
        ("owner", "1"),
        ("client_id", "chosen"),
    ] {
        sent.parts.push((
            name.to_owned(),
            crate::support::form::Part::Text(value.to_owned()),
        ));
    }

    form.sends(sent).await;

    let confirmation = asha
        .gets("oauth/authorize/?client_id=chosen&response_type=code")
        .await;
    assert_eq!(confirmation.status, 400);
    let mut text = String::new();
    for path in apps_of(&meera).await {
        let page = meera.visits(&path).await;
        if page.says("Eager") {
            text = page.words().to_lowercase();
        }
    }
    assert!(
        text.contains("not verified") || text.contains("unverified"),
        "{text}"
    );
}

#[tokio::test]
async fn no_address_is_built_from_the_host_header() {
    let (world, _asha, canteen, _) = asha_uses_the_canteen().await;
    let evil = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
    ];

    for (name, value) in evil {
        for address in [
            ".well-known/oauth-authorization-server",
            "oauth/authorize/?client_id=x",
            "account/login/",
            "user/",
            "api/openapi.json",
        ] {
            let answer =
                Answer::to(canteen.request(Method::GET, address).header(name, value)).await;
            assert!(
                !answer.text().contains("evil.example"),
                "{name} at {address}: {}",
                answer.text()
            );
            assert!(
                !answer.header("location").contains("evil.example"),
                "{name} at {address}"
            );
        }
    }
    let metadata =
        Answer::to(canteen.request(Method::GET, ".well-known/oauth-authorization-server")).await;
    assert_eq!(metadata.good()["issuer"], world.base.trim_end_matches('/'));
}

#[tokio::test]
async fn personal_pages_are_not_cached() {
    let (world, asha, canteen, pair) = asha_uses_the_canteen().await;
    let read = canteen.reads(&pair.access, "fields=first_name").await;
    let refused = canteen.reads("unknown", "").await;

    for page in [
        asha.visits(
            &canteen.authorize_url(&[("scope", "basic profile"), ("approval_prompt", "force")]),
        )
        .await,
        asha.visits("user/settings/").await,
        asha.visits("user/").await,
        world.visitor().visits("account/login/").await,
    ] {
        assert!(
            page.header("cache-control").contains("no-store"),
            "{}: {:?}",
            page.url,
            page.headers
        );
    }
    for answer in [read, refused] {
        assert!(
            answer.header("cache-control").contains("no-store"),
            "{:?}",
            answer.headers
        );
    }
}

#[tokio::test]
async fn every_personal_page_requires_a_session() {
    let world = World::new().await;

    for path in [
        "user/",
        "user/settings/",
        "oauth/applications/",
        "oauth/applications/register/",
    ] {
        let sent = world.visitor().gets(path).await;
        let login = sent.location();
        assert_eq!(
            (sent.status.as_u16(), login.path()),
            (302, "/account/login/"),
            "{path}"
        );
        let next = crate::support::parameter(login.as_str(), "next");
        assert_eq!(next.as_deref(), Some(format!("/{path}").as_str()));
    }
}

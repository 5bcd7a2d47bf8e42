//! Attacks on sign-in: guessing, password spraying, session fixation, cookies.

use std::time::{Duration as RealTime, Instant};

use time::Duration;

use crate::support::{App, Browser, Page, World};

/// The page without what differs by design: the CSRF token and the typed name.
fn without_accidents(page: &Page, username: &str) -> String {
    let token = page.attributes("input[name=csrf_token]", "value");
    token
        .iter()
        .fold(page.text(), |text, token| text.replace(token.as_str(), ""))
        .replace(username, "")
}

fn is_in(page: &Page) -> bool {
    !page.url.path().contains("/account/login")
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.gets("oauth/applications/").await.status == 200
}

#[tokio::test]
async fn the_second_of_two_sign_in_tabs_goes_on_to_where_its_form_led() {
    let world = World::new().await;
    let asha = world.person("asha").await;
    let browser = world.visitor();
    let first = browser.visits("account/login/?next=/user/sessions/").await;
    let second = browser.visits("account/login/?next=/user/receipts/").await;
    assert!(is_in(&first.signs_in(&asha.username, &asha.password).await));
    let session = browser.session();

    let page = second.signs_in(&asha.username, &asha.password).await;

    assert!(page.url.path().ends_with("/user/receipts/"), "{}", page.url);
    assert_eq!(browser.session(), session);
}

#[tokio::test]
async fn a_sign_in_form_without_its_cookies_comes_back_with_what_was_typed() {
    let world = World::new().await;
    let asha = world.person("asha").await;
    let form = world
        .visitor()
        .visits("account/login/?next=/user/receipts/")
        .await;
    let without_cookies = world.visitor();
    let token = form.attributes("input[name=csrf_token]", "value").remove(0);
    let fields = [
        ("username", asha.username.as_str()),
        ("password", asha.password.as_str()),
        ("csrf_token", token.as_str()),
        ("next", "/user/receipts/"),
    ];

    let again = without_cookies.posts("account/login/", &fields).await;

    assert!(again.refuses(403).says("This page was out of date"));
    assert!(!again.text().contains(&asha.password));
    let username = again.attributes("input[name=username]", "value");
    assert_eq!(username, [asha.username.as_str()]);
    assert!(!is_signed_in(&without_cookies).await);
    let page = again.signs_in(&asha.username, &asha.password).await;
    assert!(page.url.path().ends_with("/user/receipts/"), "{}", page.url);
}

#[tokio::test]
async fn the_sign_in_page_says_if_an_app_is_not_verified() {
    let world = World::new().await;
    let (canteen, lost) = (world.canteen(), world.lost_and_found());
    let sign_in = async |app: &App| world.visitor().visits(&app.login_link("basic")).await;

    let verified = sign_in(&canteen).await;
    let unverified = sign_in(&lost).await;

    verified.shows("to continue to Canteen");
    assert!(!verified.says("not verified"));
    unverified.shows("to continue to “Lost and Found”");
    unverified.shows("an app that is not verified");
}

#[tokio::test]
async fn a_form_of_another_site_signs_nobody_in() {
    let world = World::new().await;
    let asha = world.person("asha").await;
    let browser = world.visitor();
    let fields = [
        ("username", asha.username.as_str()),
        ("password", asha.password.as_str()),
        ("csrf_token", "guess"),
        ("next", "https://evil.example/"),
    ];
    let page = browser.posts("account/login/", &fields).await;
    page.refuses(403);
    assert!(!is_signed_in(&browser).await);
    assert!(!page.text().contains("evil.example"));
}

#[tokio::test]
async fn sign_in_does_not_reveal_which_usernames_exist() {
    let world = World::new().await;

    let wrong = world.visitor().signs_in("asha", "not her password").await;
    let unknown = world.visitor().signs_in("nobody", "not her password").await;

    assert_eq!(wrong.status, unknown.status);
    assert_eq!(
        without_accidents(&wrong, "asha"),
        without_accidents(&unknown, "nobody")
    );
    let names = |page: &Page| {
        page.headers
            .keys()
            .map(|name| name.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&wrong), names(&unknown));
    assert!(!is_in(&wrong));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_timing_does_not_reveal_which_usernames_exist() {
    let world = World::new().await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());

    for turn in 0..12 {
        // Each from its own address and for another name, so that no rate limit applies.
        for (times, name) in [
            (
                &mut known,
                ["asha", "vikram", "wasim", "meera"][turn % 4].to_owned(),
            ),
            (&mut unknown, format!("nobody{turn}")),
        ] {
            let form = world.visitor().visits("account/login/").await;
            let form = form
                .fills("username", &name)
                .fills("password", "not the password");
            let submission = form.would_enter("password");
            let started = Instant::now();
            form.sends(submission).await;
            times.push(started.elapsed());
        }
    }

    // The minimum: the work alone, without the load of the machine.
    let least = |times: &[RealTime]| times.iter().min().unwrap().as_secs_f64();
    let ratio = least(&known) / least(&unknown);
    assert!(
        (0.5..2.0).contains(&ratio),
        "known names take {ratio:.2} times as long: {known:?} {unknown:?}"
    );
}

#[tokio::test]
async fn guessing_a_password_is_limited_for_a_minute() {
    let world = World::new().await;
    let asha = world.person("asha").await;
    let signed_in_before = world.student("asha").await;

    let mut slowed = None;
    for guess in 0..100 {
        let answer = world
            .visitor()
            .signs_in("asha", &format!("guess {guess}"))
            .await;
        assert!(!is_in(&answer));
        if answer.status == 429 {
            slowed = Some(answer);
            break;
        }
    }

    let slowed = slowed.expect("100 guesses in a row were not slowed");
    let wait: i64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait} s");
    assert!(is_signed_in(&signed_in_before).await);
    world.advance_clock(Duration::seconds(wait + 1));
    assert!(is_in(
        &world.visitor().signs_in("asha", &asha.password).await
    ));
}

/// Limits run on a clock that never goes back; otherwise each would hold for as long as the step.
#[tokio::test]
async fn a_clock_that_steps_back_locks_nobody_out() {
    let world = World::new().await;
    let asha = world.person("asha").await;
    for _ in 0..10 {
        world.visitor().signs_in("asha", "guess").await;
    }
    let slowed = world.visitor().signs_in("asha", &asha.password).await;
    assert_eq!(slowed.status, 429);

    world.step_clock_back(Duration::hours(2));

    let slowed = world.visitor().signs_in("asha", &asha.password).await;
    let wait: i64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait} s");
    world.advance_clock(Duration::seconds(wait));
    assert!(is_in(
        &world.visitor().signs_in("asha", &asha.password).await
    ));
}

#[tokio::test]
async fn a_rate_limit_is_audited_once_a_minute() {
    let world = World::new().await;
    let noted = || {
        world
            .database
            .dump()
            .matches("'sign_in.rate_limited'")
            .count()
    };
    for _ in 0..10 {
        world.visitor().signs_in("asha", "guess").await;
    }
    assert_eq!(noted(), 0);

    for _ in 0..3 {
        let answer = world.visitor().signs_in("asha", "guess").await;
        assert_eq!(answer.status, 429);
    }

    assert_eq!(noted(), 1);
}

#[tokio::test]
async fn password_spraying_is_rate_limited() {
    let world = World::new().await;

    let mut slowed = false;
    for name in 0..300 {
        let answer = world
            .visitor()
            .signs_in(&format!("student{name}"), "Campus@2026")
            .await;
        slowed = answer.status == 429 && !answer.header("retry-after").is_empty();
        if slowed {
            break;
        }
    }

    assert!(slowed, "300 names from one address were not slowed");
}

#[tokio::test]
async fn only_trusted_proxies_set_the_client_address_for_rate_limits() {
    let world = World::plan()
        .set("PROFILES_TRUSTED_PROXIES", "127.0.0.0/8")
        .opens()
        .await;
    let unbelieved = World::new().await;
    let spray = async |world: &World, fixed: bool| {
        for name in 0..300 {
            let address = if fixed {
                "203.0.113.9".to_owned()
            } else {
                format!("203.0.{}.{}", name / 250, name % 250 + 1)
            };
            let browser = world.visitor().sending("x-forwarded-for", &address);
            if browser
                .signs_in(&format!("student{name}"), "Campus@2026")
                .await
                .status
                == 429
            {
                return true;
            }
        }
        false
    };

    assert!(
        spray(&world, true).await,
        "one address behind the proxy was not slowed"
    );
    let elsewhere = world.visitor().sending("x-forwarded-for", "198.51.100.7");
    let asha = world.person("asha").await;
    assert!(
        is_in(&elsewhere.signs_in("asha", &asha.password).await),
        "slowed for what another address did"
    );
    assert!(
        spray(&unbelieved, false).await,
        "a header that anybody can send hid the address"
    );
}

#[tokio::test]
async fn signing_in_replaces_a_planted_session_cookie() {
    let world = World::new().await;
    let (attacker, victim, asha) = (world.visitor(), world.visitor(), world.person("asha").await);
    attacker.visits("account/login/").await;
    let planted = attacker.cookies();

    victim.sets_cookies(&planted);
    let page = victim.signs_in(&asha.username, &asha.password).await;

    assert!(is_in(&page) && is_signed_in(&victim).await);
    assert!(
        !planted.is_empty() && !planted.contains(&victim.session()),
        "{planted}"
    );
    assert!(!is_signed_in(&attacker).await);
}

#[tokio::test]
async fn signing_in_does_not_reuse_the_attackers_session() {
    let world = World::new().await;
    let (attacker, victim, asha) = (
        world.student("wasim").await,
        world.visitor(),
        world.person("asha").await,
    );
    let planted = attacker.session();
    let name = planted.split('=').next().unwrap();

    // Planted while the form is open, and as a value that the server never issued.
    for planted in [planted.clone(), format!("{name}=AAAAAAAAAAAAAAAAAAAAAA")] {
        let form = victim.visits("account/login/").await;
        victim.sets_cookies(&planted);
        form.signs_in(&asha.username, &asha.password).await;
        assert!(
            victim.session() != planted || !victim.visits("user/").await.says("Asha"),
            "{planted}"
        );
        victim.visits("account/logout/").await.confirms().await;
    }

    assert!(!attacker.visits("user/").await.says("Asha"));
}

#[tokio::test]
async fn signing_in_again_ends_the_old_session() {
    let world = World::new().await;
    let (browser, old, asha) = (
        world.student("asha").await,
        world.visitor(),
        world.person("asha").await,
    );
    let first = browser.session();

    browser.visits("account/logout/").await.confirms().await;
    browser.signs_in(&asha.username, &asha.password).await;

    assert_ne!(browser.session(), first);
    old.sets_cookies(&first);
    assert!(!is_signed_in(&old).await);
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn signing_out_requires_a_post_and_ends_the_session_on_the_server() {
    let world = World::new().await;
    let (asha, thief) = (world.student("asha").await, world.visitor());
    thief.sets_cookies(&asha.session());
    assert!(is_signed_in(&thief).await);

    let form = asha
        .sending("sec-fetch-site", "cross-site")
        .visits("account/logout/")
        .await;
    assert!(
        is_signed_in(&asha).await,
        "an image on another site signed asha out"
    );
    asha.posts("account/logout/", &[]).await;
    assert!(
        is_signed_in(&asha).await,
        "a form on another site signed asha out"
    );
    form.confirms().await;

    assert!(!is_signed_in(&asha).await);
    assert!(!is_signed_in(&thief).await);
}

#[tokio::test]
async fn cookies_are_host_only_and_http_only() {
    let world = World::new().await;
    let asha = world.person("asha").await;

    let plain = world
        .visitor()
        .signs_in(&asha.username, &asha.password)
        .await;
    let form = world.visitor().visits("account/login/").await;
    let kept = form
        .touches("remember", "on", true)
        .signs_in(&asha.username, &asha.password)
        .await;

    for cookie in plain.set_cookies().iter().chain(&kept.set_cookies()) {
        let lower = cookie.to_lowercase();
        assert!(
            lower.contains("; httponly") && lower.contains("; path=/"),
            "{cookie}"
        );
        assert!(
            lower.contains("; samesite=lax") || lower.contains("; samesite=strict"),
            "{cookie}"
        );
        assert!(
            !lower.contains("; domain=") && !lower.contains("; secure"),
            "{cookie}"
        );
    }
    let session = |page: &Page| {
        page.set_cookies()
            .into_iter()
            .rfind(|it| it.contains("session="))
            .unwrap()
            .to_lowercase()
    };
    let (plain, kept) = (session(&plain), session(&kept));
    assert!(
        !plain.contains("max-age=") && !plain.contains("expires="),
        "{plain}"
    );
    assert!(kept.contains("max-age=31536000"), "{kept}");
}

#[tokio::test]
async fn behind_tls_cookies_have_the_host_prefix() {
    let world = World::plan()
        .set("PROFILES_PUBLIC_URL", "https://profiles.example")
        .opens()
        .await;

    let page = world.visitor().gets("account/login/").await;

    assert!(!page.set_cookies().is_empty());
    for cookie in page.set_cookies() {
        let lower = cookie.to_lowercase();
        assert!(
            cookie.starts_with("__Host-")
                && lower.contains("; secure")
                && lower.contains("; path=/"),
            "{cookie}"
        );
        assert!(
            lower.contains("; httponly") && !lower.contains("; domain="),
            "{cookie}"
        );
    }
    let hsts = page.header("strict-transport-security");
    let seconds: u64 = hsts
        .split("max-age=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(seconds >= 31_536_000, "{hsts}");
}

#[tokio::test]
async fn an_unused_session_expires() {
    let world = World::plan()
        .set("PROFILES_SESSION_IDLE_MINUTES", "30")
        .opens()
        .await;
    let asha = world.student("asha").await;

    world.advance_clock(Duration::minutes(29));
    assert!(is_signed_in(&asha).await);
    world.advance_clock(Duration::minutes(29));
    assert!(is_signed_in(&asha).await);
    world.advance_clock(Duration::minutes(31));

    assert!(!is_signed_in(&asha).await);
}

#[tokio::test]
async fn a_remembered_session_expires_after_a_year() {
    let world = World::new().await;
    let (browser, asha) = (world.visitor(), world.person("asha").await);
    let form = browser.visits("account/login/").await;
    form.touches("remember", "on", true)
        .signs_in(&asha.username, &asha.password)
        .await;

    world.advance_clock(Duration::days(364));
    assert!(is_signed_in(&browser).await);
    world.advance_clock(Duration::days(2));

    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn a_form_of_another_site_cannot_sign_in() {
    let world = World::new().await;
    let (browser, asha) = (world.visitor(), world.person("asha").await);
    browser.visits("account/login/").await;

    let fields = [
        ("username", asha.username.as_str()),
        ("password", asha.password.as_str()),
    ];
    let evil = browser
        .sending("origin", "https://evil.example")
        .sending("sec-fetch-site", "cross-site");
    let answer = evil.posts("account/login/", &fields).await;
    evil.posts("account/login/password/", &fields).await;

    assert!(
        !answer.status.is_success() || answer.offers("input[name=password]"),
        "{}",
        answer.status
    );
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn the_login_form_supports_password_managers() {
    let world = World::new().await;

    let form = world.visitor().visits("account/login/").await;

    assert_eq!(
        form.attributes("input[name=password]", "type"),
        ["password"]
    );
    assert_eq!(
        form.attributes("input[name=password]", "autocomplete"),
        ["current-password"]
    );
    assert_eq!(
        form.attributes("input[name=username]", "autocomplete"),
        ["username"]
    );
}

/// PostgreSQL folds `İ` (U+0130) to `i`, Rust does not: names that are equal for one must share one rate limit.
#[tokio::test]
async fn spellings_of_one_name_share_one_rate_limit() {
    let world = World::new().await;
    let vikram = world.person("vikram").await;
    let browser = world.visitor();

    let right = browser.signs_in("v\u{130}kram", &vikram.password).await;

    assert!(
        !is_in(&right),
        "v\u{130}kram is vikram to the database only"
    );
}

/// Proxies set one of the two headers and pass on the client's other one.
#[tokio::test]
async fn a_header_of_the_client_does_not_override_the_proxys() {
    let world = World::plan()
        .set("PROFILES_TRUSTED_PROXIES", "127.0.0.0/8")
        .opens()
        .await;

    let mut slowed = false;
    for name in 0..100 {
        let invented = format!("for=198.51.100.{name}");
        let browser = world.visitor().sending("x-forwarded-for", "203.0.113.9");
        let browser = browser.sending("forwarded", &invented);
        let answer = browser
            .signs_in(&format!("student{name}"), "Campus@2026")
            .await;
        slowed |= answer.status == 429;
    }

    assert!(
        slowed,
        "100 names from one address behind the proxy were not slowed"
    );
}

#[tokio::test]
async fn password_spraying_does_not_fill_the_audit_log() {
    let world = World::new().await;
    let browser = world.visitor();
    for name in 0..120 {
        browser.signs_in(&format!("student{name}"), "guess").await;
    }
    let noted = world
        .database
        .dump()
        .matches("'sign_in.rate_limited'")
        .count();
    assert!((1..=10).contains(&noted), "{noted} notes");
}

//! S27–S46: the token endpoint and the use of tokens.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use time::Duration;

use crate::support::relying_party::Credentials;
use crate::support::{Answer, World, asha_uses_the_canteen};

#[tokio::test]
async fn s27_secrets_in_the_query_are_ignored() {
    let (world, asha, canteen, _) = asha_uses_the_canteen().await;
    let code = world.consents(&asha, &canteen.login_link("basic")).await;
    let basic = [("authorization", canteen.basic())];
    let basic = [
        ("authorization", basic[0].1.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];

    let all = canteen
        .posts_raw(
            &format!("oauth/token/?grant_type=authorization_code&code={code}"),
            &basic,
            "",
        )
        .await;
    let some = canteen
        .posts_raw(
            &format!("oauth/token/?code={code}"),
            &basic,
            "grant_type=authorization_code",
        )
        .await;
    let revoking = canteen
        .posts_raw("oauth/revoke_token/?token=x", &basic, "")
        .await;
    let got = Answer::to(canteen.request(Method::GET, &format!("oauth/token/?code={code}"))).await;

    all.refuses(400, "invalid_request");
    some.refuses(400, "invalid_request");
    revoking.refuses(400, "invalid_request");
    assert_eq!(
        (got.status.as_u16(), got.header("allow").contains("POST")),
        (405, true)
    );
    for answer in [all, some, revoking] {
        assert!(
            answer.header("cache-control").contains("no-store"),
            "{:?}",
            answer.headers
        );
    }
    canteen.exchanges_code(&code).await;
}

#[tokio::test]
async fn s28_credentials_may_be_percent_encoded_and_two_different_ones_are_refused() {
    let (world, asha, canteen, _) = asha_uses_the_canteen().await;
    let secret = canteen.client_secret.clone().unwrap();
    let escaped = |text: &str| {
        text.bytes()
            .fold(String::new(), |all, byte| format!("{all}%{byte:02X}"))
    };
    let basic = format!(
        "bAsIc {}",
        STANDARD.encode(format!(
            "{}:{}",
            escaped(&canteen.client_id),
            escaped(&secret)
        ))
    );
    let code = world.consents(&asha, &canteen.login_link("basic")).await;
    let body = format!("grant_type=authorization_code&code={code}");
    let form = ("content-type", "application/x-www-form-urlencoded");

    let two_minds = format!(
        "{body}&client_id={}&client_secret=another",
        canteen.client_id
    );
    let conflicting = canteen
        .posts_raw(
            "oauth/token/",
            &[form, ("authorization", &canteen.basic())],
            &two_minds,
        )
        .await;
    let wrong = canteen
        .with_secret("wrong")
        .posts_raw(
            "oauth/token/",
            &[form, ("authorization", "Basic bm9ib2R5Ong=")],
            &body,
        )
        .await;
    let garbage = canteen
        .posts_raw(
            "oauth/token/",
            &[form, ("authorization", "Basic !!!")],
            &body,
        )
        .await;
    let decoded = canteen
        .posts_raw("oauth/token/", &[form, ("authorization", &basic)], &body)
        .await;

    conflicting.refuses(401, "invalid_client");
    for answer in [wrong, garbage] {
        answer.refuses(401, "invalid_client");
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Basic realm="),
            "{:?}",
            answer.headers
        );
    }
    decoded.tokens();
}

#[tokio::test]
async fn s29_an_unknown_client_takes_as_long_as_a_wrong_secret() {
    let (_world, _asha, canteen, _) = asha_uses_the_canteen().await;
    let (wrong, unknown) = (canteen.with_secret("wrong"), canteen.with_id("nobody"));
    let mut times = [Vec::new(), Vec::new()];

    // Few enough requests to stay below the rate limit.
    for _ in 0..25 {
        for (client, times) in [&wrong, &unknown].iter().zip(&mut times) {
            let started = Instant::now();
            client
                .tries_to_refresh("unknown", &[])
                .await
                .refuses(401, "invalid_client");
            times.push(started.elapsed());
        }
    }

    // The minimum: the work alone, without the load of the machine.
    let [wrong, unknown] = times.map(|times| times.iter().min().unwrap().as_secs_f64());
    assert!(
        (0.4..2.5).contains(&(wrong / unknown)),
        "{wrong} s and {unknown} s"
    );
}

#[tokio::test]
async fn s30_secrets_and_tokens_cannot_be_guessed() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;
    let secret = canteen.client_secret.unwrap();

    // 43 letters and digits hold 256 bits, 32 hold 190.
    assert!(secret.len() >= 43, "{} characters", secret.len());
    for token in [pair.access, pair.refresh] {
        assert!(
            token.len() >= 32 && token.chars().all(|c| c.is_ascii_alphanumeric()),
            "{token}"
        );
    }
}

#[tokio::test]
async fn s31_the_password_grant_is_not_supported() {
    let (world, _asha, canteen, _) = asha_uses_the_canteen().await;
    let right = world.person("asha").await.password;

    for password in [right.as_str(), "wrong"] {
        let fields = [
            ("grant_type", "password"),
            ("username", "asha"),
            ("password", password),
        ];
        canteen
            .requests_token(&fields)
            .await
            .refuses(400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn s34_guessing_a_client_secret_is_limited_without_locking_the_client_out() {
    let (world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    let mut slowed = None;
    for guess in 0..500 {
        let answer = canteen
            .with_secret(&format!("guess{guess}"))
            .tries_to_refresh("unknown", &[])
            .await;
        if answer.status == 429 {
            slowed = Some(answer);
            break;
        }
        answer.refuses(401, "invalid_client");
    }

    let slowed = slowed.expect("500 guesses in a row were not slowed");
    let wait: i64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait} s");
    assert!(!slowed.error().is_empty() && slowed.header("cache-control").contains("no-store"));
    world.advance_clock(Duration::seconds(wait + 1));
    canteen.refreshes(&pair).await;
}

#[tokio::test]
async fn s35_a_confidential_app_must_authenticate_everywhere_and_a_public_one_has_no_secret() {
    let (world, asha, canteen, pair) = asha_uses_the_canteen().await;
    let timetable = world.timetable();
    let code = world
        .consents(
            &asha,
            &timetable.login_link_with_pkce("basic", &"v".repeat(43)),
        )
        .await;
    let bare = |fields: &[(&'static str, &str)]| {
        let mut all: Vec<(String, String)> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.push(("client_id".to_owned(), canteen.client_id.clone()));
        canteen.request(Method::POST, "oauth/token/").form(&all)
    };

    let unproven = Answer::to(bare(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &pair.refresh),
    ]))
    .await;
    let revoking = canteen.request(Method::POST, "oauth/revoke_token/");
    let revoking = revoking.form(&[
        ("token", pair.access.as_str()),
        ("client_id", canteen.client_id.as_str()),
    ]);
    let revoking = Answer::to(revoking).await;
    let pretending = timetable
        .with_secret("made up")
        .tries_to_exchange(&code, &[("code_verifier", &"v".repeat(43))])
        .await;

    for answer in [unproven, revoking, pretending] {
        answer.refuses(401, "invalid_client");
    }
    canteen.reads(&pair.access, "").await.good();
    let own = timetable
        .tries_to_exchange(&code, &[("code_verifier", &"v".repeat(43))])
        .await
        .tokens();
    let own = timetable.refreshes(&own).await;
    assert_eq!(timetable.revokes(&own.refresh).await.status, 200);
    timetable.reads(&own.access, "").await.detail(401);
}

#[tokio::test]
async fn s36_a_narrowed_token_pair_widens_again_to_the_consented_scopes_at_most() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let consent = asha
        .visits(&canteen.login_link("basic profile ldap phone"))
        .await;
    let chosen = consent
        .unticks("ldap")
        .unticks_field("last_name")
        .presses("allow")
        .await;
    let pair = canteen
        .exchanges_code(&canteen.receives(&chosen).code())
        .await;
    assert_eq!(pair.scopes(), ["basic", "phone", "profile"]);

    let narrow = canteen
        .tries_to_refresh(&pair.refresh, &[("scope", "basic")])
        .await
        .tokens();
    for wider in ["ldap", "basic ldap", "basic profile phone sex"] {
        canteen
            .tries_to_refresh(&narrow.refresh, &[("scope", wider)])
            .await
            .refuses(400, "invalid_scope");
    }
    let again = canteen.refreshes(&narrow).await;

    assert_eq!(narrow.scopes(), ["basic"]);
    assert_eq!(again.scopes(), ["basic", "phone", "profile"]);
    assert!(
        !again.fields().contains(&"last_name"),
        "{:?}",
        again.fields()
    );
    let read = canteen
        .reads(&again.access, "fields=first_name,last_name,username")
        .await
        .good();
    assert!(
        read.get("last_name").is_none() && read.get("username").is_none(),
        "{read}"
    );
    assert_eq!(read["first_name"], "Asha");
}

#[tokio::test]
async fn s37_a_refresh_token_of_a_public_app_used_twice_ends_the_token_family() {
    let world = World::new().await;
    let (asha, timetable) = (world.student("asha").await, world.timetable());
    let verifier = "v".repeat(43);
    let code = world
        .consents(&asha, &timetable.login_link_with_pkce("basic", &verifier))
        .await;
    let stolen = timetable
        .tries_to_exchange(&code, &[("code_verifier", &verifier)])
        .await
        .tokens();
    let next = timetable.refreshes(&stolen).await;
    timetable.reads(&next.access, "").await.good();

    world.advance_clock(Duration::seconds(11));
    timetable
        .tries_to_refresh(&stolen.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    timetable.reads(&next.access, "").await.detail(401);
    timetable
        .tries_to_refresh(&next.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn s38_refresh_tokens_expire_unused_after_ninety_days_and_all_after_a_year() {
    let (world, asha, canteen, idle) = asha_uses_the_canteen().await;
    let mut busy = world.connects(&asha, &canteen, "basic").await;

    for _ in 0..4 {
        world.advance_clock(Duration::days(89));
        busy = canteen.refreshes(&busy).await;
    }
    world.advance_clock(Duration::days(10));

    canteen
        .tries_to_refresh(&idle.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .tries_to_refresh(&busy.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn s40_a_token_in_the_query_or_body_is_ignored() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    let in_address = canteen
        .reads_with(
            &[],
            &format!("access_token={}&fields=first_name", pair.access),
        )
        .await;
    let in_cookie = canteen
        .reads_with(
            &[("cookie", &format!("access_token={}", pair.access))],
            "fields=first_name",
        )
        .await;
    let in_basic = canteen
        .reads_with(
            &[("authorization", &format!("Token {}", pair.access))],
            "fields=first_name",
        )
        .await;

    for answer in [in_address, in_cookie, in_basic] {
        answer.detail(401);
        assert!(!answer.text().contains("Asha"));
    }
}

#[tokio::test]
async fn s41_one_kind_of_token_does_not_work_as_another() {
    let (world, asha, canteen, pair) = asha_uses_the_canteen().await;
    let code = world.consents(&asha, &canteen.login_link("basic")).await;

    canteen.reads(&pair.refresh, "").await.detail(401);
    canteen.reads(&code, "").await.detail(401);
    canteen
        .tries_to_refresh(&pair.access, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .tries_to_refresh(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .tries_to_exchange(&pair.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    canteen.reads(&pair.access, "").await.good();
}

#[tokio::test]
async fn s43_revocation_works_at_once_and_on_own_tokens_only() {
    let (world, asha, canteen, pair) = asha_uses_the_canteen().await;
    let other = world.connects(&asha, &canteen, "basic").await;
    canteen.reads(&pair.access, "").await.good();

    assert_eq!(
        world
            .library()
            .calls(
                "oauth/revoke_token/",
                Credentials::InHeader,
                &[("token", &pair.refresh)]
            )
            .await
            .status,
        200
    );
    canteen.reads(&pair.access, "").await.good();
    assert_eq!(canteen.revokes(&pair.refresh).await.status, 200);

    canteen.reads(&pair.access, "").await.detail(401);
    canteen.reads(&other.access, "").await.good();
}

#[tokio::test]
async fn s45_the_token_response_names_the_granted_scopes_and_fields() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let consent = asha
        .visits(&canteen.login_link("basic profile phone"))
        .await;

    let chosen = consent
        .unticks_field("mobile")
        .unticks_field("contacts")
        .unticks_field("is_alumni")
        .presses("allow")
        .await;
    let pair = canteen
        .exchanges_code(&canteen.receives(&chosen).code())
        .await;

    assert_eq!(
        pair.scopes(),
        ["basic", "profile"],
        "a scope with no field left is none"
    );
    assert_eq!(pair.fields(), ["first_name", "id", "last_name", "type"]);
    assert_eq!(
        canteen.refreshes(&pair).await.fields(),
        ["first_name", "id", "last_name", "type"]
    );
}

#[tokio::test]
async fn s46_the_user_api_answers_an_invalid_token_with_www_authenticate() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;
    canteen.revokes(&pair.access).await;

    let none = canteen.reads_with(&[], "").await;
    let dead = canteen.reads(&pair.access, "").await;

    assert_eq!(
        none.detail(401),
        "Authentication credentials were not provided."
    );
    let detail = dead.detail(401);
    assert_eq!(
        detail,
        "The access token is unknown, ended or too old. Refresh it."
    );
    assert!(
        !none.header("www-authenticate").contains("error="),
        "{}",
        none.header("www-authenticate")
    );
    assert!(
        dead.header("www-authenticate")
            .contains("error=\"invalid_token\""),
        "{}",
        dead.header("www-authenticate")
    );
}

#[tokio::test]
async fn a_token_in_the_address_is_refused_with_where_it_belongs() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    let query = format!("access_token={}", pair.access);
    let in_query = canteen.reads_with(&[], &query).await;
    let misspelt = canteen.reads_with(&[], "access_tokens=x").await;
    let mail = canteen
        .request(Method::POST, &format!("user/api/user/send_mail/?{query}"))
        .send();
    let mail = mail.await.unwrap();

    let detail = in_query.detail(401);
    assert!(detail.contains("Authorization: Bearer"), "{detail}");
    assert!(!detail.contains(&pair.access));
    assert_eq!(
        misspelt.detail(401),
        "Authentication credentials were not provided."
    );
    assert_eq!(mail.status(), 401);
    assert!(mail.text().await.unwrap().contains("Authorization: Bearer"));
}

#[tokio::test]
async fn cors_allows_the_apps_own_origins_only() {
    let (world, asha, canteen, pair) = asha_uses_the_canteen().await;
    let timetable = world.timetable();
    let verifier = "v".repeat(43);
    let code = world
        .consents(&asha, &timetable.login_link_with_pkce("basic", &verifier))
        .await;
    let own = timetable
        .tries_to_exchange(&code, &[("code_verifier", &verifier)])
        .await
        .tokens();
    let from = |origin: &'static str, token: &str| {
        canteen
            .request(Method::GET, "user/api/user/")
            .bearer_auth(token)
            .header("origin", origin)
    };
    let asks_first = |origin: &'static str| {
        let request = canteen
            .request(Method::OPTIONS, "user/api/user/")
            .header("origin", origin);
        request
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization")
    };

    let welcome = Answer::to(from("https://timetable.example", &own.access)).await;
    let strange = Answer::to(from("https://timetable.example", &pair.access)).await;
    let before = Answer::to(asks_first("https://timetable.example")).await;
    let refused = Answer::to(asks_first("https://evil.example")).await;

    assert_eq!(
        welcome.header("access-control-allow-origin"),
        "https://timetable.example"
    );
    assert_eq!(
        before.header("access-control-allow-origin"),
        "https://timetable.example"
    );
    assert!(
        before
            .header("access-control-allow-headers")
            .to_lowercase()
            .contains("authorization")
    );
    assert_eq!(strange.header("access-control-allow-origin"), "");
    assert_eq!(refused.header("access-control-allow-origin"), "");
    // The port of a loopback IP is free, as for redirect URIs; all else is compared whole.
    for (origin, allowed) in [
        ("http://127.0.0.1:49152", "http://127.0.0.1:49152"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.0.0.2:49152", ""),
        ("http://localhost:49152", ""),
        ("https://127.0.0.1:49152", ""),
        ("https://timetable.example:8443", ""),
        ("http://127.0.0.1.evil.example", ""),
    ] {
        for answer in [
            Answer::to(asks_first(origin)).await,
            Answer::to(from(origin, &own.access)).await,
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), allowed);
        }
    }
    for answer in [welcome, before] {
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

//! S17–S26: authorization codes and PKCE.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::Duration;

use crate::support::World;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn s17_a_code_challenge_requires_its_verifier() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let code = world
        .consents(&asha, &canteen.login_link_with_pkce("basic", VERIFIER))
        .await;

    let without = canteen.tries_to_exchange(&code, &[]).await;
    let with_another = canteen
        .tries_to_exchange(&code, &[("code_verifier", &"w".repeat(43))])
        .await;

    without.refuses(400, &without.error());
    with_another.refuses(400, "invalid_grant");
    canteen
        .tries_to_exchange(&code, &[("code_verifier", VERIFIER)])
        .await
        .tokens();
}

#[tokio::test]
async fn s18_a_verifier_without_a_challenge_is_refused_as_a_downgrade() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let code = world.consents(&asha, &canteen.login_link("basic")).await;

    let answer = canteen
        .tries_to_exchange(&code, &[("code_verifier", VERIFIER)])
        .await;

    answer.refuses(400, &answer.error());
}

#[tokio::test]
async fn s19_a_public_app_must_send_a_code_challenge() {
    let world = World::new().await;
    let (asha, timetable) = (world.student("asha").await, world.timetable());

    let back = timetable.receives(&asha.gets(&timetable.login_link("basic")).await);

    assert_eq!(back.error(), "invalid_request");
}

#[tokio::test]
async fn s20_only_the_s256_method_is_accepted() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    for more in [
        &[
            ("code_challenge", VERIFIER),
            ("code_challenge_method", "plain"),
        ][..],
        &[("code_challenge", VERIFIER)],
        &[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S512"),
        ],
        &[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "s256"),
        ],
        &[("code_challenge_method", "S256")],
        &[
            ("code_challenge", "short"),
            ("code_challenge_method", "S256"),
        ],
    ] {
        let back = canteen.receives(&asha.gets(&canteen.authorize_url(more)).await);
        assert_eq!(back.error(), "invalid_request", "{more:?}");
    }

    let vector = [
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let code = world.consents(&asha, &canteen.authorize_url(&vector)).await;
    canteen
        .tries_to_exchange(&code, &[("code_verifier", VERIFIER)])
        .await
        .tokens();
}

#[tokio::test]
async fn s21_a_malformed_verifier_is_refused() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let code = world
        .consents(&asha, &canteen.login_link_with_pkce("basic", VERIFIER))
        .await;

    for wrong in [
        "v".repeat(42),
        "v".repeat(129),
        "ü".repeat(43),
        format!("{VERIFIER} "),
        "v\0".repeat(30),
        String::new(),
    ] {
        let answer = canteen
            .tries_to_exchange(&code, &[("code_verifier", &wrong)])
            .await;
        assert!(
            ["invalid_request", "invalid_grant"].contains(&answer.error().as_str()),
            "{wrong:?}"
        );
        answer.refuses(400, &answer.error());
    }

    canteen
        .tries_to_exchange(&code, &[("code_verifier", VERIFIER)])
        .await
        .tokens();
}

#[tokio::test]
async fn s22_a_code_cannot_be_guessed_and_expires_within_a_minute() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(world.consents(&asha, &canteen.login_link("basic")).await);
    }

    // 32 letters and digits hold 190 bits.
    assert!(codes.iter().all(|code| code.len() >= 32), "{codes:?}");
    let columns = (0..32).filter(|at| {
        codes
            .iter()
            .all(|code| code.as_bytes()[*at] == codes[0].as_bytes()[*at])
    });
    assert_eq!(columns.count(), 0, "{codes:?}");
    world.advance_clock(Duration::seconds(59));
    canteen.exchanges_code(&codes[0]).await;
    world.advance_clock(Duration::seconds(2));
    canteen
        .tries_to_exchange(&codes[1], &[])
        .await
        .refuses(400, "invalid_grant");
}

/// D10: a second use within ten seconds is refused only; a later one counts as theft.
#[tokio::test]
async fn s23_a_code_used_again_later_ends_the_token_family() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let elsewhere = world.connects(&asha, &canteen, "basic").await;
    let code = world.consents(&asha, &canteen.login_link("basic")).await;
    let first = canteen.exchanges_code(&code).await;
    let pair = canteen.refreshes(&first).await;

    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen.reads(&pair.access, "").await.good();

    world.advance_clock(Duration::seconds(11));
    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen.reads(&pair.access, "").await.detail(401);
    canteen
        .tries_to_refresh(&pair.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen.reads(&elsewhere.access, "").await.good();
}

/// Decision: a wrong verifier does not use up the code, because an attacker with the code could lock its owner out.
#[tokio::test]
async fn s24_a_stolen_code_fails_for_the_attacker_and_still_works_for_its_app() {
    let world = World::new().await;
    let (asha, canteen, timetable) = (
        world.student("asha").await,
        world.canteen(),
        world.timetable(),
    );
    let code = world.consents(&asha, &canteen.login_link("basic")).await;

    world
        .library()
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    timetable
        .tries_to_exchange(&code, &[("code_verifier", VERIFIER)])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .with_secret("wrong")
        .tries_to_exchange(&code, &[])
        .await
        .refuses(401, "invalid_client");

    canteen.exchanges_code(&code).await;
}

#[tokio::test]
async fn s25_the_redirect_uri_at_the_token_endpoint_must_match_the_code() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let code = world
        .consents(
            &asha,
            &canteen.authorize_url(&[("redirect_uri", "https://canteen.example/cb")]),
        )
        .await;

    for wrong in [
        "https://canteen.example/cb2?x=1",
        "https://canteen.example/cb/",
        "https://evil.example/",
        "nonsense",
    ] {
        let answer = canteen
            .tries_to_exchange(&code, &[("redirect_uri", wrong)])
            .await;
        answer.refuses(400, &answer.error());
    }

    canteen
        .tries_to_exchange(&code, &[("redirect_uri", "https://canteen.example/cb")])
        .await
        .tokens();
}

#[tokio::test]
async fn s26_codes_tokens_and_secrets_are_in_neither_the_database_nor_the_log() {
    let world = World::plan()
        .set("PROFILES_LOG", "trace")
        .in_its_own_process()
        .opens()
        .await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let person = world.person("asha").await;
    let code = world
        .consents(&asha, &canteen.login_link("basic phone"))
        .await;
    let first = canteen.exchanges_code(&code).await;
    let pair = canteen.refreshes(&first).await;
    let read = canteen.reads(&pair.access, "fields=mobile").await.good();
    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .with_secret("a secret mistyped")
        .revokes(&pair.refresh)
        .await
        .refuses(401, "invalid_client");
    world
        .visitor()
        .signs_in("asha", "a password mistyped")
        .await;

    let (dump, log) = (world.database.dump(), world.log());

    let session = asha.session().split_once('=').unwrap().1.to_owned();
    let secret = canteen.client_secret.clone().unwrap();
    let secrets = [
        &code,
        &first.access,
        &first.refresh,
        &pair.access,
        &pair.refresh,
        &session,
        &secret,
        &person.password,
    ];
    for kept in secrets {
        assert!(!dump.contains(kept.as_str()), "in the database: {kept}");
        assert!(
            !dump.contains(&URL_SAFE_NO_PAD.encode(kept)),
            "in the database, encoded: {kept}"
        );
        assert!(!log.contains(kept.as_str()), "in the log: {kept}");
    }
    assert!(
        dump.contains("asha@campus.example"),
        "the dump is of the right database"
    );
    assert!(
        log.contains("/oauth/token"),
        "the log tells of requests: {log}"
    );
    assert!(
        !log.contains("mistyped"),
        "what was mistyped is nearly right"
    );
    assert_eq!(read["mobile"], "9876543210");
    for personal in ["9876543210", "asha@campus.example", "D’Souza"] {
        assert!(!log.contains(personal), "in the log: {personal}");
    }
}

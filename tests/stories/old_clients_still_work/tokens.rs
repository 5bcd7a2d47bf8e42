//! K27–K41: exchanging a code for tokens.

use time::Duration;

use crate::support::relying_party::Credentials;
use crate::support::{App, World};

const FORM: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=UTF-8",
);

/// A world, the canteen, and a code that asha's browser has just brought it.
async fn with_a_code() -> (World, App, String) {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let code = world
        .consents(&asha, &canteen.login_link("basic profile"))
        .await;
    (world, canteen, code)
}

#[tokio::test]
async fn k27_a_code_is_exchanged_for_a_token_pair() {
    let (_world, canteen, code) = with_a_code().await;
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fcanteen.example%2Fcb"
    );

    let answer = canteen
        .posts_raw(
            "oauth/token/",
            &[FORM, ("authorization", &canteen.basic())],
            &body,
        )
        .await;

    let json = answer.good();
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    assert!(answer.header("cache-control").contains("no-store"));
    for name in ["access_token", "refresh_token"] {
        let token = json[name].as_str().unwrap();
        assert!(
            !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric()),
            "{token}"
        );
    }
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 36000);
    assert!(
        json["expires_in"].is_u64() && json["scope"].is_string(),
        "{json}"
    );
}

#[tokio::test]
async fn k28_client_credentials_may_be_in_the_body() {
    let (_world, canteen, code) = with_a_code().await;

    let answer = canteen
        .calls(
            "oauth/token/",
            Credentials::InBody,
            &[("grant_type", "authorization_code"), ("code", &code)],
        )
        .await;

    answer.tokens();
}

#[tokio::test]
async fn k29_equal_client_credentials_may_be_in_header_and_body() {
    let (_world, canteen, code) = with_a_code().await;

    let answer = canteen
        .calls(
            "oauth/token/",
            Credentials::InBoth,
            &[("grant_type", "authorization_code"), ("code", &code)],
        )
        .await;

    answer.tokens();
}

#[tokio::test]
async fn k30_a_body_need_not_be_escaped() {
    let (_world, canteen, code) = with_a_code().await;
    let body = format!(
        "code={code}&redirect_uri=https://canteen.example/cb&grant_type=authorization_code"
    );

    let answer = canteen
        .posts_raw(
            "oauth/token/",
            &[FORM, ("authorization", &canteen.basic())],
            &body,
        )
        .await;

    answer.tokens();
}

#[tokio::test]
async fn k30_a_body_may_have_blank_lines_around_it() {
    let (_world, canteen, code) = with_a_code().await;
    let body = format!("\r\ncode={code}&grant_type=authorization_code\r\n");
    let headers = [FORM, ("authorization", &canteen.basic())];

    let answer = canteen.posts_raw("oauth/token/", &headers, &body).await;

    answer.tokens();
}

#[tokio::test]
async fn k30_a_body_may_be_multipart() {
    let (_world, canteen, code) = with_a_code().await;
    // As curl in PHP sends an array in CURLOPT_POSTFIELDS (multipart).
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://canteen.example/cb"),
    ];
    let posts = async |address: &str, fields: &[(&str, &str)], end: &str| {
        let parts = fields.iter().map(|(name, value)| {
            let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
            format!("--part\r\n{disposition}\r\n\r\n{value}\r\n")
        });
        let body = parts.collect::<Vec<_>>().concat() + end;
        let headers = [
            ("content-type", "multipart/form-data; boundary=part"),
            ("authorization", &canteen.basic()),
        ];
        canteen.posts_raw(address, &headers, &body).await
    };

    let conflicting = posts("oauth/token/", &fields, "").await;
    let tokens = posts("oauth/token/", &fields, "--part--\r\n")
        .await
        .tokens();
    let token = [("token", tokens.access.as_str())];
    let revoked = posts("oauth/revoke_token/", &token, "--part--\r\n").await;

    conflicting.refuses(400, "invalid_request");
    assert_eq!(revoked.status, 200);
    assert_eq!(canteen.reads(&tokens.access, "").await.status, 401);
}

#[tokio::test]
async fn k31_the_first_redirect_uri_need_not_be_repeated() {
    let (world, canteen, code) = with_a_code().await;
    canteen.tries_to_exchange(&code, &[]).await.tokens();

    let asha = world.student("asha").await;
    let reply = canteen.authorize_url(&[
        ("scope", "basic"),
        ("redirect_uri", "https://canteen.example/cb"),
    ]);
    let code = world.consents(&asha, &reply).await;

    canteen.tries_to_exchange(&code, &[]).await.tokens();
}

#[tokio::test]
async fn k32_a_redirect_uri_other_than_the_first_must_be_repeated() {
    let (world, canteen, _) = with_a_code().await;
    let asha = world.student("asha").await;
    let code = world
        .consents(
            &asha,
            &canteen.authorize_url(&[("redirect_uri", "https://canteen.example/cb2?x=1")]),
        )
        .await;

    for wrong in [
        &[][..],
        &[("redirect_uri", "https://canteen.example/cb")][..],
    ] {
        let answer = canteen.tries_to_exchange(&code, wrong).await;
        answer.refuses(400, &answer.error());
    }

    canteen
        .tries_to_exchange(
            &code,
            &[("redirect_uri", "https://canteen.example/cb2?x=1")],
        )
        .await
        .tokens();
}

#[tokio::test]
async fn k33_a_used_code_is_refused() {
    let (_world, canteen, code) = with_a_code().await;
    canteen.exchanges_code(&code).await;

    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn k34_a_code_expires_after_a_minute() {
    let (world, canteen, code) = with_a_code().await;

    world.advance_clock(Duration::seconds(61));

    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn k35_a_code_does_not_work_for_another_app() {
    let (world, _, code) = with_a_code().await;

    for _ in 0..2 {
        world
            .library()
            .tries_to_exchange(&code, &[])
            .await
            .refuses(400, "invalid_grant");
    }

    let noted = world.database.dump();
    assert_eq!(noted.matches("'code.of_another_client'").count(), 1);
}

#[tokio::test]
async fn k36_a_client_must_authenticate() {
    let (_world, canteen, code) = with_a_code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
    ];

    for shown in [Credentials::InHeader, Credentials::InBody] {
        canteen
            .with_secret("wrong")
            .calls("oauth/token/", shown, &fields)
            .await
            .refuses(401, "invalid_client");
        canteen
            .with_id("nobody")
            .calls("oauth/token/", shown, &fields)
            .await
            .refuses(401, "invalid_client");
    }
    canteen
        .calls("oauth/token/", Credentials::Nowhere, &fields)
        .await
        .refuses(401, "invalid_client");

    canteen.exchanges_code(&code).await;
}

#[tokio::test]
async fn k37_an_error_names_the_missing_parameter() {
    let (_world, canteen, code) = with_a_code().await;

    canteen
        .requests_token(&[("grant_type", "authorization_code")])
        .await
        .refuses(400, "invalid_request");
    canteen
        .requests_token(&[("code", &code)])
        .await
        .refuses(400, "unsupported_grant_type");
    canteen
        .requests_token(&[("grant_type", "magic"), ("code", &code)])
        .await
        .refuses(400, "unsupported_grant_type");
    canteen
        .requests_token(&[])
        .await
        .refuses(400, "unsupported_grant_type");
}

#[tokio::test]
async fn k38_grant_types_without_the_person_are_refused() {
    let (world, canteen, _) = with_a_code().await;
    let asha = world.person("asha").await;
    let password = [
        ("grant_type", "password"),
        ("username", "asha"),
        ("password", asha.password.as_str()),
    ];

    for fields in [
        &password[..],
        &[("grant_type", "client_credentials"), ("scope", "basic")][..],
    ] {
        let answer = canteen.requests_token(fields).await;
        assert!(
            ["unauthorized_client", "unsupported_grant_type"].contains(&answer.error().as_str())
        );
        answer.refuses(400, &answer.error());
    }
}

/// As amended by D7: a public client has no secret and proves itself with the code verifier.
#[tokio::test]
async fn k39_a_public_client_proves_itself_with_its_code_verifier() {
    let world = World::new().await;
    let (asha, timetable) = (world.student("asha").await, world.timetable());
    let verifier = "the-week-is-long-and-the-verifier-is-longer-still";
    let link = timetable.login_link_with_pkce("basic", verifier);

    let code = world.consents(&asha, &link).await;
    let missing = timetable.tries_to_exchange(&code, &[]).await;
    missing.refuses(400, &missing.error());
    let wrong = "x".repeat(43);
    timetable
        .tries_to_exchange(&code, &[("code_verifier", &wrong)])
        .await
        .refuses(400, "invalid_grant");
    let tokens = timetable
        .tries_to_exchange(&code, &[("code_verifier", verifier)])
        .await
        .tokens();

    assert_eq!(tokens.scopes(), ["basic"]);
}

#[tokio::test]
async fn k40_the_token_endpoint_takes_post_with_or_without_the_trailing_slash() {
    let (_world, canteen, code) = with_a_code().await;

    let got = canteen
        .request(reqwest::Method::GET, "oauth/token/")
        .send()
        .await
        .unwrap();
    let answer = canteen
        .calls(
            "oauth/token",
            Credentials::InHeader,
            &[("grant_type", "authorization_code"), ("code", &code)],
        )
        .await;

    assert_eq!(got.status(), 405);
    answer.tokens();
}

#[tokio::test]
async fn k41_every_error_response_is_json_with_an_error_code() {
    let (_world, canteen, _) = with_a_code().await;
    let form = [FORM, ("authorization", &canteen.basic())];
    let json = [("content-type", "application/json"), form[1]];

    for (headers, body) in [
        (&form[..], "grant_type=authorization_code&code=unknown"),
        (&form[..], ""),
        (&form[..], "%zz=%&&&===&grant_type=%ff"),
        (&json[..], "{\"grant_type\":\"authorization_code\"}"),
        (&[form[0]][..], "grant_type=refresh_token"),
    ] {
        let answer = canteen.posts_raw("oauth/token/", headers, body).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.status);
        assert!(!answer.error().is_empty(), "{body}: {}", answer.text());
        assert!(
            answer.header("cache-control").contains("no-store"),
            "{body}"
        );
    }
}

//! Addresses and metadata: RFC 8414 metadata, old and new prefixes, trailing slashes, the health check (S48).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::relying_party::Credentials;
use crate::support::{Answer, World};

async fn metadata(world: &World, path: &str) -> Value {
    Answer::to(world.canteen().request(Method::GET, path))
        .await
        .good()
}

#[tokio::test]
async fn s48_what_the_metadata_lists_works_and_nothing_else_does() {
    let world = World::new().await;
    let (asha, canteen, timetable) = (
        world.student("asha").await,
        world.canteen(),
        world.timetable(),
    );

    let page = metadata(&world, "/.well-known/oauth-authorization-server").await;

    assert_eq!(
        page["grant_types_supported"],
        json!(["authorization_code", "refresh_token", "client_credentials"])
    );
    assert_eq!(
        page["token_endpoint"],
        format!("{}oauth/token/", world.base)
    );
    assert_eq!(
        page["revocation_endpoint"],
        format!("{}oauth/revoke_token/", world.base)
    );
    let methods: Vec<_> = page["token_endpoint_auth_methods_supported"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    for method in &methods {
        let code = world.consents(&asha, &canteen.login_link("basic")).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
        ];
        let verifier = "v".repeat(43);
        let answer = match method.as_str().unwrap() {
            "client_secret_basic" => {
                canteen
                    .calls("oauth/token/", Credentials::InHeader, &fields)
                    .await
            }
            "client_secret_post" => {
                canteen
                    .calls("oauth/token/", Credentials::InBody, &fields)
                    .await
            }
            "none" => {
                let code = world
                    .consents(&asha, &timetable.login_link_with_pkce("basic", &verifier))
                    .await;
                timetable
                    .tries_to_exchange(&code, &[("code_verifier", &verifier)])
                    .await
            }
            other => panic!("{other} is promised"),
        };
        answer.tokens();
    }
    assert_eq!(methods.len(), 3, "{methods:?}");
    for scope in page["scopes_supported"].as_array().unwrap() {
        let scope = scope.as_str().unwrap();
        let tokens = world.connects(&asha, &canteen, scope).await;
        assert!(
            tokens.scopes().contains(&scope),
            "{scope}: {:?}",
            tokens.scopes()
        );
    }
    for absent in [
        "jwks_uri",
        "registration_endpoint",
        "introspection_endpoint",
        "device_authorization_endpoint",
    ] {
        assert!(page.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_can_read_the_metadata() {
    let world = World::new().await;

    let request = world
        .canteen()
        .request(Method::GET, "/.well-known/oauth-authorization-server");
    let answer = Answer::to(request.header("origin", "https://anywhere.example")).await;

    assert_eq!(answer.header("access-control-allow-origin"), "*");

    let request = world
        .canteen()
        .request(Method::OPTIONS, "/.well-known/oauth-authorization-server")
        .header("origin", "https://anywhere.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "x-library");
    let answer = Answer::to(request).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-headers"), "*");
}

#[tokio::test]
async fn every_address_is_under_the_path_of_the_public_url() {
    let world = World::plan().under("/campus").opens().await;
    let (visitor, canteen, person) = (world.visitor(), world.canteen(), world.person("asha").await);
    let issuer = world.base.trim_end_matches('/').to_owned();
    assert!(issuer.ends_with("/campus"));

    let sent = visitor.gets(&canteen.login_link("basic profile")).await;
    assert_eq!(sent.location().path(), "/campus/account/login/");
    let consent = sent
        .follows()
        .await
        .signs_in(&person.username, &person.password)
        .await;
    for address in consent
        .attributes("script, link, img", "src")
        .iter()
        .chain(&consent.attributes("link, a", "href"))
    {
        assert!(
            !address.starts_with('/') || address.starts_with("/campus/"),
            "{address}"
        );
    }
    let back = canteen.receives(&consent.presses("allow").await);
    let tokens = canteen.exchanges_code(&back.code()).await;

    assert_eq!(back.get("iss"), Some(issuer.clone()));
    assert_eq!(
        canteen
            .reads(&tokens.access, "fields=first_name")
            .await
            .good()["first_name"],
        "Asha"
    );
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/campus",
        "/campus/.well-known/oauth-authorization-server",
    ] {
        assert_eq!(
            metadata(&world, path).await["issuer"],
            issuer.as_str(),
            "{path}"
        );
    }
    for alias in ["/profiles", "/sso"] {
        let request = canteen
            .request(Method::GET, &format!("{alias}/user/api/user"))
            .bearer_auth(&tokens.access);
        assert_eq!(Answer::to(request).await.status, 200, "{alias}");
    }
    for health in ["/health/live", "/health/ready"] {
        assert_eq!(visitor.gets(health).await.status, 200, "{health}");
    }
}

#[tokio::test]
async fn pages_under_an_alias_prefix_redirect_to_their_canonical_address() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    for (aliased, canonical) in [
        ("sso/user/settings/?x=1", "/user/settings/?x=1"),
        ("profiles/doc/", "/doc/"),
        ("profiles/user", "/user"),
        ("sso/", "/"),
        ("sso", "/"),
        ("sso//evil.example/", "/evil.example/"),
        ("sso/%5Cevil.example/", "/%5Cevil.example/"),
    ] {
        let answer = asha.gets(aliased).await;
        assert_eq!(answer.status, 302, "{aliased}");
        assert_eq!(answer.header("location"), canonical, "{aliased}");
    }
    asha.visits("sso/user/sessions/").await.shows("Sessions");
    // A form is not redirected, because a redirect loses it; protocol endpoints answer in place.
    let form = asha.posts("sso/user/sessions/", &[]).await;
    assert_eq!(form.status, 404);
    let token = asha.posts("sso/oauth/token/", &[]).await;
    assert_eq!(token.status, 400);
    assert_eq!(asha.gets("ssoo/user/").await.status, 404);
}

#[tokio::test]
async fn addresses_work_with_and_without_the_trailing_slash() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let pair = world.connects(&asha, &canteen, "basic").await;

    for path in [
        "user",
        "user/settings",
        "oauth/applications",
        "oauth/applications/register",
        "account/logout",
        "health/ready",
    ] {
        let (bare, slashed) = (asha.gets(path).await, asha.gets(&format!("{path}/")).await);
        assert_eq!(
            (bare.status.as_u16(), slashed.status.as_u16()),
            (200, 200),
            "{path}"
        );
    }
    let bare = canteen
        .request(Method::GET, "user/api/user")
        .bearer_auth(&pair.access);
    assert_eq!(Answer::to(bare).await.status, 200);
    assert_eq!(
        canteen
            .calls(
                "oauth/revoke_token",
                Credentials::InBody,
                &[("token", &pair.refresh)]
            )
            .await
            .status,
        200
    );
    canteen.reads(&pair.access, "").await.detail(401);
}

#[tokio::test]
async fn an_unknown_address_gets_a_404_in_the_accepted_format() {
    let world = World::new().await;

    let page = world.student("asha").await.gets("nowhere/").await;
    let call = Answer::to(world.canteen().request(Method::GET, "user/api/user/1/")).await;

    page.refuses(404);
    assert_eq!(call.status, 404);
}

#[tokio::test]
async fn an_address_that_is_not_utf_8_gets_a_404() {
    let world = World::new().await;
    for address in [
        "doc/%ff/",
        "account/login/%c3%28/",
        "mail/stop/%ff/",
        "static/%ff",
        "media/profile_picture/%ff",
        "oauth/applications/%ff/",
    ] {
        let page = world.visitor().gets(address).await;
        assert!(page.offers("main h1"), "{address}: {}", page.text());
        page.refuses(404);
    }
    let call = world.canteen().request(Method::GET, "user/api/%ff/");
    Answer::to(call).await.detail(404);
}

#[tokio::test]
async fn responses_to_options_and_wrong_methods_list_the_methods() {
    let world = World::new().await;
    for (address, methods) in [
        ("oauth/token/", "POST, OPTIONS"),
        ("oauth/revoke_token/", "POST, OPTIONS"),
        ("user/api/user/", "GET, HEAD, OPTIONS"),
        ("user/api/user/send_mail/", "POST, OPTIONS"),
    ] {
        for method in [Method::OPTIONS, Method::PUT] {
            let call = world.canteen().request(method, address);
            let answer = Answer::to(call).await;
            assert_eq!(answer.header("allow"), methods, "{address}");
        }
    }
}

#[tokio::test]
async fn the_openapi_document_describes_the_api() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let response = Answer::to(canteen.request(Method::GET, "api/openapi.json"))
        .await
        .good();
    let scopes =
        metadata(&world, "/.well-known/oauth-authorization-server").await["scopes_supported"]
            .clone();
    let all: Vec<_> = scopes
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope.as_str().unwrap())
        .collect();

    let tokens = world.connects(&asha, &canteen, &all.join(" ")).await;
    let read = canteen
        .reads(
            &tokens.access,
            &format!("fields={}", tokens.fields().join(",")),
        )
        .await
        .good();

    assert!(
        response["openapi"].as_str().unwrap().starts_with("3."),
        "{}",
        response["openapi"]
    );
    let described = response.to_string();
    for name in read
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .chain(all)
    {
        assert!(described.contains(&format!("\"{name}\"")), "{name}");
    }
}

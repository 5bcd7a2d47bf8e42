//! S1–S15: which addresses the authorization endpoint redirects to, and which never.

use reqwest::Method;

use crate::support::campus::Registration;
use crate::support::{World, parameter};

const EVERY_KIND_OF_ALMOST: [&str; 22] = [
    "https://canteen.example/cb?extra=1",
    "https://canteen.example/cb/",
    "https://canteen.example/cb/more",
    "https://canteen.example/CB",
    "https://CANTEEN.example/cb",
    "HTTPS://canteen.example/cb",
    "http://canteen.example/cb",
    "https://canteen.example:443/cb",
    "https://canteen.example/%63b",
    "https://canteen.example/x/%2e%2e/cb",
    "https://canteen.example/x/../cb",
    "https://asha@canteen.example/cb",
    "https://canteen.example%2eevil.example/cb",
    "https://canteen.example.evil.example/cb",
    "https://evil.example\\@canteen.example/cb",
    "https://evil.example#@canteen.example/cb",
    "https://canteen.example/cb#",
    "https://canteen.example/cb;evil",
    "https://canteen.example/cb\r\nLocation: https://evil.example",
    "https://canteen.example/\tcb",
    "https://cаnteen.example/cb",
    "//evil.example/cb",
];

#[tokio::test]
async fn s01_a_redirect_uri_that_is_almost_right_is_wrong() {
    let world = World::new().await;
    let (asha, visitor, canteen) = (
        world.student("asha").await,
        world.visitor(),
        world.canteen(),
    );

    for almost in EVERY_KIND_OF_ALMOST {
        let link = canteen.authorize_url(&[("redirect_uri", almost)]);
        asha.gets(&link).await.refuses(400);
        let unknown = visitor.gets(&link).await;
        assert!(unknown.stays_here(), "{almost}: {:?}", unknown.redirect());
    }
}

#[tokio::test]
async fn s02_only_loopback_addresses_may_change_their_port() {
    let world = World::new().await;
    let (asha, timetable) = (world.student("asha").await, world.timetable());
    let ask = |uri: &str| {
        let proof = crate::support::relying_party::challenge(&"v".repeat(43));
        timetable.authorize_url(&[
            ("redirect_uri", uri),
            ("code_challenge", &proof),
            ("code_challenge_method", "S256"),
        ])
    };

    for port in [
        "http://127.0.0.1:49152/cb",
        "http://127.0.0.1:8080/cb",
        "http://127.0.0.1/cb",
    ] {
        let back = asha
            .visits(&ask(port))
            .await
            .presses("allow")
            .await
            .location();
        assert!(back.as_str().starts_with(&format!("{port}?")), "{back}");
    }

    for wrong in [
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/cb?x=1",
        "http://127.0.0.2:49152/cb",
        "http://localhost:49152/cb",
        "https://127.0.0.1:49152/cb",
        "https://timetable.example:8443/cb",
        "http://127.0.0.1:49152@evil.example/cb",
    ] {
        asha.gets(&ask(wrong)).await.refuses(400);
    }
}

#[tokio::test]
async fn s03_an_unknown_client_or_redirect_uri_is_not_redirected_and_is_escaped() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let script = "<script>alert(1)</script>";

    let client = asha
        .gets(&canteen.with_id(script).login_link("basic"))
        .await;
    let address = asha
        .gets(
            &canteen.authorize_url(&[("redirect_uri", &format!("https://evil.example/{script}"))]),
        )
        .await;

    for page in [client, address] {
        page.refuses(400);
        assert!(!page.text().contains(script), "{}", page.text());
    }
}

#[tokio::test]
async fn s05_an_ambiguous_redirect_uri_cannot_be_registered() {
    let world = World::new().await;
    let meera = world.student("meera").await;

    for wrong in [
        "https://app.example/cb#fragment",
        "https://*.app.example/cb",
        "https://app.example/*",
        "javascript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "http://app.example/cb",
        "/cb",
        "app.example/cb",
        "https://",
    ] {
        let form = meera.visits("oauth/applications/register/").await;
        let answered = form
            .fills("name", "Wrong")
            .fills("description", "An address nobody could mean")
            .fills("redirect_uris", wrong)
            .enters("redirect_uris")
            .await;
        assert_eq!(
            answered.url.path(),
            "/oauth/applications/register/",
            "{wrong}"
        );
        assert!(
            answered.offers("textarea[name=redirect_uris], input[name=redirect_uris]"),
            "{wrong}"
        );
    }
    assert!(!meera.visits("oauth/applications/").await.says("Wrong"));
}

#[tokio::test]
async fn s06_errors_and_codes_have_state_and_issuer() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let ask = |scope: &str| canteen.authorize_url(&[("scope", scope), ("state", "s1")]);

    let bogus = canteen.receives(&asha.gets(&ask("bogus")).await);
    let denied = canteen.receives(&asha.visits(&ask("basic")).await.presses("deny").await);
    let allowed = canteen.receives(&asha.visits(&ask("basic")).await.presses("allow").await);

    for back in [bogus, denied, allowed] {
        assert_eq!(back.get("state").as_deref(), Some("s1"), "{}", back.address);
        assert_eq!(
            back.get("iss").as_deref(),
            Some(world.base.trim_end_matches('/')),
            "{}",
            back.address
        );
    }
}

#[tokio::test]
async fn s07_a_long_unicode_state_is_returned_unchanged() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let long = "a+b %2B é 飯 🍛 \"<>&;".repeat(70);

    let back = canteen.receives(
        &asha
            .visits(&canteen.authorize_url(&[("state", &long)]))
            .await
            .presses("allow")
            .await,
    );

    assert!(long.len() > 1500);
    assert_eq!(back.get("state"), Some(long));
}

#[tokio::test]
async fn s07_an_oversized_state_is_refused() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let ask = |long: usize| canteen.authorize_url(&[("state", &"s".repeat(long))]);

    asha.gets(&ask(4096)).await.shows("Canteen");
    let back = canteen.receives(&asha.gets(&ask(4097)).await);

    assert_eq!(back.error(), "invalid_request");
}

#[tokio::test]
async fn only_the_newest_hundred_consent_pages_stay_valid() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let mut pages = Vec::new();
    for _ in 0..101 {
        pages.push(asha.visits(&canteen.login_link("basic")).await);
    }

    pages[0].presses("deny").await.refuses(400);
    for open in [1, 100] {
        let back = canteen.receives(&pages[open].presses("deny").await);
        assert_eq!(back.error(), "access_denied");
    }
}

#[tokio::test]
async fn s08_the_issuer_equals_the_one_in_the_metadata() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    let metadata = canteen
        .request(Method::GET, ".well-known/oauth-authorization-server")
        .send()
        .await
        .unwrap();
    let metadata: serde_json::Value = metadata.json().await.unwrap();
    let back = canteen.receives(
        &asha
            .visits(&canteen.login_link("basic"))
            .await
            .presses("allow")
            .await,
    );

    assert_eq!(back.get("iss").as_deref(), metadata["issuer"].as_str());
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );
    assert_eq!(
        metadata["authorization_endpoint"],
        format!("{}oauth/authorize/", world.base)
    );
    assert_eq!(
        metadata["response_types_supported"],
        serde_json::json!(["code"])
    );
}

#[tokio::test]
async fn s09_a_post_redirects_to_a_get() {
    let world = World::new().await;
    let (canteen, person) = (world.canteen(), world.person("asha").await);
    let form = world.visitor().visits(&canteen.login_link("basic")).await;

    let sign_in = form
        .fills("username", &person.username)
        .fills("password", &person.password);
    let signed_in = sign_in.sends(sign_in.would_enter("password")).await;
    let consent = signed_in.clone().follows().await;
    let decided = consent.sends(consent.would_send("allow")).await;

    for answer in [signed_in, decided] {
        assert!(
            [302, 303].contains(&answer.status.as_u16()),
            "{}",
            answer.status
        );
    }
}

#[tokio::test]
async fn s10_authorize_accepts_post_and_has_no_cors_headers() {
    let world = World::new().await;
    let canteen = world.canteen();
    let fields = [
        ("client_id", canteen.client_id.as_str()),
        ("response_type", "code"),
        ("state", "s1"),
    ];

    let posted = world.visitor().posts("oauth/authorize/", &fields).await;
    let form = world
        .visitor()
        .sending("origin", "https://canteen.example")
        .gets(&canteen.login_link("basic"))
        .await;
    let login = form.clone().follows().await;

    let next = parameter(posted.location().as_str(), "next").unwrap();
    assert!(
        next.contains(&canteen.client_id) && next.contains("state=s1"),
        "{next}"
    );
    for page in [posted, form, login] {
        assert!(
            page.headers
                .keys()
                .all(|name| !name.as_str().starts_with("access-control-")),
            "{:?}",
            page.headers
        );
    }
}

#[tokio::test]
async fn s11_a_repeated_parameter_is_refused_and_an_empty_one_is_ignored() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let link = canteen.authorize_url(&[
        ("scope", "basic"),
        ("state", "s1"),
        ("redirect_uri", "https://canteen.example/cb"),
    ]);

    for twice in [
        "state=s2",
        "scope=profile",
        "client_id=another",
        "response_type=code",
        "redirect_uri=https%3A%2F%2Fevil.example%2F",
        "redirect_uri=https%3A%2F%2Fcanteen.example%2Fcb",
    ] {
        asha.gets(&format!("{link}&{twice}")).await.refuses(400);
    }

    let back = asha
        .visits(&canteen.authorize_url(&[("scope", ""), ("state", "")]))
        .await
        .presses("allow")
        .await;
    let back = canteen.receives(&back);
    assert_eq!(
        canteen.exchanges_code(&back.code()).await.scopes(),
        ["basic"]
    );
}

#[tokio::test]
async fn s12_the_authorization_endpoint_issues_codes_only() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    for kind in [
        "token",
        "id_token",
        "id_token token",
        "code token",
        "none",
        "CODE",
    ] {
        let mut link = url::Url::parse(&format!("{}oauth/authorize/", world.base)).unwrap();
        link.query_pairs_mut()
            .append_pair("client_id", &canteen.client_id)
            .append_pair("response_type", kind);
        let back = canteen.receives(&asha.gets(link.as_str()).await);
        assert_eq!(back.error(), "unsupported_response_type", "{kind}");
        assert_eq!(back.address.fragment(), None);
    }
}

#[tokio::test]
async fn s13_s14_sign_in_and_consent_cannot_be_framed_and_load_own_resources_only() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let login = world.visitor().visits(&canteen.login_link("basic")).await;
    let consent = asha.visits(&canteen.login_link("basic profile")).await;

    for page in [login, consent] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let loaded = [
            ("script[src]", "src"),
            ("link[href]", "href"),
            ("img[src]", "src"),
            ("iframe[src]", "src"),
        ];
        for address in loaded
            .iter()
            .flat_map(|(css, attribute)| page.attributes(css, attribute))
        {
            let whole = page.url.join(&address).unwrap();
            assert!(
                whole.as_str().starts_with(&world.base) || whole.scheme() == "data",
                "{whole}"
            );
        }
        assert!(
            page.texts("script:not([src])").iter().all(String::is_empty),
            "an inline script"
        );
        assert_eq!(page.attributes("[style]", "style"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn s15_sign_in_and_sign_out_are_no_open_redirects() {
    let world = World::new().await;

    for away in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%5Cevil.example",
        "https:evil.example",
    ] {
        for name in ["next", "next_", "return_to", "post_logout_redirect_uri"] {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair(name, away)
                .finish();
            let asha = world.student("asha").await;

            let out = asha.visits(&format!("account/logout/?{query}")).await;
            assert!(
                out.stays_here() && out.url.as_str().starts_with(&world.base),
                "{query}: {}",
                out.url
            );
            let gone = out.confirms().await;
            assert!(
                gone.stays_here() && gone.url.as_str().starts_with(&world.base),
                "{query}: {}",
                gone.url
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_uri_of_a_private_scheme_is_for_public_apps() {
    let world = World::new().await;
    let phone = world
        .registers(&Registration {
            owner: "meera",
            name: "Phone",
            description: "Campus in your pocket",
            redirect_uris: &["example.campus.phone:/signed-in"],
            flags: &["--public", "--verified"],
        })
        .await;
    let asha = world.student("asha").await;
    let link = phone.login_link_with_pkce("basic", &"v".repeat(43));

    let first = asha.visits(&link).await.presses("allow").await.location();
    let again = asha.visits(&link).await;

    assert!(
        first
            .as_str()
            .starts_with("example.campus.phone:/signed-in?"),
        "{first}"
    );
    again.shows("Phone");
}

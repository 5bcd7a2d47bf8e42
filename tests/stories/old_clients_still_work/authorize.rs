//! K1–K26: the authorization endpoint and the consent page.

use crate::support::relying_party::Credentials;
use crate::support::{Answer, Page, World, parameter};

#[tokio::test]
async fn k01_a_signed_out_person_signs_in_and_returns_to_the_same_request() {
    let world = World::new().await;
    let canteen = world.canteen();
    let visitor = world.visitor();

    let sent = visitor
        .gets(&canteen.authorize_url(&[("state", "s1")]))
        .await;

    assert_eq!(sent.status, 302);
    let login = sent.location();
    assert_eq!(login.path(), "/account/login/");
    let next = parameter(login.as_str(), "next").unwrap();
    assert!(next.starts_with("/oauth/authorize/?"), "{next}");

    let person = world.person("asha").await;
    let back = sent
        .follows()
        .await
        .signs_in(&person.username, &person.password)
        .await;

    back.shows("Canteen");
    let allowed = canteen.receives(&back.presses("allow").await);
    assert_eq!(allowed.get("state").as_deref(), Some("s1"));
    assert!(allowed.get("code").is_some());
}

#[tokio::test]
async fn k02_a_signed_in_person_sees_the_consent_page_of_the_app() {
    let world = World::new().await;
    let asha = world.student("asha").await;

    let consent = asha
        .gets(&world.canteen().login_link("basic profile"))
        .await;

    consent
        .shows("Canteen")
        .shows("Order dinner before the queue does")
        .shows("meera");
    assert_eq!(consent.would_send("allow").method, "post");
    assert_eq!(consent.would_send("deny").method, "post");
}

#[tokio::test]
async fn k03_each_scope_has_a_checkbox_basic_is_locked_and_framing_is_forbidden() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha.gets(&canteen.login_link("basic profile")).await;
    let refused = asha
        .gets(&canteen.with_id("nobody").login_link("basic"))
        .await;
    let redirected = asha.gets(&canteen.login_link("bogus")).await;

    let mut shown: Vec<_> = consent.scopes().into_iter().map(|it| it.value).collect();
    shown.sort();
    assert_eq!(shown, ["basic", "profile"]);
    let (basic, profile) = (consent.scope("basic"), consent.scope("profile"));
    assert!(basic.ticked && basic.locked, "{basic:?}");
    assert!(profile.ticked && !profile.locked, "{profile:?}");
    for page in [consent, refused, redirected] {
        let framing = page
            .header("content-security-policy")
            .contains("frame-ancestors 'none'");
        assert!(
            framing || page.header("x-frame-options") == "DENY",
            "{}: {:?}",
            page.url,
            page.headers
        );
    }
}

#[tokio::test]
async fn k04_allowing_redirects_with_a_code_and_the_state() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha
        .visits(&canteen.authorize_url(&[("scope", "basic profile"), ("state", "s1")]))
        .await;
    let allowed = consent.presses("allow").await;

    let back = canteen.receives(&allowed);
    assert!(
        [302, 303].contains(&allowed.status.as_u16()),
        "{}",
        allowed.status
    );
    assert_eq!(
        back.address.as_str().split_once('?').unwrap().0,
        canteen.redirect_uris[0]
    );
    assert_eq!(back.get("state").as_deref(), Some("s1"));
    let code = back.code();
    assert!(
        (1..=255).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric()),
        "{code}"
    );
}

#[tokio::test]
async fn k05_state_is_returned_unchanged() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha
        .visits(&canteen.authorize_url(&[("state", "a b&c=é/?#%")]))
        .await;
    let back = canteen.receives(&consent.presses("allow").await);

    assert_eq!(back.get("state").as_deref(), Some("a b&c=é/?#%"));
}

#[tokio::test]
async fn k06_without_a_state_none_is_returned() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let back = canteen.receives(
        &asha
            .visits(&canteen.login_link("basic"))
            .await
            .presses("allow")
            .await,
    );

    assert_eq!(back.get("state"), None, "{}", back.address);
}

#[tokio::test]
async fn k07_without_a_redirect_uri_the_first_registered_one_is_used() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let back = canteen.receives(
        &asha
            .visits(&canteen.authorize_url(&[]))
            .await
            .presses("allow")
            .await,
    );

    assert!(
        back.address
            .as_str()
            .starts_with("https://canteen.example/cb?"),
        "{}",
        back.address
    );
}

#[tokio::test]
async fn k08_another_registered_redirect_uri_keeps_its_own_query() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();
    let second = canteen.redirect_uris[1].clone();

    let consent = asha
        .visits(&canteen.authorize_url(&[("redirect_uri", &second)]))
        .await;
    let back = canteen.receives(&consent.presses("allow").await);

    assert!(
        back.address
            .as_str()
            .starts_with("https://canteen.example/cb2?x=1&"),
        "{}",
        back.address
    );
    assert!(back.get("code").is_some());
}

#[tokio::test]
async fn k09_without_a_scope_basic_is_requested() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let tokens = canteen
        .exchanges_code(&world.consents(&asha, &canteen.authorize_url(&[])).await)
        .await;

    assert_eq!(tokens.scopes(), ["basic"]);
}

#[tokio::test]
async fn k10_basic_is_always_granted() {
    let world = World::new().await;
    let asha = world.student("asha").await;

    let tokens = world.connects(&asha, &world.canteen(), "program").await;

    assert_eq!(tokens.scopes(), ["basic", "program"]);
}

#[tokio::test]
async fn k11_an_unticked_scope_is_not_granted() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha
        .visits(&canteen.login_link("basic profile ldap phone"))
        .await;
    let code = canteen
        .receives(&consent.unticks("phone").presses("allow").await)
        .code();
    let tokens = canteen.exchanges_code(&code).await;
    let read = canteen
        .reads(&tokens.access, "fields=first_name,username,mobile,contacts")
        .await
        .good();

    assert_eq!(tokens.scopes(), ["basic", "ldap", "profile"]);
    assert_eq!(read["first_name"], "Asha");
    assert_eq!(read["username"], "asha");
    assert!(
        read.get("mobile").is_none() && read.get("contacts").is_none(),
        "{read}"
    );
}

#[tokio::test]
async fn k12_a_forged_checkbox_grants_nothing() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha.visits(&canteen.login_link("basic profile")).await;
    let forged = consent
        .presses_with("allow", &[("scope", "sex"), ("field", "sex")])
        .await;
    let tokens = canteen
        .exchanges_code(&canteen.receives(&forged).code())
        .await;
    let read = canteen
        .reads(&tokens.access, "fields=sex,first_name")
        .await
        .good();

    assert_eq!(tokens.scopes(), ["basic", "profile"]);
    assert!(
        read.get("sex").is_none() && read["first_name"] == "Asha",
        "{read}"
    );
}

#[tokio::test]
async fn k13_denying_redirects_with_access_denied() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha
        .visits(&canteen.authorize_url(&[("scope", "basic"), ("state", "s1")]))
        .await;
    let back = canteen.receives(&consent.presses("deny").await);

    assert_eq!(back.error(), "access_denied");
    assert_eq!(back.get("state").as_deref(), Some("s1"));
}

#[tokio::test]
async fn k14_a_denial_cannot_be_redirected_to_another_address() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha.visits(&canteen.login_link("basic")).await;
    let bent = consent
        .presses_with("deny", &[("redirect_uri", "https://evil.example/")])
        .await;

    assert_ne!(
        bent.redirect()
            .and_then(|to| to.host_str().map(str::to_owned))
            .as_deref(),
        Some("evil.example")
    );
}

#[tokio::test]
async fn k15_an_unknown_scope_redirects_with_invalid_scope() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let back = canteen.receives(
        &asha
            .gets(&canteen.authorize_url(&[("scope", "basic bogus"), ("state", "s1")]))
            .await,
    );

    assert!(
        back.address
            .as_str()
            .starts_with("https://canteen.example/cb?"),
        "{}",
        back.address
    );
    assert_eq!(back.error(), "invalid_scope");
    assert_eq!(back.get("state").as_deref(), Some("s1"));
}

#[tokio::test]
async fn k16_a_private_scope_cannot_be_requested() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let back = canteen.receives(&asha.gets(&canteen.login_link("priv_rooms")).await);

    assert_eq!(back.error(), "invalid_scope");
}

#[tokio::test]
async fn k17_a_missing_response_type_redirects_with_invalid_request() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let back = canteen.receives(
        &asha
            .gets(&format!("oauth/authorize/?client_id={}", canteen.client_id))
            .await,
    );

    assert!(
        back.address
            .as_str()
            .starts_with("https://canteen.example/cb?"),
        "{}",
        back.address
    );
    assert_eq!(back.error(), "invalid_request");
}

#[tokio::test]
async fn k18_other_response_types_are_refused() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();
    let link_with = |kind: &str| {
        format!(
            "oauth/authorize/?client_id={}&response_type={kind}",
            canteen.client_id
        )
    };

    let unknown = canteen.receives(&asha.gets(&link_with("foo")).await);
    let implicit = canteen.receives(&asha.gets(&link_with("token")).await);

    assert_eq!(unknown.error(), "unsupported_response_type");
    assert!(
        ["unauthorized_client", "unsupported_response_type"].contains(&implicit.error().as_str())
    );
}

#[tokio::test]
async fn k19_an_unknown_client_gets_an_error_page() {
    let world = World::new().await;
    let asha = world.student("asha").await;

    let unknown = asha
        .gets(&world.canteen().with_id("nobody").login_link("basic"))
        .await;
    let missing = asha.gets("oauth/authorize/?response_type=code").await;

    unknown.refuses(400);
    missing.refuses(400);
}

#[tokio::test]
async fn k20_an_unregistered_redirect_uri_gets_an_error_page() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    for wrong in [
        "https://evil.example/cb",
        "https://canteen.example/other",
        "https://canteen.example/cb/",
        "https://canteen.example/cb#here",
    ] {
        asha.gets(&canteen.authorize_url(&[("redirect_uri", wrong)]))
            .await
            .refuses(400);
    }
}

#[tokio::test]
async fn k21_scopes_may_have_any_order_and_any_encoding_of_blanks() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    for scope in [
        "basic+profile+ldap",
        "basic%20profile%20ldap",
        "ldap+profile+basic",
        "ldap%20%20basic+profile",
    ] {
        let link = format!(
            "oauth/authorize/?client_id={}&response_type=code&scope={scope}",
            canteen.client_id
        );
        let tokens = canteen
            .exchanges_code(&world.consents(&asha, &link).await)
            .await;
        assert_eq!(tokens.scopes(), ["basic", "ldap", "profile"], "{scope}");
    }
}

#[tokio::test]
async fn k22_unknown_parameters_are_ignored() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    let consent = asha
        .visits(&canteen.authorize_url(&[("scope", "basic"), ("foo", "1"), ("nonce", "2")]))
        .await;

    assert!(
        canteen
            .receives(&consent.presses("allow").await)
            .get("code")
            .is_some()
    );
}

#[tokio::test]
async fn k23_an_earlier_decision_is_remembered() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();
    world.connects(&asha, &canteen, "basic profile").await;

    let same = asha
        .gets(&canteen.authorize_url(&[("scope", "basic profile"), ("approval_prompt", "auto")]))
        .await;
    let more = asha
        .gets(
            &canteen.authorize_url(&[("scope", "basic profile ldap"), ("approval_prompt", "auto")]),
        )
        .await;

    let tokens = canteen
        .exchanges_code(&canteen.receives(&same).code())
        .await;
    assert_eq!(tokens.scopes(), ["basic", "profile"]);
    is_consent(&more);
}

#[tokio::test]
async fn k24_force_always_shows_the_consent_page() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();
    world.connects(&asha, &canteen, "basic profile").await;

    let forced = asha
        .gets(&canteen.authorize_url(&[("scope", "basic profile"), ("approval_prompt", "force")]))
        .await;

    is_consent(&forced);
}

#[tokio::test]
async fn k25_the_trailing_slash_may_be_missing() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();
    let bare = canteen
        .authorize_url(&[("scope", "basic"), ("state", "s1")])
        .replace("/authorize/?", "/authorize?");

    let consent = asha.gets(&bare).await;

    is_consent(&consent);
    let back = canteen.receives(&consent.presses("allow").await);
    assert_eq!(back.get("state").as_deref(), Some("s1"));
    canteen.exchanges_code(&back.code()).await;
}

#[tokio::test]
async fn k26_a_code_of_one_prefix_works_under_another() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();

    for (requested, exchanged) in [
        ("sso/", "profiles/"),
        ("profiles/", "sso/"),
        ("sso/", ""),
        ("", "profiles/"),
    ] {
        let link = canteen.login_link("basic").replace(
            "/oauth/authorize/",
            &format!("/{requested}oauth/authorize/"),
        );
        let code = world.consents(&asha, &link).await;
        let answer = canteen
            .calls(
                &format!("{exchanged}oauth/token/"),
                Credentials::InHeader,
                &[("grant_type", "authorization_code"), ("code", &code)],
            )
            .await;
        let tokens = answer.tokens();
        let read = canteen
            .request(reqwest::Method::GET, &format!("{requested}user/api/user/"))
            .bearer_auth(&tokens.access);
        assert!(
            Answer::to(read).await.good()["id"].is_i64(),
            "{requested} {exchanged}"
        );
    }
}

fn is_consent(page: &Page) {
    page.shows("Canteen");
    assert_eq!(page.would_send("allow").method, "post");
}

//! Attacks on the consent page: no site answers for a person, and no answer grants more than was requested (S53).

use crate::support::form::{Part, Submission};
use crate::support::{Browser, Page, World, asha_uses_the_canteen};

/// Whatever the refusal looks like, no code is issued.
fn gives_nothing(answer: &Page) {
    let code = answer
        .redirect()
        .and_then(|to| crate::support::parameter(to.as_str(), "code"));
    assert_eq!(code, None, "{:?}", answer.redirect());
    assert!(!answer.status.is_server_error(), "{}", answer.status);
}

fn with(mut submission: Submission, name: &str, value: &str) -> Submission {
    submission.parts.retain(|(other, _)| other != name);
    submission
        .parts
        .push((name.to_owned(), Part::Text(value.to_owned())));
    submission
}

async fn forged(browser: &Browser, page: &Page, submission: &Submission) -> Page {
    let action = page.url.join(&submission.action).unwrap();
    let pairs = submission.pairs();
    let fields: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.posts(action.as_str(), &fields).await
}

#[tokio::test]
async fn another_site_cannot_press_allow() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let consent = asha
        .visits(&world.canteen().login_link("basic profile"))
        .await;
    let allow = consent.would_send("allow");
    let token = allow
        .pairs()
        .into_iter()
        .find(|(name, _)| name == "csrf_token")
        .unwrap()
        .1;

    let mut without = consent.would_send("allow");
    without.parts.retain(|(name, _)| name != "csrf_token");
    for wrong in [
        without,
        with(consent.would_send("allow"), "csrf_token", ""),
        with(consent.would_send("allow"), "csrf_token", "guess"),
    ] {
        let answer = forged(&asha, &consent, &wrong).await;
        gives_nothing(&answer);
        assert_eq!(answer.status, 403, "{}", answer.words());
    }
    let elsewhere = asha
        .sending("origin", "https://evil.example")
        .sending("sec-fetch-site", "cross-site");
    gives_nothing(&forged(&elsewhere, &consent, &without_token(&allow)).await);

    assert!(!token.is_empty());
    world
        .canteen()
        .receives(&consent.presses("allow").await)
        .code();
}

fn without_token(submission: &Submission) -> Submission {
    let parts = submission
        .parts
        .iter()
        .filter(|(name, _)| name != "csrf_token")
        .cloned()
        .collect();
    Submission {
        action: submission.action.clone(),
        method: submission.method.clone(),
        multipart: false,
        parts,
    }
}

#[tokio::test]
async fn a_csrf_token_of_one_session_does_not_work_in_another() {
    let world = World::new().await;
    let (asha, wasim, canteen) = (
        world.student("asha").await,
        world.student("wasim").await,
        world.canteen(),
    );
    let hers = asha.visits(&canteen.login_link("basic profile")).await;
    let his = wasim.visits(&canteen.login_link("basic profile")).await;
    let his_token = his
        .would_send("allow")
        .pairs()
        .into_iter()
        .find(|(name, _)| name == "csrf_token")
        .unwrap()
        .1;

    // wasim's token in asha's browser, her form in his, and her form with his token in his.
    let swapped = with(hers.would_send("allow"), "csrf_token", &his_token);
    gives_nothing(&forged(&asha, &hers, &swapped).await);
    gives_nothing(&forged(&wasim, &hers, &hers.would_send("allow")).await);
    gives_nothing(&forged(&wasim, &hers, &swapped).await);

    canteen.receives(&hers.presses("allow").await).code();
}

#[tokio::test]
async fn a_form_from_another_tab_answers_its_own_request_only() {
    let world = World::new().await;
    let (asha, canteen, library) = (
        world.student("asha").await,
        world.canteen(),
        world.library(),
    );
    let first = asha.visits(&canteen.login_link("basic")).await;
    let second = asha
        .visits(&library.login_link("basic profile phone"))
        .await;

    let answered = canteen.receives(&first.presses("allow").await);
    let tokens = canteen.exchanges_code(&answered.code()).await;
    let bent = second
        .presses_with(
            "allow",
            &[("client_id", &canteen.client_id), ("scope", "sex")],
        )
        .await;

    assert_eq!(tokens.scopes(), ["basic"]);
    let tokens = library
        .exchanges_code(&library.receives(&bent).code())
        .await;
    assert_eq!(tokens.scopes(), ["basic", "phone", "profile"]);
}

#[tokio::test]
async fn a_consent_form_can_be_submitted_once() {
    let (_world, asha, canteen, _) = asha_uses_the_canteen().await;
    let consent = asha
        .visits(&canteen.authorize_url(&[("scope", "basic phone"), ("approval_prompt", "force")]))
        .await;
    let first = canteen.receives(&consent.presses("allow").await).code();
    asha.disconnects("Canteen").await;

    gives_nothing(&consent.presses("allow").await);
    gives_nothing(&consent.presses("deny").await);

    canteen
        .tries_to_exchange(&first, &[])
        .await
        .refuses(400, "invalid_grant");
    assert_eq!(
        asha.visits("user/settings/").await.texts("main h2"),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_consent_page_shown_to_one_person_cannot_be_answered_by_the_next() {
    let world = World::new().await;
    let (canteen, wasim) = (world.canteen(), world.person("wasim").await);
    let browser = world.student("asha").await;
    let hers = browser.visits(&canteen.login_link("basic profile")).await;

    browser.visits("account/logout/").await.confirms().await;
    browser.signs_in(&wasim.username, &wasim.password).await;

    gives_nothing(&hers.presses("allow").await);
}

#[tokio::test]
async fn a_get_request_gives_no_consent() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let consent = asha.visits(&world.canteen().login_link("basic")).await;
    let allow = consent.would_send("allow");

    let mut link = consent.url.join(&allow.action).unwrap();
    link.query_pairs_mut().extend_pairs(allow.pairs());
    let answer = asha.gets(link.as_str()).await;

    gives_nothing(&answer);
}

#[tokio::test]
async fn a_code_injected_into_another_login_is_refused() {
    let world = World::new().await;
    let (asha, wasim, canteen) = (
        world.student("asha").await,
        world.student("wasim").await,
        world.canteen(),
    );
    let (her_verifier, his_verifier) = ("a".repeat(43), "w".repeat(43));
    let stolen = world
        .consents(
            &asha,
            &canteen.login_link_with_pkce("basic profile", &her_verifier),
        )
        .await;
    let own = world
        .consents(
            &wasim,
            &canteen.login_link_with_pkce("basic profile", &his_verifier),
        )
        .await;

    // The attacker's login at the app ends with the victim's code, but with the attacker's verifier.
    canteen
        .tries_to_exchange(&stolen, &[("code_verifier", &his_verifier)])
        .await
        .refuses(400, "invalid_grant");

    let tokens = canteen
        .tries_to_exchange(&own, &[("code_verifier", &his_verifier)])
        .await
        .tokens();
    assert_eq!(
        canteen
            .reads(&tokens.access, "fields=first_name")
            .await
            .good()["first_name"],
        "Wasim"
    );
}

#[tokio::test]
async fn an_earlier_wider_consent_does_not_widen_a_narrower_login() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let wide = world.connects(&asha, &canteen, "basic profile phone").await;

    let narrow = world.connects(&asha, &canteen, "basic").await;

    assert_eq!(narrow.scopes(), ["basic"]);
    let read = canteen
        .reads(&narrow.access, "fields=mobile,first_name")
        .await
        .good();
    assert!(
        read.get("mobile").is_none() && read.get("first_name").is_none(),
        "{read}"
    );
    canteen
        .tries_to_refresh(&narrow.refresh, &[("scope", "basic phone")])
        .await
        .refuses(400, "invalid_scope");
    assert_eq!(
        canteen.reads(&wide.access, "fields=mobile").await.good()["mobile"],
        "9876543210"
    );
}

#[tokio::test]
async fn s53_an_app_that_cannot_be_authenticated_needs_consent_every_time() {
    let world = World::new().await;
    let (asha, timetable, lost) = (
        world.student("asha").await,
        world.timetable(),
        world.lost_and_found(),
    );
    let proof = crate::support::relying_party::challenge(&"v".repeat(43));
    let loopback = timetable.authorize_url(&[
        ("redirect_uri", "http://127.0.0.1:4711/cb"),
        ("code_challenge", &proof),
        ("code_challenge_method", "S256"),
        ("approval_prompt", "auto"),
    ]);
    let unverified = lost.authorize_url(&[("scope", "basic"), ("approval_prompt", "auto")]);

    for link in [&loopback, &unverified] {
        asha.visits(link).await.presses("allow").await;
        let again = asha.visits(link).await;
        gives_nothing(&again);
        assert!(again.offers("button[value=allow]"), "{}", again.words());
    }
}

#[tokio::test]
async fn a_field_that_was_not_requested_cannot_be_ticked() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let consent = asha.visits(&canteen.login_link("basic profile")).await;

    let more = [
        ("field", "mobile"),
        ("field", "email"),
        ("scope", "phone"),
        ("field", "nonsense"),
        ("scope", "priv_rooms"),
    ];
    let tokens = canteen
        .exchanges_code(
            &canteen
                .receives(&consent.presses_with("allow", &more).await)
                .code(),
        )
        .await;

    assert_eq!(tokens.scopes(), ["basic", "profile"]);
    assert_eq!(
        tokens.fields(),
        ["first_name", "id", "is_alumni", "last_name", "type"]
    );

    // The field is not remembered as allowed when the app requests it later.
    let later = asha
        .gets(&canteen.authorize_url(&[
            ("scope", "basic profile phone"),
            ("approval_prompt", "auto"),
        ]))
        .await;
    gives_nothing(&later);
    assert!(later.offers("button[value=allow]"), "{}", later.words());
    assert!(!asha.visits("user/settings/").await.says("phone"));
}

/// An owner removes a redirect URI because it is no longer theirs.
#[tokio::test]
async fn an_open_consent_page_does_not_redirect_to_a_removed_uri() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let question = asha
        .visits(&world.lost_and_found().login_link("basic"))
        .await;

    let list = meera.visits("oauth/applications/").await;
    let form = list.clicks("Lost and Found").await.clicks("Edit").await;
    form.fills("redirect_uris", "https://elsewhere.example/cb")
        .enters("name")
        .await;

    gives_nothing(&question.presses("Allow").await);
}

//! Registering an app, changing it and deleting it.

use crate::support::campus::RegisteredApp;
use crate::support::relying_party::Credentials;
use crate::support::{App, Browser, Page, World};

/// A registered app as its developer has it: its page and its credentials.
struct MyApp {
    page: Page,
    app: App,
}

async fn registers(world: &World, developer: &Browser, kind: &str) -> MyApp {
    let form = developer.visits("oauth/applications/register/").await;
    let shown = form
        .fills("name", "Squash")
        .fills("description", "Bookings for the squash court")
        .fills("website", "https://squash.example/")
        .fills(
            "redirect_uris",
            "https://squash.example/cb\nhttps://squash.example/cb2",
        )
        .touches("client_type", kind, true)
        .enters("redirect_uris")
        .await;
    let page = developer
        .visits("oauth/applications/")
        .await
        .clicks("Squash")
        .await;
    let app = world.app_with_credentials(&RegisteredApp {
        name: "Squash".to_owned(),
        client_id: page.texts("#client_id").remove(0),
        client_secret: shown.texts("#client_secret").pop(),
        redirect_uris: vec![
            "https://squash.example/cb".to_owned(),
            "https://squash.example/cb2".to_owned(),
        ],
    });
    for later in [&page, &developer.visits(shown.url.as_str()).await] {
        let kept = app
            .client_secret
            .as_ref()
            .is_some_and(|secret| later.text().contains(secret));
        assert!(!kept, "the secret is shown again at {}", later.url);
    }
    MyApp { page, app }
}

/// Requests a new secret and returns it.
async fn new_secret(page: &Page) -> String {
    let form = page.clicks("Create a new secret").await;
    form.presses("Create secret")
        .await
        .texts("#client_secret")
        .remove(0)
}

#[tokio::test]
async fn a_form_that_is_sent_twice_registers_one_app() {
    let world = World::new().await;
    let developer = world.signed_in(&world.person("vikram").await).await;
    let form = developer.visits("oauth/applications/register/").await;
    let form = form
        .fills("name", "Squash")
        .fills("description", "Bookings for the squash court")
        .fills("redirect_uris", "https://squash.example/cb");

    let (first, second) = tokio::join!(form.enters("name"), form.enters("name"));

    let shown = [&first, &second].map(|page| page.texts("#client_secret").len());
    assert_eq!(shown.iter().sum::<usize>(), 1, "one answer has the secret");
    let repeated = if shown[0] == 0 { &first } else { &second };
    repeated.shows("The form was sent twice, and there is one app.");
    let another = form.fills("name", "Squash ladder").enters("name").await;
    assert_eq!(another.texts("#client_secret").len(), 1);
    let list = developer.visits("oauth/applications/").await;
    assert_eq!(list.text().matches("Squash<").count(), 1);
    assert_eq!(list.text().matches("Squash ladder<").count(), 1);
}

#[tokio::test]
async fn the_name_of_an_app_is_no_address() {
    let world = World::new().await;
    let developer = world.signed_in(&world.person("vikram").await).await;
    let form = developer.visits("oauth/applications/register/").await;
    let long = "a".repeat(61);
    for (name, advice) in [
        (
            "IIT login (iitx-login.example)",
            "Leave out web and mail addresses.",
        ),
        ("Write to help@iitx", "Leave out web and mail addresses."),
        (long.as_str(), "Use at most 60 characters."),
    ] {
        let form = form
            .clone()
            .fills("name", name)
            .fills("description", "Bookings for the squash court")
            .fills("redirect_uris", "https://squash.example/cb");
        let refused = form.enters("name").await;
        assert!(refused.refuses(422).says(advice), "{}", refused.words());
        assert_eq!(refused.attributes("input[name=name]", "value"), [name]);
    }
    let app = registers(&world, &developer, "confidential").await;
    let edit = app.page.clicks("Edit").await;
    let refused = edit.fills("name", "www.squash").enters("name").await;
    refused.refuses(422);
    assert!(refused.says("Leave out web and mail addresses."));
}

#[tokio::test]
async fn a_registered_app_signs_a_person_in() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);

    let MyApp { page, app } = registers(&world, &meera, "confidential").await;

    page.shows("Squash")
        .shows("Bookings for the squash court")
        .shows("https://squash.example/cb2");
    let consent = asha.visits(&app.login_link("basic profile")).await;
    consent.shows("Squash").shows("meera");
    let tokens = app
        .exchanges_code(&app.receives(&consent.presses("allow").await).code())
        .await;
    assert_eq!(
        app.reads(&tokens.access, "fields=first_name").await.good()["first_name"],
        "Asha"
    );
}

#[tokio::test]
async fn a_public_app_has_no_secret_and_needs_none() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);

    let MyApp { app, .. } = registers(&world, &meera, "public").await;

    assert_eq!(app.client_secret, None);
    let verifier = "v".repeat(43);
    let code = world
        .consents(&asha, &app.login_link_with_pkce("basic", &verifier))
        .await;
    app.tries_to_exchange(&code, &[("code_verifier", &verifier)])
        .await
        .tokens();
}

#[tokio::test]
async fn a_new_secret_works_beside_the_old_one_and_ends_the_one_before() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let MyApp { page, app: first } = registers(&world, &meera, "confidential").await;
    let pair = world.connects(&asha, &first, "basic").await;

    let second = first.with_secret(&new_secret(&page).await);
    let pair = first.refreshes(&pair).await;
    let pair = second.refreshes(&pair).await;
    let third = first.with_secret(&new_secret(&meera.visits(page.url.as_str()).await).await);

    first
        .tries_to_refresh(&pair.refresh, &[])
        .await
        .refuses(401, "invalid_client");
    let pair = second.refreshes(&pair).await;
    third.refreshes(&pair).await;
    let secrets = [&first, &second, &third].map(|app| app.client_secret.clone().unwrap());
    assert!(
        secrets[0] != secrets[1]
            && secrets[1] != secrets[2]
            && secrets.iter().all(|it| it.len() >= 43)
    );
}

#[tokio::test]
async fn a_change_is_visible_on_the_consent_page() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let MyApp { page, app } = registers(&world, &meera, "confidential").await;

    let form = page.clicks("Edit").await;
    assert_eq!(form.url.path(), format!("{}update/", page.url.path()));
    assert_eq!(form.attributes("input[name=name]", "value"), ["Squash"]);
    let changed = form
        .fills("name", "Squash Court")
        .fills("redirect_uris", "https://squash.example/cb2")
        .enters("redirect_uris")
        .await;

    assert_eq!(changed.url.path(), page.url.path());
    changed.shows("Squash Court");
    asha.visits(&app.login_link("basic"))
        .await
        .shows("Squash Court");
    asha.gets(&app.authorize_url(&[("redirect_uri", "https://squash.example/cb")]))
        .await
        .refuses(400);
}

#[tokio::test]
async fn a_redirect_uri_in_a_spelling_that_no_client_sends_is_refused_with_the_usual_one() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    let register = async |uris: &str| {
        let form = meera.visits("oauth/applications/register/").await;
        form.fills("name", "Squash")
            .fills("description", "Bookings for the squash court")
            .fills("redirect_uris", uris)
            .enters("redirect_uris")
            .await
    };

    let refused = register(
        "HTTPS://Squash.example/cb\nhttps://squash.example:443/cb\n\
         https://squash.example./cb\nhttps://squash.example/100%",
    )
    .await;

    for usual in [
        "register https://squash.example/cb instead",
        "register https://squash.example/100%25 instead",
    ] {
        assert!(refused.says(usual), "{}", refused.words());
    }
    let kept = refused.texts("textarea[name=redirect_uris]");
    assert!(kept[0].contains("HTTPS://Squash.example/cb"), "{kept:?}");
    let accepted = register("https://squash.example/cb\nhttps://squash.example/100%25").await;
    assert!(
        !accepted.offers("[name=redirect_uris]"),
        "{}",
        accepted.words()
    );
}

#[tokio::test]
async fn an_invalid_form_shows_errors_and_keeps_its_values() {
    let world = World::new().await;
    let meera = world.student("meera").await;

    let form = meera.visits("oauth/applications/register/").await;
    let answer = form
        .fills("name", "Squash")
        .fills("description", "Bookings for the squash court")
        .fills("redirect_uris", "http://squash.example/cb")
        .enters("redirect_uris")
        .await;

    assert_eq!(answer.attributes("input[name=name]", "value"), ["Squash"]);
    assert!(
        answer
            .texts("textarea")
            .iter()
            .any(|text| text.contains("http://squash.example/cb"))
    );
    let described = answer.attributes(
        "[name=redirect_uris][aria-invalid=true]",
        "aria-describedby",
    );
    assert_eq!(described.len(), 1, "{}", answer.text());
    let errors: Vec<_> = described[0]
        .split(' ')
        .flat_map(|id| answer.texts(&format!("#{id}")))
        .collect();
    assert!(
        errors
            .iter()
            .any(|text| text.contains("http://squash.example/cb") || text.contains("https")),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_person_can_own_a_hundred_apps_at_most() {
    let world = World::new().await;
    let wasim = world.student("wasim").await;
    let form = wasim
        .visits("oauth/applications/register/")
        .await
        .fills("name", "Squash")
        .fills("description", "Bookings for the squash court")
        .fills("redirect_uris", "https://squash.example/cb")
        .touches("client_type", "public", true);
    for number in 0..100 {
        let form = form.clone().fills("name", &format!("Squash {number}"));
        let sent = form.sends(form.would_enter("redirect_uris")).await;
        assert!(sent.redirect().is_some(), "{}", sent.text());
    }

    let refused = form.sends(form.would_enter("redirect_uris")).await;

    assert_eq!(refused.status, 409);
    assert!(refused.says("Delete an app that you no longer need"));
    assert_eq!(refused.attributes("input[name=name]", "value"), ["Squash"]);
}

#[tokio::test]
async fn a_logo_is_public() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let MyApp { page, app } = registers(&world, &meera, "confidential").await;

    let form = page.clicks("Edit").await;
    form.attaches(
        "logo",
        "logo.png",
        include_bytes!("support/asha.png").to_vec(),
    )
    .enters("redirect_uris")
    .await;

    let consent = asha.visits(&app.login_link("basic")).await;
    let logo = consent.attributes("main img", "src").remove(0);
    let picture = world
        .visitor()
        .gets(consent.url.join(&logo).unwrap().as_str())
        .await;
    assert_eq!(picture.status, 200, "{logo}");
    assert!(
        picture.header("content-type").starts_with("image/"),
        "{}",
        picture.header("content-type")
    );
}

#[tokio::test]
async fn a_logo_that_is_too_large_keeps_the_typed_values() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    let MyApp { page, .. } = registers(&world, &meera, "confidential").await;

    let form = page.clicks("Edit").await;
    let photograph = vec![0; 12 * 1024 * 1024];
    let refused = form
        .fills("description", "Courts by the hour")
        .attaches("logo", "photograph.jpg", photograph)
        .enters("redirect_uris")
        .await;

    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.texts("#logo-error"),
        ["This file is larger than 2 MB. Choose a smaller one."]
    );
    let description = refused.texts("textarea[name=description]");
    assert_eq!(description[0].trim(), "Courts by the hour");
}

#[tokio::test]
async fn deleting_an_app_deletes_its_tokens_and_grants() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let MyApp { page, app } = registers(&world, &meera, "confidential").await;
    let pair = world.connects(&asha, &app, "basic").await;

    let form = page.clicks("Delete Squash").await;
    app.reads(&pair.access, "").await.good();
    let list = form.confirms().await;

    assert_eq!(
        (form.url.path(), list.url.path()),
        (
            format!("{}delete/", page.url.path()).as_str(),
            "/oauth/applications/"
        )
    );
    assert!(
        !list
            .texts("main a")
            .iter()
            .any(|text| text.contains("Squash"))
    );
    app.reads(&pair.access, "").await.detail(401);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", pair.refresh.as_str()),
    ];
    app.calls("oauth/token/", Credentials::InHeader, &refresh)
        .await
        .refuses(401, "invalid_client");
    asha.gets(&app.login_link("basic")).await.refuses(400);
    assert_eq!(
        asha.visits("user/settings/").await.texts("main h2"),
        Vec::<String>::new()
    );
}

//! A student developer registers an app in a minute, looks after it and lets it go.

use std::collections::BTreeSet;

use crate::support::App;
use crate::support::Browser;
use crate::support::Page;
use crate::support::World;
use crate::support::campus::Registered;
use crate::support::relying_party::Shown;

/// The long words of letters and digits on a page: ids and secrets.
fn long_words(page: &Page) -> BTreeSet<String> {
    let words = page.words();
    let values = page.attributes("main input", "value");
    let all = words.split_whitespace().map(str::to_owned).chain(values);
    all.filter(|word| word.len() >= 20 && word.chars().all(|c| c.is_ascii_alphanumeric()))
        .collect()
}

/// Registers on the page; the page that shows the app, and what only it shows.
async fn registers(developer: &Browser, name: &str, kind: &str) -> (Page, BTreeSet<String>) {
    let form = developer.visits("oauth/applications/register/").await;
    let shown = form
        .fills("name", name)
        .fills("description", "Bookings for the squash court")
        .fills("website", "https://squash.example/")
        .fills(
            "redirect_uris",
            "https://squash.example/cb\nhttps://squash.example/cb2",
        )
        .touches("client_type", kind, true)
        .enters("redirect_uris")
        .await;
    let later = developer.visits(shown.url.as_str()).await;
    let once = long_words(&shown)
        .difference(&long_words(&later))
        .cloned()
        .collect();
    (later, once)
}

fn app(world: &World, page: &Page, secret: Option<String>) -> App {
    let client_id = page
        .texts("main code, main dd, main output")
        .into_iter()
        .find(|it| long_words(page).contains(it));
    world.app_known_as(&Registered {
        name: "Squash".to_owned(),
        client_id: client_id.unwrap_or_else(|| panic!("no client id on {}", page.words())),
        client_secret: secret,
        redirect_uris: vec![
            "https://squash.example/cb".to_owned(),
            "https://squash.example/cb2".to_owned(),
        ],
    })
}

#[tokio::test]
async fn an_app_is_registered_and_signs_somebody_in() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);

    let (page, once) = registers(&meera, "Squash", "confidential").await;

    assert_eq!(
        once.len(),
        1,
        "the secret is shown, and only once: {once:?}"
    );
    page.shows("Squash")
        .shows("Bookings for the squash court")
        .shows("https://squash.example/cb2");
    meera.visits("oauth/applications/").await.shows("Squash");
    let squash = app(&world, &page, once.first().cloned());
    let consent = asha.visits(&squash.login_link("basic profile")).await;
    consent.shows("Squash").shows("meera");
    let tokens = squash
        .trades(&squash.receives(&consent.presses("allow").await).code())
        .await;
    assert_eq!(
        squash
            .reads(&tokens.access, "fields=first_name")
            .await
            .good()["first_name"],
        "Asha"
    );
}

#[tokio::test]
async fn a_public_app_has_no_secret() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);

    let (page, once) = registers(&meera, "Squash", "public").await;

    assert!(once.is_empty(), "{once:?}");
    let squash = app(&world, &page, None);
    let verifier = "v".repeat(43);
    let code = world
        .consents(&asha, &squash.login_link_proving("basic", &verifier))
        .await;
    squash
        .tries_to_trade(&code, &[("code_verifier", &verifier)])
        .await
        .tokens();
}

#[tokio::test]
async fn a_new_secret_lives_beside_the_old_one_until_that_is_ended() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let (page, once) = registers(&meera, "Squash", "confidential").await;
    let old = app(&world, &page, once.first().cloned());
    let pair = world.connects(&asha, &old, "basic").await;

    let rotated = rotates(&page).await;
    let later = meera.visits(page.url.as_str()).await;
    let new: Vec<_> = long_words(&rotated)
        .difference(&long_words(&later))
        .cloned()
        .collect();

    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].len() >= 43 && Some(&new[0]) != old.client_secret.as_ref());
    let pair = old.refreshes(&pair).await;
    let pair = old.with_secret(&new[0]).refreshes(&pair).await;
    let third = rotates(&later).await;
    assert!(!third.status.is_server_error());
    old.with_secret(&new[0])
        .reads(&pair.access, "")
        .await
        .good();
}

/// Asks for a new secret, confirming where asked.
async fn rotates(page: &Page) -> Page {
    let actions = page.attributes("main form[method=post]", "action");
    let label = page
        .texts("main button")
        .into_iter()
        .find(|label| label.to_lowercase().contains("secret"));
    page.presses(&label.unwrap_or_else(|| panic!("no button for a new secret: {actions:?}")))
        .await
}

#[tokio::test]
async fn what_is_changed_is_what_people_see() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let (page, once) = registers(&meera, "Squash", "confidential").await;
    let squash = app(&world, &page, once.first().cloned());

    let form = meera.visits(&format!("{}update/", page.url.path())).await;
    assert_eq!(form.attributes("input[name=name]", "value"), ["Squash"]);
    let changed = form
        .fills("name", "Squash Court")
        .fills("redirect_uris", "https://squash.example/cb2")
        .enters("redirect_uris")
        .await;

    assert_eq!(changed.url.path(), page.url.path());
    changed.shows("Squash Court");
    asha.visits(&squash.login_link("basic"))
        .await
        .shows("Squash Court");
    asha.asks(&squash.asks(&[("redirect_uri", "https://squash.example/cb")]))
        .await
        .refuses(400);
}

#[tokio::test]
async fn a_wrong_form_says_why_and_loses_nothing() {
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
    assert!(answer.offers("[aria-invalid=true]"), "{}", answer.text());
    let described = answer.attributes("[aria-invalid=true]", "aria-describedby");
    let told: Vec<_> = described[0]
        .split(' ')
        .flat_map(|id| answer.texts(&format!("#{id}")))
        .collect();
    assert!(told.iter().any(|text| text.contains("https")), "{told:?}");
}

#[tokio::test]
async fn a_deleted_app_is_gone_with_all_it_had() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let (page, once) = registers(&meera, "Squash", "confidential").await;
    let squash = app(&world, &page, once.first().cloned());
    let pair = world.connects(&asha, &squash, "basic").await;

    let asked = meera.visits(&format!("{}delete/", page.url.path())).await;
    squash.reads(&pair.access, "").await.good();
    let list = asked.confirms().await;

    assert_eq!(list.url.path(), "/oauth/applications/");
    assert!(
        !list
            .texts("main a")
            .iter()
            .any(|text| text.contains("Squash"))
    );
    squash.reads(&pair.access, "").await.detail(401);
    squash
        .calls(
            "oauth/token/",
            Shown::InHeader,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", &pair.refresh),
            ],
        )
        .await
        .refuses(401, "invalid_client");
    asha.asks(&squash.login_link("basic")).await.refuses(400);
    assert!(!asha.visits("user/settings/").await.says("Squash"));
}

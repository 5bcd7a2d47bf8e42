//! Managing a registered app: its secret, its logo, its verification (K77), and when the developer signs in again
//! first.

use crate::support::wait::wait_for;
use crate::support::{Browser, Page, World};

/// The page of an app of this developer.
async fn page_of(developer: &Browser, app: &str) -> Page {
    let list = developer.visits("oauth/applications/").await;
    list.clicks(app).await
}

fn secret_on(page: &Page) -> String {
    page.texts("#client_secret").remove(0)
}

#[tokio::test]
async fn k77_a_verified_app_cannot_change_what_was_verified() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let page = page_of(&meera, "Canteen").await;

    for (field, value) in [
        ("name", "Bank"),
        ("redirect_uris", "https://evil.example/cb"),
        ("client_type", "public"),
        ("website", "https://evil.example/"),
        ("privacy_policy", "https://evil.example/privacy"),
    ] {
        let form = page.clicks("Edit").await;
        let form = match field {
            "client_type" => form.touches(field, value, true),
            _ => form.fills(field, value),
        };
        let sent = form.would_enter("redirect_uris");
        let refused = form.sends(sent).await;
        assert_eq!(refused.status, 422, "{field}");
        let errors = refused.texts(".field-error").join(" ");
        assert!(errors.contains("Canteen is verified, so"), "{errors}");
    }
    let path = page.url.path();
    let form = page.clicks("Edit").await;
    assert!(!form.offers("input[name=logo], input[name=remove_logo]"));
    let forged = form.presses_with("Save", &[("remove_logo", "on")]).await;
    forged.refuses(422);
    meera.gets(&format!("{path}delete/")).await.refuses(409);
    let token = page.attributes("input[name=csrf_token]", "value").remove(0);
    let forged = [("csrf_token", token.as_str())];
    meera
        .posts(&format!("{path}delete/"), &forged)
        .await
        .refuses(409);

    let canteen = world.canteen();
    world.connects(&asha, &canteen, "basic").await;
    let now = page_of(&meera, "Canteen").await;
    now.shows("https://canteen.example/cb")
        .shows("Confidential");
    let form = now.clicks("Edit").await;
    let saved = form.fills("description", "Lunch, too").enters("name").await;
    saved.shows("Lunch, too");
}

#[tokio::test]
async fn a_secret_is_shown_until_its_page_is_left() {
    let world = World::new().await;
    let (meera, wasim) = (world.student("meera").await, world.student("wasim").await);
    let page = page_of(&meera, "Lost and Found").await;

    let form = page.clicks("Create a new secret").await;
    let result = form.presses("Create secret").await;
    let again = meera.visits(result.url.as_str()).await;

    assert_eq!(secret_on(&result), secret_on(&again));
    assert_eq!(again.header("cache-control"), "no-store");
    wasim.gets(result.url.as_str()).await.refuses(404);
    again.clicks("Done").await;
    let late = meera.visits(result.url.as_str()).await;
    assert_eq!(late.url.path(), page.url.path());
    assert!(!late.says(&secret_on(&result)));
}

#[tokio::test]
async fn a_secret_is_not_shown_to_the_next_person_at_the_browser() {
    let world = World::new().await;
    let (wasim, meera) = (world.person("wasim").await, world.student("meera").await);
    let page = page_of(&meera, "Lost and Found").await;
    let result = page.clicks("Create a new secret").await;
    let result = result.presses("Create secret").await;
    assert!(meera.cookies().contains(&secret_on(&result)));
    let held = meera.cookies();

    let form = meera.visits("account/logout/").await;
    form.confirms().await;

    assert!(!meera.cookies().contains("new_secret"));
    let fresh = held.split("; ").find(|it| it.contains("new_secret"));
    let shared = world.visitor();
    shared.sets_cookies(fresh.unwrap());
    shared.signs_in(&wasim.username, &wasim.password).await;
    assert!(!shared.cookies().contains("new_secret"));
}

#[tokio::test]
async fn a_shown_secret_expires_after_ten_minutes() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    let page = page_of(&meera, "Lost and Found").await;
    let form = page.clicks("Create a new secret").await;
    let result = form.presses("Create secret").await;

    world.advance_clock(time::Duration::minutes(11));

    let late = meera.visits(result.url.as_str()).await;
    assert!(!late.says(&secret_on(&result)));
}

#[tokio::test]
async fn a_form_submitted_twice_is_applied_once() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    let page = page_of(&meera, "Lost and Found").await;
    let form = page.clicks("Create a new secret").await;
    let press = || form.would_send("Create secret");

    form.sends(press()).await;
    let second = form.sends(press()).await.follows().await;

    second.shows("Another secret was created in the meantime");
    let rows = |page: &Page| page.texts("table tbody tr").len();
    assert_eq!(rows(&page), 1);
    assert_eq!(rows(&page_of(&meera, "Lost and Found").await), 2);
}

#[tokio::test]
async fn changing_an_app_requires_a_recent_sign_in() {
    let world = World::new().await;
    let person = world.person("meera").await;
    let meera = world.signed_in(&person).await;
    let page = page_of(&meera, "Lost and Found").await;
    let form = page.clicks("Edit").await;

    world.advance_clock(time::Duration::minutes(61));
    meera.visits("oauth/applications/").await;

    let saved = form.fills("name", "Lost").enters("redirect_uris").await;
    assert_eq!(saved.url.path(), page.url.path(), "a form may lie open");
    for door in ["update/", "delete/", "secret/"] {
        let address = format!("{}{door}", page.url.path());
        let confirmation = meera.visits(&address).await;
        assert_eq!(confirmation.url.path(), "/account/login/");
        confirmation.shows("sign in again");
    }
    let confirmation = meera.visits(&format!("{}delete/", page.url.path())).await;
    let back = confirmation
        .signs_in(&person.username, &person.password)
        .await;
    assert_eq!(back.url.path(), format!("{}delete/", page.url.path()));
    back.confirms().await.shows("Lost is deleted");
}

#[tokio::test]
async fn the_owner_gets_a_mail_about_a_new_secret() {
    let world = World::plan().in_its_own_process().opens().await;
    let meera = world.student("meera").await;
    let page = page_of(&meera, "Lost and Found").await;

    let form = page.clicks("Create a new secret").await;
    let result = form.presses("Create secret").await;

    let mail = world.first_mail().await;
    assert!(mail.contains("To: ") && mail.contains("meera@"), "{mail}");
    assert!(mail.contains("Subject: A new client secret was created for Lost and Found"));
    assert!(!mail.contains(&secret_on(&result)));
}

#[tokio::test]
async fn a_removed_logo_is_deleted() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    let page = page_of(&meera, "Lost and Found").await;
    let logo = include_bytes!("support/asha.png").to_vec();
    let form = page.clicks("Edit").await.attaches("logo", "x.txt", logo);

    let with = form.enters("redirect_uris").await;
    let src = with.attributes("main img.face", "src").remove(0);
    assert_eq!(world.visitor().gets(&src).await.status, 200);
    let form = with.clicks("Edit").await.touches("remove_logo", "on", true);
    let without = form.enters("redirect_uris").await;

    assert!(without.attributes("main img.face", "src").is_empty());
    assert_eq!(world.visitor().gets(&src).await.status, 404);
}

/// What the owner reads under "Last problems", once this cause is there: refusals are kept in the
/// background.
async fn problems_of(developer: &Browser, app: &str, cause: &str) -> String {
    let problems = wait_for(async || {
        let page = page_of(developer, app).await;
        let problems = page.texts("#problems ~ table tbody tr").join("\n");
        problems.contains(cause).then_some(problems)
    });
    problems.await.unwrap()
}

#[tokio::test]
async fn the_owner_sees_why_requests_were_refused_and_nobody_else_does() {
    let world = World::new().await;
    let (meera, wasim) = (world.student("meera").await, world.student("wasim").await);
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let page = page_of(&meera, "Canteen").await;
    assert!(!page.says("Last problems"));
    let verifier = "a".repeat(43);
    let link = canteen.login_link_with_pkce("basic", &verifier);
    let code = world.consents(&asha, &link).await;

    let wrong = "b".repeat(43);
    let mismatch = canteen
        .tries_to_exchange(&code, &[("code_verifier", &wrong)])
        .await;
    mismatch.refuses(400, "invalid_grant");
    let traded = canteen
        .tries_to_exchange(&code, &[("code_verifier", &verifier)])
        .await;
    traded.tokens();
    world.advance_clock(time::Duration::seconds(11));
    let replay = canteen
        .tries_to_exchange(&code, &[("code_verifier", &verifier)])
        .await;
    replay.refuses(400, "invalid_grant");

    problems_of(&meera, "Canteen", "pkce_mismatch").await;
    let problems = problems_of(&meera, "Canteen", "code_replayed").await;
    assert!(
        problems.contains("The code_verifier did not fit the code_challenge."),
        "{problems}"
    );
    assert!(problems.contains("Token") && !problems.contains(&code));
    wasim.gets(page.url.path()).await.refuses(404);
}

#[tokio::test]
async fn the_same_problem_is_listed_once_a_minute() {
    let world = World::new().await;
    let (meera, canteen) = (world.student("meera").await, world.canteen());

    for code in ["one", "two", "three"] {
        canteen
            .tries_to_exchange(code, &[])
            .await
            .refuses(400, "invalid_grant");
    }

    let problems = problems_of(&meera, "Canteen", "code_unknown").await;
    assert_eq!(problems.matches("code_unknown").count(), 1, "{problems}");
}

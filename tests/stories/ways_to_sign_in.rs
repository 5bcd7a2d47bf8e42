//! One account, several ways in: linked, used, refused, taken away.

use serde_json::Value;
use time::Duration;

use crate::support::directory::Directory;
use crate::support::{Browser, Page, World};

const PAGE: &str = "user/ways-in/";
const PASSWORD: &str = "walks by the lake";

async fn proves_to_be(page: Page, username: &str) -> Page {
    page.signs_in(username, PASSWORD).await
}

/// Links somebody's entry of the directory to whoever is signed in.
async fn links(browser: &Browser, username: &str) -> Page {
    let form = browser.visits(PAGE).await.clicks("Campus account").await;
    form.shows("becomes a further way to sign in");
    proves_to_be(form, username).await
}

async fn number(world: &World, browser: &Browser) -> Value {
    let tokens = world.connects(browser, &world.canteen(), "basic").await;
    let read = world.canteen().reads(&tokens.access, "").await.good();
    read["id"].clone()
}

async fn comes_through_the_directory(world: &World, username: &str) -> (Browser, Page) {
    let browser = world.stranger();
    let form = browser.visits("account/login/ldap/").await;
    let page = proves_to_be(form, username).await;
    (browser, page)
}

#[tokio::test]
async fn a_linked_way_leads_to_the_same_account() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;

    let page = links(&asha, "nandini").await;
    page.shows("Sign-in method added");
    assert_eq!(page.texts("li.session h2").len(), 2);

    let (by_directory, page) = comes_through_the_directory(&world, "nandini").await;
    page.shows("asha");
    page.shows("Asha");
    assert_eq!(
        number(&world, &by_directory).await,
        number(&world, &asha).await
    );
    // Whoever finds a browser open must not become its owner: what is known of Asha is not the directory's to change.
    let tokens = world.connects(&asha, &world.library(), "basic ldap").await;
    let known = world
        .library()
        .reads(&tokens.access, "fields=email,roll_number")
        .await;
    assert_eq!(known.good()["email"], "asha@campus.example");
    let mail = world.mail_to("asha@campus.example", 1).await;
    assert!(mail.contains("a sign-in method was added"), "{mail}");
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_not_linked() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let (nandini, _) = comes_through_the_directory(&world, "nandini").await;
    let asha = world.student("asha").await;

    let page = links(&asha, "nandini").await;

    assert_eq!(page.status, 400);
    assert!(page.says("already belongs to another account here"));
    assert_eq!(asha.visits(PAGE).await.texts("li.session h2").len(), 1);
    assert_ne!(number(&world, &nandini).await, number(&world, &asha).await);
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_with_the_way_out() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    let (stranger, page) = comes_through_the_directory(&world, "asha").await;
    assert_eq!(page.status, 400);
    assert!(page.says("link this one there"));
    assert_eq!(stranger.asks("user/").await.status, 302);

    links(&asha, "asha").await.shows("Sign-in method added");
    let (_, page) = comes_through_the_directory(&world, "asha").await;
    page.shows("asha");
}

#[tokio::test]
async fn a_link_that_lost_its_person_does_not_sign_anybody_in() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    let form = asha.visits(PAGE).await.clicks("Campus account").await;
    world.sleeps(Duration::hours(3));

    let page = proves_to_be(form, "nandini").await;

    assert!(!page.says("Sign-in method added"), "{}", page.words());
    assert_eq!(asha.asks("user/").await.status, 302);
    // Nobody was made of it either: Nandini is new when she comes herself.
    let (_, page) = comes_through_the_directory(&world, "nandini").await;
    page.shows("nandini");
}

/// Who takes a way in away has perhaps found that somebody else uses it.
#[tokio::test]
async fn who_came_in_by_a_way_that_was_removed_is_out() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    links(&asha, "farhan").await.shows("Sign-in method added");
    let (intruder, page) = comes_through_the_directory(&world, "farhan").await;
    page.shows("asha");

    let page = asha.visits(PAGE).await;
    let page = page.clicks("Remove Campus account").await;
    let told = page.presses("Remove").await;

    told.shows("All your other sessions were ended.");
    assert_eq!(intruder.asks("user/").await.status, 302);
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let (nandini, _) = comes_through_the_directory(&world, "nandini").await;

    let page = nandini.visits(PAGE).await;
    assert!(!page.says("Remove"), "{}", page.words());
    // Nor by an address somebody wrote themselves.
    let form = nandini
        .visits("user/ways-in/remove/?provider=ldap&subject=nandini")
        .await;
    let page = form.presses("Remove").await;

    page.shows("This is your only sign-in method");
    assert_eq!(page.texts("li.session h2").len(), 1);
    let (_, page) = comes_through_the_directory(&world, "nandini").await;
    page.shows("nandini");
}

#[tokio::test]
async fn a_way_that_was_removed_leads_there_no_more() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    links(&asha, "farhan").await.shows("Sign-in method added");

    let page = asha
        .visits(PAGE)
        .await
        .clicks("Remove Campus account")
        .await;
    page.shows("Remove this sign-in method?");
    page.presses("Remove")
        .await
        .shows("The sign-in method was removed");

    assert_eq!(asha.visits(PAGE).await.texts("li.session h2").len(), 1);

    let (_, page) = comes_through_the_directory(&world, "farhan").await;
    // Farhan is somebody of his own from now on.
    page.shows("farhan");
    let mail = world.mail_to("asha@campus.example", 2).await;
    assert!(mail.contains("was removed from your account"), "{mail}");
}

#[tokio::test]
async fn after_an_hour_who_wants_to_remove_one_signs_in_again() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let person = world.person("asha").await;
    let asha = world.signed_in(&person).await;
    links(&asha, "nandini").await.shows("Sign-in method added");
    let page = asha
        .visits(PAGE)
        .await
        .clicks("Remove Campus account")
        .await;
    world.sleeps(Duration::minutes(110));
    asha.visits("user/").await.shows("Asha");
    world.sleeps(Duration::minutes(15));

    let page = page.presses("Remove").await;

    page.shows("For your security, sign in again");
    assert_eq!(asha.visits(PAGE).await.texts("li.session h2").len(), 2);
}

/// Whoever finds a browser open, hours later, must not get in by their own account from then on.
#[tokio::test]
async fn a_link_that_is_finished_hours_after_the_sign_in_links_nothing() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let person = world.person("asha").await;
    let asha = world.signed_in(&person).await;
    let form = asha.visits(PAGE).await.clicks("Campus account").await;
    world.sleeps(Duration::minutes(110));
    asha.visits("user/").await.shows("Asha");
    world.sleeps(Duration::minutes(15));

    let told = proves_to_be(form, "nandini").await;

    told.refuses(400);
    assert!(told.says("You signed in too long ago"), "{}", told.words());
    let (_, theirs) = comes_through_the_directory(&world, "nandini").await;
    assert!(!theirs.says("asha"), "{}", theirs.words());
}

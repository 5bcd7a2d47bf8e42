//! Several ways to sign in to one account: linking, using, refusing and removing them.

use serde_json::Value;
use time::Duration;

use crate::support::directory::Directory;
use crate::support::{Browser, Page, World};

const PAGE: &str = "user/ways-in/";
const PASSWORD: &str = "walks by the lake";

async fn proves_to_be(page: Page, username: &str) -> Page {
    page.signs_in(username, PASSWORD).await
}

/// Links a directory account to the signed-in person.
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
    let browser = world.visitor();
    let form = browser.visits("account/login/ldap/").await;
    let page = proves_to_be(form, username).await;
    (browser, page)
}

#[tokio::test]
async fn a_linked_identity_signs_in_to_the_same_account() {
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
    // A person at an open browser must not take over the account: the directory does not change what is known of
    // Asha.
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
async fn an_identity_of_another_person_is_not_linked() {
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
async fn a_taken_username_is_refused_with_an_explanation() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    let (visitor, page) = comes_through_the_directory(&world, "asha").await;
    assert_eq!(page.status, 400);
    assert!(page.says("link this one there"));
    assert_eq!(visitor.gets("user/").await.status, 302);

    links(&asha, "asha").await.shows("Sign-in method added");
    let (_, page) = comes_through_the_directory(&world, "asha").await;
    page.shows("asha");
}

#[tokio::test]
async fn a_link_finished_after_the_session_expired_signs_nobody_in() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    let form = asha.visits(PAGE).await.clicks("Campus account").await;
    world.advance_clock(Duration::hours(3));

    let page = proves_to_be(form, "nandini").await;

    assert!(!page.says("Sign-in method added"), "{}", page.words());
    assert_eq!(asha.gets("user/").await.status, 302);
    // No account was made of it either: Nandini is new when she signs in herself.
    let (_, page) = comes_through_the_directory(&world, "nandini").await;
    page.shows("nandini");
}

/// A person who removes a way to sign in may have found that somebody else uses it.
#[tokio::test]
async fn removing_an_identity_ends_the_sessions_it_started() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let asha = world.student("asha").await;
    links(&asha, "farhan").await.shows("Sign-in method added");
    let (intruder, page) = comes_through_the_directory(&world, "farhan").await;
    page.shows("asha");

    let page = asha.visits(PAGE).await;
    let page = page.clicks("Remove Campus account").await;
    let result = page.presses("Remove").await;

    result.shows("All your other sessions were ended.");
    assert_eq!(intruder.gets("user/").await.status, 302);
}

#[tokio::test]
async fn the_last_identity_cannot_be_removed() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let (nandini, _) = comes_through_the_directory(&world, "nandini").await;

    let page = nandini.visits(PAGE).await;
    assert!(!page.says("Remove"), "{}", page.words());
    // An address that a person typed in themselves does not link either.
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
async fn a_removed_identity_no_longer_signs_in_to_the_account() {
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
    // Farhan has a separate account from now on.
    page.shows("farhan");
    let mail = world.mail_to("asha@campus.example", 2).await;
    assert!(mail.contains("was removed from your account"), "{mail}");
}

#[tokio::test]
async fn removing_an_identity_requires_a_recent_sign_in() {
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
    world.advance_clock(Duration::minutes(110));
    asha.visits("user/").await.shows("Asha");
    world.advance_clock(Duration::minutes(15));

    let page = page.presses("Remove").await;

    page.shows("For your security, sign in again");
    assert_eq!(asha.visits(PAGE).await.texts("li.session h2").len(), 2);
}

/// A person at a browser left open for hours must not add their own account to it.
#[tokio::test]
async fn a_link_finished_hours_after_the_sign_in_links_nothing() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let person = world.person("asha").await;
    let asha = world.signed_in(&person).await;
    let form = asha.visits(PAGE).await.clicks("Campus account").await;
    world.advance_clock(Duration::minutes(110));
    asha.visits("user/").await.shows("Asha");
    world.advance_clock(Duration::minutes(15));

    let page = proves_to_be(form, "nandini").await;

    page.refuses(400);
    assert!(page.says("You signed in too long ago"), "{}", page.words());
    let (_, theirs) = comes_through_the_directory(&world, "nandini").await;
    assert!(!theirs.says("asha"), "{}", theirs.words());
}

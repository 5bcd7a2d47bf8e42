//! The profile of a person from ERP, which gives no name, and a programme that is derived from the roll number.

use serde_json::json;

use super::{campus, signs_in};

const WORKED_OUT: &str = "We filled this in from your roll number";

#[tokio::test]
async fn a_derived_programme_is_marked_until_its_owner_saves_it() {
    let (erp, world) = campus().await;
    let asha = world.visitor();
    signs_in(&erp, &asha).await;

    let page = asha.visits("user/").await;
    page.shows(WORKED_OUT);
    page.shows("from the ERP of IIT Kharagpur");
    let page = page.presses("Save programme").await;

    assert!(!page.says(WORKED_OUT), "{}", page.words());
}

#[tokio::test]
async fn a_person_without_a_name_from_erp_fills_it_in() {
    let (erp, world) = campus().await;
    let asha = world.visitor();
    signs_in(&erp, &asha).await;

    let page = asha.visits("user/").await;
    let page = page.fills("first_name", "Asha").fills("last_name", "Rao");
    page.presses("Save name").await.shows("Name saved.");

    let tokens = world
        .connects(&asha, &world.canteen(), "basic profile")
        .await;
    let read = world
        .canteen()
        .reads(&tokens.access, "fields=first_name,last_name")
        .await;
    let read = read.good();
    assert_eq!([&read["first_name"], &read["last_name"]], ["Asha", "Rao"]);

    let page = asha
        .visits("user/")
        .await
        .fills("first_name", "Asha\u{202e}ahsA");
    let page = page.presses("Save name").await;
    assert_eq!(page.status, 422);
    assert!(
        page.says("without invisible characters"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn a_name_from_the_directory_cannot_be_changed() {
    let (_erp, world) = campus().await;
    let asha = world.student("asha").await;
    let page = asha.visits("user/").await;
    assert!(!page.offers("input[name=first_name]"));

    // A request that no page sends.
    let token = page
        .attributes("form.own input[name=csrf_token]", "value")
        .remove(0);
    let fields = [
        ("csrf_token", token.as_str()),
        ("first_name", "Dean"),
        ("last_name", "Rao"),
    ];
    let page = asha.posts("user/update_name/", &fields).await;

    assert_eq!(page.status, 422);
    let tokens = world
        .connects(&asha, &world.canteen(), "basic profile")
        .await;
    let read = world
        .canteen()
        .reads(&tokens.access, "fields=first_name")
        .await;
    assert_eq!(read.good()["first_name"], json!("Asha"));
}

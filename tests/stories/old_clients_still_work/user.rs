//! K53–K67: the user API.

use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, World};

const ALL_SCOPES: &str =
    "basic profile sex picture ldap phone insti_address program secondary_emails";
const DOCUMENTED: [&str; 13] = [
    "username",
    "first_name",
    "last_name",
    "type",
    "profile_picture",
    "sex",
    "email",
    "mobile",
    "roll_number",
    "contacts",
    "insti_address",
    "program",
    "secondary_emails",
];

/// What the canteen reads about the person with every scope and all documented fields.
async fn everything_of(world: &World, username: &str) -> Value {
    let (person, canteen) = (world.student(username).await, world.canteen());
    let tokens = world.connects(&person, &canteen, ALL_SCOPES).await;
    canteen
        .reads(&tokens.access, &format!("fields={}", DOCUMENTED.join(",")))
        .await
        .good()
}

/// What the canteen reads of asha with `scope` granted and `query` requested.
async fn reads(scope: &str, query: &str) -> Answer {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, scope).await;
    canteen.reads(&tokens.access, query).await
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn k53_without_fields_only_the_id_is_returned_equal_for_all_apps() {
    let world = World::new().await;
    let (asha, canteen, library) = (
        world.student("asha").await,
        world.canteen(),
        world.library(),
    );
    let pairs = [
        (
            &canteen,
            world.connects(&asha, &canteen, "basic profile").await,
        ),
        (
            &canteen,
            world.connects(&asha, &canteen, "basic profile").await,
        ),
        (&library, world.connects(&asha, &library, "basic").await),
    ];

    let id = world.person("asha").await.id;

    for (app, pair) in pairs {
        assert_eq!(
            app.reads(&pair.access, "").await.good(),
            json!({ "id": id })
        );
    }
}

#[tokio::test]
async fn k54_every_documented_field_has_its_type() {
    let world = World::new().await;

    let asha = everything_of(&world, "asha").await;

    let mut expected = [&DOCUMENTED[..], &["id"]].concat();
    expected.sort_unstable();
    assert_eq!(keys(&asha), expected);
    let texts = [
        ("username", "asha"),
        ("first_name", "Asha"),
        ("last_name", "D’Souza"),
        ("type", "ug"),
        ("sex", "female"),
        ("email", "asha@campus.example"),
        ("mobile", "9876543210"),
        ("roll_number", "012D0700"),
    ];
    for (name, value) in texts {
        assert_eq!(asha[name], value, "{name}");
    }
    let numbers: Vec<_> = asha["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["+91 98200 11111", "022-2572 2545"]);
    let emails: Vec<_> = asha["secondary_emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["email"].as_str().unwrap())
        .collect();
    assert_eq!(emails, ["asha@mail.example"]);
    assert_eq!(
        (
            keys(&asha["contacts"][0]),
            keys(&asha["secondary_emails"][0])
        ),
        (vec!["id", "number"], vec!["email", "id"])
    );
    assert!(asha["contacts"][0]["id"].is_i64() && asha["secondary_emails"][0]["id"].is_i64());
}

#[tokio::test]
async fn k55_program_and_address_have_names_beside_codes() {
    let world = World::new().await;

    let asha = everything_of(&world, "asha").await;

    let (mut program, mut address) = (asha["program"].clone(), asha["insti_address"].clone());
    assert!(program["id"].take().is_i64() && address["id"].take().is_i64());
    assert_eq!(
        program,
        json!({
            "id": null, "department": "CSE", "department_name": "Computer Science & Engineering", "join_year": 2012,
            "graduation_year": 2016, "degree": "BTECH", "degree_name": "Bachelor of Technology",
        })
    );
    assert_eq!(
        address,
        json!({ "id": null, "room": "A-12", "hostel": "14", "hostel_name": "Hostel 14" })
    );
}

#[tokio::test]
async fn k56_an_empty_field_is_null_or_an_empty_list() {
    let world = World::new().await;

    let vikram = everything_of(&world, "vikram").await;

    for name in [
        "program",
        "insti_address",
        "type",
        "profile_picture",
        "sex",
        "mobile",
        "roll_number",
    ] {
        assert_eq!(vikram[name], Value::Null, "{name}");
    }
    assert_eq!(
        (&vikram["contacts"], &vikram["secondary_emails"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        (&vikram["username"], &vikram["first_name"]),
        (&json!("vikram"), &json!("Vikram"))
    );
}

#[tokio::test]
async fn k57_a_field_that_was_not_granted_is_omitted() {
    let read = reads("basic", "fields=first_name,username").await.good();

    assert_eq!(keys(&read), ["id"]);
}

#[tokio::test]
async fn k58_an_error_names_the_unknown_fields() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;

    for (query, unknown) in [
        ("fields=first_name,bogus", &["bogus"][..]),
        ("fields=First_Name", &["First_Name"]),
        ("fields=basic", &["basic"]),
        ("fields=bogus,password,id", &["bogus", "password"]),
    ] {
        let detail = canteen.reads(&tokens.access, query).await.detail(400);
        assert!(
            unknown.iter().all(|name| detail.contains(name)),
            "{query}: {detail}"
        );
        assert!(
            detail.starts_with("fields (") && detail.ends_with(") not found"),
            "{detail}"
        );
        assert!(!detail.contains("first_name"), "{detail}");
    }
}

#[tokio::test]
async fn k59_blanks_empty_items_and_repetitions_are_accepted() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;

    let untidy = canteen
        .reads(&tokens.access, "fields=%20first_name%20%2C+%2Cfirst_name")
        .await
        .good();
    let none = canteen.reads(&tokens.access, "fields=").await.good();
    let last = canteen
        .reads(&tokens.access, "fields=first_name&fields=last_name")
        .await
        .good();

    assert_eq!(keys(&untidy), ["first_name", "id"]);
    assert_eq!(keys(&none), ["id"]);
    assert_eq!(keys(&last), ["id", "last_name"]);
}

#[tokio::test]
async fn k60_a_picture_is_a_public_address_on_this_host() {
    let world = World::new().await;
    let asha = everything_of(&world, "asha").await;

    let path = asha["profile_picture"].as_str().unwrap();
    let picture = Answer::to(world.canteen().request(Method::GET, path)).await;

    assert!(path.starts_with('/') && !path.starts_with("//"), "{path}");
    assert_eq!(picture.status, 200);
    assert!(
        picture.header("content-type").starts_with("image/"),
        "{}",
        picture.header("content-type")
    );
    assert!(image::load_from_memory(&picture.body).is_ok());
}

#[tokio::test]
async fn k61_is_alumni_is_a_boolean() {
    let read = reads("basic profile", "fields=is_alumni").await.good();

    assert_eq!(read["is_alumni"], false);
}

#[tokio::test]
async fn k62_without_a_live_token_nothing_is_returned() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let revoked = world.connects(&asha, &canteen, "basic profile").await;
    canteen.revokes(&revoked.access).await;
    let expired = world.connects(&asha, &canteen, "basic profile").await;
    world.advance_clock(Duration::seconds(36_001));

    let none = canteen.reads_with(&[], "fields=first_name").await;
    let garbage = canteen.reads("g@rbage ü", "fields=first_name").await;
    let dead = canteen.reads(&revoked.access, "fields=first_name").await;
    let old = canteen.reads(&expired.access, "fields=first_name").await;

    for answer in [none, garbage, dead, old] {
        assert!(!answer.detail(401).is_empty());
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{}",
            answer.header("www-authenticate")
        );
        assert!(!answer.text().contains("Asha"), "{}", answer.text());
    }
}

#[tokio::test]
async fn k64_the_response_is_json_whatever_accept_header_is_sent() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;
    let (upper, lower) = (
        format!("Bearer {}", tokens.access),
        format!("bearer {}", tokens.access),
    );

    for headers in [
        &[("authorization", lower.as_str())][..],
        &[
            ("authorization", &upper),
            ("content-type", "application/json"),
        ],
        &[("authorization", &upper), ("accept", "*/*")],
        &[("authorization", &upper), ("accept", "text/html")],
    ] {
        let answer = canteen.reads_with(headers, "fields=first_name").await;
        assert_eq!(answer.good()["first_name"], "Asha", "{headers:?}");
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json"),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn k65_a_session_does_not_replace_a_token() {
    let world = World::new().await;
    let asha = world.student("asha").await;

    let page = asha.gets("user/api/user/?fields=first_name").await;

    assert!(
        [401, 403].contains(&page.status.as_u16()),
        "{}",
        page.status
    );
    assert!(!page.text().contains("Asha"), "{}", page.text());
}

#[tokio::test]
async fn k66_the_user_api_is_read_only() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic").await;

    for method in [Method::POST, Method::DELETE, Method::PUT, Method::PATCH] {
        let answer = Answer::to(
            canteen
                .request(method.clone(), "user/api/user/")
                .bearer_auth(&tokens.access),
        )
        .await;
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[tokio::test]
async fn k67_names_are_utf_8_and_departments_keep_their_ampersand() {
    let answer = reads("basic profile program", "fields=last_name,program").await;

    assert!(answer.text().contains("D’Souza"), "{}", answer.text());
    assert!(
        answer.text().contains("Computer Science & Engineering"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.good()["last_name"], "D’Souza");
}

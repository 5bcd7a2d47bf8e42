//! The look-up API: apps that may look up which mailbox belongs to a roll number.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::spawn_blocking;

use super::proving;
use crate::sim::erp::Erp;
use crate::support::{Answer, App, Browser, World, command};

const ROLL: &str = "21CS10001";
const MAILBOX: &str = "asha.21cs10001@kgpian.iitkgp.ac.in";

/// `profiles app allow` or `disallow`.
async fn runs_app_command(world: &World, verb: &'static str, app: &App) -> Value {
    let (url, data, id) = (
        world.database.url(),
        world.data.clone(),
        app.client_id.clone(),
    );
    let output = spawn_blocking(move || {
        let mut profiles = command::profiles(&url, &data);
        profiles.args(["app", verb, &id, "association"]);
        command::succeed(profiles, "")
    });
    serde_json::from_str(&output.await.unwrap()).unwrap()
}

/// Creates a look-up token on the app's page.
async fn makes_token(developer: &Browser, app: &str) -> String {
    let list = developer.visits("oauth/applications/").await;
    let page = list.clicks(app).await;
    let form = page.clicks("Create a new look-up token").await;
    let result = form.presses("Create token").await;
    let token = result.code("#look_up_token").remove(0);
    assert!(token.starts_with("pfl"), "{token}");
    token
}

async fn look_up(app: &App, path: &str, token: &str) -> Answer {
    let request = app.request(reqwest::Method::GET, path);
    Answer::to(request.header("authorization", format!("Bearer {token}"))).await
}

/// asha has proved her mailbox and agreed to look-ups, and the canteen may look people up.
async fn opens() -> ((World, Erp), Browser, String) {
    let setup = proving::opens().await;
    let asha = setup.0.visitor();
    proving::proves(&setup, &asha, (ROLL, MAILBOX))
        .await
        .presses("Sign in as 21CS10001")
        .await;
    let mine = asha.visits("association/").await;
    let saved = mine
        .touches("allows_look_ups", "on", true)
        .presses("Save")
        .await;
    saved.shows("Approved apps can now look you up.");
    let output = runs_app_command(&setup.0, "allow", &setup.0.canteen()).await;
    assert_eq!(output["allowed"], serde_json::json!(["association"]));
    let meera = setup.0.student("meera").await;
    let token = makes_token(&meera, "Canteen").await;
    (setup, asha, token)
}

#[tokio::test]
async fn an_allowed_app_gets_the_mailbox_and_the_person_sees_the_look_up() {
    let ((world, _erp), asha, token) = opens().await;
    let canteen = world.canteen();
    for path in [
        "association/roll/21CS10001",
        "association/roll/21cs10001/",
        "association/email/asha.21cs10001@kgpian.iitkgp.ac.in",
        "association/email/Asha.21cs10001%40kgpian.iitkgp.ac.in",
    ] {
        let answer = look_up(&canteen, path, &token).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let response = answer.good();
        let at = response["authenticated"].as_str().unwrap();
        OffsetDateTime::parse(at, &Rfc3339).unwrap();
        assert!(at.ends_with('Z') && at.len() == 20, "{at}");
        assert_eq!(response["roll"], ROLL);
        assert_eq!(response["email"], MAILBOX);
        assert_eq!(response.as_object().unwrap().len(), 3);
    }
    // The pages are complete once the queued access records are stored.
    world.runs_jobs().await;
    let list = asha.visits("user/settings/").await;
    list.shows("Read by apps that are no longer connected")
        .shows("Canteen")
        .shows("4 times");
    world.connects(&asha, &canteen, "basic").await;
    let list = asha.visits("user/settings/").await;
    assert!(!list.says("Read by apps that are no longer connected"));
    list.clicks("Canteen")
        .await
        .shows("no longer shared")
        .shows("4 times");
}

#[tokio::test]
async fn old_programs_get_the_responses_they_rely_on() {
    let ((world, _erp), _asha, token) = opens().await;
    let canteen = world.canteen();
    for path in [
        "get/roll/21CS10001",
        "get/email/asha.21cs10001@kgpian.iitkgp.ac.in",
    ] {
        let answer = look_up(&canteen, path, &token).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
        let text = answer.text();
        let (front, rest) = text.split_at(18);
        assert_eq!(front, r#"{"authenticated":""#);
        let (at, rest) = rest.split_at(20);
        OffsetDateTime::parse(at, &Rfc3339).unwrap();
        assert_eq!(
            rest,
            r#"","email":"asha.21cs10001@kgpian.iitkgp.ac.in","roll":"21CS10001"}"#
        );
    }
    let not_authenticated = "OOPS! You are not authenticated. If you would like to use Leprechaun, contact the Metakgp Maintainers. More info at https://wiki.metakgp.org/w/Metakgp:Governance#Current_maintainers\n";
    let no_such_kind = "That input type is not allowed! Allowed input types: roll, email\n";
    let no_record = "That record doesn't exist in our database!\n";
    for (path, token, status, words) in [
        ("get/roll/21CS10001", "wrong", 401, not_authenticated),
        ("get/name/x", "wrong", 401, not_authenticated),
        ("get/name/x", token.as_str(), 401, no_such_kind),
        ("get/roll/99XX10001", token.as_str(), 404, no_record),
        ("get/email/eve@example.com", token.as_str(), 404, no_record),
    ] {
        let answer = look_up(&canteen, path, token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str()),
            (status, words)
        );
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_person_who_did_not_agree_gets_the_same_response_as_an_unknown_one() {
    let ((world, _erp), asha, token) = opens().await;
    let canteen = world.canteen();
    let unknown = look_up(&canteen, "association/roll/99XX10001", &token).await;
    assert_eq!(unknown.status, 404);

    let mine = asha.visits("association/").await;
    let saved = mine
        .touches("allows_look_ups", "on", false)
        .presses("Save")
        .await;
    saved.shows("Apps can no longer look you up.");
    for path in [
        "association/roll/21CS10001",
        "association/email/asha.21cs10001@kgpian.iitkgp.ac.in",
    ] {
        let hidden = look_up(&canteen, path, &token).await;
        assert_eq!(hidden.status, 404);
        assert_eq!(hidden.text(), unknown.text());
    }
    world.runs_jobs().await;
    assert!(!asha.visits("user/settings/").await.says("Canteen"));

    // An account that is being closed is not found until it is reopened.
    let mine = asha.visits("association/").await;
    let mine = mine.touches("allows_look_ups", "on", true);
    mine.presses("Save").await;
    let page = asha.visits("user/data/close/").await;
    let closed = page.presses("Close your account").await;
    for path in ["association/roll/21CS10001", "get/roll/21CS10001"] {
        assert_eq!(look_up(&canteen, path, &token).await.status, 404, "{path}");
    }
    closed.presses("Keep my account").await;
    let found = look_up(&canteen, "association/roll/21CS10001", &token).await;
    assert_eq!(found.status, 200);

    // A person who never agreed is not found either.
    let setup = proving::opens().await;
    let zoya = setup.0.visitor();
    proving::proves(&setup, &zoya, (ROLL, MAILBOX)).await;
    runs_app_command(&setup.0, "allow", &setup.0.canteen()).await;
    let meera = setup.0.student("meera").await;
    let token = makes_token(&meera, "Canteen").await;
    let answer = look_up(&setup.0.canteen(), "association/roll/21CS10001", &token).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn only_a_token_of_an_allowed_app_can_look_up() {
    let ((world, _erp), _asha, token) = opens().await;
    let (canteen, meera) = (world.canteen(), world.student("meera").await);
    let path = "association/roll/21CS10001";
    let status = async |token: &str| look_up(&canteen, path, token).await.status.as_u16();

    let bare = Answer::to(canteen.request(reqwest::Method::GET, path)).await;
    assert_eq!(bare.status, 401);
    assert!(bare.header("www-authenticate").starts_with("Bearer"));
    let access = world.connects(&meera, &canteen, "basic").await.access;
    for wrong in ["", "wrong", &token[3..], &access] {
        assert_eq!(status(wrong).await, 401, "{wrong}");
    }

    // Two tokens can be live at once; a third revokes the first. Only hashes are stored.
    let second = makes_token(&meera, "Canteen").await;
    assert_eq!((status(&token).await, status(&second).await), (200, 200));
    let third = makes_token(&meera, "Canteen").await;
    assert_eq!((status(&token).await, status(&second).await), (401, 200));
    assert!(!world.database.dump().contains(&third));
    let mail = world.mail_to("meera@campus.example", 3).await;
    assert!(mail.contains("A new look-up token was created for Canteen"));
    let page = meera
        .visits("oauth/applications/")
        .await
        .clicks("Canteen")
        .await;
    assert!(!page.text().contains(&third));

    // Disallowing revokes all of them, and allowing again revives none.
    runs_app_command(&world, "disallow", &canteen).await;
    assert_eq!(status(&third).await, 401);
    let page = meera
        .visits("oauth/applications/")
        .await
        .clicks("Canteen")
        .await;
    assert!(!page.says("Look-ups"));
    runs_app_command(&world, "allow", &canteen).await;
    assert_eq!(status(&third).await, 401);

    // An app that may not look people up has no such page.
    let other = meera
        .visits("oauth/applications/")
        .await
        .clicks("Library")
        .await;
    assert!(!other.says("Look-ups"));
    let path = format!("{}look-up/", other.url.path());
    meera.gets(&path).await.refuses(404);
}

/// A token of the app itself, for its client credentials (RFC 6749 §4.4).
async fn gets_app_token(app: &App) -> Value {
    let request = [("grant_type", "client_credentials"), ("scope", "look_ups")];
    app.requests_token(&request).await.good()
}

#[tokio::test]
async fn an_app_looks_up_with_a_token_that_it_got_for_its_client_credentials() {
    let ((world, _erp), _asha, _token) = opens().await;
    let (canteen, meera) = (world.canteen(), world.student("meera").await);
    let issued = gets_app_token(&canteen).await;
    let token = issued["access_token"].as_str().unwrap().to_owned();
    let seconds = issued["expires_in"].as_i64().unwrap();
    assert_eq!(
        issued,
        serde_json::json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 36_000, "scope": "look_ups",
        })
    );
    assert!(token.starts_with("pfa"), "{token}");
    assert!(!world.database.dump().contains(&token));
    let path = "association/roll/21CS10001";
    let status = async |token: &str| look_up(&canteen, path, token).await.status.as_u16();
    assert_eq!(status(&token).await, 200);
    let legacy = look_up(&canteen, "get/roll/21CS10001", &token).await;
    assert_eq!(legacy.status, 200);

    // Without scope, and with the request that the documentation shows.
    let bare = [("grant_type", "client_credentials")];
    let bare = canteen.requests_token(&bare).await.good();
    assert_eq!(status(bare["access_token"].as_str().unwrap()).await, 200);
    let shown = meera
        .visits("doc/api/")
        .await
        .code("#wire-app-token")
        .remove(0);
    let (head, body) = shown.split_once("\n\n").unwrap();
    assert!(head.starts_with("POST /oauth/token/ HTTP/1.1\n"), "{head}");
    let headers = [
        ("authorization", canteen.basic()),
        (
            "content-type",
            "application/x-www-form-urlencoded".to_owned(),
        ),
    ];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let documented = canteen
        .posts_raw("oauth/token/", &headers, body)
        .await
        .good();
    assert_eq!(documented["scope"], "look_ups");

    // It expires, and its owner can revoke it; another app cannot.
    let library = world.library();
    library.revokes(&token).await;
    assert_eq!(status(&token).await, 200);
    canteen.revokes(&token).await;
    assert_eq!(status(&token).await, 401);
    let token = documented["access_token"].as_str().unwrap();
    world.advance_clock(time::Duration::seconds(seconds - 1));
    assert_eq!(status(token).await, 200);
    world.advance_clock(time::Duration::seconds(1));
    assert_eq!(status(token).await, 401);

    // Disallowing ends it, and allowing again revives none.
    let token = gets_app_token(&canteen).await;
    let token = token["access_token"].as_str().unwrap();
    runs_app_command(&world, "disallow", &canteen).await;
    assert_eq!(status(token).await, 401);
    canteen
        .requests_token(&[("grant_type", "client_credentials")])
        .await
        .refuses(400, "unauthorized_client");
    runs_app_command(&world, "allow", &canteen).await;
    assert_eq!(status(token).await, 401);
}

#[tokio::test]
async fn a_token_of_an_app_opens_no_person() {
    let ((world, _erp), _asha, static_token) = opens().await;
    let canteen = world.canteen();
    let issued = gets_app_token(&canteen).await;
    for token in [issued["access_token"].as_str().unwrap(), &static_token] {
        let answer = canteen.reads(token, "").await;
        assert!(
            answer
                .header("www-authenticate")
                .contains("error=\"insufficient_scope\"")
        );
        let detail = answer.detail(403);
        assert!(detail.contains("belongs to an app"), "{detail}");
        let mail = canteen.request(reqwest::Method::POST, "user/api/user/send_mail/");
        let mail = mail.header("authorization", format!("Bearer {token}"));
        let mail =
            Answer::to(mail.json(&serde_json::json!({"subject": "a", "message": "b"}))).await;
        mail.detail(403);
        canteen
            .tries_to_refresh(token, &[])
            .await
            .refuses(400, "invalid_grant");
    }
}

#[tokio::test]
async fn only_a_confidential_app_with_the_permission_gets_a_token_of_its_own() {
    let ((world, _erp), _asha, _token) = opens().await;
    let canteen = world.canteen();
    for scope in ["basic", "look_ups basic", "Look_Ups", "look_ups\u{a0}"] {
        let request = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = canteen.requests_token(&request).await;
        answer.refuses(400, "invalid_scope");
    }
    let bare = [("grant_type", "client_credentials")];
    for app in [world.library(), world.timetable()] {
        let answer = app.requests_token(&bare).await;
        answer.refuses(400, "unauthorized_client");
    }
    let stolen = canteen.with_secret("wrong");
    let answer = stolen.requests_token(&bare).await;
    answer.refuses(401, "invalid_client");
}

#[tokio::test]
async fn look_ups_are_rate_limited() {
    let ((world, _erp), _asha, token) = opens().await;
    let canteen = world.canteen();
    let mut guessed = 0;
    let slowed = loop {
        let path = format!("association/roll/21CS1{guessed:04}");
        let answer = look_up(&canteen, &path, &token).await;
        if answer.status == 429 {
            break answer;
        }
        guessed += 1;
        assert!(guessed <= 25, "never slowed");
    };
    assert!(guessed >= 19, "{guessed}");
    let seconds: u64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let as_before = look_up(&canteen, "get/roll/22CS10009", &token).await;
    assert_eq!(as_before.status, 429);

    world.advance_clock(time::Duration::minutes(1));
    let path = "association/roll/21CS10001";
    assert_eq!(look_up(&canteen, path, &token).await.status, 200);

    // Guessing tokens is rate-limited, too.
    let mut status = 401;
    for _ in 0..25 {
        status = look_up(&canteen, path, "wrong").await.status.as_u16();
    }
    assert_eq!(status, 429);
    assert_eq!(look_up(&canteen, path, &token).await.status, 200);
}

#[tokio::test]
async fn no_query_causes_a_500() {
    let ((world, _erp), _asha, token) = opens().await;
    let canteen = world.canteen();
    let long = "a".repeat(2_000);
    for value in [
        "%00",
        "a%00b",
        "%FF",
        "%2F",
        "%2e%2e%2e",
        "'",
        "%25",
        "%0A",
        "%E0%A4%B6",
        &long,
    ] {
        for kind in ["roll", "email", "name", "%00"] {
            for door in ["association", "get"] {
                let path = format!("{door}/{kind}/{value}");
                let status = look_up(&canteen, &path, &token).await.status.as_u16();
                assert!(
                    [400, 401, 404, 405, 429].contains(&status),
                    "{path}: {status}"
                );
            }
        }
        world.advance_clock(time::Duration::minutes(10));
    }
}

#[tokio::test]
async fn the_command_reports_an_unknown_app() {
    let world = World::new().await;
    let (url, data) = (world.database.url(), world.data.clone());
    let output = spawn_blocking(move || {
        let mut profiles = command::profiles(&url, &data);
        profiles.args(["app", "allow", "nothing", "association"]);
        command::run(profiles, "")
    });
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("no app with the client id nothing"),
        "{errors}"
    );
}

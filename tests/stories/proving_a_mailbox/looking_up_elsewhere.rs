//! Signing in with a mailbox that a Leprechaun server knows, and a code mailed to it.

use axum::http::StatusCode;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::code;
use crate::sim::kit::fault::Fault;
use crate::sim::leprechaun::Leprechaun;
use crate::support::upstream::{Mutation, Outcome, Portal, check_mutations};
use crate::support::world::Plan;
use crate::support::{Browser, Page, World, command, database};

const ROLL: &str = "12CS40067";
const BOB: &str = "bob@example.com";
const AUTHORIZATION: &str = "Bearer abcd";
const MAILED: &str = "If a mailbox belongs to 12CS40067, we have sent a code to it.";

/// A server that knows bob.
async fn server() -> Leprechaun {
    // The server only answers look-ups here, so it needs no ERP.
    let server = Leprechaun::opens("http://127.0.0.1:9", AUTHORIZATION).await;
    server.knows(ROLL, BOB, time::Duration::days(30));
    server
}

async fn opens() -> (World, Leprechaun) {
    let server = server().await;
    let world = server.plan(World::plan()).opens().await;
    (world, server)
}

async fn asks_for_code(browser: &Browser, roll: &str) -> Page {
    let form = browser.visits("account/login/leprechaun/").await;
    form.fills("roll", roll).presses("Send me a code").await
}

async fn signs_in(world: &World, browser: &Browser, many: usize) -> Page {
    let form = asks_for_code(browser, ROLL).await;
    form.shows(MAILED);
    let code = code(&world.mail_to(BOB, many).await);
    form.fills("code", &code).presses("Sign in").await
}

#[tokio::test]
async fn a_person_signs_in_with_the_mailbox_known_to_the_server() {
    let (world, _server) = opens().await;
    let bob = world.visitor();
    signs_in(&world, &bob, 1).await;
    let profile = bob.visits("user/").await;
    profile.shows(ROLL).shows("12cs40067");
    let further = profile.attributes("#email [name=email]", "value");
    assert!(further.contains(&BOB.to_owned()), "{further:?}");
    // The next sign-in finds the same person.
    let number = profile.texts(".facts dd").join(" ");
    let again = world.visitor();
    signs_in(&world, &again, 2).await;
    assert_eq!(
        again.visits("user/").await.texts(".facts dd").join(" "),
        number
    );
}

#[tokio::test]
async fn a_record_in_lower_case_is_found() {
    let (world, server) = opens().await;
    server.knows("21cs10001", "asha@example.com", time::Duration::ZERO);
    let asha = world.visitor();
    let form = asks_for_code(&asha, " 21Cs10001 ").await;
    let code = code(&world.mail_to("asha@example.com", 1).await);
    form.fills("code", &code).presses("Sign in").await;
    asha.visits("user/").await.shows("21CS10001");
    assert_eq!(
        server.site.watch.requests.lines(),
        ["GET /get/roll/21CS10001", "GET /get/roll/21cs10001"]
    );
}

#[tokio::test]
async fn l17_an_implausible_answer_signs_nobody_in() {
    let elsewhere =
        |says: &'static str| Fault::Says("application/json; charset=utf-8", says.to_owned());
    // The record of another person; unknown; a wrong authorization; too old.
    for (what, words) in [
        ("another", "this sign-in method is not available"),
        ("unknown", "If a mailbox belongs to 12CS40067"),
        ("unauthorised", "this sign-in method is not available"),
        ("stale", "If a mailbox belongs to 12CS40067"),
    ] {
        let (world, server) = opens().await;
        match what {
            "another" => server.site.watch.faults.set("", elsewhere(
                r#"{"authenticated":"2026-01-04T13:12:50Z","email":"eve@example.com","roll":"13CS40067"}"#,
            )),
            "unknown" => server.state().people.clear(),
            "unauthorised" => server.state().auth_token = "Bearer another".to_owned(),
            _ => server.state().people[0].step2completedat -= time::Duration::days(400),
        }
        let form = asks_for_code(&world.visitor(), ROLL).await;
        assert!(form.says(words), "{what}: {}", form.words());
        world.runs_jobs().await;
        assert_eq!(world.mails(), 0, "{what}");
    }
}

#[tokio::test]
async fn l18_without_an_authorization_the_program_does_not_start() {
    let world = World::new().await;
    for authorization in ["", " "] {
        let (url, data) = (world.database.url(), world.data.clone());
        let output = spawn_blocking(move || {
            let mut profiles = command::profiles(&url, &data);
            profiles
                .arg("serve")
                .env("PROFILES_LEPRECHAUN_URL", "https://leprechaun.example")
                .env("PROFILES_LEPRECHAUN_AUTHORIZATION", authorization);
            command::run(profiles, "")
        });
        let output = output.await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.contains("PROFILES_LEPRECHAUN_AUTHORIZATION must be"),
            "{errors}"
        );
    }
}

#[tokio::test]
async fn l19_an_unknown_roll_number_gets_the_same_page_and_no_mail() {
    let (world, _server) = opens().await;
    let (bob, eve) = (world.visitor(), world.visitor());
    let known = asks_for_code(&bob, ROLL).await;
    let unknown = asks_for_code(&eve, "99XX10001").await;
    assert_eq!(known.status, unknown.status);
    let (known, unknown) = (known.words(), unknown.words());
    assert_eq!(known, unknown.replace("99XX10001", ROLL));
    assert!(!known.contains(BOB));
    world.runs_jobs().await;
    assert_eq!(world.mails(), 1);
    world.mail_to(BOB, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_command_reports_the_state_of_the_server() {
    let (world, server) = opens().await;
    let check = async |url: &str, authorization: &'static str| {
        let mut check = command::profiles(&world.database.url(), &world.data);
        check.arg("check").env("PROFILES_LEPRECHAUN_URL", url);
        check.env("PROFILES_LEPRECHAUN_AUTHORIZATION", authorization);
        let output = spawn_blocking(move || command::run(check, "")).await;
        let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let leprechaun = &report["leprechaun"];
        let says = leprechaun["says"].as_str().unwrap().to_owned();
        (leprechaun["ok"] == true, says)
    };
    let here = server.site.origin.clone();
    let (is_ok, says) = check(&here, AUTHORIZATION).await;
    assert!(is_ok, "{says}");
    // No request was made.
    assert_eq!(
        server.site.watch.requests.lines(),
        ["GET /get/roll/00ZZ00000"]
    );

    let (is_ok, says) = check(&here, "Bearer another").await;
    let output = says.contains("does not know our authorization");
    assert!(
        !is_ok && output && says.contains("PROFILES_LEPRECHAUN_AUTHORIZATION"),
        "{says}"
    );
    assert!(!says.contains("another"));
    server.site.watch.faults.set("", Fault::Html);
    let (is_ok, says) = check(&here, AUTHORIZATION).await;
    assert!(!is_ok && says.contains("what we do not know"), "{says}");
    server.site.watch.faults.set("", Fault::Status(503));
    let (is_ok, says) = check(&here, AUTHORIZATION).await;
    assert!(!is_ok && says.contains("does not answer"), "{says}");
    let closed_port_url = format!("http://127.0.0.1:{}", database::free_port());
    let (is_ok, says) = check(&closed_port_url, AUTHORIZATION).await;
    assert!(!is_ok && says.contains("does not answer"), "{says}");
}

/// Strangers have a share of their own of the codes for one roll number.
#[tokio::test]
async fn strangers_cannot_use_up_the_codes_of_the_owner_s_browser() {
    let (world, _server) = opens().await;
    let bob = world.visitor();
    signs_in(&world, &bob, 1).await;
    bob.visits("account/logout/")
        .await
        .presses("Sign out")
        .await;
    let eve = world.visitor();
    // bob's first sign-in was in a browser that was not known yet.
    for _ in 0..4 {
        asks_for_code(&eve, ROLL).await.shows(MAILED);
    }
    asks_for_code(&eve, ROLL)
        .await
        .shows("Too many codes were requested with this roll number.");
    signs_in(&world, &bob, 6).await;
    bob.visits("user/").await.shows(ROLL);
}

/// The time must not tell which roll numbers have a mailbox, so the same statements run.
#[tokio::test]
async fn a_roll_number_without_a_mailbox_makes_the_same_work() {
    let server = server().await;
    let plan = server.plan(World::plan()).with_database_proxy();
    let world = plan.opens().await;
    let mut statements = Vec::new();
    for roll in ["99XX10001", ROLL, "99XX10002", ROLL] {
        let form = world.visitor().visits("account/login/leprechaun/").await;
        let form = form.fills("roll", roll);
        world.database_proxy().reset();
        let form = form.presses("Send me a code").await;
        let of_request = world.database_proxy().statements();
        world.database_proxy().reset();
        let wrong = form.fills("code", "00000000").presses("Sign in").await;
        wrong.shows("Wrong code");
        let of_check = world.database_proxy().statements();
        statements.push((of_request, of_check));
    }
    // The first two prepare their statements.
    assert_eq!(statements[2], statements[3]);
    assert!(!statements[2].0.is_empty() && !statements[2].1.is_empty());
    world.runs_jobs().await;
    world.mail_to(BOB, 2).await;
    assert_eq!(world.mails(), 2);
}

/// Otherwise an attacker could try all roll numbers of the campus and have us mail everybody.
#[tokio::test]
async fn one_address_gets_sixty_codes_and_then_one_a_minute() {
    let (world, server) = opens().await;
    let eve = world.visitor();
    for number in 0..60 {
        let form = asks_for_code(&eve, &format!("99XX1{number:04}")).await;
        form.shows("we have sent a code to it");
    }
    let before = server.site.watch.requests.all().len();
    let page = asks_for_code(&eve, ROLL).await;
    page.shows("Too many codes were requested from your network.");
    page.shows("Use the newest code, or try again in ");
    assert_eq!(server.site.watch.requests.all().len(), before);
    world.runs_jobs().await;
    assert_eq!(world.mails(), 0);

    world.advance_clock(time::Duration::minutes(1));
    asks_for_code(&eve, ROLL).await.shows(MAILED);
    asks_for_code(&eve, "99XX20000")
        .await
        .shows("Too many codes were requested from your network.");
}

impl Portal for Leprechaun {
    const SLUG: &'static str = "leprechaun";
    /// One in upper case and one in lower case, each with a redirect.
    const MAX_REQUESTS: u32 = 4;

    async fn opens() -> Self {
        server().await
    }

    fn plan(&self, plan: Plan) -> Plan {
        plan.set("PROFILES_LEPRECHAUN_URL", &self.site.origin)
            .set("PROFILES_LEPRECHAUN_AUTHORIZATION", AUTHORIZATION)
    }

    async fn sign_in(&self, browser: &Browser) -> Page {
        asks_for_code(browser, ROLL).await
    }

    async fn sign_in_with_mail(&self, world: &World, browser: &Browser) -> Page {
        let form = self.sign_in(browser).await;
        world.runs_jobs().await;
        if !form.says(MAILED) || world.mails() == 0 {
            return form;
        }
        let code = code(&world.mail_to(BOB, 1).await);
        form.fills("code", &code).presses("Sign in").await
    }
}

fn mutation(
    name: &'static str,
    changes: fn(&Leprechaun),
    outcome: Outcome,
) -> Mutation<Leprechaun> {
    Mutation {
        name,
        changes,
        outcome,
    }
}

fn set(server: &Leprechaun, fault: Fault) {
    server.site.watch.faults.set("", fault);
}

fn replace(server: &Leprechaun, from: &str, to: &str) {
    set(server, Fault::replace(from, to));
}

fn says(server: &Leprechaun, kind: &'static str, body: &str) {
    set(server, Fault::Says(kind, body.to_owned()));
}

const JSON: &str = "application/json; charset=utf-8";
const RECORD: &str =
    r#"{"authenticated":"2026-11-04T13:12:50Z","email":"bob@example.com","roll":"12CS40067"}"#;

#[tokio::test]
async fn no_answer_of_the_server_signs_in_without_the_mailed_code() {
    use Outcome::{ConnectorClosed, SignedIn, Unavailable};
    let no_mail = Outcome::Refused("If a mailbox belongs to 12CS40067");
    check_mutations(vec![
        mutation("500", |it| set(it, Fault::Status(500)), Unavailable),
        mutation("502", |it| set(it, Fault::Status(502)), Unavailable),
        mutation("503", |it| set(it, Fault::Status(503)), Unavailable),
        mutation("429", |it| set(it, Fault::Status(429)), Unavailable),
        mutation("hangs up", |it| set(it, Fault::Close), Unavailable),
        mutation(
            "too late",
            |it| set(it, "late".parse().unwrap()),
            Unavailable,
        ),
        mutation("drips", |it| set(it, Fault::Drip), Unavailable),
        mutation("breaks off", |it| set(it, Fault::Cut), Unavailable),
        mutation("never ends", |it| set(it, Fault::Endless), Unavailable),
        mutation("403", |it| set(it, Fault::Status(403)), ConnectorClosed),
        mutation(
            "204",
            |it| set(it, Fault::Status(StatusCode::NO_CONTENT.as_u16())),
            ConnectorClosed,
        ),
        mutation(
            "404 of another",
            |it| set(it, Fault::Status(404)),
            ConnectorClosed,
        ),
        mutation(
            "401 of another kind",
            |it| set(it, Fault::Status(401)),
            ConnectorClosed,
        ),
        mutation(
            "another authorization",
            |it| it.state().auth_token.push('x'),
            ConnectorClosed,
        ),
        mutation(
            "elsewhere",
            |it| set(it, Fault::Redirect("https://evil.example/".to_owned())),
            ConnectorClosed,
        ),
        mutation("in circles", |it| set(it, Fault::Loop), ConnectorClosed),
        mutation("a page", |it| set(it, Fault::Html), ConnectorClosed),
        mutation("no text", |it| set(it, Fault::Garbage), ConnectorClosed),
        mutation("nothing", |it| set(it, Fault::Empty), ConnectorClosed),
        mutation("null", |it| says(it, JSON, "null"), ConnectorClosed),
        mutation(
            "a list",
            |it| says(it, JSON, &format!("[{RECORD}]")),
            ConnectorClosed,
        ),
        mutation(
            "half a record",
            |it| says(it, JSON, &RECORD[..60]),
            ConnectorClosed,
        ),
        mutation(
            "always yes",
            |it| says(it, JSON, &RECORD.replace("12CS40067", "12CS40066")),
            ConnectorClosed,
        ),
        mutation(
            "another roll number",
            |it| replace(it, "12CS40067", "13CS40067"),
            ConnectorClosed,
        ),
        mutation(
            "another name for roll",
            |it| replace(it, "\"roll\"", "\"rollno\""),
            ConnectorClosed,
        ),
        mutation(
            "another name for email",
            |it| replace(it, "\"email\"", "\"mail\""),
            ConnectorClosed,
        ),
        mutation(
            "another name for the moment",
            |it| replace(it, "\"authenticated\"", "\"at\""),
            ConnectorClosed,
        ),
        mutation(
            "a number for an address",
            |it| replace(it, "\"bob@example.com\"", "7"),
            ConnectorClosed,
        ),
        mutation(
            "no moment",
            |it| says(it, JSON, &RECORD.replace("2026-11-04T", "yesterday ")),
            ConnectorClosed,
        ),
        mutation(
            "a moment to come",
            |it| says(it, JSON, &RECORD.replace("2026", "2036")),
            ConnectorClosed,
        ),
        mutation(
            "long ago",
            |it| it.state().people[0].step2completedat -= time::Duration::days(400),
            no_mail,
        ),
        // The server accepts any mailbox as typed, so an unusual one concerns one person.
        mutation(
            "no address",
            |it| replace(it, "bob@example.com", "bob"),
            no_mail,
        ),
        mutation(
            "two addresses",
            |it| replace(it, "bob@example.com", "bob@example.com, eve@example.com"),
            no_mail,
        ),
        mutation(
            "an address of two lines",
            |it| replace(it, "bob@", "eve@example.com\\r\\nbob@"),
            no_mail,
        ),
        mutation("nobody", |it| it.state().people.clear(), no_mail),
        mutation(
            "step one undone",
            |it| it.state().people[0].step1complete = false,
            no_mail,
        ),
        mutation(
            "another type",
            |it| says(it, "text/plain", RECORD),
            SignedIn,
        ),
        mutation(
            "more than a record",
            |it| replace(it, "\"roll\"", "\"name\":\"Bob\",\"roll\""),
            SignedIn,
        ),
        mutation(
            "small letters",
            |it| replace(it, "12CS40067", "12cs40067"),
            SignedIn,
        ),
    ])
    .await;
}

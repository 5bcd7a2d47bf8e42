//! The main job in Chromium, with and without JavaScript: a developer registers an app, a student signs in, unticks a
//! field, and the app gets the rest (S13).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Query;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::support::campus::RegisteredApp;
use crate::support::chromium::Chromium;
use crate::support::{App, World, form};

const APP_FORM: &str = "form:has([name=redirect_uris]) button:not([type=button])";

/// A student's squash court app, listening on this machine.
struct Squash {
    address: String,
    app: Arc<OnceLock<App>>,
}

impl Squash {
    /// Starts to listen; its client id is set after registration.
    async fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/cb", listener.local_addr().unwrap());
        let app: Arc<OnceLock<App>> = Arc::default();
        let known = Arc::clone(&app);
        let called_back = async move |Query(back): Query<HashMap<String, String>>| {
            let app = known.get().unwrap();
            let Some(code) = back.get("code") else {
                return Html(format!("<h1>{}</h1>", back["error"]));
            };
            let own = app.redirect_uris[0].clone();
            let tokens = app
                .tries_to_exchange(code, &[("redirect_uri", &own)])
                .await
                .tokens();
            let read = app
                .reads(
                    &tokens.access,
                    "fields=first_name,last_name,mobile,contacts",
                )
                .await
                .good();
            Html(format!(
                "<link rel=icon href=data:,><h1>Received</h1><pre>{read}</pre>"
            ))
        };
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/cb", get(called_back)))
                .await
                .unwrap();
        });
        Self { address, app }
    }
}

/// meera signs in and registers the app, which keeps its client id and secret.
async fn is_registered(world: &World, browser: &Chromium, squash: &Squash) {
    let meera = world.person("meera").await;
    browser
        .visits(&format!("{}oauth/applications/register/", world.base))
        .await;
    browser.signs_in(&meera.username, &meera.password).await;
    browser.types("[name=name]", "Squash").await;
    browser
        .types("[name=description]", "Bookings for the squash court")
        .await;
    browser.types("[name=redirect_uris]", &squash.address).await;
    browser.follows(APP_FORM).await;

    let source = browser.source().await;
    let registered = RegisteredApp {
        name: "Squash".to_owned(),
        client_id: form::texts(&source, "#client_id").remove(0),
        client_secret: Some(form::texts(&source, "#client_secret").remove(0)),
        redirect_uris: vec![squash.address.clone()],
    };
    assert!(
        squash
            .app
            .set(world.app_with_credentials(&registered))
            .is_ok()
    );
}

fn scope(name: &str) -> String {
    format!("input[name=scope][value={name}]")
}

fn field(name: &str) -> String {
    format!("input[name=field][value={name}]")
}

async fn the_main_job(scripts: bool) {
    let (world, squash) = (World::new().await, Squash::opens().await);
    is_registered(&world, &Chromium::opens(scripts).await, &squash).await;
    let asha = world.person("asha").await;
    let link = squash.app.get().unwrap().authorize_url(&[
        ("scope", "basic profile phone"),
        ("redirect_uri", &squash.address),
    ]);

    let browser = Chromium::opens(scripts).await;
    browser.visits(&link).await;
    browser.signs_in(&asha.username, &asha.password).await;
    let form = browser.words().await;
    browser.clicks(&field("last_name")).await;
    browser.clicks(&scope("phone")).await;
    assert_eq!(
        browser.is_ticked(&field("mobile")).await,
        !scripts,
        "with a script, fields follow their scope"
    );
    assert!(
        !browser
            .one(&scope("basic"))
            .await
            .is_enabled()
            .await
            .unwrap()
    );
    browser.follows("button[name=decision][value=allow]").await;

    assert!(form.contains("Squash") && form.contains("Asha"), "{form}");
    let text = browser.words().await;
    assert!(
        text.contains("Received") && text.contains("Asha"),
        "{} says {text}",
        browser.address().await
    );
    for withheld in ["D’Souza", "9876543210", "contacts"] {
        assert!(!text.contains(withheld), "{text}");
    }
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_main_job_with_javascript() {
    the_main_job(true).await;
}

#[tokio::test]
async fn the_main_job_without_javascript() {
    the_main_job(false).await;
}

#[tokio::test]
async fn ticking_a_field_again_ticks_its_scope() {
    let world = World::new().await;
    let (asha, browser) = (world.person("asha").await, Chromium::opens(true).await);
    browser
        .visits(&world.canteen().login_link("basic phone"))
        .await;
    browser.signs_in(&asha.username, &asha.password).await;

    browser.clicks(&scope("phone")).await;
    browser.clicks(&field("contacts")).await;

    assert!(
        browser.is_ticked(&scope("phone")).await && browser.is_ticked(&field("contacts")).await
    );
    assert!(!browser.is_ticked(&field("mobile")).await);
}

#[tokio::test]
async fn s13_the_consent_page_cannot_be_framed() {
    let world = World::new().await;
    let (asha, browser) = (world.person("asha").await, Chromium::opens(true).await);
    let link = world.canteen().login_link("basic profile");
    browser.visits(&link).await;
    browser.signs_in(&asha.username, &asha.password).await;
    let framing = Html(format!(
        "<iframe src='{}' width=600 height=600></iframe>",
        link.replace('&', "&amp;")
    ));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let evil = format!("http://{}/", listener.local_addr().unwrap());
    let routes = Router::new().route("/", get(async move || framing));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });

    browser.visits(&evil).await;

    let framed = browser.words_in_frame().await;
    assert!(!framed.contains("Canteen"), "{framed}");
    assert!(
        browser
            .console_messages()
            .await
            .iter()
            .any(|told| told.contains("frame-ancestors") || told.contains("X-Frame-Options"))
    );
}

/// Every page of the main job, in the order in which a person meets them.
#[tokio::test]
async fn pages_fit_a_phone_and_a_desktop_in_both_colour_schemes() {
    let world = World::new().await;
    let (meera, asha) = (world.person("meera").await, world.person("asha").await);
    let at = |path: &str| format!("{}{path}", world.base);
    let (canteen, lost) = (world.canteen(), world.lost_and_found());

    let student = Chromium::opens(true).await;
    student.visits(&at("")).await;
    student.looks_at("home").await;
    student
        .visits(&canteen.login_link("basic profile phone picture program insti_address sex"))
        .await;
    student.looks_at("sign-in").await;
    student.signs_in(&asha.username, "mistyped").await;
    student.looks_at("sign-in-refused").await;
    student.signs_in(&asha.username, &asha.password).await;
    student.looks_at("consent").await;
    student.clicks(&scope("phone")).await;
    student.clicks(&field("last_name")).await;
    student.looks_at("consent-unticked").await;
    student.visits(&at("user/settings/")).await;
    student.looks_at("connected-apps-none").await;
    world
        .connects(
            &world.student("asha").await,
            &canteen,
            "basic profile phone",
        )
        .await;
    student.visits(&lost.login_link("basic profile")).await;
    student.looks_at("consent-unverified").await;
    for (name, path) in [
        ("connected-apps", "user/settings/"),
        ("profile", "user/"),
        ("apps-none", "oauth/applications/"),
        ("app-register", "oauth/applications/register/"),
        ("sign-out", "account/logout/"),
        ("not-found", "nowhere/"),
        (
            "authorize-unknown-client",
            "oauth/authorize/?client_id=nobody",
        ),
    ] {
        student.visits(&at(path)).await;
        student.looks_at(name).await;
    }

    let developer = Chromium::opens(true).await;
    developer.visits(&at("oauth/applications/")).await;
    developer.signs_in(&meera.username, &meera.password).await;
    developer.looks_at("apps").await;
    developer.visits(&at("oauth/applications/register/")).await;
    developer.types("[name=name]", "Squash").await;
    developer
        .types("[name=description]", "Bookings for the squash court")
        .await;
    developer
        .types("[name=redirect_uris]", "http://squash.example/cb")
        .await;
    developer.follows(APP_FORM).await;
    developer.looks_at("app-register-refused").await;
    developer
        .types("[name=redirect_uris]", "https://squash.example/cb")
        .await;
    developer.follows(APP_FORM).await;
    developer.looks_at("app-with-its-secret").await;
    developer.follows("main p:last-child a.primary").await;
    developer.looks_at("app").await;
    let app = developer.address().await;
    for (name, page) in [("app-edit", "update/"), ("app-delete", "delete/")] {
        developer.visits(app.join(page).unwrap().as_str()).await;
        developer.looks_at(name).await;
    }
    developer.visits(app.as_str()).await;
    developer.follows("a[href*=secret]").await;
    developer.looks_at("app-new-secret").await;
    let console_messages = developer.console_messages().await;
    assert!(
        console_messages
            .iter()
            .all(|it| it.contains("status of 422")),
        "{console_messages:?}"
    );
    student.visits(&at("user/settings/")).await;
    student.follows("main .connected a.button").await;
    student.looks_at("connected-app-take-back").await;
}

/// Every page about a person's own data, until the account is closed.
#[tokio::test]
async fn account_pages_fit_a_phone_and_a_desktop_in_both_colour_schemes() {
    let world = World::new().await;
    let (asha, canteen) = (world.person("asha").await, world.canteen());
    let at = |path: &str| format!("{}{path}", world.base);
    let tokens = world
        .connects(
            &world.student("asha").await,
            &canteen,
            "basic profile phone send_mail",
        )
        .await;
    canteen.reads(&tokens.access, "fields=mobile").await.good();

    let student = Chromium::opens(true).await;
    student.visits(&at("user/settings/")).await;
    student.signs_in(&asha.username, &asha.password).await;
    student.follows("main .connected h2 a").await;
    student.looks_at("connected-app").await;
    student
        .follows("main a[href*='withdraw/?field=mobile']")
        .await;
    student.looks_at("connected-app-field").await;
    student.follows("main button.danger").await;
    student.looks_at("connected-app-without-it").await;
    for (name, path) in [
        ("receipts", "user/receipts/"),
        ("receipt-check", "user/receipts/check/"),
        ("sessions", "user/sessions/"),
        ("my-data", "user/data/"),
        ("my-data-download", "user/data/export/"),
    ] {
        student.visits(&at(path)).await;
        student.looks_at(name).await;
    }
    student.visits(&at("user/receipts/")).await;
    student.follows("main .lines a").await;
    student.looks_at("receipt").await;
    student.visits(&at("user/data/close/")).await;
    student.looks_at("my-data-close").await;
    student.follows("main button.danger").await;
    student.looks_at("my-data-closed").await;
    assert_eq!(student.console_messages().await, Vec::<String>::new());
}

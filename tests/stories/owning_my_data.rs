//! Privacy: people see which app reads what, withdraw access, export their data and close their account.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use serde_json::Value;
use sqlx::Connection as _;
use time::Duration;

use crate::support::form::Part;
use crate::support::{App, Browser, Page, World, campus};

/// Opens the page of what `app` knows.
async fn looks_at(person: &Browser, app: &str) -> Page {
    person.visits("user/settings/").await.clicks(app).await
}

/// Withdraws one field; `part` is its label on the page.
async fn takes_back(person: &Browser, app: &str, part: &str) -> Page {
    looks_at(person, app)
        .await
        .clicks(&format!("Remove: {part}"))
        .await
        .presses("Remove access")
        .await
}

/// Withdraws a whole scope.
async fn takes_all_back(person: &Browser, app: &str, scope: &str) -> Page {
    looks_at(person, app)
        .await
        .clicks(&format!("Remove all: {scope}"))
        .await
        .presses("Remove access")
        .await
}

#[tokio::test]
async fn a_withdrawn_field_is_gone_from_the_next_response_and_the_rest_stays() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile phone").await;
    let query = "fields=first_name,mobile,contacts";
    let before = canteen.reads(&tokens.access, query).await.good();
    assert_eq!(before["mobile"], "9876543210");

    let page = takes_back(&asha, "Canteen", "Mobile").await;

    page.shows("Canteen can no longer read: Mobile.");
    let after = canteen.reads(&tokens.access, query).await.good();
    assert!(after.get("mobile").is_none(), "{after}");
    assert_eq!(after["first_name"], "Asha");
    assert_eq!(after["contacts"].as_array().unwrap().len(), 2);
    let fresh = canteen.refreshes(&tokens).await;
    assert!(!fresh.fields().contains(&"mobile"), "{:?}", fresh.fields());
}

#[tokio::test]
async fn a_withdrawn_field_is_unticked_when_the_app_asks_again() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    world.connects(&asha, &canteen, "basic profile phone").await;
    takes_back(&asha, "Canteen", "Mobile").await;

    let quietly = asha.gets(&canteen.login_link("basic profile phone")).await;
    let tokens = canteen
        .exchanges_code(&canteen.receives(&quietly).code())
        .await;
    assert!(!tokens.fields().contains(&"mobile"));

    let link = canteen.authorize_url(&[
        ("scope", "basic profile phone"),
        ("approval_prompt", "force"),
    ]);
    let form = asha.visits(&link).await;
    assert!(!form.field("mobile").ticked);
    assert!(form.field("contacts").ticked && form.field("first_name").ticked);
}

#[tokio::test]
async fn withdrawing_a_scope_withdraws_its_fields_or_its_permission() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world
        .connects(&asha, &canteen, "basic profile phone send_mail")
        .await;

    takes_all_back(&asha, "Canteen", "Your phone").await;
    looks_at(&asha, "Canteen")
        .await
        .clicks("Remove: Send you mail, without seeing your address")
        .await
        .presses("Remove access")
        .await;

    let read = canteen
        .reads(&tokens.access, "fields=first_name,mobile,contacts")
        .await
        .good();
    assert_eq!(read.as_object().unwrap().len(), 2, "{read}");
    let fresh = canteen.refreshes(&tokens).await;
    assert_eq!(fresh.scopes(), ["basic", "profile"]);
}

#[tokio::test]
async fn removing_an_apps_access_ends_its_tokens_at_once_and_leaves_a_receipt() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;

    asha.disconnects("Canteen").await;

    canteen.reads(&tokens.access, "").await.detail(401);
    let receipts = asha.visits("user/receipts/").await;
    receipts
        .shows("You removed all access: Canteen")
        .shows("You allowed: Canteen");
}

#[tokio::test]
async fn the_compulsory_scope_and_unknown_apps_cannot_be_withdrawn() {
    let world = World::new().await;
    let (asha, wasim) = (world.student("asha").await, world.student("wasim").await);
    world.connects(&asha, &world.canteen(), "basic phone").await;
    let page = looks_at(&asha, "Canteen").await;
    let here = page.url.path().to_owned();

    for part in ["field=id", "scope=basic", "field=bogus", "scope=", ""] {
        asha.visits(&format!("{here}withdraw/?{part}"))
            .await
            .refuses(404);
    }
    wasim.visits(&here).await.refuses(404);
    wasim
        .visits(&format!("{here}withdraw/?field=mobile"))
        .await
        .refuses(404);
    asha.posts(&format!("{here}withdraw/?field=mobile"), &[])
        .await
        .refuses(403);
    looks_at(&asha, "Canteen").await.shows("Mobile");
}

#[tokio::test]
async fn a_withdrawal_and_a_consent_at_the_same_time_both_apply() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    world.connects(&asha, &canteen, "basic phone").await;
    let consent = asha.visits(&canteen.login_link("basic sex")).await;
    let withdrawal = looks_at(&asha, "Canteen")
        .await
        .clicks("Remove: Mobile")
        .await;

    let (given, _) = tokio::join!(
        consent.presses("allow"),
        withdrawal.presses("Remove access")
    );
    canteen.receives(&given).code();

    let tokens = world.connects(&asha, &canteen, "basic phone sex").await;
    assert_eq!(tokens.fields(), ["contacts", "id", "sex"]);
}

/// How often each field was read, from the page of a connected app.
fn shown_reads(page: &Page) -> BTreeMap<String, u64> {
    let labels = page.texts(".readings dt");
    let times = page.texts(".readings .fact-value > .source");
    let times = times.iter().map(|text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["not", ..] => 0,
            ["read", "once,", ..] => 1,
            ["read", times, "times,", ..] => times.parse().unwrap(),
            other => panic!("{other:?}"),
        }
    });
    let shown_values = labels
        .iter()
        .map(|label| label.trim().to_owned())
        .zip(times);
    shown_values.filter(|(_, times)| *times > 0).collect()
}

#[tokio::test]
async fn the_access_log_counts_every_read_of_every_app_and_holds_no_values() {
    let world = World::new().await;
    let (asha, canteen, library) = (
        world.student("asha").await,
        world.canteen(),
        world.library(),
    );
    let scopes = "basic profile phone";
    let (hers, theirs) = (
        world.connects(&asha, &canteen, scopes).await.access,
        world.connects(&asha, &library, scopes).await.access,
    );
    looks_at(&asha, "Canteen").await.shows("not read yet");

    let queries: [(&App, &str, &'static str); 4] = [
        (&canteen, &hers, "fields=mobile"),
        (&canteen, &hers, "fields=mobile,first_name,sex"),
        (&library, &theirs, "fields=first_name,contacts"),
        (&library, &theirs, "fields=bogus"),
    ];
    // Twelve at a time, mixed.
    let mut readings = tokio::task::JoinSet::new();
    for task in 0..12 {
        let queries = queries.map(|(app, token, query)| (app.clone(), token.to_owned(), query));
        readings.spawn(async move {
            for round in 0..10 {
                let (app, token, query) = &queries[(task + round) % 4];
                let expected = if query.contains("bogus") { 400 } else { 200 };
                // A request that got 503 was given nothing, and is repeated.
                let mut status = app.reads(token, query).await.status;
                while status == 503 {
                    status = app.reads(token, query).await.status;
                }
                assert_eq!(status, expected);
            }
        });
    }
    while let Some(done) = readings.join_next().await {
        done.unwrap();
    }

    let counted = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
        pairs
            .iter()
            .map(|(label, times)| ((*label).to_owned(), *times))
            .collect()
    };
    let page = looks_at(&asha, "Canteen").await;
    let id = page.texts(".readings dt")[0].trim().to_owned();
    assert_eq!(
        shown_reads(&page),
        counted(&[(&id, 60), ("Mobile", 60), ("First name", 30)])
    );
    page.shows("Complete up to");
    assert_eq!(
        shown_reads(&looks_at(&asha, "Library").await),
        counted(&[(&id, 30), ("First name", 30), ("Other numbers", 30)])
    );
    let dump = world.database.dump();
    let ledger: Vec<_> = dump
        .lines()
        .filter(|line| line.starts_with("INSERT INTO public.field_reads "))
        .collect();
    assert!(!ledger.is_empty());
    for value in ["9876543210", "Asha", "98200"] {
        assert!(ledger.iter().all(|line| !line.contains(value)), "{value}");
    }
}

#[tokio::test]
async fn reads_before_a_withdrawal_stay_on_the_page() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic phone").await;
    canteen.reads(&tokens.access, "fields=mobile").await.good();

    takes_back(&asha, "Canteen", "Mobile").await;

    let page = looks_at(&asha, "Canteen").await;
    page.shows("Read earlier, no longer shared");
    assert_eq!(shown_reads(&page)["Mobile"], 1);
}

#[tokio::test]
async fn access_records_are_deleted_after_twelve_months() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic phone").await;
    canteen.reads(&tokens.access, "fields=mobile").await.good();
    world.runs_jobs().await;
    assert!(
        world
            .database
            .dump()
            .contains("INSERT INTO public.field_reads ")
    );

    world.advance_clock(Duration::days(366));
    world.runs_jobs().await;

    assert!(
        !world
            .database
            .dump()
            .contains("INSERT INTO public.field_reads ")
    );
}

#[tokio::test]
async fn the_real_program_stores_access_records_within_a_second_and_before_it_exits() {
    let world = World::plan().in_its_own_process().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic phone").await;
    let readings = || {
        let dump = world.database.dump();
        dump.matches("INSERT INTO public.field_reads ").count()
    };

    canteen.reads(&tokens.access, "fields=mobile").await.good();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(readings(), 1);

    canteen
        .reads(&tokens.access, "fields=contacts")
        .await
        .good();
    std::process::Command::new("kill")
        .args(["-TERM", &world.process_id().to_string()])
        .status()
        .unwrap();
    assert_eq!(world.exit_code(), Some(0), "{}", world.log());
    assert_eq!(readings(), 2);
}

#[tokio::test]
async fn a_receipt_can_be_verified_years_later_and_a_changed_letter_is_detected() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let form = asha.visits(&canteen.login_link("basic phone")).await;
    form.shows("where you also find a receipt");
    world.connects(&asha, &canteen, "basic phone").await;
    takes_back(&asha, "Canteen", "Mobile").await;
    let connected = asha.visits("user/settings/").await;
    let list = connected.clicks("Receipts").await;
    let link = list
        .attributes("main .lines a", "href")
        .into_iter()
        .next()
        .unwrap();
    let receipt = asha.visits(&link).await;
    receipt
        .shows("Asha D’Souza (asha)")
        .shows("Canteen by meera")
        .shows("You removed")
        .shows("Mobile");
    let file = receipt.clicks("Download receipt").await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    let text = file.text();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["deed"], "withdrawal");
    assert_eq!(json["fields"], serde_json::json!(["mobile"]));

    let check = async |text: String| {
        let page = world.visitor().visits("user/receipts/check/").await;
        page.fills("text", &text).presses("Check").await
    };
    check(text.clone()).await.shows("This receipt is genuine");
    check(text.replace('\n', " ")).await.shows("genuine");
    for (from, to) in [("mobile", "contacts"), ("asha", "wasim"), ("1.", "2.")] {
        let forged = check(text.replacen(from, to, 1)).await;
        forged.refuses(422);
        assert!(forged.says("This receipt is not genuine"));
    }
    for nonsense in ["", "{}", "[]", "\u{1f600}"] {
        check(nonsense.to_owned()).await.refuses(422);
    }
    let wasim = world.student("wasim").await;
    wasim.visits(&link).await.refuses(404);
}

/// An app may change its name or be deleted. The receipt keeps the name at the time of consent.
#[tokio::test]
async fn a_receipt_keeps_the_name_the_app_had() {
    let world = World::new().await;
    let (asha, meera) = (world.student("asha").await, world.student("meera").await);
    let app = world.lost_and_found();
    world.connects(&asha, &app, "basic phone").await;
    let list = asha.visits("user/receipts/").await;
    let receipt = list.clicks("You allowed: Lost and Found").await;
    let file = async || receipt.clicks("Download receipt").await.text();
    let before = file().await;

    let list = meera.visits("oauth/applications/").await;
    let page = list.clicks("Lost and Found").await;
    let form = page.clicks("Edit").await;
    let page = form.fills("name", "Umbrellas").presses("Save").await;
    asha.disconnects("Umbrellas").await;
    assert_eq!(file().await, before, "the same, letter by letter");
    let confirmation = page.clicks("Delete Umbrellas").await;
    confirmation.confirms().await;

    assert_eq!(file().await, before, "also when the app is gone");
    let list = asha.visits("user/receipts/").await;
    list.shows("You allowed: Lost and Found")
        .shows("You removed all access: Umbrellas");
    let json: Value = serde_json::from_str(&before).unwrap();
    assert_eq!(json["app"]["client_id"], app.client_id);
    assert_eq!(json["app"]["run_by"], "meera");
}

#[tokio::test]
async fn unticking_an_allowed_field_counts_as_a_withdrawal() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    world.connects(&asha, &canteen, "basic phone").await;

    let link = canteen.authorize_url(&[("scope", "basic phone sex"), ("approval_prompt", "force")]);
    let form = asha.visits(&link).await;
    let given = form
        .touches("field", "mobile", false)
        .presses("allow")
        .await;
    canteen.receives(&given).code();

    let list = asha.visits("user/receipts/").await;
    let withdrawn = list.clicks("You removed: Canteen").await;
    let json = withdrawn.clicks("Download receipt").await.text();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["fields"], serde_json::json!(["mobile"]));
    assert_eq!(list.texts("main .lines a").len(), 3);
}

#[tokio::test]
async fn a_person_sees_their_sessions_and_ends_one() {
    let world = World::new().await;
    let person = world.person("asha").await;
    let phone = world.visitor().sending(
        "user-agent",
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36",
    );
    phone.signs_in(&person.username, &person.password).await;
    let asha = world.signed_in(&person).await;
    let library = world.signed_in(&person).await;

    let page = asha.visits("user/sessions/").await;
    page.shows("Chrome on Android").shows("this browser");
    assert_eq!(page.texts("li.session").len(), 3);
    assert_eq!(page.texts("#sign-ins + .lines > li").len(), 3);

    let end = page.texts("li.session button");
    let end = end.iter().find(|it| it.contains("Android")).unwrap();
    page.presses(end.trim()).await.shows("Session ended.");
    let after = phone.visits("user/").await;
    assert!(after.url.path().contains("/account/login/"));

    asha.visits("user/sessions/")
        .await
        .presses("End all other sessions")
        .await
        .shows("All other sessions were ended.");
    let after = library.visits("user/").await;
    assert!(after.url.path().contains("/account/login/"));
    asha.visits("user/").await.shows("Asha");
}

#[tokio::test]
async fn a_person_has_fifty_sessions_at_most_and_the_oldest_end_first() {
    let world = World::new().await;
    let person = world.person("asha").await;
    let oldest = world.signed_in(&person).await;
    let asha = world.signed_in(&person).await;
    // As 60 sign-ins of the last minute.
    let mut database = sqlx::PgConnection::connect(&world.database.url())
        .await
        .unwrap();
    sqlx::query(
        "insert into sessions (hash, person_id, epoch, data, started_at, last_seen_at, ends_at, idle_seconds)
         select sha256(n::text::bytea), person_id, epoch, data, started_at, last_seen_at + make_interval(secs => n), ends_at, idle_seconds
         from generate_series(1, 60) n, (select * from sessions order by started_at limit 1) s",
    )
    .execute(&mut database)
    .await
    .unwrap();

    let newest = world.signed_in(&person).await;

    let sessions = newest.visits("user/sessions/").await.texts("li.session");
    assert_eq!(sessions.len(), 50);
    for ended in [&oldest, &asha] {
        let after = ended.visits("user/").await;
        assert!(after.url.path().contains("/account/login/"));
    }
}

#[tokio::test]
async fn a_session_shows_the_configured_place_and_no_ip_address_is_stored() {
    let plan = World::plan().set("PROFILES_TRUSTED_PROXIES", "127.0.0.1");
    let places = "Campus network=10.0.0.0/8, Hostel 4 <b>=10.4.0.0/16,Library=2001:db8:7::/48";
    let world = plan.set("PROFILES_PLACES", places).opens().await;
    let person = world.person("asha").await;
    let from = async |address: &str| {
        let browser = world.visitor().sending("x-forwarded-for", address);
        browser.signs_in(&person.username, &person.password).await;
        let page = browser.visits("user/sessions/").await;
        page.texts("li.session").remove(0)
    };

    assert!(from("10.9.8.7").await.contains("From Campus network"));
    assert!(from("10.4.8.7").await.contains("From Hostel 4 <b>"));
    assert!(from("2001:db8:7:1::5").await.contains("From Library"));
    assert!(
        !from("192.0.2.99").await.contains("From"),
        "no name, nothing"
    );

    let asha = world.signed_in(&person).await;
    let page = asha
        .visits("user/data/")
        .await
        .clicks("Download your data")
        .await;
    let files = unpack(&page.presses("Download").await.bytes());
    let json: Value = serde_json::from_slice(&files["profiles.json"]).unwrap();
    assert_eq!(json["sessions"][0]["place"], "Campus network");
    let database = world.database.clone();
    let dump = tokio::task::spawn_blocking(move || database.dump())
        .await
        .unwrap();
    for address in ["10.9.8.7", "10.4.8.7", "2001:db8:7:1", "192.0.2.99"] {
        assert!(!dump.contains(address), "{address} is kept");
    }

    let nameless = World::new().await;
    let asha = nameless.student("asha").await;
    assert!(!asha.visits("user/sessions/").await.says("From "));
}

#[tokio::test]
async fn a_person_cannot_end_the_session_of_another() {
    let world = World::new().await;
    let (asha, wasim) = (world.student("asha").await, world.student("wasim").await);
    let person = world.person("asha").await;
    world.signed_in(&person).await;
    let page = asha.visits("user/sessions/").await;
    let name = page.attributes("li.session input[name=session]", "value");

    let his = wasim.visits("user/data/").await;
    let csrf_token = his.attributes("input[name=csrf_token]", "value");
    let fields = [
        ("csrf_token", csrf_token[0].as_str()),
        ("session", name[0].as_str()),
    ];
    wasim.posts("user/sessions/end/", &fields).await;

    let page = asha.visits("user/sessions/").await;
    assert_eq!(page.texts("li.session").len(), 2);
}

/// The files of an archive by name.
fn unpack(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

#[tokio::test]
async fn the_export_contains_all_entered_data_and_no_secret() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic phone").await;
    canteen.reads(&tokens.access, "fields=mobile").await.good();
    // Besides the confirmed address she has one that is not confirmed yet.
    let own = asha.visits("user/").await;
    let own = own.fills("email", "asha@unconfirmed.example");
    let mut form = own.would_enter("email");
    let kept = Part::Text("asha@mail.example".to_owned());
    form.parts.push(("email".to_owned(), kept));
    own.sends(form).await;

    let page = asha
        .visits("user/data/")
        .await
        .clicks("Download your data")
        .await;
    let archive = page.presses("Download").await;

    assert_eq!(archive.header("content-type"), "application/zip");
    assert_eq!(archive.header("cache-control"), "no-store");
    let files = unpack(&archive.bytes());
    let html = String::from_utf8(files["profiles.html"].clone()).unwrap();
    let style = html.split_once("rel=\"stylesheet\" href=\"").unwrap().1;
    let style = style.split_once('"').unwrap().0;
    assert!(files[style].len() > 1_000, "{style}");
    let json: Value = serde_json::from_slice(&files["profiles.json"]).unwrap();
    let entered = campus::asha();
    for name in [
        "username",
        "first_name",
        "last_name",
        "email",
        "type",
        "is_alumni",
        "roll_number",
        "mobile",
        "sex",
    ] {
        assert_eq!(json["person"][name], entered[name], "{name}");
    }
    for (own, name) in [("address", "insti_address"), ("programme", "program")] {
        for (member, value) in json[own].as_object().unwrap() {
            if member != "id" && member != "is_inferred" {
                assert_eq!(value, &entered[name][member], "{member}");
            }
        }
    }
    let listed = |own: &str, member: &str| -> Vec<Value> {
        let rows = json[own].as_array().unwrap().iter();
        rows.map(|row| row[member].clone()).collect()
    };
    let given = |name: &str, member: &str| -> Vec<Value> {
        let rows = entered[name].as_array().unwrap().iter();
        rows.map(|row| row[member].clone()).collect()
    };
    assert_eq!(listed("contacts", "number"), given("contacts", "number"));
    let emails = listed("secondary_emails", "email");
    assert_eq!(emails[..1], given("secondary_emails", "email"));
    assert_eq!(emails[1..], ["asha@unconfirmed.example"]);
    let verified_at = listed("secondary_emails", "verified_at");
    assert!(verified_at[0].is_string() && verified_at[1].is_null());
    assert_eq!(listed("connected_apps", "app"), ["Canteen"]);
    assert!(listed("read_by_apps", "field").contains(&"mobile".into()));
    let picture = files
        .iter()
        .find(|(name, _)| name.starts_with("pictures/"))
        .unwrap();
    image::load_from_memory(picture.1).unwrap();
    let readable = String::from_utf8(files["profiles.html"].clone()).unwrap();
    for value in [
        "Asha",
        "D’Souza",
        "9876543210",
        "+91 98200 11111",
        "asha@unconfirmed.example",
        "Canteen",
    ] {
        assert!(readable.contains(value), "{value}");
    }
    // The export has the words and times of the pages, and no internal values.
    for value in [
        "What apps read",
        "Undergraduate",
        "Hostel and room",
        "Person signed in",
    ] {
        assert!(readable.contains(value), "{value}");
    }
    let grant = json["connected_apps"][0]["id"].as_str().unwrap();
    for raw in ["T00:", "+00:00", "insti_address", grant] {
        assert!(!readable.contains(raw), "{raw}");
    }
    let whole: Vec<u8> = files.values().flatten().copied().collect();
    let whole = String::from_utf8_lossy(&whole);
    for secret in ["$argon2", "hash", &tokens.access, &tokens.refresh] {
        assert!(!whole.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn export_and_closing_require_the_password_again() {
    let world = World::new().await;
    let (asha, person) = (world.student("asha").await, world.person("asha").await);
    let ready = asha.visits("user/data/export/").await;
    world.advance_clock(Duration::minutes(30));

    for address in ["user/data/export/", "user/data/close/"] {
        let form = asha.visits(address).await;
        assert!(form.url.path().contains("/account/login/"), "{}", form.url);
    }
    let refused = ready.presses("Download").await;
    assert!(
        refused.url.path().contains("/account/login/"),
        "{}",
        refused.url
    );
    let back = refused.signs_in(&person.username, &person.password).await;
    let archive = back.presses("Download").await;
    assert_eq!(archive.header("content-type"), "application/zip");

    // Closing the account asks for the password again, although it was typed three minutes ago.
    world.advance_clock(Duration::minutes(3));
    asha.visits("user/data/export/").await.shows("profiles.zip");
    let form = asha.visits("user/data/close/").await;
    assert!(form.url.path().contains("/account/login/"), "{}", form.url);
    let back = form.signs_in(&person.username, &person.password).await;
    let closed = back.presses("Close your account").await;
    closed.shows("Your account is closed");
}

#[tokio::test]
async fn a_closed_account_is_closed_to_apps_at_once_and_can_be_reopened_unchanged() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic phone").await;
    let code = world.consents(&asha, &canteen.login_link("basic")).await;
    let open = asha.visits(&canteen.login_link("basic sex")).await;

    let closed = asha
        .visits("user/data/close/")
        .await
        .presses("Close your account")
        .await;

    closed.shows("Your account is closed");
    canteen.reads(&tokens.access, "").await.detail(401);
    canteen
        .tries_to_refresh(&tokens.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .tries_to_exchange(&code, &[])
        .await
        .refuses(400, "invalid_grant");
    let form = asha.visits(&canteen.login_link("basic phone")).await;
    form.refuses(403);
    assert!(form.says("Your account is closed"));
    let allowed = open.presses("allow").await;
    // It was opened before the account was closed.
    allowed.refuses(400);
    assert!(allowed.says("This page has expired"));
    for page in ["user/", "user/settings/"] {
        let page = asha.visits(page).await;
        page.shows("Your account is closed")
            .shows("keep your account");
    }
    looks_at(&asha, "Canteen")
        .await
        .shows("No app can read your data");

    world.advance_clock(Duration::days(6));
    world.runs_jobs().await;
    let again = world.student("asha").await;
    let page = again.visits("user/data/").await;
    page.presses("Keep my account")
        .await
        .shows("Your account is open again");
    world.advance_clock(Duration::days(2));
    world.runs_jobs().await;
    let fresh = canteen.refreshes(&tokens).await;
    let read = canteen.reads(&fresh.access, "fields=mobile").await.good();
    assert_eq!(read["mobile"], "9876543210");
}

#[tokio::test]
async fn signing_in_to_a_closed_account_leads_to_the_page_that_reopens_it() {
    let world = World::new().await;
    let (asha, person) = (world.student("asha").await, world.person("asha").await);
    asha.visits("user/data/close/")
        .await
        .presses("Close your account")
        .await;

    let browser = world.visitor();
    let landed = browser
        .visits("account/login/?next=/user/settings/")
        .await
        .signs_in(&person.username, &person.password)
        .await;

    landed.shows("Keep my account");
}

#[tokio::test]
async fn seven_days_after_closing_all_data_of_the_person_is_deleted() {
    let world = World::new().await;
    let (asha, canteen, library) = (
        world.student("asha").await,
        world.canteen(),
        world.library(),
    );
    for app in [&canteen, &library] {
        let tokens = world
            .connects(
                &asha,
                app,
                "basic profile sex picture ldap phone insti_address program secondary_emails",
            )
            .await;
        app.reads(&tokens.access, "fields=mobile,profile_picture")
            .await
            .good();
    }
    let wasim = world.student("wasim").await;
    let his = world.connects(&wasim, &canteen, "basic profile").await;
    asha.visits(&canteen.login_link("basic send_mail")).await;
    takes_back(&asha, "Canteen", "Mobile").await;
    world.runs_jobs().await;
    let pictures = || {
        let folder = world.data.join("pictures/profile_picture");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    };
    let values = [
        "asha",
        "Asha",
        "D’Souza",
        "012D0700",
        "9876543210",
        "98200 11111",
        "2572 2545",
        "asha@mail.example",
        "A-12",
    ];
    let before = world.database.dump();
    for value in values {
        assert!(before.contains(value), "{value} is not there to begin with");
    }
    assert_eq!(pictures(), 1);

    asha.visits("user/data/close/")
        .await
        .presses("Close your account")
        .await;
    world.advance_clock(Duration::days(7));
    world.runs_jobs().await;

    let after = world.database.dump();
    for value in values {
        let left: Vec<_> = after.lines().filter(|line| line.contains(value)).collect();
        assert!(left.is_empty(), "{value}: {left:?}");
    }
    assert_eq!(pictures(), 0);
    let page = asha.visits("user/").await;
    assert!(page.url.path().contains("/account/login/"));
    canteen.refreshes(&his).await;
}

/// Reopening the account and the final deletion may run at the same moment.
#[tokio::test]
async fn an_account_reopened_at_the_last_moment_is_kept() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let page = asha.visits("user/data/close/").await;
    page.presses("Close your account").await;
    world.advance_clock(Duration::days(7));
    let address = world.database.url();
    let (opened, is_opened) = tokio::sync::oneshot::channel();
    let keeps = tokio::task::spawn_blocking(move || {
        let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
        let mut tx = client.transaction().unwrap();
        tx.execute("delete from account_closures", &[]).unwrap();
        opened.send(()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        tx.commit().unwrap();
    });

    is_opened.await.unwrap();
    world.runs_jobs().await;

    keeps.await.unwrap();
    world.student("asha").await;
}

/// A table that refers to a person without a cascade would keep their data for ever.
#[tokio::test]
async fn every_table_that_refers_to_people_cascades() {
    let world = World::new().await;
    let dump = world.database.dump();
    let references: Vec<_> = dump
        .lines()
        .filter(|line| line.contains("REFERENCES public.people"))
        .collect();
    assert!(references.len() >= 10, "{references:?}");
    for line in references {
        assert!(line.contains("ON DELETE CASCADE"), "{line}");
    }
    // What such a table holds is also part of the export.
    let exported = include_str!("../../src/privacy/data_export/store.rs");
    let mut table = "";
    for line in dump.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE public.") {
            table = rest.split(' ').next().unwrap();
        }
        let column = line.trim().split(' ').next().unwrap_or_default();
        if column == "person_id" || column == "owner_id" {
            let key = format!("{table}_{column}_fkey FOREIGN KEY");
            let is_free = table == "audit_log" && column == "person_id";
            assert!(is_free || dump.contains(&key), "{table}.{column}");
            assert!(exported.contains(&format!("from {table} t")), "{table}");
        }
    }
}

#[tokio::test]
async fn the_owner_of_a_verified_app_must_hand_it_over_before_closing() {
    let world = World::new().await;
    let meera = world.student("meera").await;

    let page = meera.visits("user/data/close/").await;

    page.shows("You run a verified app");
    assert!(!page.offers("main button"));
    let csrf_token = meera.visits("user/data/export/").await;
    let csrf_token = csrf_token.attributes("input[name=csrf_token]", "value");
    let fields = [("csrf_token", csrf_token[0].as_str())];
    meera.posts("user/data/close/", &fields).await.refuses(409);
}

//! The mail API: an app writes to a person who allowed it, through a real mail server. K68–K73 by their numbers;
//! limits, unsubscribing, and mail servers that misbehave.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::{JoinSet, spawn_blocking};

use crate::support::chromium::Chromium;
use crate::support::mail_server::{Mail, MailServer, SmtpMode};
use crate::support::world::Plan;
use crate::support::{Answer, App, Browser, Tokens, World};

const ADDRESS: &str = "user/api/user/send_mail/";

/// asha has allowed the canteen to write to her, and there is a mail server.
struct MailSetup {
    world: World,
    server: MailServer,
    asha: Browser,
    canteen: App,
    tokens: Tokens,
}

impl MailSetup {
    async fn opens() -> Self {
        Self::opens_with(SmtpMode::Plain, |plan, _| plan).await
    }

    async fn opens_with(speaks: SmtpMode, change: impl FnOnce(Plan, &MailServer) -> Plan) -> Self {
        let server = MailServer::starts(speaks).await;
        let plan = World::plan()
            .set("PROFILES_SMTP_URL", &server.address())
            .set("PROFILES_SMTP_CA_FILE", &server.authority())
            .set("PROFILES_MAIL_FROM", "no-reply@campus.example");
        let world = change(plan, &server).opens().await;
        let (asha, canteen) = (world.student("asha").await, world.canteen());
        let tokens = world.connects(&asha, &canteen, "basic send_mail").await;
        Self {
            world,
            server,
            asha,
            canteen,
            tokens,
        }
    }

    async fn sends(&self, mail: &Value) -> Answer {
        sends(&self.canteen, &self.tokens.access, mail).await
    }

    /// The mail that the server received, and the response to the app.
    async fn delivers(&self, mail: &Value) -> (Value, Mail) {
        let response = self.sends(mail).await.good();
        let reason = self.newest_reason().await;
        assert_eq!((&response["status"], reason), (&json!(true), None));
        (response, self.server.gets().await)
    }

    /// The recorded reason why the newest mail did not go out.
    async fn newest_reason(&self) -> Option<String> {
        let rows = self.query(
            "select status, error from sent_mails order by started_at desc, id desc limit 1",
        );
        let row = &rows.await[0];
        assert_eq!(
            row.get::<_, Option<bool>>(0),
            Some(row.get::<_, Option<String>>(1).is_none())
        );
        row.get(1)
    }

    async fn query(&self, sql: &'static str) -> Vec<postgres::Row> {
        let address = self.world.database.url();
        let pending = spawn_blocking(move || {
            let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
            client.query(sql, &[]).unwrap()
        });
        pending.await.unwrap()
    }

    async fn is_renamed(&self, name: String) {
        let address = self.world.database.url();
        let renamed = spawn_blocking(move || {
            let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
            client
                .execute(
                    "update apps set name = $1 where name <> 'Library'",
                    &[&name],
                )
                .unwrap()
        });
        renamed.await.unwrap();
    }
}

async fn sends(app: &App, access: &str, mail: &Value) -> Answer {
    let request = app.request(Method::POST, ADDRESS).bearer_auth(access);
    Answer::to(request.json(mail)).await
}

fn dinner() -> Value {
    json!({ "subject": "Dinner", "message": "Rice & dal.\nAt eight.", "reply_to": [] })
}

fn header<'a>(mail: &'a Mail, name: &str) -> Option<&'a str> {
    mail["headers"][name].as_str()
}

/// The path of the unsubscribe link in the mail's header.
fn stop_link(mail: &Mail) -> String {
    let link = header(mail, "List-Unsubscribe").unwrap();
    link.trim_matches(['<', '>']).to_owned()
}

// ---------------------------------------------------------------------------------- the mail

#[tokio::test]
async fn k68_one_mail_reaches_the_primary_address_as_composed() {
    for speaks in [SmtpMode::Plain, SmtpMode::StartTls, SmtpMode::Tls] {
        let setup = MailSetup::opens_with(speaks, |plan, _| plan).await;
        let (page, mail) = setup
            .delivers(&json!({
                "subject": "Dinner – आज",
                "message": "Rice & <b>dal</b>.\nMenu: https://mess.example/?a=1&b=2.",
                "reply_to": ["mess@campus.example", "warden@campus.example"],
            }))
            .await;
        setup.server.got_nothing_else().await;

        let id = page["Message-ID"].as_str().unwrap();
        let (left, right) = id.trim_matches(['<', '>']).split_once('@').unwrap();
        assert!(
            id.starts_with('<')
                && id.ends_with('>')
                && !left.is_empty()
                && !right.contains(['@', ' '])
        );
        assert_eq!(header(&mail, "Message-ID"), Some(id));
        let recorded = setup.query("select message_id from sent_mails").await;
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].get::<_, String>(0), id);

        assert_eq!(mail["to"], json!(["asha@campus.example"]));
        assert_eq!(mail["recipients"], json!(["asha@campus.example"]));
        assert_eq!(mail["from"], "no-reply@campus.example");
        assert_eq!(
            mail["sender"],
            json!(["Canteen via Profiles", "no-reply@campus.example"])
        );
        assert_eq!(
            header(&mail, "Subject"),
            Some("[SSO] [Canteen] Dinner – आज")
        );
        assert_eq!(
            mail["reply_to"],
            json!(["mess@campus.example", "warden@campus.example"])
        );
        assert_eq!(mail["kind"], "multipart/alternative");
        assert_eq!(mail["charsets"], json!(["utf-8", "utf-8"]));
        assert_eq!(mail["defects"], json!([]));
        for name in ["Date", "MIME-Version", "Auto-Submitted"] {
            assert!(header(&mail, name).is_some(), "{name}");
        }

        let text = mail["text"].as_str().unwrap().replace("\r\n", "\n");
        let start = "Rice & <b>dal</b>.\nMenu: https://mess.example/?a=1&b=2.\n\n\nSent via SSO by Canteen\n\nYou get this";
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.contains(&format!("{}user/settings/", setup.world.base)),
            "{text}"
        );
        let html = mail["html"].as_str().unwrap();
        assert!(
            html.contains("Rice &amp; &lt;b&gt;dal&lt;/b&gt;."),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"https://mess.example/?a=1&amp;b=2\">"),
            "{html}"
        );
        assert!(html.contains("Sent via SSO by Canteen"), "{html}");
    }
}

#[tokio::test]
async fn k69_without_reply_to_replies_go_to_the_published_contact_or_nowhere() {
    let setup = MailSetup::opens().await;
    let (_, mail) = setup.delivers(&dinner()).await;
    assert_eq!(header(&mail, "Reply-To"), None);

    setup
        .query("update apps set contact = 'canteen@campus.example'")
        .await;
    let (_, mail) = setup.delivers(&dinner()).await;
    assert_eq!(mail["reply_to"], json!(["canteen@campus.example"]));
}

#[tokio::test]
async fn k70_every_wrong_field_is_named_and_nothing_is_sent() {
    let setup = MailSetup::opens().await;
    let all = ["subject", "message", "reply_to"];
    for wrong in 1..8_u8 {
        let is_wrong = |at: usize| wrong & (1 << at) != 0;
        for how in [None, Some(json!("  "))] {
            let mut mail = dinner();
            for (at, field) in all.iter().enumerate().filter(|(at, _)| is_wrong(*at)) {
                match &how {
                    None => drop(mail.as_object_mut().unwrap().remove(*field)),
                    Some(blank) => mail[*field] = blank.clone(),
                }
                assert!(is_wrong(at));
            }
            let answer = setup.sends(&mail).await;
            assert_eq!(answer.status, 400, "{mail}");
            let mut named: Vec<String> =
                answer.json().as_object().unwrap().keys().cloned().collect();
            named.sort();
            let mut expected: Vec<&str> = all
                .iter()
                .enumerate()
                .filter(|(at, _)| is_wrong(*at))
                .map(|(_, it)| *it)
                .collect();
            expected.sort_unstable();
            assert_eq!(named, expected, "{mail}");
        }
    }
    for reply_to in [
        json!("a@b.example"),
        json!(["a@b.example", "nobody"]),
        json!({}),
        json!(7),
    ] {
        let mut mail = dinner();
        mail["reply_to"] = reply_to;
        let answer = setup.sends(&mail).await;
        assert_eq!(answer.status, 400, "{mail}");
        let response = answer.json();
        assert_eq!(
            response.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["reply_to"]
        );
    }
    let mut mail = dinner();
    mail["reply_to"] = json!(["a@b.example", "nobody"]);
    assert_eq!(
        setup.sends(&mail).await.json(),
        json!({ "reply_to": { "1": ["Enter a valid email address."] } })
    );
    setup.server.got_nothing_else().await;
    assert!(setup.query("select 1 from sent_mails").await.is_empty());
}

#[tokio::test]
async fn k71_a_body_that_is_not_json_is_refused_and_a_line_break_makes_no_header() {
    let setup = MailSetup::opens().await;
    let send = |kind: &'static str, body: &'static str| {
        let request = setup.canteen.request(Method::POST, ADDRESS);
        let request = request
            .bearer_auth(&setup.tokens.access)
            .header("content-type", kind);
        Answer::to(request.body(body))
    };
    let message = send("application/json", "{\"subject\": ").await.detail(400);
    assert!(message.starts_with("JSON parse error - "), "{message}");
    assert_eq!(
        send("application/json", "[1]").await.json(),
        json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] })
    );
    send("text/plain", "hello").await.detail(415);
    let form = "subject=Dinner&message=Rice&reply_to=a%40b.example&reply_to=c%40d.example";
    send("application/x-www-form-urlencoded", form).await.good();
    assert_eq!(
        setup.server.gets().await["reply_to"],
        json!(["a@b.example", "c@d.example"])
    );

    let mut mail = dinner();
    mail["subject"] = json!("Dinner\r\nBcc: everybody@campus.example");
    let answer = setup.sends(&mail).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json().as_object().unwrap().contains_key("subject")
        ),
        (400, true)
    );
    setup.server.got_nothing_else().await;
}

#[tokio::test]
async fn k72_sending_requires_post_and_a_token_with_the_scope() {
    let setup = MailSetup::opens().await;
    let without = setup.world.library();
    let tokens = setup
        .world
        .connects(&setup.asha, &without, "basic profile")
        .await;
    let answer = sends(&without, &tokens.access, &dinner()).await;
    assert_eq!(
        answer.detail(403),
        "You do not have permission to perform this action."
    );
    assert!(
        answer
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    let unknown = Answer::to(setup.canteen.request(Method::POST, ADDRESS).json(&dinner())).await;
    assert_eq!(
        unknown.detail(401),
        "Authentication credentials were not provided."
    );
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = setup
            .canteen
            .request(method, ADDRESS)
            .bearer_auth(&setup.tokens.access);
        let answer = Answer::to(request).await;
        answer.detail(405);
        assert_eq!(answer.header("allow"), "POST, OPTIONS");
    }
    setup.server.got_nothing_else().await;
}

#[tokio::test]
async fn k73_a_mail_server_that_is_down_is_reported_as_an_outcome() {
    let setup = MailSetup::opens_with(SmtpMode::Plain, |plan, _| {
        plan.set("PROFILES_SMTP_URL", "smtp://127.0.0.1:1")
    })
    .await;
    let response = setup.sends(&dinner()).await.good();
    assert_eq!(response["status"], false);
    assert!(response["Message-ID"].as_str().unwrap().starts_with('<'));
    assert_eq!(
        setup.newest_reason().await.as_deref(),
        Some("the mail server is not reachable")
    );
}

#[tokio::test]
async fn a_person_without_a_directory_address_gets_mail_at_the_proved_one() {
    let setup = MailSetup::opens().await;
    setup.query("update people set email = ''").await;
    assert_eq!(setup.sends(&dinner()).await.good()["status"], true);
    let mail = setup.server.gets().await;
    assert_eq!(mail["recipients"], json!(["asha@mail.example"]));
}

#[tokio::test]
async fn a_person_without_an_address_gets_no_mail_and_the_app_an_error() {
    let setup = MailSetup::opens().await;
    setup.query("update people set email = ''").await;
    setup.query("delete from secondary_emails").await;
    assert_eq!(setup.sends(&dinner()).await.good()["status"], false);
    assert_eq!(
        setup.newest_reason().await.as_deref(),
        Some("the person has no mail address")
    );
    setup.server.got_nothing_else().await;
}

#[tokio::test]
async fn an_oversized_mail_is_refused_with_400() {
    let setup = MailSetup::opens().await;
    for (field, most, over) in [
        ("subject", json!("é".repeat(200)), json!("é".repeat(201))),
        (
            "message",
            json!("a".repeat(65_536)),
            json!("a".repeat(65_537)),
        ),
        (
            "message",
            json!("\u{1f35b}".repeat(16_384)),
            json!("a".repeat(600_000)),
        ),
        (
            "reply_to",
            json!(vec!["a@b.example"; 20]),
            json!(vec!["a@b.example"; 1000]),
        ),
    ] {
        let mut mail = dinner();
        mail[field] = over;
        assert_eq!(setup.sends(&mail).await.status, 400, "{field}");
        mail[field] = most;
        let (_, got) = setup.delivers(&mail).await;
        assert_eq!(got["defects"], json!([]), "{field}");
        assert!(got["longest_line"].as_u64().unwrap() <= 998, "{field}");
    }
    setup.server.got_nothing_else().await;
}

#[tokio::test]
async fn cors_allows_the_apps_origins_to_send() {
    let setup = MailSetup::opens().await;
    let ask = |origin: &'static str| {
        let request = setup
            .canteen
            .request(Method::OPTIONS, ADDRESS)
            .header("origin", origin);
        Answer::to(request.header("access-control-request-method", "POST"))
    };
    assert_eq!(
        ask("https://canteen.example")
            .await
            .header("access-control-allow-origin"),
        "https://canteen.example"
    );
    assert_eq!(
        ask("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        ""
    );
    let request = setup
        .canteen
        .request(Method::POST, ADDRESS)
        .header("origin", "https://canteen.example");
    let answer = Answer::to(request.bearer_auth(&setup.tokens.access).json(&dinner())).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://canteen.example"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

// ---------------------------------------------------------------------------------- DKIM

#[tokio::test]
async fn the_dkim_signature_covers_the_whole_mail_and_both_unsubscribe_headers() {
    for algorithm in ["rsa", "ed25519"] {
        let setup = MailSetup::opens_with(SmtpMode::Plain, |plan, server| {
            plan.set(
                "PROFILES_DKIM_KEY_FILE",
                &server.file(&format!("dkim-{algorithm}.pem")),
            )
        })
        .await;
        for message in [
            "Rice.",
            " \tRice  and\t dal. \n\n\n\nÜber – आज ",
            "a".repeat(5000).as_str(),
        ] {
            let mut mail = dinner();
            mail["message"] = json!(message);
            mail["subject"] = json!(
                "A long subject – with अक्षर and  two blanks, over more than one line of a header"
            );
            let (_, mail) = setup.delivers(&mail).await;
            assert_eq!(mail["dkim"]["algorithm"], algorithm, "{message:?}: {mail}");
            assert_eq!(mail["dkim"]["domain"], "campus.example");
            let covered: Vec<&str> = mail["dkim"]["covered"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it.as_str().unwrap())
                .collect();
            for name in [
                "from",
                "to",
                "subject",
                "date",
                "message-id",
                "list-unsubscribe",
                "list-unsubscribe-post",
            ] {
                assert!(covered.contains(&name), "{name}: {covered:?}");
            }
        }
    }
}

// ---------------------------------------------------------------------------------- unsubscribing

#[tokio::test]
async fn one_click_unsubscribes_this_person_from_this_app_only() {
    let setup = MailSetup::opens().await;
    let library = setup.world.library();
    let to_library = setup
        .world
        .connects(&setup.asha, &library, "basic send_mail")
        .await;
    let vikram = setup.world.student("vikram").await;
    let of_vikram = setup
        .world
        .connects(&vikram, &setup.canteen, "basic send_mail")
        .await;

    let (_, mail) = setup.delivers(&dinner()).await;
    assert_eq!(
        header(&mail, "List-Unsubscribe-Post"),
        Some("List-Unsubscribe=One-Click")
    );
    let link = stop_link(&mail);
    assert!(link.starts_with(&setup.world.base), "{link}");

    // A GET by a mail program changes nothing.
    let mailbox = setup.world.visitor();
    let page = mailbox.visits(&link).await;
    page.shows("Stop mail from Canteen?");
    setup.delivers(&dinner()).await;

    // The one-click POST without cookies, answered without a redirect (RFC 8058 §3.1).
    let click = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(&link);
    let clicked = Answer::to(click.form(&[("List-Unsubscribe", "One-Click")])).await;
    assert_eq!(clicked.status, 200);
    assert!(
        clicked
            .text()
            .contains("Canteen can no longer send you mail"),
        "{}",
        clicked.text()
    );

    let refused = setup.sends(&dinner()).await.detail(403);
    assert!(
        refused.contains("removed the access of your app"),
        "{refused}"
    );
    setup.canteen.reads(&setup.tokens.access, "").await.good();
    let refreshed = setup.canteen.refreshes(&setup.tokens).await;
    let refused = sends(&setup.canteen, &refreshed.access, &dinner())
        .await
        .detail(403);
    assert!(
        refused.contains("removed the access of your app"),
        "{refused}"
    );
    let connected = setup.asha.visits("user/settings/").await;
    connected.shows("It cannot send you mail");
    let details = connected.clicks("Canteen").await;
    details
        .shows("It cannot send you mail")
        .shows(header(&mail, "Message-ID").unwrap());

    assert_eq!(
        sends(&library, &to_library.access, &dinner()).await.good()["status"],
        true
    );
    assert_eq!(
        sends(&setup.canteen, &of_vikram.access, &dinner())
            .await
            .good()["status"],
        true
    );
    for to in ["asha@campus.example", "vikram@campus.example"] {
        assert_eq!(setup.server.gets().await["to"], json!([to]));
    }

    // A repeated POST changes nothing, and she can allow mail again.
    assert_eq!(mailbox.posts(&link, &[]).await.status, 200);
    let form = setup
        .asha
        .visits(&setup.canteen.login_link("basic send_mail"))
        .await;
    let form = if form.redirect().is_some() {
        setup
            .asha
            .visits(
                &setup
                    .canteen
                    .authorize_url(&[("scope", "basic send_mail"), ("approval_prompt", "force")]),
            )
            .await
    } else {
        form
    };
    assert!(!form.scope("send_mail").ticked);
    let back = form
        .touches("scope", "send_mail", true)
        .presses("allow")
        .await;
    let tokens = setup
        .canteen
        .exchanges_code(&setup.canteen.receives(&back).code())
        .await;
    assert_eq!(
        sends(&setup.canteen, &tokens.access, &dinner())
            .await
            .good()["status"],
        true
    );
}

#[tokio::test]
async fn the_button_on_the_page_unsubscribes_and_a_forged_link_does_nothing() {
    let setup = MailSetup::opens().await;
    let (_, mail) = setup.delivers(&dinner()).await;
    let link = stop_link(&mail);
    let page = setup.world.visitor().visits(&link).await;
    page.presses("One-Click")
        .await
        .shows("Canteen can no longer send you mail");
    setup.sends(&dinner()).await.detail(403);

    let (ids, seal) = link.trim_end_matches('/').rsplit_once('.').unwrap();
    for forged in [
        format!("{ids}x.{seal}/"),
        format!("{ids}.{}/", seal.to_lowercase()),
        format!("{}mail/stop/x/", setup.world.base),
    ] {
        setup.world.visitor().visits(&forged).await.refuses(404);
        setup.world.visitor().posts(&forged, &[]).await.refuses(404);
    }
}

// ---------------------------------------------------------------------------------- delivery records

#[tokio::test]
async fn person_and_developer_see_time_and_outcome_of_a_mail_but_not_its_text() {
    let setup = MailSetup::opens().await;
    let (sent, _) = setup.delivers(&dinner()).await;
    setup.server.behaves("refuses").await;
    let unsent = setup.sends(&dinner()).await.good();
    let ids = [&sent, &unsent].map(|response| response["Message-ID"].as_str().unwrap().to_owned());
    let details = setup
        .asha
        .visits("user/settings/")
        .await
        .clicks("Canteen")
        .await;
    details
        .shows("Mail from this app")
        .shows("Sent")
        .shows("Not sent");
    let meera = setup.world.student("meera").await;
    let app = meera
        .visits("oauth/applications/")
        .await
        .clicks("Canteen")
        .await;
    app.shows("1 sent, 1 not sent");
    app.shows("the mail server refused with code 550");
    for page in [&details, &app] {
        for id in &ids {
            page.shows(id);
        }
        assert!(!page.says("Dinner") && !page.says("Rice"));
    }
    assert!(!app.says("asha"), "{}", app.words());
    // After a month the developer no longer sees the record, but the person does.
    setup.world.advance_clock(time::Duration::days(31));
    let asha = setup.world.student("asha").await;
    asha.visits("user/settings/")
        .await
        .clicks("Canteen")
        .await
        .shows(&ids[0]);
    let meera = setup.world.student("meera").await;
    let app = meera
        .visits("oauth/applications/")
        .await
        .clicks("Canteen")
        .await;
    assert!(!app.says(&ids[0]));
}

#[tokio::test]
async fn mail_pages_fit_a_phone_and_a_desktop_in_both_colour_schemes() {
    let setup = MailSetup::opens().await;
    let (_, mail) = setup.delivers(&dinner()).await;
    setup.server.behaves("refuses").await;
    setup.sends(&dinner()).await.good();
    let base = &setup.world.base;
    let browser = Chromium::opens(true).await;
    browser.visits(&stop_link(&mail)).await;
    browser.looks_at("mail-stop").await;
    browser.can_be_used("a mail to be stopped").await;
    browser.follows("button[name='List-Unsubscribe']").await;
    assert!(
        browser
            .words()
            .await
            .contains("Canteen can no longer send you mail")
    );
    browser.looks_at("mail-stopped").await;
    browser.can_be_used("mails that are stopped").await;
    let asha = setup.world.person("asha").await;
    browser.visits(&format!("{base}account/login/")).await;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.visits(&format!("{base}user/settings/")).await;
    browser.looks_at("mail-connected-apps").await;
    browser.follows(".connected h2 a").await;
    assert!(browser.words().await.contains("Mail from this app"));
    browser.looks_at("mail-connected-app").await;
    let developer = Chromium::opens(false).await;
    let meera = setup.world.person("meera").await;
    developer.visits(&format!("{base}account/login/")).await;
    developer.signs_in(&meera.username, &meera.password).await;
    let app = setup
        .query("select id::text from apps where name = 'Canteen'")
        .await;
    let app: String = app[0].get(0);
    developer
        .visits(&format!("{base}oauth/applications/{app}/"))
        .await;
    assert!(developer.words().await.contains("refused with code 550"));
    developer.looks_at("mail-app").await;
    developer.visits(&format!("{base}doc/api/#mail")).await;
    developer.looks_at("mail-docs").await;
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

#[tokio::test]
async fn mail_of_a_disconnected_app_stays_on_the_list() {
    let setup = MailSetup::opens().await;
    let (result, _) = setup.delivers(&dinner()).await;
    let page = setup.asha.visits("user/settings/").await;
    assert!(!page.says(result["Message-ID"].as_str().unwrap()));
    let page = setup.asha.disconnects("Canteen").await;
    assert!(page.redirect().is_none());
    let page = setup.asha.visits("user/settings/").await;
    page.shows("Mail from apps that are no longer connected");
    page.shows(result["Message-ID"].as_str().unwrap());
}

#[tokio::test]
async fn the_request_in_the_docs_sends_a_mail() {
    let setup = MailSetup::opens().await;
    let page = setup.world.visitor().visits("doc/api/").await;
    let request = page.code("code#wire-mail").concat();
    let (head, body) = request.split_once("\n\n").unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let send = setup
        .canteen
        .request(Method::POST, path)
        .bearer_auth(&setup.tokens.access);
    let send = send
        .header("content-type", "application/json")
        .body(body.trim().to_owned());
    assert_eq!(Answer::to(send).await.good()["status"], true);
    let mail = setup.server.gets().await;
    assert_eq!(mail["reply_to"], json!(["mess@campus.example"]));
    let promised = page.code("code#wire-mailed").concat();
    let promised: Value = serde_json::from_str(promised.trim()).unwrap();
    assert_eq!(promised["status"], true);
}

// ---------------------------------------------------------------------------------- rate limits

#[tokio::test]
async fn rate_limits_are_per_person_and_per_app_and_send_retry_after() {
    let setup = MailSetup::opens_with(SmtpMode::Plain, |plan, _| {
        plan.set("PROFILES_SEND_MAIL_PER_PERSON_DAY", "2")
            .set("PROFILES_SEND_MAIL_PER_APP_HOUR", "3")
            .set("PROFILES_SEND_MAIL_UNVERIFIED_DAY", "1")
    })
    .await;
    let vikram = setup.world.student("vikram").await;
    let of_vikram = setup
        .world
        .connects(&vikram, &setup.canteen, "basic send_mail")
        .await;
    let wait = |answer: &Answer| {
        assert!(!answer.detail(429).is_empty());
        answer.header("retry-after").parse::<i64>().unwrap()
    };

    setup.delivers(&dinner()).await;
    setup.delivers(&dinner()).await;
    let seconds = wait(&setup.sends(&dinner()).await);
    assert!((86_000..=86_400).contains(&seconds), "{seconds}");
    sends(&setup.canteen, &of_vikram.access, &dinner())
        .await
        .good();
    let seconds = wait(&sends(&setup.canteen, &of_vikram.access, &dinner()).await);
    assert!((3_500..=3_600).contains(&seconds), "{seconds}");
    setup
        .world
        .advance_clock(time::Duration::seconds(seconds + 1));
    sends(&setup.canteen, &of_vikram.access, &dinner())
        .await
        .good();
    wait(&setup.sends(&dinner()).await);

    let lost = setup.world.lost_and_found();
    let tokens = setup
        .world
        .connects(&setup.asha, &lost, "basic send_mail")
        .await;
    sends(&lost, &tokens.access, &dinner()).await.good();
    let refused = sends(&lost, &tokens.access, &dinner()).await;
    assert!(refused.detail(429).contains("not verified"));

    setup.world.advance_clock(time::Duration::days(1));
    let tokens = setup.canteen.refreshes(&setup.tokens).await;
    sends(&setup.canteen, &tokens.access, &dinner())
        .await
        .good();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_fifty_requests_at_once_one_fits_the_remaining_limit() {
    let setup = MailSetup::opens_with(SmtpMode::Plain, |plan, _| {
        plan.set("PROFILES_SEND_MAIL_PER_PERSON_DAY", "3")
    })
    .await;
    setup.delivers(&dinner()).await;
    setup.delivers(&dinner()).await;
    let mut at_once = JoinSet::new();
    for _ in 0..50 {
        let (canteen, access) = (setup.canteen.clone(), setup.tokens.access.clone());
        at_once.spawn(async move { sends(&canteen, &access, &dinner()).await.status.as_u16() });
    }
    let mut counted: HashMap<u16, u32> = HashMap::new();
    for status in at_once.join_all().await {
        *counted.entry(status).or_default() += 1;
    }
    assert_eq!(counted, HashMap::from([(200, 1), (429, 49)]));
    setup.server.gets().await;
    setup.server.got_nothing_else().await;
}

// ---------------------------------------------------------------------------------- mail servers that misbehave

#[tokio::test]
async fn a_refusal_of_the_mail_server_is_an_outcome_with_its_reason() {
    let setup = MailSetup::opens().await;
    for (how, reason) in [
        ("refuses", "the mail server refused with code 550"),
        ("4xx", "the mail server refused with code 451"),
        ("5xx", "the mail server refused with code 554"),
        ("breaks off", "the mail server closed the connection early"),
    ] {
        setup.server.behaves(how).await;
        let response = setup.sends(&dinner()).await.good();
        assert_eq!(response["status"], false, "{how}");
        assert_eq!(
            setup.newest_reason().await.as_deref(),
            Some(reason),
            "{how}"
        );
    }
    // The next mail is delivered.
    setup.server.behaves("well").await;
    setup.delivers(&dinner()).await;
    assert_eq!(setup.newest_reason().await, None);
}

#[tokio::test]
async fn a_mail_server_with_an_untrusted_certificate_gets_no_password_and_no_mail() {
    for speaks in [SmtpMode::StartTls, SmtpMode::Tls] {
        let setup = MailSetup::opens_with(speaks, |plan, server| {
            plan.set("PROFILES_SMTP_URL", &server.untrusted_address())
        })
        .await;
        assert_eq!(setup.sends(&dinner()).await.good()["status"], false);
        let reason = setup.newest_reason().await.unwrap();
        assert!(reason.contains("certificate is not trusted"), "{reason}");
        setup.server.got_nothing_else().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_stalling_mail_server_delays_its_own_mail_only_and_times_out() {
    let mut stories = JoinSet::new();
    for how in ["stalls", "stalls at the end", "trickles"] {
        stories.spawn(async move {
            let setup = MailSetup::opens().await;
            // An open connection from before waits for the next mail.
            setup.delivers(&dinner()).await;
            setup.server.behaves(how).await;
            let began = Instant::now();
            let others = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                for _ in 0..20 {
                    let began = Instant::now();
                    setup.canteen.reads(&setup.tokens.access, "").await.good();
                    assert!(began.elapsed() < Duration::from_secs(2), "{how}");
                }
            };
            let mail = dinner();
            let (page, ()) = tokio::join!(setup.sends(&mail), others);
            assert!(
                began.elapsed() < Duration::from_secs(15),
                "{how}: {:?}",
                began.elapsed()
            );
            assert_eq!(page.good()["status"], false, "{how}");
            assert_eq!(
                setup.newest_reason().await.as_deref(),
                Some("the mail server did not answer in time"),
                "{how}"
            );
            // The aborted mail does not affect the next.
            setup.server.behaves("well").await;
            let (page, mail) = setup.delivers(&mail).await;
            assert_eq!(header(&mail, "Message-ID"), page["Message-ID"].as_str());
        });
    }
    stories.join_all().await;
}

// ---------------------------------------------------------------------------------- header injection

/// A deterministic random number generator (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[usize::try_from(self.next() % of.len() as u64).unwrap()]
    }

    fn text(&mut self, of: &[&str]) -> String {
        (0..=self.next() % 5).map(|_| self.one(of)).collect()
    }
}

const PIECES: &[&str] = &[
    "Dinner",
    " ",
    "  ",
    "é",
    "आज",
    "\u{1f35b}",
    "\r",
    "\n",
    "\r\n",
    "\r\nBcc: evil@campus.example",
    "\r\n\r\nbody",
    "\nSubject: other",
    "\0",
    "=?utf-8?b?DQpCY2M6IGV2aWxAY2FtcHVzLmV4YW1wbGU=?=",
    "=?utf-8?q?x?=",
    "=?",
    "?=",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{2028}",
    "\u{85}",
    "\u{b}",
    "\u{1b}[31m",
    "\t",
    "\"",
    "\\",
    "<x@y.example>",
    ",",
    ";",
    ":",
    "(comment)",
    "]",
    "\r\n.\r\n",
    "\r\nQUIT\r\n",
    "<script>alert(1)</script>",
    "<img src=cid:1>",
    "--boundary",
    "\u{feff}",
    "\u{7f}",
    "a@b.example",
    "Content-Type: text/html",
    "\u{fffd}",
    "x-very-long-word-without-any-blank-in-it-x",
];

const ADDRESSES: &[&str] = &[
    "a@b.example",
    "o'neill@b.example",
    "a+b@c-d.example",
    "a@b.example\r\nBcc: c@d.example",
    "<a@b.example>",
    "<>",
    "",
    "A <a@b.example>",
    "group: a@b.example, c@d.example;",
    "undisclosed-recipients:;",
    "\"a b\"@c.example",
    "\"a\r\nb\"@c.example",
    "a@bücher.example",
    "a@b.example, c@d.example",
    "a@b.example\0",
    "@b.example",
    "a@",
    "a@b@c.example",
    "a@[127.0.0.1]",
    "=?utf-8?q?a?=@b.example",
    "a\u{202e}@b.example",
    "(c)a@b.example",
    "a@b.example.",
    "a @b.example",
];

#[tokio::test]
async fn any_input_is_refused_or_gives_one_mail_with_one_subject_to_one_person() {
    let setup = MailSetup::opens_with(SmtpMode::Plain, |plan, _| {
        plan.set("PROFILES_SEND_MAIL_PER_PERSON_DAY", "10000")
            .set("PROFILES_SEND_MAIL_PER_APP_HOUR", "10000")
    })
    .await;
    let mut chance = Chance(20_261_121);
    let (mut refused, mut sent, mut name) = (0, 0, String::new());
    for round in 0..240 {
        // Also names that registration refuses: the mail code does not rely on it.
        if round % 3 == 0 {
            name = format!("M{}", chance.text(PIECES).replace('\0', ""));
            setup.is_renamed(name.clone()).await;
        }
        let plain = round % 2 == 0;
        let subject = if plain {
            "Dinner =?utf-8?q?x?= – आज".to_owned()
        } else {
            chance.text(PIECES)
        };
        let message = chance.text(PIECES);
        let reply_to: Vec<&str> = match round % 5 {
            0 => vec!["a@b.example"; 1000],
            1 => vec!["a@b.example"],
            2 => vec![],
            _ => (0..=chance.next() % 3)
                .map(|_| chance.one(ADDRESSES))
                .collect(),
        };
        let mail = json!({ "subject": subject, "message": message, "reply_to": reply_to });
        let answer = setup.sends(&mail).await;
        if answer.status == 400 {
            refused += 1;
            continue;
        }
        assert_eq!(answer.good()["status"], true, "{mail}");
        sent += 1;
        let got = setup.server.gets().await;
        assert_eq!(got["to"], json!(["asha@campus.example"]), "{mail}");
        assert_eq!(got["recipients"], json!(["asha@campus.example"]), "{mail}");
        assert_eq!(
            got["sender"][1], "no-reply@campus.example",
            "{mail} {name:?}"
        );
        assert_eq!(got["defects"], json!([]), "{mail} {name:?}");
        assert_eq!(got["bare_ends"], 0, "{mail}");
        assert_eq!(got["parts"], 2, "{mail}");
        assert!(got["longest_line"].as_u64().unwrap() <= 998, "{mail}");
        let mut names: Vec<String> = got["names"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_lowercase())
            .collect();
        names.sort();
        let mut expected = vec![
            "auto-submitted",
            "content-type",
            "date",
            "from",
            "list-unsubscribe",
            "list-unsubscribe-post",
            "message-id",
            "mime-version",
            "subject",
            "to",
        ];
        if !reply_to.is_empty() {
            expected.push("reply-to");
            assert_eq!(
                got["reply_to"],
                json!(reply_to.iter().map(|it| it.trim()).collect::<Vec<_>>()),
                "{mail}"
            );
        }
        expected.sort_unstable();
        assert_eq!(names, expected, "{mail}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = header(&got, "Subject").unwrap();
        assert!(words(shown).ends_with(&words(&subject)), "{shown:?} {mail}");
        assert!(shown.starts_with("[SSO] [M"), "{shown:?}");
        let text = got["text"].as_str().unwrap().replace("\r\n", "\n");
        let written = message.trim().replace("\r\n", "\n").replace('\r', "\n");
        assert!(text.starts_with(&written), "{text:?} {mail}");
        let html = got["html"].as_str().unwrap();
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
    }
    setup.server.got_nothing_else().await;
    assert!(
        sent >= 50 && refused >= 50 && sent + refused >= 200,
        "{sent} sent, {refused} refused"
    );
}

// ---------------------------------------------------------------------------------- retention

#[tokio::test]
async fn the_text_of_a_mail_is_not_stored() {
    let setup = MailSetup::opens_with(SmtpMode::Plain, |plan, _| {
        plan.in_its_own_process().set("PROFILES_LOG", "trace")
    })
    .await;
    let planted = ["kumquat-subject", "kumquat-message", "kumquat-reply"];
    let mail = json!({
        "subject": planted[0], "message": planted[1], "reply_to": [format!("{}@campus.example", planted[2])],
    });
    setup.delivers(&mail).await;
    for how in ["refuses", "5xx", "breaks off"] {
        setup.server.behaves(how).await;
        assert_eq!(setup.sends(&mail).await.good()["status"], false);
    }
    let mut wrong = mail.clone();
    wrong["message"] = json!(7.5);
    wrong["reply_to"] = json!(["kumquat-wrong"]);
    wrong["subject"] = json!("kumquat\nsubject");
    let page = setup.sends(&wrong).await;
    assert_eq!(page.status, 400);
    assert!(!page.text().contains("kumquat"));
    let broken = setup
        .canteen
        .request(Method::POST, ADDRESS)
        .bearer_auth(&setup.tokens.access);
    let broken = broken
        .header("content-type", "application/json")
        .body("{\"subject\": \"kumquat\" kumquat");
    let page = Answer::to(broken).await.detail(400);
    assert!(!page.contains("kumquat"), "{page}");

    let dump = setup.world.database.dump();
    assert!(dump.contains("sent_mails"));
    assert!(!dump.contains("kumquat"));
    let log = setup.world.log();
    assert!(
        log.contains("an app's mail was not sent") && log.contains(" WARN "),
        "{log}"
    );
    assert!(!log.contains("kumquat"));
}

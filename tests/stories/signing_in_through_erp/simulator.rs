//! The simulated ERP, requested as its oldest clients do. Numbers are those of the protocol's statements.

use std::time::Duration;

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Response, redirect};
use serde_json::{Value, json};

use crate::sim::erp::Erp;
use crate::sim::erp::knobs::{OtpError, QuestionBinding, QuestionMode, SuccessStyle};
use crate::support::parameter;

const ASHA: &str = "21CS10001";
const PASSWORD: &str = "Str0ng&Pass=1";

/// A client with a cookie jar that does not follow redirects.
struct Client<'a> {
    erp: &'a Erp,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    fn of(erp: &'a Erp) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { erp, http }
    }

    async fn get(&self, path: &str) -> Response {
        let address = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.erp.site.origin)
        };
        self.http.get(address).send().await.unwrap()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.http
            .post(format!("{}{path}", self.erp.site.origin))
            .form(fields)
            .send()
            .await
            .unwrap()
    }

    /// Goes from the start page to the hidden field of the login page.
    async fn session_token(&self) -> String {
        let door = self.get("/IIT_ERP3/").await;
        let page = self.get(&location(&door)).await.text().await.unwrap();
        let (_, rest) = page.split_once("name=\"sessionToken\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    async fn question(&self, roll: &str) -> String {
        let form = self
            .post(
                "/SSOAdministration/getSecurityQues.htm",
                &[("user_id", roll)],
            )
            .await;
        assert_eq!(form.headers()["content-type"], "text/plain;charset=UTF-8");
        form.text().await.unwrap()
    }

    fn answer(&self, question: &str) -> String {
        let state = self.erp.state();
        state.people[ASHA].answer(question).unwrap().to_owned()
    }

    async fn asks_for_code(&self, password: &str, answer: &str) -> String {
        let fields = [
            ("user_id", ASHA),
            ("password", password),
            ("answer", answer),
            ("typeee", "SI"),
        ];
        let answer: Value = self
            .post("/SSOAdministration/getEmilOTP.htm", &fields)
            .await
            .json()
            .await
            .unwrap();
        answer["msg"].as_str().unwrap().to_owned()
    }

    async fn signs_in(&self, token: &str, answer: &str, code: &str) -> Response {
        let wanted = format!("{}/IIT_ERP3/", self.erp.site.origin);
        let fields = [
            ("user_id", ASHA),
            ("password", PASSWORD),
            ("answer", answer),
            ("typeee", "SI"),
            ("sessionToken", token),
            ("requestedUrl", wanted.as_str()),
            ("email_otp", code),
        ];
        self.post("/SSOAdministration/auth.htm", &fields).await
    }

    /// A whole sign-in; returns the ssoToken, which has not been used yet.
    async fn signs_in_whole(&self) -> String {
        let token = self.session_token().await;
        let answer = self.answer(&self.question(ASHA).await);
        self.asks_for_code(PASSWORD, &answer).await;
        let signed_in = self.signs_in(&token, &answer, &self.erp.code(ASHA)).await;
        let success = self.get(&location(&signed_in)).await;
        parameter(&location(&success), "ssoToken").unwrap()
    }
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 302, "{}", answer.url());
    let to = answer.headers()[LOCATION].to_str().unwrap();
    answer.url().join(to).unwrap().into()
}

fn path(answer: &Response) -> String {
    url::Url::parse(&location(answer))
        .unwrap()
        .path()
        .to_owned()
}

#[tokio::test]
async fn the_start_page_leads_to_a_form_with_a_token() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    assert_eq!(path(&client.get("/IIT_ERP3").await), "/IIT_ERP3/");
    let door = client.get("/IIT_ERP3/").await;
    let to = location(&door);
    let token = parameter(&to, "sessionToken").unwrap();
    assert_eq!(
        parameter(&to, "requestedUrl").unwrap(),
        format!("{}/IIT_ERP3/", erp.site.origin)
    );
    assert_eq!(
        door.headers()[SET_COOKIE],
        format!("JSESSIONID={token}; Path=/IIT_ERP3")
    );
    let (id, node) = token.split_at(32);
    assert!(
        id.bytes().all(|it| b"0123456789ABCDEF".contains(&it)) && node == ".node1",
        "{token}"
    );

    let page = client.get(&to).await;
    let cookie = page.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/SSOAdministration"), "{cookie}");
    let page = page.text().await.unwrap();
    for id in [
        "loginForm",
        "user_id",
        "password",
        "question",
        "answer_div",
        "answer",
        "getotp",
        "email_otp1",
        "loginFormSubmitButton",
    ] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(page.contains(&format!(
        "id=\"sessionToken\" name=\"sessionToken\" value=\"{token}\""
    )));

    erp.turns(|knobs| knobs.rotate = true);
    let other = client.session_token().await;
    assert!(other != token && !page.contains(&other));
    assert_eq!(client.get("/nowhere").await.status(), 404);
}

#[tokio::test]
async fn anybody_can_request_a_persons_questions() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    assert_eq!(client.question("99XX99999").await, "FALSE");
    erp.changes(ASHA, |asha| asha.disabled = true);
    assert_eq!(client.question(ASHA).await, "FALSE");
    erp.changes(ASHA, |asha| asha.disabled = false);

    let questions: Vec<String> = erp.state().people[ASHA]
        .questions
        .iter()
        .map(|(it, _)| it.clone())
        .collect();
    erp.turns(|knobs| knobs.question_mode = QuestionMode::RoundRobin);
    for question in &questions {
        assert_eq!(&client.question(ASHA).await, question);
    }
    erp.turns(|knobs| knobs.question_mode = QuestionMode::Fixed);
    for _ in 0..3 {
        assert_eq!(client.question(ASHA).await, questions[0]);
    }
    erp.turns(|knobs| knobs.encode_question = 2);
    assert!(client.question(ASHA).await.starts_with("What%2520was"));
    assert_eq!(
        erp.site.watch.requests.all().last().unwrap().fields,
        ["user_id"]
    );
}

#[tokio::test]
async fn e06_e07_e08_a_code_is_mailed_for_the_right_answer_and_password() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    let answer = client.answer(&client.question(ASHA).await);
    let mismatch = "Unable to send OTP due to security question's answare mismatch .";
    assert_eq!(client.asks_for_code(PASSWORD, "wrong").await, mismatch);
    // If both are wrong, ERP reports the answer.
    assert_eq!(client.asks_for_code("wrong", "wrong").await, mismatch);
    assert_eq!(
        client.asks_for_code("wrong", &answer).await,
        "Unable to send OTP due to password mismatch."
    );
    let empty = "Unable to send OTP. Make sure answare of the security question has been provided.";
    assert_eq!(client.asks_for_code(PASSWORD, "").await, empty);
    assert!(erp.letters(ASHA).is_empty());

    let sent = client.asks_for_code(PASSWORD, &answer).await;
    assert_eq!(sent.len(), 142);
    assert!(sent.ends_with("further processing. "), "{sent}");
    let letters = erp.letters(ASHA);
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(letter.from, "erpkgp@adm.iitkgp.ac.in");
    assert_eq!(
        letter.subject,
        format!(
            "OTP for Sign In in ERP Portal of IIT Kharagpur is {}",
            letter.otp
        )
    );
    assert_eq!(letter.body.split_whitespace().last().unwrap(), letter.otp);
    assert!(letter.otp.len() == 6 && letter.otp.bytes().all(|it| it.is_ascii_digit()));
}

#[tokio::test]
async fn an_answer_belongs_to_its_question() {
    let erp = Erp::opens().await;
    erp.turns(|knobs| knobs.question_mode = QuestionMode::RoundRobin);
    let client = Client::of(&erp);
    let first = client.answer(&client.question(ASHA).await);
    client.question(ASHA).await;
    assert!(
        client
            .asks_for_code(PASSWORD, &first)
            .await
            .contains("answare mismatch")
    );
    erp.turns(|knobs| knobs.question_binding = QuestionBinding::Any);
    assert!(
        client
            .asks_for_code(PASSWORD, &first)
            .await
            .contains("has been sent")
    );
    // Without a cookie ERP checks against the question asked last.
    erp.turns(|knobs| knobs.question_binding = QuestionBinding::Strict);
    let third = client.answer(&client.question(ASHA).await);
    assert!(
        Client::of(&erp)
            .asks_for_code(PASSWORD, &third)
            .await
            .contains("has been sent")
    );
}

#[tokio::test]
async fn the_token_consists_of_both_session_ids_and_is_handed_over_once() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    let token = client.session_token().await;
    let answer = client.answer(&client.question(ASHA).await);
    client.asks_for_code(PASSWORD, &answer).await;
    let signed_in = client.signs_in(&token, &answer, &erp.code(ASHA)).await;
    assert!(location(&signed_in).ends_with("/SSOAdministration/success.htm?reqType=REMOTE"));
    let success = client.get(&location(&signed_in)).await;
    let to = location(&success);
    assert!(
        to.starts_with(&format!("{}/IIT_ERP3/?ssoToken=", erp.site.origin)),
        "{to}"
    );
    let value = parameter(&to, "ssoToken").unwrap();
    assert_eq!(value.len(), 140);
    assert_eq!(&value[38..76], token);
    // The redirect's token is valid once.
    let again = client
        .get("/SSOAdministration/success.htm?reqType=REMOTE")
        .await;
    assert_eq!(path(&again), "/SSOAdministration/login.htm");

    let home = client.get(&to).await;
    assert!(
        home.headers()
            .get_all(SET_COOKIE)
            .iter()
            .any(|it| it.to_str().unwrap().starts_with("JSID_IIT_ERP3="))
    );
    let home = home.text().await.unwrap();
    assert!(
        home.contains("<title>Welcome Asha Rao to ERP, IIT Kharagpur</title>"),
        "{home}"
    );
    for link in ["getModules.htm", "showmenu.htm", "logout"] {
        assert!(home.contains(link), "{link}");
    }
}

#[tokio::test]
async fn e24_a_used_token_works_with_its_cookie_only() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    let value = client.signs_in_whole().await;
    let hand_over = format!("/IIT_ERP3/?ssoToken={value}");
    assert_eq!(client.get(&hand_over).await.status(), 200);
    assert_eq!(client.get(&hand_over).await.status(), 200);
    assert_eq!(client.get("/IIT_ERP3/home.htm").await.status(), 200);
    assert_eq!(
        path(&Client::of(&erp).get(&hand_over).await),
        "/SSOAdministration/logout.htm"
    );
    let unknown = format!("/IIT_ERP3/?ssoToken={}", "A".repeat(140));
    assert_eq!(
        path(&Client::of(&erp).get(&unknown).await),
        "/SSOAdministration/logout.htm"
    );
}

#[tokio::test]
async fn e23_a_missing_page_shows_whether_a_session_is_live() {
    let erp = Erp::opens().await;
    let (client, visitor) = (Client::of(&erp), Client::of(&erp));
    client.signs_in_whole().await;
    for length in [741, 1034] {
        erp.turns(|knobs| knobs.alive_len = length);
        let alive = client.get("/IIT_ERP3/welcome.jsp").await;
        assert_eq!(alive.status(), 404);
        assert_eq!(alive.headers()["content-length"], length.to_string());
        assert_eq!(alive.bytes().await.unwrap().len(), length);
    }
    let probe = visitor.get("/IIT_ERP3/welcome.jsp").await;
    assert_eq!(path(&probe), "/SSOAdministration/login.htm");
    assert_eq!(client.get("/IIT_ERP3/keepAlive.htm").await.status(), 200);
    assert_eq!(
        path(&visitor.get("/IIT_ERP3/keepAlive.htm").await),
        "/SSOAdministration/logoutmsg.htm"
    );
    let table = "/Acad/student/view_stud_time_table.jsp";
    assert!(
        client
            .post(table, &[])
            .await
            .text()
            .await
            .unwrap()
            .contains(ASHA)
    );
    assert!(
        visitor
            .post(table, &[])
            .await
            .text()
            .await
            .unwrap()
            .contains("Direct access to any URL is restricted.")
    );

    erp.turns(|knobs| knobs.sso_ttl = 0);
    assert_eq!(client.get("/IIT_ERP3/welcome.jsp").await.status(), 302);
    erp.turns(|knobs| (knobs.sso_ttl, knobs.session_ttl) = (1800, 0));
    assert_eq!(client.get("/IIT_ERP3/welcome.jsp").await.status(), 302);
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let erp = Erp::opens().await;
    for way in ["/IIT_ERP3/logout.htm", "/SSOAdministration/logout.htm"] {
        let client = Client::of(&erp);
        client.signs_in_whole().await;
        assert_eq!(client.get("/IIT_ERP3/").await.status(), 200);
        let out = client.get(way).await;
        assert!(
            client
                .get(&location(&out))
                .await
                .text()
                .await
                .unwrap()
                .contains("You have been logged out")
        );
        assert_eq!(client.get("/IIT_ERP3/").await.status(), 302);
        assert!(!erp.state().is_in(ASHA));
    }
}

#[tokio::test]
async fn its_refusals_equal_those_of_the_real_erp() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    let token = client.session_token().await;
    let answer = client.answer(&client.question(ASHA).await);
    client.asks_for_code(PASSWORD, &answer).await;
    let code = erp.code(ASHA);

    let wrong = client
        .signs_in(&token, &answer, "000000x")
        .await
        .text()
        .await
        .unwrap();
    assert!(wrong.contains("ERROR:Email OTP mismatch") && wrong.contains("<html"));
    erp.turns(|knobs| knobs.otp_error = OtpError::Bare);
    let bare = client.signs_in(&token, &answer, "").await;
    assert_eq!(bare.text().await.unwrap(), "ERROR:Email OTP mismatch");
    let rejected = client.signs_in(&token, "wrong", &code).await;
    assert_eq!(rejected.status(), 200);
    assert!(rejected.text().await.unwrap().contains("id=\"loginForm\""));
    erp.turns(|knobs| knobs.strict_session_token = true);
    let visitor = client
        .signs_in("0".repeat(32).as_str(), &answer, &code)
        .await;
    assert!(visitor.text().await.unwrap().contains("id=\"loginForm\""));
    erp.turns(|knobs| knobs.otp_ttl = 0);
    assert!(
        client
            .signs_in(&token, &answer, &code)
            .await
            .text()
            .await
            .unwrap()
            .contains("OTP mismatch")
    );

    erp.turns(|knobs| knobs.otp_ttl = 300);
    assert_eq!(client.signs_in(&token, &answer, &code).await.status(), 302);
    let used = client.signs_in(&token, &answer, &code).await;
    assert!(used.text().await.unwrap().contains("OTP mismatch"));

    erp.turns(|knobs| (knobs.otp_required, knobs.single_session) = (false, true));
    let elsewhere = client.signs_in(&token, &answer, "").await;
    assert!(
        elsewhere
            .text()
            .await
            .unwrap()
            .contains("Your previous session is still active")
    );
    let cleared = client
        .post(
            "/SSOAdministration/clearAllSessions.htm",
            &[("user_code", ASHA)],
        )
        .await;
    assert_eq!(cleared.text().await.unwrap(), "OK");
    erp.turns(|knobs| knobs.success_style = SuccessStyle::Js);
    let page = client.signs_in(&token, &answer, "").await;
    assert!(
        page.text()
            .await
            .unwrap()
            .contains("location.href=\"/IIT_ERP3/?ssoToken=")
    );
}

#[tokio::test]
async fn it_redirects_elsewhere_only_when_configured() {
    let erp = Erp::opens().await;
    erp.turns(|knobs| knobs.otp_required = false);
    let client = Client::of(&erp);
    let answer = client.answer(&client.question(ASHA).await);
    let fields = [
        ("user_id", ASHA),
        ("password", PASSWORD),
        ("answer", &answer),
        ("requestedUrl", "https://evil.example/IIT_ERP3/"),
    ];
    client.post("/SSOAdministration/auth.htm", &fields).await;
    let success = client
        .get("/SSOAdministration/success.htm?reqType=REMOTE")
        .await;
    assert!(location(&success).starts_with(&erp.site.origin));

    erp.turns(|knobs| knobs.foreign_redirect = "https://evil.example/IIT_ERP3/".to_owned());
    client.post("/SSOAdministration/auth.htm", &fields).await;
    let success = client
        .get("/SSOAdministration/success.htm?reqType=REMOTE")
        .await;
    assert!(location(&success).starts_with("https://evil.example/IIT_ERP3/?ssoToken="));
}

#[tokio::test]
async fn its_control_endpoints_set_everything() {
    let erp = Erp::opens().await;
    let client = Client::of(&erp);
    let switch = async |path: &str, what: Value| {
        let address = format!("{}/__sim/{path}", erp.site.origin);
        client.http.post(address).json(&what).send().await.unwrap()
    };
    let knobs: Value = switch("config", json!({ "latency_ms": 50, "otp_ttl": 7 }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&knobs["latency_ms"], &knobs["otp_ttl"]),
        (&json!(50), &json!(7))
    );
    let began = std::time::Instant::now();
    client.question(ASHA).await;
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(
        switch("config", json!({ "nonsense": 1 })).await.status(),
        400
    );
    let fail = json!({ "fail": { "/IIT_ERP3/": "503" } });
    assert_eq!(switch("config", fail).await.status(), 200);
    assert_eq!(client.get("/IIT_ERP3/").await.status(), 503);
    assert_eq!(
        switch("config", json!({ "fail": { "/IIT_ERP3/": "none" } }))
            .await
            .status(),
        200
    );
    assert_eq!(client.get("/IIT_ERP3/").await.status(), 302);

    let questions =
        json!({ "roll": ASHA, "questions": [["one?", "1"], ["two?", "2"], ["three?", "3"]] });
    assert_eq!(switch("questions", questions).await.status(), 204);
    assert!(["one?", "two?", "three?"].contains(&client.question(ASHA).await.as_str()));
    let person = json!({
        "roll": "24AE10001", "password": "x", "name": "New Student", "email": "new@kgpian.example",
        "questions": [["q", "a"], ["q", "a"], ["q", "a"]],
    });
    assert_eq!(switch("users", person).await.status(), 204);
    assert_eq!(client.question("24AE10001").await, "q");

    let requests: Value = client.get("/__sim/requests").await.json().await.unwrap();
    assert!(
        requests
            .as_array()
            .unwrap()
            .iter()
            .all(|it| !it["path"].as_str().unwrap().starts_with("/__sim"))
    );
    erp.state().send_code(ASHA);
    let outbox: Value = client
        .get(&format!("/__sim/outbox?roll={ASHA}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(outbox[0]["otp"], erp.code(ASHA));
    assert_eq!(
        client
            .get("/__sim/outbox?roll=nobody")
            .await
            .json::<Value>()
            .await
            .unwrap(),
        json!([])
    );
    assert_eq!(switch("reset", json!({})).await.status(), 204);
    assert_eq!(
        client
            .get("/__sim/outbox")
            .await
            .json::<Value>()
            .await
            .unwrap(),
        json!([])
    );
    assert_eq!(client.question("24AE10001").await, "FALSE");
}

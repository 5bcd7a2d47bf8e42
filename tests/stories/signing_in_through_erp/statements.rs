//! The numbered statements about the ERP connector.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use time::Duration as Span;

use super::{
    ANSWER, ASHA, IN, PASSWORD, TO_CODE, TO_CREDENTIALS, at_code, at_credentials, campus, enters,
    erp, erp_requests, gives, is_in, plan, signs_in,
};
use crate::sim::erp::knobs::{OtpError, QuestionMode, SuccessStyle};
use crate::sim::kit::fault::Fault;
use crate::support::{Page, command, database};

const QUESTION: &str = "/SSOAdministration/getSecurityQues.htm";
const SEND_CODE: &str = "/SSOAdministration/getEmilOTP.htm";
const AUTH: &str = "/SSOAdministration/auth.htm";

#[tokio::test]
async fn e01_a_sign_in_starts_at_the_start_page_without_cookies() {
    let (erp, world) = campus().await;
    // Opening the first form makes no request to ERP.
    let browser = world.visitor();
    browser
        .visits("account/login/erp/")
        .await
        .shows("Roll number");
    assert!(erp_requests(&erp).is_empty());

    signs_in(&erp, &browser).await;
    let requests = erp.site.watch.requests.all();
    assert_eq!(
        erp_requests(&erp)[..3],
        ["GET ~/", "GET login.htm", "POST getSecurityQues.htm"]
    );
    assert!(requests[0].cookies.is_empty());
    // Cookies of the portal and of the login application are kept apart.
    assert!(requests[1].cookies.is_empty());
    let to = |path: &str| requests.iter().find(|it| it.path == path).unwrap();
    assert_eq!(to(AUTH).cookies, ["JSESSIONID"]);
    assert_eq!(
        to("/IIT_ERP3/logout.htm").cookies,
        ["JSESSIONID", "ssoToken"]
    );
    assert!(
        requests
            .iter()
            .all(|it| !it.headers.contains(&"timeout".to_owned()))
    );
    assert!(to(AUTH).headers.contains(&"origin".to_owned()));
}

#[tokio::test]
async fn e02_the_session_token_is_that_of_the_form() {
    let (erp, world) = campus().await;
    erp.turns(|knobs| (knobs.rotate, knobs.strict_session_token) = (true, true));
    let browser = world.visitor();
    signs_in(&erp, &browser).await;
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn e03_one_of_three_questions_is_shown_and_another_can_be_requested() {
    let (erp, world) = campus().await;
    erp.turns(|knobs| knobs.question_mode = QuestionMode::RoundRobin);
    let questions = erp.state().people[ASHA].questions.clone();
    let browser = world.visitor();
    let mut page = at_credentials(&browser, ASHA).await;
    for (question, _) in &questions {
        page.shows(question);
        page = page.presses("Another question").await;
    }
    for it in erp
        .site
        .watch
        .requests
        .all()
        .iter()
        .filter(|it| it.path == QUESTION)
    {
        assert_eq!(it.fields, ["user_id"]);
    }
    // The answer belongs to the question on the page, which is the first one again.
    page.shows(&questions[0].0);
    gives(page, PASSWORD, &questions[0].1)
        .await
        .shows("Code from the mail");
}

#[tokio::test]
async fn e04_an_unknown_roll_number_is_reported() {
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let page = at_credentials(&browser, "99XX99999").await;
    page.shows("ERP does not know this roll number.");
    for nobody in ["false\r\n", ""] {
        erp.site
            .watch
            .faults
            .set(QUESTION, Fault::Says("text/plain", nobody.to_owned()));
        at_credentials(&browser, ASHA)
            .await
            .shows("ERP does not know this roll number.");
    }
    erp.site.watch.faults.mend();
    let page = page.fills("roll", ASHA).presses(TO_CREDENTIALS).await;
    page.shows("What was the name of your first school?");
}

#[tokio::test]
async fn e05_questions_are_decoded() {
    let (erp, world) = campus().await;
    at_credentials(&world.visitor(), "23ME10003")
        .await
        .shows("Which city do you miss?");
    erp.turns(|knobs| knobs.encode_question = 2);
    at_credentials(&world.visitor(), ASHA)
        .await
        .shows("What was the name of your first school?");
}

#[tokio::test]
async fn e06_e07_a_wrong_answer_and_a_wrong_password_are_reported_separately_without_a_mail() {
    let (erp, world) = campus().await;
    let page = at_credentials(&world.visitor(), ASHA).await;
    let page = gives(page, PASSWORD, "wrong").await;
    page.shows("The answer was not accepted.")
        .shows("What was the name of your first school?");
    // Nothing that was typed is shown again.
    assert!(!page.text().contains("wrong") && !page.text().contains(PASSWORD));
    let page = gives(page, "wrong", ANSWER).await;
    page.shows("The ERP password was not accepted.");
    assert!(erp.letters(ASHA).is_empty());
    gives(page, PASSWORD, ANSWER)
        .await
        .shows("Code from the mail");

    // Three wrong codes end a sign-in.
    world.advance_clock(Span::minutes(1));
    let mut page = at_credentials(&world.visitor(), ASHA).await;
    for _ in 0..3 {
        page = gives(page, "wrong", ANSWER).await;
    }
    page.refuses(400);
}

#[tokio::test]
async fn e08_e09_right_answers_send_one_code() {
    let (erp, world) = campus().await;
    at_code(&world.visitor()).await;
    let letters = erp.letters(ASHA);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].from, "erpkgp@adm.iitkgp.ac.in");
    assert_eq!(letters[0].otp.len(), 6);

    let (erp, world) = campus().await;
    erp.turns(|knobs| knobs.otp_content_type = "text/html".to_owned());
    at_code(&world.visitor()).await;
    assert_eq!(erp.letters(ASHA).len(), 1);
}

#[tokio::test]
async fn e10_unknown_messages_of_erp_are_not_shown() {
    let (erp, world) = campus().await;
    let message = json!({ "msg": "ORA-01017: <b>no mail today</b>" }).to_string();
    erp.site
        .watch
        .faults
        .set(SEND_CODE, Fault::Says("application/json", message));
    let page = at_credentials(&world.visitor(), ASHA).await;
    let page = gives(page, PASSWORD, ANSWER).await;
    page.shows("ERP could not send the code. Try again later.");
    assert!(!page.text().contains("ORA-01017") && !page.text().contains("no mail today"));
    // An outage is not the person's error; a retry may work.
    erp.site.watch.faults.mend();
    gives(page, PASSWORD, ANSWER)
        .await
        .shows("Code from the mail");
}

#[tokio::test]
async fn e11_the_right_code_signs_in_and_the_token_is_not_used() {
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let home = signs_in(&erp, &browser).await;
    assert_eq!(home.status, 200, "{}", home.words());
    assert!(is_in(&browser).await);

    let wanted = format!("{}/IIT_ERP3/", erp.site.origin);
    let posted = erp.state().posted.clone();
    assert_eq!(posted.len(), 2);
    for it in &posted {
        assert_eq!((it.user_id.as_str(), it.typeee.as_str()), (ASHA, "SI"));
        assert_eq!(it.requested_url, wanted);
    }
    let requests = erp.site.watch.requests.all();
    let sent = requests.iter().find(|it| it.path == AUTH).unwrap();
    let fields = [
        "user_id",
        "password",
        "answer",
        "typeee",
        "sessionToken",
        "requestedUrl",
        "email_otp",
    ];
    assert_eq!(sent.fields, fields);
    assert_eq!(
        erp_requests(&erp)[3..6],
        ["POST getEmilOTP.htm", "POST auth.htm", "GET success.htm"]
    );
    let presented = |it: &&crate::sim::kit::requests::Asked| {
        it.path == "/IIT_ERP3/" && it.fields.contains(&"ssoToken".to_owned())
    };
    assert_eq!(requests.iter().filter(presented).count(), 0);
    assert!(erp.state().tokens.values().all(|token| !token.spent));
}

#[tokio::test]
async fn e12_three_wrong_codes_end_the_sign_in() {
    for style in [OtpError::Page, OtpError::Bare] {
        let (erp, world) = campus().await;
        erp.turns(|knobs| knobs.otp_error = style);
        let browser = world.visitor();
        let mut page = at_code(&browser).await;
        let code = erp.code(ASHA);
        let wrong = if code == "000000" { "111111" } else { "000000" };
        for _ in 0..2 {
            page = enters(page, wrong).await;
            page.shows("That code was not accepted.");
        }
        let form = page.clone();
        enters(page, wrong).await.refuses(400);
        // The correct code comes too late.
        enters(form, &code).await.refuses(400);
        assert!(!is_in(&browser).await);
        assert_eq!(erp.site.watch.requests.to(AUTH), 3);
    }
}

#[tokio::test]
async fn e13_an_old_or_used_code_is_not_accepted() {
    let (erp, world) = campus().await;
    let page = at_code(&world.visitor()).await;
    erp.turns(|knobs| knobs.otp_ttl = 0);
    let page = enters(page, &erp.code(ASHA)).await;
    page.shows("That code was not accepted.");
    erp.turns(|knobs| knobs.otp_ttl = 300);
    erp.state().use_code(ASHA);
    enters(page, &erp.code(ASHA))
        .await
        .shows("That code was not accepted.");

    // A second code may be requested after a minute.
    let browser = world.visitor();
    world.advance_clock(Span::minutes(2));
    let page = at_code(&browser).await;
    let first = erp.code(ASHA);
    let page = page.presses("Send the code again").await;
    page.shows("We sent you a code.");
    world.advance_clock(Span::minutes(1));
    let page = page.presses("Send the code again").await;
    page.shows("ERP has mailed you a code");
    assert_eq!(erp.letters(ASHA).len(), 3);
    let page = if erp.code(ASHA) == first {
        page
    } else {
        enters(page, &first).await
    };
    enters(page, &erp.code(ASHA)).await;
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn e14_a_password_changed_meanwhile_goes_back_a_step() {
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let page = at_code(&browser).await;
    erp.changes(ASHA, |asha| asha.password = "Another-1".to_owned());
    let page = enters(page, &erp.code(ASHA)).await;
    page.shows("ERP did not accept the sign-in. Check your password and answer.");
    world.advance_clock(Span::minutes(1));
    let page = gives(page, "Another-1", ANSWER).await;
    enters(page, &erp.code(ASHA)).await;
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn e15_a_token_counts_only_if_it_opens_the_portal() {
    let (erp, world) = campus().await;
    erp.turns(|knobs| knobs.success_style = SuccessStyle::Js);
    let browser = world.visitor();
    signs_in(&erp, &browser).await;
    assert!(is_in(&browser).await);
    assert_eq!(erp.site.watch.requests.to("/IIT_ERP3/"), 2);

    // A login page that mentions a token is still a login page.
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let page = at_code(&browser).await;
    let token = "A".repeat(140);
    let login =
        format!("<form id=\"loginForm\"></form><a href=\"/IIT_ERP3/?ssoToken={token}\">x</a>");
    erp.site
        .watch
        .faults
        .set(AUTH, Fault::Says("text/html", login));
    enters(page, &erp.code(ASHA))
        .await
        .shows("ERP did not accept the sign-in.");
    assert!(!is_in(&browser).await);
}

#[tokio::test]
async fn e16_redirects_to_another_host_are_not_followed() {
    let (erp, world) = campus().await;
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = elsewhere.local_addr().unwrap();
    erp.turns(|knobs| knobs.foreign_redirect = format!("http://{address}/IIT_ERP3/"));
    let browser = world.visitor();
    let page = signs_in(&erp, &browser).await;
    assert!(
        page.says("this sign-in method is not available"),
        "{}",
        page.words()
    );
    assert!(!is_in(&browser).await);
    let called = tokio::time::timeout(Duration::from_millis(200), elsewhere.accept()).await;
    assert!(called.is_err(), "the other host was called");
}

#[tokio::test]
async fn e17_another_session_is_ended_only_with_consent() {
    let (erp, world) = campus().await;
    erp.turns(|knobs| knobs.single_session = true);
    erp.state().make_token(ASHA, "elsewhere");
    let browser = world.visitor();
    let page = signs_in(&erp, &browser).await;
    page.shows("You are signed in to ERP elsewhere");
    assert!(erp.state().is_in(ASHA));
    let clear = "/SSOAdministration/clearAllSessions.htm";
    assert_eq!(erp.site.watch.requests.to(clear), 0);

    erp.site.watch.requests.forget();
    let page = page.presses("End my other ERP session and try again").await;
    page.shows("Your other ERP session is ended.")
        .shows("What was the name of your first school?");
    let begins = [
        "POST clearAllSessions.htm",
        "GET ~/",
        "GET login.htm",
        "POST getSecurityQues.htm",
    ];
    assert_eq!(erp_requests(&erp), begins);
    let requests = erp.site.watch.requests.all();
    assert_eq!(requests[0].fields, ["user_code"]);
    assert!(requests[1].cookies.is_empty());
    assert!(!erp.state().is_in(ASHA));

    // A second code within a minute exceeds the limit of her mailbox.
    let page = gives(page, PASSWORD, ANSWER).await;
    page.shows("A code was sent to you less than a minute ago.");
    world.advance_clock(Span::minutes(1));
    let page = gives(page, PASSWORD, ANSWER).await;
    enters(page, &erp.code(ASHA)).await;
    assert!(is_in(&browser).await);
    assert_eq!(erp.site.watch.requests.to(clear), 1);

    // Leaving the form open signs nobody in and ends no session.
    world.advance_clock(Span::minutes(1));
    erp.state().make_token(ASHA, "elsewhere");
    let other = world.visitor();
    let page = signs_in(&erp, &other).await;
    page.presses("Leave it open").await.refuses(400);
    assert!(erp.state().is_in(ASHA) && !is_in(&other).await);
    assert_eq!(erp.site.watch.requests.to(clear), 1);
}

#[tokio::test]
async fn e18_a_password_reaches_erp_byte_for_byte() {
    let (erp, world) = campus().await;
    let zoya = "20CH10004";
    let browser = world.visitor();
    let page = at_credentials(&browser, zoya).await;
    let page = gives(page, "&=+% \"ü", "2 & a half = \"many\"").await;
    enters(page, &erp.code(zoya)).await;
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn e19_later_forms_cannot_change_the_roll_number() {
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let page = at_credentials(&browser, ASHA).await;
    let forged = [("roll", "22EE30002"), ("user_id", "22EE30002")];
    let page = page.fills("password", PASSWORD).fills("answer", ANSWER);
    let page = page.presses_with(TO_CODE, &forged).await.follows().await;
    page.shows("Code from the mail");
    let page = page
        .fills("code", &erp.code(ASHA))
        .presses_with(IN, &forged)
        .await
        .follows()
        .await;
    page.shows("21cs10001");
    assert!(erp.state().posted.iter().all(|it| it.user_id == ASHA));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e20_nothing_typed_or_received_is_logged_or_stored() {
    let erp = erp().await;
    let plan = plan(&erp)
        .set("PROFILES_LOG", "trace")
        .set("PROFILES_ERP_FETCH_NAME", "on");
    let world = plan.in_its_own_process().opens().await;
    let ravi = "22EE30002";
    let browser = world.visitor();

    // Every way in which a sign-in can end: refused, not accepted, rejected, conflict, protocol mismatch, no answer,
    // success.
    let page = gives(
        at_credentials(&browser, ravi).await,
        "canary-wrong-password",
        "canary-wrong-answer",
    )
    .await;
    let page = gives(page, "canary-wrong-password", "Mrs Pillai").await;
    let page = gives(page, "Monsoon-2022-Kgp", "Mrs Pillai").await;
    let page = enters(page, "000000").await;
    erp.turns(|knobs| knobs.single_session = true);
    erp.state().make_token(ravi, "elsewhere");
    enters(page, &erp.code(ravi))
        .await
        .shows("You are signed in to ERP elsewhere");
    erp.turns(|knobs| knobs.single_session = false);
    let page = at_code(&world.visitor()).await;
    erp.changes(ASHA, |asha| asha.disabled = true);
    enters(page, &erp.code(ASHA))
        .await
        .shows("ERP did not accept the sign-in.");
    let meera = "25MA60R29";
    let page = gives(
        at_credentials(&browser, meera).await,
        "prime numbers 17",
        "1729",
    )
    .await;
    let home = enters(page, &erp.code(meera)).await;
    home.shows("Meera");
    erp.site.watch.faults.set(SEND_CODE, Fault::Close);
    gives(
        at_credentials(&world.visitor(), "19PH91R01").await,
        "h-bar is small",
        "a radio",
    )
    .await;
    erp.site.watch.faults.set(SEND_CODE, Fault::Html);
    gives(
        at_credentials(&world.visitor(), "20CH10004").await,
        "canary-html",
        "canary-answer",
    )
    .await;

    let (log, dump) = (world.log(), world.database.dump());
    assert!(dump.contains(meera), "nobody was written down");
    assert!(
        log.contains("no answer from upstream"),
        "nothing was logged"
    );
    let mut secrets: Vec<String> = erp.state().secrets.iter().cloned().collect();
    assert!(secrets.len() > 12);
    let typed = [
        "canary-wrong-password",
        "canary-wrong-answer",
        "canary-html",
        "canary-answer",
        "Monsoon-2022-Kgp",
        "Mrs Pillai",
        PASSWORD,
        ANSWER,
        "prime numbers 17",
        "h-bar is small",
        "a radio",
    ];
    secrets.extend(typed.map(str::to_owned));
    for secret in &secrets {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for spelling in [secret, &encoded] {
            // Other six-digit values occur, too.
            if spelling.len() > 6 {
                assert!(!log.contains(spelling.as_str()), "{spelling} is in the log");
                assert!(
                    !dump.contains(spelling.as_str()),
                    "{spelling} is in the database"
                );
            }
        }
    }
    for code in secrets.iter().filter(|secret| secret.len() == 6) {
        let is_alone = |text: &str| {
            text.split(|sign: char| !sign.is_ascii_alphanumeric())
                .any(|word| word == code)
        };
        let lines = log
            .lines()
            .filter(|line| !line.contains("sqlx") && is_alone(line));
        let lines: Vec<_> = lines
            .filter(|line| line.contains("otp") || line.contains("code"))
            .collect();
        assert!(lines.is_empty(), "{code} is in the log: {lines:?}");
    }
}

#[tokio::test]
async fn e21_after_sign_in_erp_is_logged_out_and_the_attempt_is_deleted() {
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let form = at_code(&browser).await;
    enters(form.clone(), &erp.code(ASHA)).await;
    for way in ["/IIT_ERP3/logout.htm", "/SSOAdministration/logout.htm"] {
        assert_eq!(erp.site.watch.requests.to(way), 1, "{way}");
    }
    assert!(!erp.state().is_in(ASHA));
    // The form cannot be used again.
    let before = erp_requests(&erp).len();
    enters(form, &erp.code(ASHA)).await;
    assert_eq!(erp_requests(&erp).len(), before);

    // A failed logout at ERP does not prevent the sign-in.
    let (erp, world) = campus().await;
    for way in ["/IIT_ERP3/logout.htm", "/SSOAdministration/logout.htm"] {
        erp.site.watch.faults.set(way, Fault::Close);
    }
    let browser = world.visitor();
    signs_in(&erp, &browser).await;
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn e22_an_unanswered_request_times_out_and_is_not_repeated() {
    let late = async {
        let (erp, world) = campus().await;
        erp.site
            .watch
            .faults
            .set(SEND_CODE, Fault::Late(Duration::from_secs(40)));
        let page = at_credentials(&world.visitor(), ASHA).await;
        let began = Instant::now();
        let page = gives(page, PASSWORD, ANSWER).await;
        assert!(
            began.elapsed() < Duration::from_secs(31),
            "{:?}",
            began.elapsed()
        );
        page.refuses(503);
        assert!(page.says("is not answering"), "{}", page.words());
        assert_eq!(erp.site.watch.requests.to(SEND_CODE), 1);
    };
    let closed = async {
        let (erp, world) = campus().await;
        erp.site.watch.faults.set(SEND_CODE, Fault::Close);
        let page = at_credentials(&world.visitor(), ASHA).await;
        let form = page.clone();
        gives(page, PASSWORD, ANSWER).await.refuses(503);
        assert_eq!(erp.site.watch.requests.to(SEND_CODE), 1);
        // It is unknown what ERP did with the request, so the sign-in starts again.
        gives(form, PASSWORD, ANSWER).await.refuses(400);

        // Before anything was sent, the same form may be submitted again.
        erp.site.watch.faults.set("/IIT_ERP3/", Fault::Close);
        let page = at_credentials(&world.visitor(), ASHA).await;
        page.shows("ERP is not answering.");
        erp.site.watch.faults.mend();
        let page = page.presses(TO_CREDENTIALS).await;
        page.shows("What was the name of your first school?");
    };
    tokio::join!(late, closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e25_a_roll_number_gives_the_programme_of_its_tables() {
    let (erp, world) = campus().await;
    let roll = |arguments: &[&str]| -> Value {
        let mut roll = command::profiles(&world.database.url(), &world.data);
        roll.arg("roll").args(arguments);
        serde_json::from_str(&command::succeed(roll, "")).unwrap()
    };
    let says = |kind: &str, department: &str, degree: &str, join: i32, graduation: Option<i32>| json!({ "type": kind, "department": department, "degree": degree, "join_year": join, "graduation_year": graduation });
    for (number, expected) in [
        ("12CS40067", says("pg", "CS", "TYMSC", 2012, Some(2014))),
        ("22CS10001", says("ug", "CS", "BTECH", 2022, Some(2026))),
        ("25MA60R29", says("pg", "MA", "MTECH", 2025, Some(2027))),
        ("19PH91R01", says("rs", "PH", "PHD", 2019, None)),
        (" 22ee30002 ", says("dd", "EE", "DD", 2022, Some(2027))),
        ("21AR10001", says("ug", "AR", "BARCH", 2021, Some(2026))),
        ("21CH10001", says("ug", "CHE", "BTECH", 2021, Some(2025))),
    ] {
        assert_eq!(roll(&["read", number]), expected, "{number}");
    }
    let unknown = json!({ "type": "misc", "department": "ZZ", "degree": null, "join_year": 2022, "graduation_year": null });
    assert_eq!(roll(&["read", "22ZZ50001"]), unknown);
    roll(&[
        "class", "5", "--degree", "DIIT", "--years", "1", "--type", "pg",
    ]);
    roll(&["department", "ZZ", "ES"]);
    assert_eq!(
        roll(&["read", "22ZZ50001"]),
        says("pg", "ES", "DIIT", 2022, Some(2023))
    );
    let left = roll(&["forget", "5"]);
    assert!(
        left["classes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["class"] != "5")
    );
    let mut wrong = command::profiles(&world.database.url(), &world.data);
    wrong.args(["roll", "class", "55", "--type", "pg"]);
    let wrong = command::run(wrong, "");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("one digit or capital letter"));

    // A malformed roll number makes no request.
    for bad in ["ABCS10001", "22C510001", "22CS1000"] {
        at_credentials(&world.visitor(), bad)
            .await
            .shows("Enter your roll number, for example 21CS10001.");
    }
    assert!(erp_requests(&erp).is_empty());

    // The programme is on the profile of the new person, to be checked.
    let browser = world.visitor();
    let home = signs_in(&erp, &browser).await;
    home.shows("21cs10001")
        .shows(ASHA)
        .shows("Computer Science and Engineering")
        .shows("Bachelor of Technology");
    let year = |name: &str| home.attributes(&format!("input[name={name}]"), "value");
    assert_eq!(year("join_year"), ["2021"]);
    assert_eq!(year("graduation_year"), ["2025"]);
    let note = "We filled this in from your roll number.";
    let saved = home.shows(note).presses("Save programme").await;
    assert!(!saved.says(note));
}

#[tokio::test]
async fn a_name_is_read_only_where_it_is_configured() {
    let (erp, world) = campus().await;
    let browser = world.visitor();
    let home = signs_in(&erp, &browser).await;
    assert!(!home.says("Asha Rao"));

    let erp = super::erp().await;
    let world = plan(&erp)
        .set("PROFILES_ERP_FETCH_NAME", "on")
        .opens()
        .await;
    let browser = world.visitor();
    let home = signs_in(&erp, &browser).await;
    home.shows("Asha").shows("Rao");
    assert!(!erp.state().is_in(ASHA));
}

#[tokio::test]
async fn a_password_asked_for_twice_signs_in_too() {
    let erp = erp().await;
    let world = plan(&erp)
        .set("PROFILES_ERP_REASK_PASSWORD", "on")
        .opens()
        .await;
    let browser = world.visitor();
    let page = at_code(&browser).await;
    let page = page.fills("password", PASSWORD).fills("answer", ANSWER);
    enters(page, &erp.code(ASHA)).await;
    assert!(is_in(&browser).await);
}

/// A wrong password counts against the limit on every form that asks for it.
#[tokio::test]
async fn a_password_refused_beside_the_code_is_a_wrong_one() {
    let erp = erp().await;
    let world = plan(&erp)
        .set("PROFILES_ERP_REASK_PASSWORD", "on")
        .opens()
        .await;
    let guesses = async |mut page: Page, times: usize| {
        for time in 0..times {
            if time > 0 {
                world.advance_clock(Span::minutes(1));
                page = gives(page, PASSWORD, ANSWER).await;
            }
            let typed = page.fills("password", "a guess").fills("answer", ANSWER);
            page = enters(typed, &erp.code(ASHA)).await;
        }
        page
    };
    let over = guesses(at_code(&world.visitor()).await, 3).await;
    over.refuses(400);
    world.advance_clock(Span::minutes(1));
    let page = guesses(at_code(&world.visitor()).await, 2).await;
    page.shows("ERP did not accept the sign-in.");
    world.advance_clock(Span::minutes(1));
    let result = gives(page, PASSWORD, ANSWER).await;
    assert!(result.says("Too many attempts."), "{}", result.words());
    assert_eq!(erp.site.watch.requests.to(SEND_CODE), 5);
}

#[tokio::test]
async fn rate_limits_hold_across_sign_ins() {
    let (erp, world) = campus().await;
    // Ten questions per address in ten minutes.
    for _ in 0..10 {
        at_credentials(&world.visitor(), ASHA)
            .await
            .shows("first school");
    }
    let result = at_credentials(&world.visitor(), ASHA).await;
    result.refuses(400);
    assert!(
        result.says("Too many attempts. Try again in 10 minutes."),
        "{}",
        result.words()
    );
    assert_eq!(erp.site.watch.requests.to(QUESTION), 10);
    // No useless request to ERP's start page was made.
    assert_eq!(erp.site.watch.requests.to("/IIT_ERP3/"), 10);

    // Five wrong passwords per roll number in an hour, from any address.
    world.advance_clock(Span::minutes(11));
    for attempt in 0..5 {
        if attempt == 2 {
            world.advance_clock(Span::minutes(1));
        }
        let page = at_credentials(&world.visitor(), ASHA).await;
        gives(page, "wrong", ANSWER)
            .await
            .shows("The ERP password was not accepted.");
    }
    let page = at_credentials(&world.visitor(), ASHA).await;
    let result = gives(page, PASSWORD, ANSWER).await;
    assert!(result.says("Too many attempts."), "{}", result.words());
    assert_eq!(erp.site.watch.requests.to(SEND_CODE), 5);
    world.advance_clock(Span::minutes(61));
    at_code(&world.visitor()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_command_reports_the_state_of_erp() {
    let (erp, world) = campus().await;
    let check = |url: &str| {
        let mut check = command::profiles(&world.database.url(), &world.data);
        check.arg("check").env("PROFILES_ERP_URL", url);
        let output = command::run(check, "");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["erp"]["says"].as_str().unwrap().to_owned()
    };
    assert!(check(&erp.site.origin).starts_with("it answers"));
    erp.site.watch.faults.set("/IIT_ERP3/", Fault::Html);
    assert!(check(&erp.site.origin).contains("its login page has no sessionToken"));
    let closed_port_url = format!("http://127.0.0.1:{}", database::free_port());
    assert!(check(&closed_port_url).starts_with("it does not answer"));
}

/// A malformed roll number does not start an attempt: thousands of them would push out those of others.
#[tokio::test]
async fn a_malformed_roll_number_starts_no_attempt_and_can_be_corrected() {
    let (_erp, world) = campus().await;
    let slip = at_credentials(&world.visitor(), "no number").await;
    slip.shows("Enter your roll number, for example 21CS10001.");
    assert!(!slip.offers("input[name=attempt]"), "{}", slip.text());
    slip.fills("roll", ASHA)
        .presses(TO_CREDENTIALS)
        .await
        .shows("first school");
}

/// Otherwise anybody who knows a roll number could close the connector for all.
#[tokio::test]
async fn an_unusual_question_is_accepted() {
    let (erp, world) = campus().await;
    let odd = "What is <html> short for?";
    erp.changes(ASHA, |it| it.questions[0].0 = odd.to_owned());
    let page = at_credentials(&world.visitor(), ASHA).await;
    page.shows(odd);
    gives(page, PASSWORD, ANSWER)
        .await
        .shows("Code from the mail");
}

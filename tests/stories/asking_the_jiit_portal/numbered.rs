//! The numbered statements about the JIIT connector.

use serde_json::{Value, json};
use time::Duration;

use super::{ASHA, FORM, Jiit, Student, is_in};
use crate::sim::kit::fault::Fault;
use crate::support::World;

const WRONG: &str = "Enrollment number or password not accepted.";
const UNEXPECTED: &str = "The portal answered unexpectedly";

const GUESS: Student = Student {
    number: "22000001",
    password: "a guess",
};

#[tokio::test]
async fn j02_a_server_in_another_time_zone_uses_indias_date() {
    let jiit = Jiit::opens().await;
    let plan = jiit.trusted(World::plan()).set("TZ", "America/New_York");
    let world = plan.in_its_own_process().opens().await;

    jiit.signs_in(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
    assert_eq!(jiit.calls("/token/pretoken-check"), 1);
}

#[tokio::test]
async fn j05_no_two_requests_carry_the_same_local_name() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.visitor(), &ASHA).await;

    let names = jiit.portal.secrets().local_names;
    assert_eq!(names.len(), 4);
    let different: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(different.len(), 4);
}

#[tokio::test]
async fn j07_the_page_shows_the_picture_and_not_its_name() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.visitor();

    let form = browser.visits(FORM).await;

    let (letters, hidden) = jiit.portal.newest_captcha();
    assert!(!form.text().contains(&hidden));
    assert!(!form.text().contains(&letters));
    let picture = form.attributes("p.captcha img", "src").remove(0);
    let picture = form.url.join(&picture).unwrap();
    let shown = browser.gets(picture.as_str()).await;
    assert_eq!(shown.header("content-type"), "image/png");
    assert!(shown.header("cache-control").contains("no-store"));
    assert!(shown.bytes().starts_with(b"\x89PNG"));
    // Another browser cannot load the captcha.
    assert_ne!(world.visitor().gets(picture.as_str()).await.status, 200);
}

#[tokio::test]
async fn j08_the_right_characters_number_and_password_sign_in_with_one_call_each() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.visitor();

    let home = jiit.signs_in(&browser, &ASHA).await;

    home.shows("Asha Rao");
    assert!(is_in(&browser).await);
    assert_eq!(jiit.calls("/token/pretoken-check"), 1);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
    let profile = browser.visits("user/").await;
    profile.shows("22000001");
}

#[tokio::test]
async fn j09_the_second_phase_sends_what_is_required_and_nothing_that_was_rejected() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;

    jiit.signs_in(&world.visitor(), &ASHA).await;

    let opened = jiit.portal.opened();
    let second = opened
        .iter()
        .find(|it| it.path == "/token/generatewebtoken");
    let mut members = second.unwrap().members.clone();
    members.sort();
    assert_eq!(
        members,
        [
            "Modulename",
            "otppwd",
            "passwordotpvalue",
            "random",
            "username"
        ]
    );
}

#[tokio::test]
async fn j10_wrong_captcha_characters_show_an_error_and_a_new_captcha() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.visitor();
    let form = browser.visits(FORM).await;
    let first = jiit.portal.newest_captcha();

    let page = form
        .fills("username", ASHA.number)
        .fills("password", ASHA.password)
        .fills("captcha", "zzzzz")
        .presses("Sign in")
        .await;

    page.shows("The characters did not match the picture.");
    assert_ne!(jiit.portal.newest_captcha(), first);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 0);
    assert_eq!(page.attributes("#username", "value"), [ASHA.number]);
    assert_eq!(page.attributes("#password", "value"), [""; 0]);
    // The sign-in continues from there.
    jiit.answers(page, &ASHA).await.shows("Asha Rao");
}

#[tokio::test]
async fn j11_the_connector_does_not_use_the_old_key_pair() {
    let jiit = Jiit::opens().await;
    jiit.portal
        .set(&json!({ "captcha_mode": "legacy_default" }));
    let world = jiit.world().await;
    let form = world.visitor().visits(FORM).await;

    let page = form
        .fills("username", ASHA.number)
        .fills("password", ASHA.password)
        .fills("captcha", "phw5n")
        .presses("Sign in")
        .await;

    // The characters were sent with the name of the captcha shown, not of the older one.
    page.shows("The characters did not match the picture.");
}

#[tokio::test]
async fn j12_an_unknown_number_and_a_wrong_password_get_the_same_page() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let unknown = Student {
        number: "22999999",
        password: "a guess",
    };
    let page = jiit.signs_in(&world.visitor(), &unknown).await;
    page.shows(WRONG);

    for status in ["404", "417"] {
        jiit.portal.set(&json!({ "wrong_password": status }));
        let browser = world.visitor();
        let told_here = jiit.signs_in(&browser, &GUESS).await;
        assert_eq!(told_here.status, page.status);
        assert_eq!(told_here.words(), page.words());
        assert!(!is_in(&browser).await);
        jiit.answers(told_here, &ASHA).await.shows("Asha Rao");
    }
}

#[tokio::test]
async fn j13_an_empty_answer_ends_the_sign_in_without_a_retry() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "wrong_password": "empty" }));
    let world = jiit.world().await;
    let browser = world.visitor();

    let page = jiit.signs_in(&browser, &GUESS).await;

    assert!(
        page.says(UNEXPECTED) && page.says("Google"),
        "{}",
        page.words()
    );
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
    assert!(!is_in(&browser).await);
    // One wrong password does not close the form for others.
    jiit.signs_in(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
}

#[tokio::test]
async fn j14_a_portal_with_another_date_gets_one_retry_with_that_date() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "clock_offset_s": 86_400 }));
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
    assert_eq!(jiit.calls("/token/pretoken-check"), 2);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
    assert_eq!(
        jiit.calls("/studentpersinfo/getstudent-personalinformation"),
        1
    );

    // The header names another day than the keys do. The connector does not search for that day.
    jiit.portal
        .set(&json!({ "clock_offset_s": 86_400, "date_offset_s": 86_400 }));
    let page = jiit.signs_in(&world.visitor(), &ASHA).await;
    assert!(page.says(UNEXPECTED), "{}", page.words());
    assert_eq!(jiit.calls("/token/pretoken-check"), 4);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
}

#[tokio::test]
async fn j16_no_password_is_sent_for_an_account_with_one_time_codes() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let tara = Student {
        number: "24000006",
        password: "c0des only",
    };

    let page = jiit.signs_in(&world.visitor(), &tara).await;

    let words = "This account uses one-time codes, which we do not support.";
    assert!(page.says(words), "{}", page.words());
    assert_eq!(jiit.calls("/token/generatewebtoken"), 0);
}

#[tokio::test]
async fn j17_an_answer_about_another_member_or_none_signs_nobody_in() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    jiit.portal.set(&json!({ "say_enrollment": "99000002" }));
    let browser = world.visitor();
    let page = jiit.signs_in(&browser, &ASHA).await;
    let words = "We could not sign you in with this portal account.";
    assert!(page.says(words), "{}", page.words());
    assert!(!is_in(&browser).await);

    jiit.portal
        .set(&json!({ "say_enrollment": null, "omit_enrollment": true }));
    let page = jiit.signs_in(&browser, &ASHA).await;
    assert!(page.says(words), "{}", page.words());
    assert!(!is_in(&browser).await);
    assert!(
        !world.database.dump().contains("JSIM0000001"),
        "somebody was made of it"
    );
}

/// Unusual data of one person must not close the connector for all. Two persons in a row whom the portal does not
/// identify mean that its protocol has changed.
#[tokio::test]
async fn unusual_data_of_one_person_does_not_close_the_connector() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let vikram = Student {
        number: "99000002",
        password: "an0ther pass",
    };
    // The portal fails for her account alone.
    let stumbles = |text: String| {
        if text.contains("\"Success\"") {
            return r#"{"timestamp":1,"status":500,"error":"Internal Server Error"}"#.to_owned();
        }
        text
    };
    let faults = &jiit.site.watch.faults;
    for path in ["/token/pretoken-check", "/token/generatewebtoken"] {
        let path = format!("/StudentPortalAPI{path}");
        let form = world.visitor().visits(FORM).await;
        faults.set(&path, Fault::Rewrites(std::sync::Arc::new(stumbles)));
        let page = jiit.answers(form, &ASHA).await;
        page.refuses(400);
        assert!(page.says(UNEXPECTED), "{}", page.words());
        faults.mend();
        jiit.signs_in(&world.visitor(), &vikram)
            .await
            .shows("Vikram Singh Rathore");
    }

    jiit.portal.set(&json!({ "omit_enrollment": true }));
    let words = "We could not sign you in with this portal account.";
    for _ in 0..2 {
        let page = jiit.signs_in(&world.visitor(), &ASHA).await;
        assert!(page.says(words), "{}", page.words());
    }
    let page = jiit.signs_in(&world.visitor(), &vikram).await;
    assert!(
        page.says("this sign-in method is not available"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn j18_the_expiry_in_a_token_is_ignored() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "wrong_exp": true }));
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
}

#[tokio::test]
async fn j19_the_record_is_requested_with_consent_in_plain_json_and_may_fail() {
    const PATH: &str = "/StudentPortalAPI/studentpersinfo/getstudent-personalinformation";
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "need_clinetid": true }));
    let world = jiit.world().await;
    jiit.signs_in_and_agrees(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
    let request = jiit.site.watch.requests.all();
    let request = request.iter().find(|it| it.path == PATH).unwrap();
    assert_eq!(request.fields, ["clinetid", "instituteid"]);
    for header in ["authorization", "localname"] {
        assert!(request.headers.iter().any(|it| it == header), "{header}");
    }

    // The sign-in succeeds without the record that was agreed to.
    let meera = Student {
        number: "2500000003",
        password: "t3n digits",
    };
    jiit.portal.set(&json!({ "forget_tokens": true }));
    let browser = world.visitor();
    jiit.signs_in_and_agrees(&browser, &meera)
        .await
        .shows("Meera");
    let profile = browser.visits("user/").await;
    assert!(!profile.says("ECE") && !profile.says("@mail.jiit.ac.in"));
}

#[tokio::test]
async fn j20_only_data_with_a_profile_field_is_stored() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.visitor();

    jiit.signs_in_and_agrees(&browser, &ASHA).await;

    let dump = world.database.dump();
    assert!(dump.contains("22000001@mail.jiit.ac.in"));
    let profile = browser.visits("user/").await;
    let chosen =
        |name: &str| profile.attributes(&format!("[name={name}] option[selected]"), "value");
    assert_eq!(
        (chosen("department"), chosen("degree")),
        (vec!["ECE".to_owned()], vec!["BTECH".to_owned()])
    );
    for (name, year) in [("join_year", "2022"), ("graduation_year", "2026")] {
        assert_eq!(
            profile.attributes(&format!("[name={name}]"), "value"),
            [year]
        );
    }
    assert_eq!(
        profile.attributes("[name=sex] option[selected]", "value"),
        ["female"]
    );
    for taken in ["Asha", "Rao", "22000001", "22000001@mail.jiit.ac.in"] {
        assert!(profile.says(taken), "{taken}: {}", profile.words());
    }
    // The connector does not check whose record it is; the portal does.
    let mut kept = Vec::new();
    jiit.portal.changes(ASHA.number, |asha| {
        for (name, value) in asha.record.as_object().unwrap() {
            if let Value::String(text) = value {
                kept.push((name.clone(), text.clone()));
            }
        }
    });
    let own = [
        "studentname",
        "registrationno",
        "programcode",
        "branch",
        "admissionyear",
        "gender",
        "studentemailid",
        "institutecode",
        "nationality",
        "category",
        "sectioncode",
        "batch",
        "academicyear",
        "bloodgroup",
        "ccityname",
        "pcityname",
    ];
    for (name, value) in kept
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
    {
        assert!(!dump.contains(value.as_str()), "{name} was kept");
    }
    for secret in [
        "USID0000A0000001",
        "RECORD",
        "9820011111",
        "elsewhere.example",
    ] {
        assert!(!dump.contains(secret), "{secret} was kept");
    }
}

/// The portal's branch code may be missing from our list. It stays until its owner changes it.
#[tokio::test]
async fn a_code_missing_from_our_lists_survives_a_save() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.visitor();
    jiit.signs_in_and_agrees(&browser, &ASHA).await;

    let saved = browser
        .visits("user/")
        .await
        .presses("Save programme")
        .await;
    let chosen = saved.attributes("[name=department] option[selected]", "value");
    assert_eq!(chosen, ["ECE"]);
    let saved = saved
        .fills("department", "CSE")
        .presses("Save programme")
        .await;
    let chosen = saved.attributes("[name=department] option[selected]", "value");
    assert_eq!(chosen, ["CSE"]);
    assert!(!saved.text().contains("ECE"));
}

#[tokio::test]
async fn j21_no_request_has_an_origin_or_a_cookie() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.visitor(), &ASHA).await;

    let request = jiit.site.watch.requests.all();
    assert_eq!(request.len(), 4);
    for request in request {
        let headers = request.headers;
        assert!(
            !headers.iter().any(|it| it == "origin" || it == "cookie"),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn j22_an_outage_is_reported_and_an_html_answer_closes_the_connector() {
    let jiit = Jiit::opens().await;
    let plan = jiit
        .trusted(World::plan())
        .set("PROFILES_UPSTREAM_SECONDS", "2");
    let world = plan.opens().await;
    let path = "/StudentPortalAPI/token/pretoken-check";
    for fault in [Fault::Status(513), Fault::Close] {
        let browser = world.visitor();
        let form = browser.visits(FORM).await;
        jiit.site.watch.faults.set(path, fault);
        let page = jiit.answers(form, &ASHA).await;
        assert!(
            page.says("The JIIT portal is not answering."),
            "{}",
            page.words()
        );
        jiit.site.watch.faults.mend();
        // The form keeps its values that are not secret.
        jiit.answers(page, &ASHA).await.shows("Asha Rao");
    }
    let form = world.visitor().visits(FORM).await;
    jiit.site.watch.faults.set(path, Fault::Html);
    assert_eq!(jiit.answers(form, &ASHA).await.status, 503);
    jiit.site.watch.faults.mend();
    let closed = world.visitor().visits(FORM).await;
    assert!(!closed.offers("input[type=password]"), "{}", closed.words());
    assert!(
        world
            .visitor()
            .visits("account/login/")
            .await
            .offers("input[type=password]")
    );
}

#[tokio::test]
async fn j23_nothing_secret_is_in_the_log_or_the_database() {
    let jiit = Jiit::opens().await;
    let plan = jiit.trusted(World::plan()).set("PROFILES_LOG", "trace");
    let world = plan.in_its_own_process().opens().await;
    let browser = world.visitor();
    let nayantara = Student {
        number: "23000004",
        password: "pässwörd\"\\",
    };
    jiit.signs_in(&browser, &GUESS).await;
    jiit.signs_in_and_agrees(&browser, &ASHA)
        .await
        .shows("Asha Rao");
    jiit.signs_in(&world.visitor(), &nayantara).await;
    jiit.portal.set(&json!({ "wrong_password": "empty" }));
    jiit.signs_in(&world.visitor(), &GUESS).await;

    let (log, dump) = (world.log(), world.database.dump());
    assert!(log.contains("jiit") && dump.contains("22000001"));
    let secrets = jiit.portal.secrets();
    assert!(secrets.made.len() > 10 && secrets.sealed_bodies.len() > 5);
    let typed = [ASHA.password, "pässwörd", "a guess"].map(str::to_owned);
    // An escaped password is as revealing as the password.
    let escaped = ["p\\u00e4ssw".to_owned(), "S3cr3t%21pass".to_owned()];
    let all = [secrets.local_names, secrets.sealed_bodies, secrets.made];
    for secret in all.into_iter().flatten().chain(typed).chain(escaped) {
        assert!(!log.contains(&secret), "{secret} is in the log");
        assert!(!dump.contains(&secret), "{secret} is in the database");
    }
}

#[tokio::test]
async fn j24_students_who_need_google_sign_in_get_an_explanation() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "student_password_login": false }));
    let world = jiit.world().await;

    let page = jiit.signs_in(&world.visitor(), &ASHA).await;

    page.shows(WRONG);
    page.shows("If the portal lets you in with Google only, choose another way here.");
    assert_eq!(jiit.calls("/token/generatewebtoken"), 0);
}

#[tokio::test]
async fn j25_a_password_reaches_the_portal_unchanged() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let nayantara = Student {
        number: "23000004",
        password: "pässwörd\"\\",
    };

    let home = jiit.signs_in(&world.visitor(), &nayantara).await;

    home.shows("Nayantara D'Souza");
}

#[tokio::test]
async fn an_expired_password_or_a_locked_account_ends_the_sign_in() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let kabir = Student {
        number: "23000005",
        password: "23000005",
    };
    let browser = world.visitor();
    let page = jiit.signs_in(&browser, &kabir).await;
    assert!(
        page.says("Change your portal password first."),
        "{}",
        page.words()
    );
    assert!(!is_in(&browser).await);

    let locked = Fault::Says(
        "application/json",
        r#"{"status":{"responseStatus":"Failure","errors":["Your account is Blocked"]},"response":null}"#.to_owned(),
    );
    let form = browser.visits(FORM).await;
    let path = "/StudentPortalAPI/token/pretoken-check";
    jiit.site.watch.faults.set(path, locked);
    let page = jiit.answers(form, &ASHA).await;
    assert!(
        page.says("The portal has locked this account."),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn a_parent_cannot_sign_in() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let sunil = Student {
        number: "P22000001",
        password: "my chi1d",
    };

    jiit.signs_in(&world.visitor(), &sunil).await.shows(WRONG);
}

#[tokio::test]
async fn malformed_input_makes_no_request_to_the_portal() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let form = world.visitor().visits(FORM).await;

    let page = form
        .fills("username", "Asha Rao")
        .fills("password", ASHA.password)
        .fills("captcha", "five!")
        .presses("Sign in")
        .await;

    page.shows("An enrollment number has 6 to 12 letters and digits, as in 22103171.");
    page.shows("Type the letters and digits that you see in the picture.");
    assert_eq!(jiit.calls("/token/pretoken-check"), 0);
    // The captcha is still valid.
    assert_eq!(jiit.calls("/token/getcaptcha"), 1);
    jiit.answers(page, &ASHA).await.shows("Asha Rao");
}

#[tokio::test]
async fn a_button_loads_a_new_captcha_and_keeps_the_number() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let form = world.visitor().visits(FORM).await;
    let first = jiit.portal.newest_captcha();

    let form = form
        .fills("username", ASHA.number)
        .presses("New picture")
        .await;

    assert_ne!(jiit.portal.newest_captcha(), first);
    assert_eq!(form.attributes("#username", "value"), [ASHA.number]);
    jiit.answers(form, &ASHA).await.shows("Asha Rao");
}

#[tokio::test]
async fn an_expired_captcha_is_replaced_and_an_expired_form_ends_the_sign_in() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let form = world.visitor().visits(FORM).await;
    world.advance_clock(Duration::seconds(121));
    let page = jiit.answers(form, &ASHA).await;
    page.shows("The picture was too old");
    assert_eq!(jiit.calls("/token/pretoken-check"), 0);
    world.advance_clock(Duration::seconds(180));
    let page = jiit.answers(page, &ASHA).await;
    assert!(page.says("This sign-in has expired"), "{}", page.words());
}

#[tokio::test]
async fn guessing_at_one_number_is_limited_before_the_portal_locks_it() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    // Three wrong passwords end a sign-in. Two more in the next one reach the limit of the number.
    let mut form = world.visitor().visits(FORM).await;
    for _ in 0..2 {
        form = jiit.answers(form, &GUESS).await;
        form.shows(WRONG);
    }
    let page = jiit.answers(form, &GUESS).await;
    assert!(page.says("one try too many"), "{}", page.words());
    let mut form = world.visitor().visits(FORM).await;
    for _ in 0..2 {
        form = jiit.answers(form, &GUESS).await;
        form.shows(WRONG);
    }
    let calls = jiit.calls("/token/pretoken-check");
    let page = jiit.answers(form, &ASHA).await;
    page.shows("Too many attempts.");
    assert_eq!(jiit.calls("/token/pretoken-check"), calls);

    // Other numbers are not limited, and the limit ends. A misread captcha does not count.
    let vikram = Student {
        number: "99000002",
        password: "an0ther pass",
    };
    let mut form = world.visitor().visits(FORM).await;
    for _ in 0..3 {
        let wrong = form
            .fills("username", vikram.number)
            .fills("password", vikram.password);
        form = wrong.fills("captcha", "zzzzz").presses("Sign in").await;
        form.shows("The characters did not match the picture.");
    }
    jiit.answers(form, &vikram)
        .await
        .shows("Vikram Singh Rathore");
    world.advance_clock(Duration::minutes(13));
    jiit.portal.set(&json!({ "clock_offset_s": 13 * 60 }));
    jiit.signs_in(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
}

#[tokio::test]
async fn one_address_gets_thirty_captchas_in_ten_minutes() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    for _ in 0..30 {
        world.visitor().visits(FORM).await.shows("JIIT portal");
    }
    let page = world.visitor().visits(FORM).await;
    assert_eq!(page.status, 503);
    assert_eq!(jiit.calls("/token/getcaptcha"), 30);
}

#[tokio::test]
async fn the_member_number_has_to_stay_the_same() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    jiit.signs_in(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");
    jiit.signs_in(&world.visitor(), &ASHA)
        .await
        .shows("Asha Rao");

    jiit.portal.changes(ASHA.number, |asha| {
        "JSIM0000099".clone_into(&mut asha.member_id);
    });

    let browser = world.visitor();
    let page = jiit.signs_in(&browser, &ASHA).await;
    assert!(page.says("is not the one it was"), "{}", page.words());
    assert!(!is_in(&browser).await);
}

//! The numbered statements that are about the adapter.

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
async fn j02_a_server_that_lives_in_new_york_knows_indias_day() {
    let jiit = Jiit::opens().await;
    let plan = jiit.trusted(World::plan()).set("TZ", "America/New_York");
    let world = plan.in_its_own_process().opens().await;

    jiit.signs_in(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
    assert_eq!(jiit.calls("/token/pretoken-check"), 1);
}

#[tokio::test]
async fn j05_no_two_requests_carry_the_same_local_name() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.stranger(), &ASHA).await;

    let names = jiit.portal.secrets().local_names;
    assert_eq!(names.len(), 4);
    let different: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(different.len(), 4);
}

#[tokio::test]
async fn j07_the_page_shows_the_picture_and_not_its_name() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.stranger();

    let form = browser.visits(FORM).await;

    let (letters, hidden) = jiit.portal.newest_captcha();
    assert!(!form.text().contains(&hidden));
    assert!(!form.text().contains(&letters));
    let picture = form.attributes("p.captcha img", "src").remove(0);
    let picture = form.url.join(&picture).unwrap();
    let shown = browser.asks(picture.as_str()).await;
    assert_eq!(shown.header("content-type"), "image/png");
    assert!(shown.header("cache-control").contains("no-store"));
    assert!(shown.bytes().starts_with(b"\x89PNG"));
    // Another browser is not shown it.
    assert_ne!(world.stranger().asks(picture.as_str()).await.status, 200);
}

#[tokio::test]
async fn j08_the_right_characters_number_and_password_sign_in_with_one_call_each() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.stranger();

    let home = jiit.signs_in(&browser, &ASHA).await;

    home.shows("Asha Rao");
    assert!(is_in(&browser).await);
    assert_eq!(jiit.calls("/token/pretoken-check"), 1);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
    let profile = browser.visits("user/").await;
    profile.shows("22000001");
}

#[tokio::test]
async fn j09_the_second_phase_carries_what_it_has_to_and_nothing_that_was_rejected() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;

    jiit.signs_in(&world.stranger(), &ASHA).await;

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
async fn j10_wrong_characters_are_told_and_come_with_another_picture() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.stranger();
    let form = browser.visits(FORM).await;
    let first = jiit.portal.newest_captcha();

    let told = form
        .fills("username", ASHA.number)
        .fills("password", ASHA.password)
        .fills("captcha", "zzzzz")
        .presses("Sign in")
        .await;

    told.shows("The characters did not match the picture.");
    assert_ne!(jiit.portal.newest_captcha(), first);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 0);
    assert_eq!(told.attributes("#username", "value"), [ASHA.number]);
    assert_eq!(told.attributes("#password", "value"), [""; 0]);
    // And on it goes from there.
    jiit.answers(told, &ASHA).await.shows("Asha Rao");
}

#[tokio::test]
async fn j11_the_pair_that_old_clients_carry_is_not_ours() {
    let jiit = Jiit::opens().await;
    jiit.portal
        .set(&json!({ "captcha_mode": "legacy_default" }));
    let world = jiit.world().await;
    let form = world.stranger().visits(FORM).await;

    let told = form
        .fills("username", ASHA.number)
        .fills("password", ASHA.password)
        .fills("captcha", "phw5n")
        .presses("Sign in")
        .await;

    // The characters were sent with the name of the picture that was shown, not with the old one.
    told.shows("The characters did not match the picture.");
}

#[tokio::test]
async fn j12_an_unknown_number_and_a_wrong_password_are_told_the_same() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let nobody = Student {
        number: "22999999",
        password: "a guess",
    };
    let told = jiit.signs_in(&world.stranger(), &nobody).await;
    told.shows(WRONG);

    for status in ["404", "417"] {
        jiit.portal.set(&json!({ "wrong_password": status }));
        let browser = world.stranger();
        let told_here = jiit.signs_in(&browser, &GUESS).await;
        assert_eq!(told_here.status, told.status);
        assert_eq!(told_here.words(), told.words());
        assert!(!is_in(&browser).await);
        jiit.answers(told_here, &ASHA).await.shows("Asha Rao");
    }
}

#[tokio::test]
async fn j13_nothing_for_an_answer_ends_it_and_is_not_asked_again() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "wrong_password": "empty" }));
    let world = jiit.world().await;
    let browser = world.stranger();

    let told = jiit.signs_in(&browser, &GUESS).await;

    assert!(
        told.says(UNEXPECTED) && told.says("Google"),
        "{}",
        told.words()
    );
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
    assert!(!is_in(&browser).await);
    // One wrong password shuts nobody else out.
    jiit.signs_in(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
}

#[tokio::test]
async fn j14_a_portal_that_lives_in_another_day_is_asked_once_more_in_its_own() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "clock_offset_s": 86_400 }));
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
    assert_eq!(jiit.calls("/token/pretoken-check"), 2);
    assert_eq!(jiit.calls("/token/generatewebtoken"), 1);
    assert_eq!(
        jiit.calls("/studentpersinfo/getstudent-personalinformation"),
        1
    );

    // Its header says another day than its keys are of: that may be any day, and is not searched for.
    jiit.portal
        .set(&json!({ "clock_offset_s": 86_400, "date_offset_s": 86_400 }));
    let told = jiit.signs_in(&world.stranger(), &ASHA).await;
    assert!(told.says(UNEXPECTED), "{}", told.words());
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

    let told = jiit.signs_in(&world.stranger(), &tara).await;

    let words = "This account uses one-time codes, which we do not support.";
    assert!(told.says(words), "{}", told.words());
    assert_eq!(jiit.calls("/token/generatewebtoken"), 0);
}

#[tokio::test]
async fn j17_an_answer_about_somebody_else_or_nobody_signs_nobody_in() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    jiit.portal.set(&json!({ "say_enrollment": "99000002" }));
    let browser = world.stranger();
    let told = jiit.signs_in(&browser, &ASHA).await;
    let words = "We could not sign you in with this portal account.";
    assert!(told.says(words), "{}", told.words());
    assert!(!is_in(&browser).await);

    jiit.portal
        .set(&json!({ "say_enrollment": null, "omit_enrollment": true }));
    let told = jiit.signs_in(&browser, &ASHA).await;
    assert!(told.says(words), "{}", told.words());
    assert!(!is_in(&browser).await);
    assert!(
        !world.database.dump().contains("JSIM0000001"),
        "somebody was made of it"
    );
}

/// What a record there holds, or what somebody types, is one person's. A second one in a row who is not told who they are
/// shows that the portal has changed.
#[tokio::test]
async fn what_is_odd_of_one_person_closes_the_way_for_nobody() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let vikram = Student {
        number: "99000002",
        password: "an0ther pass",
    };
    // The portal stumbles over hers alone.
    let stumbles = |text: String| {
        if text.contains("\"Success\"") {
            return r#"{"timestamp":1,"status":500,"error":"Internal Server Error"}"#.to_owned();
        }
        text
    };
    let faults = &jiit.site.watch.faults;
    for path in ["/token/pretoken-check", "/token/generatewebtoken"] {
        let path = format!("/StudentPortalAPI{path}");
        let form = world.stranger().visits(FORM).await;
        faults.set(&path, Fault::Rewrites(std::sync::Arc::new(stumbles)));
        let told = jiit.answers(form, &ASHA).await;
        told.refuses(400);
        assert!(told.says(UNEXPECTED), "{}", told.words());
        faults.mend();
        jiit.signs_in(&world.stranger(), &vikram)
            .await
            .shows("Vikram Singh Rathore");
    }

    jiit.portal.set(&json!({ "omit_enrollment": true }));
    let words = "We could not sign you in with this portal account.";
    for _ in 0..2 {
        let told = jiit.signs_in(&world.stranger(), &ASHA).await;
        assert!(told.says(words), "{}", told.words());
    }
    let told = jiit.signs_in(&world.stranger(), &vikram).await;
    assert!(
        told.says("this sign-in method is not available"),
        "{}",
        told.words()
    );
}

#[tokio::test]
async fn j18_what_a_token_says_of_its_end_is_not_believed() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "wrong_exp": true }));
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
}

#[tokio::test]
async fn j19_what_the_person_agreed_to_is_asked_in_plain_json_and_may_fail() {
    const PATH: &str = "/StudentPortalAPI/studentpersinfo/getstudent-personalinformation";
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "need_clinetid": true }));
    let world = jiit.world().await;
    jiit.signs_in_and_agrees(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
    let asked = jiit.site.watch.requests.all();
    let asked = asked.iter().find(|it| it.path == PATH).unwrap();
    assert_eq!(asked.fields, ["clinetid", "instituteid"]);
    for header in ["authorization", "localname"] {
        assert!(asked.headers.iter().any(|it| it == header), "{header}");
    }

    // Without what was agreed to, the sign-in is one all the same.
    let meera = Student {
        number: "2500000003",
        password: "t3n digits",
    };
    jiit.portal.set(&json!({ "forget_tokens": true }));
    let browser = world.stranger();
    jiit.signs_in_and_agrees(&browser, &meera)
        .await
        .shows("Meera");
    let profile = browser.visits("user/").await;
    assert!(!profile.says("ECE") && !profile.says("@mail.jiit.ac.in"));
}

#[tokio::test]
async fn j20_only_what_has_a_place_in_a_profile_is_taken() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.stranger();

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
    // Whose record it is, whole, is the portal's business.
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

/// The portal's word for a branch may be on no list of ours. It stays what it is until its owner changes it.
#[tokio::test]
async fn a_code_that_no_list_has_outlives_a_save() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = world.stranger();
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
async fn j21_no_request_says_it_comes_from_elsewhere() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;

    jiit.signs_in_and_agrees(&world.stranger(), &ASHA).await;

    let asked = jiit.site.watch.requests.all();
    assert_eq!(asked.len(), 4);
    for asked in asked {
        let headers = asked.headers;
        assert!(
            !headers.iter().any(|it| it == "origin" || it == "cookie"),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn j22_a_portal_that_is_away_is_told_and_one_that_talks_in_pages_closes_the_way() {
    let jiit = Jiit::opens().await;
    let plan = jiit
        .trusted(World::plan())
        .set("PROFILES_UPSTREAM_SECONDS", "2");
    let world = plan.opens().await;
    let path = "/StudentPortalAPI/token/pretoken-check";
    for fault in [Fault::Status(513), Fault::Close] {
        let browser = world.stranger();
        let form = browser.visits(FORM).await;
        jiit.site.watch.faults.set(path, fault);
        let told = jiit.answers(form, &ASHA).await;
        assert!(
            told.says("The JIIT portal is not answering."),
            "{}",
            told.words()
        );
        jiit.site.watch.faults.mend();
        // The same form, with what was no secret still in it.
        jiit.answers(told, &ASHA).await.shows("Asha Rao");
    }
    let form = world.stranger().visits(FORM).await;
    jiit.site.watch.faults.set(path, Fault::Html);
    assert_eq!(jiit.answers(form, &ASHA).await.status, 503);
    jiit.site.watch.faults.mend();
    let closed = world.stranger().visits(FORM).await;
    assert!(!closed.offers("input[type=password]"), "{}", closed.words());
    assert!(
        world
            .stranger()
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
    let browser = world.stranger();
    let nayantara = Student {
        number: "23000004",
        password: "pässwörd\"\\",
    };
    jiit.signs_in(&browser, &GUESS).await;
    jiit.signs_in_and_agrees(&browser, &ASHA)
        .await
        .shows("Asha Rao");
    jiit.signs_in(&world.stranger(), &nayantara).await;
    jiit.portal.set(&json!({ "wrong_password": "empty" }));
    jiit.signs_in(&world.stranger(), &GUESS).await;

    let (log, dump) = (world.log(), world.database.dump());
    assert!(log.contains("jiit") && dump.contains("22000001"));
    let secrets = jiit.portal.secrets();
    assert!(secrets.made.len() > 10 && secrets.sealed_bodies.len() > 5);
    let typed = [ASHA.password, "pässwörd", "a guess"].map(str::to_owned);
    // The plain bytes of a password are as good as the password.
    let escaped = ["p\\u00e4ssw".to_owned(), "S3cr3t%21pass".to_owned()];
    let all = [secrets.local_names, secrets.sealed_bodies, secrets.made];
    for secret in all.into_iter().flatten().chain(typed).chain(escaped) {
        assert!(!log.contains(&secret), "{secret} is in the log");
        assert!(!dump.contains(&secret), "{secret} is in the database");
    }
}

#[tokio::test]
async fn j24_where_students_need_google_they_are_told_of_it() {
    let jiit = Jiit::opens().await;
    jiit.portal.set(&json!({ "student_password_login": false }));
    let world = jiit.world().await;

    let told = jiit.signs_in(&world.stranger(), &ASHA).await;

    told.shows(WRONG);
    told.shows("If the portal lets you in with Google only, choose another way here.");
    assert_eq!(jiit.calls("/token/generatewebtoken"), 0);
}

#[tokio::test]
async fn j25_a_password_arrives_as_it_was_typed() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let nayantara = Student {
        number: "23000004",
        password: "pässwörd\"\\",
    };

    let home = jiit.signs_in(&world.stranger(), &nayantara).await;

    home.shows("Nayantara D'Souza");
}

#[tokio::test]
async fn an_expired_password_and_a_locked_account_end_it() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let kabir = Student {
        number: "23000005",
        password: "23000005",
    };
    let browser = world.stranger();
    let told = jiit.signs_in(&browser, &kabir).await;
    assert!(
        told.says("Change your portal password first."),
        "{}",
        told.words()
    );
    assert!(!is_in(&browser).await);

    let locked = Fault::Says(
        "application/json",
        r#"{"status":{"responseStatus":"Failure","errors":["Your account is Blocked"]},"response":null}"#.to_owned(),
    );
    let form = browser.visits(FORM).await;
    let path = "/StudentPortalAPI/token/pretoken-check";
    jiit.site.watch.faults.set(path, locked);
    let told = jiit.answers(form, &ASHA).await;
    assert!(
        told.says("The portal has locked this account."),
        "{}",
        told.words()
    );
}

#[tokio::test]
async fn a_parent_is_no_student() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let sunil = Student {
        number: "P22000001",
        password: "my chi1d",
    };

    jiit.signs_in(&world.stranger(), &sunil).await.shows(WRONG);
}

#[tokio::test]
async fn what_was_typed_wrongly_never_reaches_the_portal() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let form = world.stranger().visits(FORM).await;

    let told = form
        .fills("username", "Asha Rao")
        .fills("password", ASHA.password)
        .fills("captcha", "five!")
        .presses("Sign in")
        .await;

    told.shows("An enrollment number has 6 to 12 letters and digits, as in 22103171.");
    told.shows("Type the letters and digits that you see in the picture.");
    assert_eq!(jiit.calls("/token/pretoken-check"), 0);
    // The picture is still good.
    assert_eq!(jiit.calls("/token/getcaptcha"), 1);
    jiit.answers(told, &ASHA).await.shows("Asha Rao");
}

#[tokio::test]
async fn another_picture_is_a_button_away_and_keeps_the_number() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let form = world.stranger().visits(FORM).await;
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
async fn a_picture_too_old_is_replaced_and_a_form_too_old_is_over() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let form = world.stranger().visits(FORM).await;
    world.sleeps(Duration::seconds(121));
    let told = jiit.answers(form, &ASHA).await;
    told.shows("The picture was too old");
    assert_eq!(jiit.calls("/token/pretoken-check"), 0);
    world.sleeps(Duration::seconds(180));
    let told = jiit.answers(told, &ASHA).await;
    assert!(told.says("This sign-in has expired"), "{}", told.words());
}

#[tokio::test]
async fn guessing_at_one_number_is_stopped_before_the_portal_locks_it() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    // Three in one sign-in, and it is over; two in the next, and the number has to rest.
    let mut form = world.stranger().visits(FORM).await;
    for _ in 0..2 {
        form = jiit.answers(form, &GUESS).await;
        form.shows(WRONG);
    }
    let told = jiit.answers(form, &GUESS).await;
    assert!(told.says("one try too many"), "{}", told.words());
    let mut form = world.stranger().visits(FORM).await;
    for _ in 0..2 {
        form = jiit.answers(form, &GUESS).await;
        form.shows(WRONG);
    }
    let calls = jiit.calls("/token/pretoken-check");
    let told = jiit.answers(form, &ASHA).await;
    told.shows("Too many attempts.");
    assert_eq!(jiit.calls("/token/pretoken-check"), calls);

    // Not for others, and not for ever. Misreading pictures is no guessing.
    let vikram = Student {
        number: "99000002",
        password: "an0ther pass",
    };
    let mut form = world.stranger().visits(FORM).await;
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
    world.sleeps(Duration::minutes(13));
    jiit.portal.set(&json!({ "clock_offset_s": 13 * 60 }));
    jiit.signs_in(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
}

#[tokio::test]
async fn one_address_gets_thirty_pictures_in_ten_minutes() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    for _ in 0..30 {
        world.stranger().visits(FORM).await.shows("JIIT portal");
    }
    let told = world.stranger().visits(FORM).await;
    assert_eq!(told.status, 503);
    assert_eq!(jiit.calls("/token/getcaptcha"), 30);
}

#[tokio::test]
async fn the_member_number_has_to_stay_the_same() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    jiit.signs_in(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");
    jiit.signs_in(&world.stranger(), &ASHA)
        .await
        .shows("Asha Rao");

    jiit.portal.changes(ASHA.number, |asha| {
        "JSIM0000099".clone_into(&mut asha.member_id);
    });

    let browser = world.stranger();
    let told = jiit.signs_in(&browser, &ASHA).await;
    assert!(told.says("is not the one it was"), "{}", told.words());
    assert!(!is_in(&browser).await);
}

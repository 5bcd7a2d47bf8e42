//! Proving a roll number without a password: a text in a security question of ERP, then a link in a mail.

use std::time::{Duration, Instant};

use super::code;
use crate::sim::erp::Erp;
use crate::sim::erp::knobs::QuestionMode;
use crate::support::chromium::Chromium;
use crate::support::world::Plan;
use crate::support::{Browser, Page, World};

const ROLL: &str = "21CS10001";
const MAILBOX: &str = "asha.21cs10001@kgpian.iitkgp.ac.in";
const QUESTIONS: &str = "/SSOAdministration/getSecurityQues.htm";
const CHECK: &str = "Check my security question";
const NOT_THERE: &str = "The text is not in any of your three questions";

/// A world with a simulated ERP.
pub async fn opens() -> (World, Erp) {
    opens_with(World::plan()).await
}

async fn opens_with(plan: Plan) -> (World, Erp) {
    let erp = Erp::opens().await;
    let world = plan.set("PROFILES_ERP_URL", &erp.site.origin).opens().await;
    // No test may fail by chance: with random questions, one search in four hundred finds nothing.
    erp.turns(|knobs| knobs.question_mode = QuestionMode::RoundRobin);
    (world, erp)
}

/// Sets the text of one of the person's security questions, as they do in ERP.
fn sets_question(erp: &Erp, roll: &str, text: &str) {
    erp.changes(roll, |person| {
        person.questions[1].0.push(' ');
        person.questions[1].0.push_str(text);
    });
}

async fn begins(browser: &Browser, roll: &str, mailbox: &str) -> Page {
    let start = browser.visits("association/?again=1").await;
    start
        .fills("roll", roll)
        .fills("email", mailbox)
        .presses("Continue")
        .await
}

fn verifier(page: &Page) -> String {
    let text = page.code("#verifier").remove(0);
    assert!(text.starts_with("sso-") && text.len() == 24, "{text}");
    text
}

/// Goes on until the mail; returns the newest of `many` mails to this mailbox.
async fn is_mailed(
    (world, erp): &(World, Erp),
    browser: &Browser,
    (roll, mailbox): (&str, &str),
    many: usize,
) -> String {
    let question = begins(browser, roll, mailbox).await;
    sets_question(erp, roll, &verifier(&question));
    let mailed = question.presses(CHECK).await;
    mailed.shows("We found the text").shows(mailbox);
    link(&world.mail_to(mailbox, many).await)
}

/// The link in a mail.
fn link(mail: &str) -> String {
    let (_, rest) = mail.split_once("/association/confirm/?token=").unwrap();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
    format!("association/confirm/?token={}", &rest[..end])
}

/// The whole proof in one browser.
pub async fn proves(setup: &(World, Erp), browser: &Browser, whose: (&str, &str)) -> Page {
    let before = mails_to(&setup.0, whose.1);
    let link = is_mailed(setup, browser, whose, before + 1).await;
    let done = browser.visits(&link).await.presses("Confirm").await;
    done.shows("Roll number confirmed");
    done
}

fn mails_to(world: &World, address: &str) -> usize {
    let to = format!("<{address}>");
    let files = std::fs::read_dir(world.data.join("mail"))
        .into_iter()
        .flatten();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|mail| mail.contains(&to)).count()
}

async fn is_in(browser: &Browser) -> bool {
    browser.gets("user/").await.status == 200
}

/// Mails and unfinished proofs belong to no account yet, but concern a person.
#[tokio::test]
async fn deleting_a_person_deletes_everything_about_their_mailbox() {
    let setup = opens().await;
    let (world, _erp) = &setup;
    let (roll, mailbox) = ("21CS10001", "asha.21cs10001@kgpian.iitkgp.ac.in");
    let asha = world.visitor();
    let proved = proves(&setup, &asha, (roll, mailbox)).await;
    proved.presses("Sign in as 21CS10001").await;
    let page = asha.visits("user/data/close/").await;
    page.presses("Close your account").await;
    world.advance_clock(time::Duration::hours(7 * 24 - 1));
    world.runs_jobs().await;
    let mails = mails_to(world, mailbox);
    is_mailed(&setup, &world.visitor(), (roll, mailbox), mails + 1).await;
    let before = world.database.dump();
    assert!(before.contains(roll) && before.contains(mailbox));

    world.advance_clock(time::Duration::hours(1));
    world.runs_jobs().await;

    let after = world.database.dump();
    for value in [roll, "21cs10001"] {
        let left: Vec<_> = after.lines().filter(|line| line.contains(value)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn a_new_person_proves_a_mailbox_and_is_signed_in() {
    let setup = opens().await;
    let (world, erp) = &setup;
    let asha = world.visitor();

    let sign_in = asha.visits("account/login/?next=/doc/").await;
    let by_code = sign_in
        .clicks("Sign in without your ERP password with your roll number and a mailbox")
        .await;
    let start = by_code
        .clicks("First time, or a new mailbox? Confirm your roll number")
        .await;
    start.shows("We never ask for your ERP password");
    let wrong = start
        .clone()
        .fills("roll", "2CS")
        .fills("email", "asha at home")
        .presses("Continue")
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.texts("#roll-error").len(), 1);
    assert_eq!(wrong.texts("#email-error").len(), 1);
    assert_eq!(wrong.attributes("#roll", "value"), ["2CS"]);

    let result = wrong
        .fills("roll", " 21cs10001 ")
        .fills("email", "asha.21cs10001@KGPian.iitkgp.ac.in")
        .presses("Continue")
        .await;
    result
        .shows("Only do this if you started it yourself")
        .shows(MAILBOX)
        .shows("as 21CS10001");
    let text = verifier(&result);
    sets_question(erp, ROLL, &text.to_uppercase());
    let mailed = result.presses(CHECK).await;
    mailed.shows("Check your mail").shows(MAILBOX);
    let mail = world.mail_to(MAILBOX, 1).await;
    assert!(mail.contains(ROLL), "{mail}");
    assert!(!is_in(&asha).await);

    let form = asha.visits(&link(&mail)).await;
    form.shows("Is this mailbox yours?")
        .shows(MAILBOX)
        .shows(ROLL);
    let done = form.presses("Confirm").await;
    done.shows("Roll number confirmed").shows(&text);
    assert!(!is_in(&asha).await);
    let entered = done.presses("Sign in as 21CS10001").await;
    assert_eq!(entered.url.path(), "/doc/");

    let profile = asha.visits("user/").await;
    profile.shows(ROLL).shows("21cs10001").shows(MAILBOX);
    profile
        .shows("from the roll of IIT Kharagpur")
        .shows("contact the people who run the roll of IIT Kharagpur");
    // The proof is complete, so the text proves nothing more.
    let again = asha.posts("association/enter/", &[]).await;
    assert_eq!(again.status, 403);
    asha.visits("association/")
        .await
        .shows("You confirmed that they belong together");
}

#[tokio::test]
async fn a_mailbox_outside_of_the_campus_becomes_a_confirmed_secondary_address() {
    let setup = opens().await;
    let asha = setup.0.visitor();
    let done = proves(&setup, &asha, (ROLL, "asha@home.example")).await;
    done.presses("Sign in as 21CS10001").await;
    let profile = asha.visits("user/").await;
    let further = profile.attributes("#email [name=email]", "value");
    assert!(
        further.contains(&"asha@home.example".to_owned()),
        "{further:?}"
    );
    assert_eq!(profile.texts(".tag.good"), ["Confirmed"]);
}

#[tokio::test]
async fn l20_the_verifier_is_found_in_few_requests_with_pauses() {
    let setup = opens().await;
    let (world, erp) = &setup;
    let asha = world.visitor();
    for (mode, most) in [(QuestionMode::Random, 15), (QuestionMode::RoundRobin, 3)] {
        erp.turns(|knobs| knobs.question_mode = mode);
        let question = begins(&asha, ROLL, MAILBOX).await;
        sets_question(erp, ROLL, &verifier(&question));
        erp.site.watch.requests.forget();
        let mut began = Instant::now();
        let mut mailed = question.presses(CHECK).await;
        if mode == QuestionMode::Random && mailed.says(NOT_THERE) {
            assert_eq!(erp.site.watch.requests.to(QUESTIONS), 15);
            erp.site.watch.requests.forget();
            world.advance_clock(time::Duration::seconds(40));
            began = Instant::now();
            mailed = question.presses(CHECK).await;
        }
        mailed.shows("We found the text");
        let calls = erp.site.watch.requests.to(QUESTIONS);
        assert!((1..=most).contains(&calls), "{calls}");
        let apart = Duration::from_millis(150) * u32::try_from(calls - 1).unwrap();
        assert!(began.elapsed() >= apart, "{calls} in {:?}", began.elapsed());
        for call in erp.site.watch.requests.all() {
            assert_eq!(call.fields, ["user_id"]);
        }
        world.advance_clock(time::Duration::minutes(2));
    }
}

#[tokio::test]
async fn l21_without_the_verifier_the_search_stops_after_three_questions_and_can_be_repeated() {
    let setup = opens().await;
    let (world, erp) = &setup;
    let asha = world.visitor();
    let question = begins(&asha, ROLL, MAILBOX).await;
    let text = verifier(&question);
    let page = question.presses(CHECK).await;
    page.shows(NOT_THERE).shows("checked 3 times").shows(&text);
    assert_eq!(erp.site.watch.requests.to(QUESTIONS), 3);

    // A retry has to wait, and ERP is not asked.
    page.presses(CHECK).await.shows("Wait 20 seconds");
    assert_eq!(erp.site.watch.requests.to(QUESTIONS), 3);
    sets_question(erp, ROLL, &text);
    world.advance_clock(time::Duration::seconds(20));
    page.presses(CHECK).await.shows("We found the text");
}

/// People write their questions themselves. An unreadable one must not hide the others.
#[tokio::test]
async fn an_unreadable_question_does_not_hide_the_others() {
    let setup = opens().await;
    setup.1.changes(ROLL, |asha| {
        asha.questions[0].0 = "<html>Why? </html>".repeat(60);
    });
    proves(&setup, &setup.0.visitor(), (ROLL, MAILBOX)).await;
}

#[tokio::test]
async fn l22_an_unknown_roll_number_makes_one_request_to_the_portal() {
    let (world, erp) = opens().await;
    let eve = world.visitor();
    let question = begins(&eve, "99XX10001", "eve@home.example").await;
    let page = question.presses(CHECK).await;
    page.shows("The ERP does not know the roll number 99XX10001");
    assert_eq!(erp.site.watch.requests.to(QUESTIONS), 1);
}

#[tokio::test]
async fn l23_a_link_scanner_completes_nothing_and_the_button_works_once() {
    let setup = opens().await;
    let (world, _) = &setup;
    let asha = world.visitor();
    let link = is_mailed(&setup, &asha, (ROLL, MAILBOX), 1).await;

    let scanner = world.visitor();
    for _ in 0..5 {
        scanner.visits(&link).await.shows("Is this mailbox yours?");
        asha.visits("association/").await.shows("Check your mail");
    }

    // The mail is opened on a phone, which gets a message and is not signed in.
    let phone = world.visitor();
    let form = phone.visits(&link).await;
    let done = form.presses("Confirm").await;
    done.shows("Roll number confirmed")
        .shows("Go back to the browser where you started");
    assert!(!done.offers("form button.primary"));
    phone
        .visits("association/")
        .await
        .shows("We never ask for your ERP password");
    assert!(!is_in(&phone).await);

    form.presses("Confirm").await.refuses(410);
    phone.visits(&link).await.refuses(410);
    let here = asha.visits("association/").await;
    here.presses("Sign in as 21CS10001").await;
    assert!(is_in(&asha).await);
}

#[tokio::test]
async fn l24_another_browser_or_an_expired_proof_makes_no_request_to_the_portal() {
    let setup = opens().await;
    let (world, erp) = &setup;
    let asha = world.visitor();
    let question = begins(&asha, ROLL, MAILBOX).await;
    let text = verifier(&question);
    sets_question(erp, ROLL, &text);

    // Another browser has its own proof under way, and cannot complete this one.
    let eve = world.visitor();
    let other = begins(&eve, "99XX10001", "eve@home.example").await;
    assert!(!other.says(&text));
    let anonymous = world.visitor();
    let csrf_token = anonymous.visits("association/").await;
    let csrf_token = csrf_token
        .attributes("[name=csrf_token]", "value")
        .remove(0);
    let forged = anonymous
        .posts("association/check/", &[("csrf_token", &csrf_token)])
        .await;
    assert_eq!(forged.status, 303);
    anonymous
        .visits("association/")
        .await
        .shows("This has expired");

    world.advance_clock(time::Duration::minutes(30));
    question.presses(CHECK).await.shows("This has expired");
    assert_eq!(erp.site.watch.requests.to(QUESTIONS), 0);

    // The same holds for the mailed link.
    let link = is_mailed(&setup, &asha, ("23ME10003", MAILBOX), 1).await;
    world.advance_clock(time::Duration::minutes(30));
    asha.visits(&link).await.refuses(410);
}

#[tokio::test]
async fn l25_of_two_proofs_for_one_roll_number_at_once_one_succeeds() {
    for _ in 0..4 {
        let setup = opens().await;
        let (world, _) = &setup;
        let (asha, eve) = (world.visitor(), world.visitor());
        let one = is_mailed(&setup, &asha, (ROLL, MAILBOX), 1).await;
        let two = is_mailed(&setup, &eve, (ROLL, "eve@home.example"), 1).await;
        let (one, two) = (asha.visits(&one).await, eve.visits(&two).await);
        let (one, two) = tokio::join!(one.presses("Confirm"), two.presses("Confirm"));
        let mut ends = [one.status.as_u16(), two.status.as_u16()];
        ends.sort_unstable();
        assert_eq!(ends, [200, 410]);
        let winner = if one.status == 200 { &asha } else { &eve };
        let loser = if one.status == 200 { &eve } else { &asha };
        let here = winner.visits("association/").await;
        here.presses("Sign in as 21CS10001").await;
        assert!(is_in(winner).await);
        loser
            .visits("association/")
            .await
            .shows("We never ask for your ERP password");
        assert!(!is_in(loser).await);
    }
}

#[tokio::test]
async fn the_next_sign_in_needs_a_mailed_code_only() {
    let setup = opens().await;
    let (world, _) = &setup;
    proves(&setup, &world.visitor(), (ROLL, MAILBOX)).await;

    let asha = world.visitor();
    let form = asha.visits("account/login/association/?next=/doc/").await;
    let confirmation = form
        .fills("roll", "21cs10001")
        .presses("Send me a code")
        .await;
    confirmation.shows("If a mailbox belongs to 21CS10001");
    let first = code(&world.mail_to(MAILBOX, 2).await);
    let wrong = confirmation
        .clone()
        .fills("code", "0000 0000")
        .presses("Sign in")
        .await;
    wrong.shows("Wrong code");

    let again = wrong.presses("Send another code").await;
    let newest = code(&world.mail_to(MAILBOX, 3).await);
    let old = again.clone().fills("code", &first).presses("Sign in").await;
    old.shows("Wrong code");
    let entered = old.fills("code", &newest).presses("Sign in").await;
    assert_eq!(entered.url.path(), "/doc/");
    assert!(is_in(&asha).await);
}

#[tokio::test]
async fn a_mailed_code_allows_five_guesses_and_ten_minutes() {
    let setup = opens().await;
    let (world, _) = &setup;
    proves(&setup, &world.visitor(), (ROLL, MAILBOX)).await;
    let eve = world.visitor();
    let mut form = eve
        .visits("account/login/association/")
        .await
        .fills("roll", ROLL)
        .presses("Send me a code")
        .await;
    let right = code(&world.mail_to(MAILBOX, 2).await);
    for _ in 0..4 {
        form = form.fills("code", "12345678").presses("Sign in").await;
        form.shows("Wrong code");
    }
    let spent = form.fills("code", "12345678").presses("Sign in").await;
    spent.refuses(400);
    let late = spent.clone();
    assert!(late.says("Too many wrong codes"));

    let form = eve
        .visits("account/login/association/")
        .await
        .fills("roll", ROLL)
        .presses("Send me a code")
        .await;
    // The code belonged to another attempt.
    let other = form.clone().fills("code", &right).presses("Sign in").await;
    other.shows("Wrong code");
    let right = code(&world.mail_to(MAILBOX, 3).await);
    world.advance_clock(time::Duration::minutes(10));
    let late = other.fills("code", &right).presses("Sign in").await;
    late.refuses(400);
    assert!(!is_in(&eve).await);
}

#[tokio::test]
async fn a_roll_number_without_a_proof_gets_the_same_page() {
    let setup = opens().await;
    let (world, _) = &setup;
    proves(&setup, &world.visitor(), (ROLL, MAILBOX)).await;
    let ask = async |roll: &str| {
        let form = world.visitor().visits("account/login/association/").await;
        let confirmation = form.fills("roll", roll).presses("Send me a code").await;
        world.runs_jobs().await;
        confirmation.words().replace(roll, "ROLL")
    };
    let before = world.mails();
    let unknown = ask("99XX10001").await;
    assert_eq!(world.mails(), before);
    let known = ask(ROLL).await;
    assert_eq!(world.mails(), before + 1);
    assert_eq!(known, unknown);
    // With codes left and without.
    for roll in [ROLL, "99XX10001"] {
        let mut text = String::new();
        for _ in 0..5 {
            text = ask(roll).await;
        }
        assert!(text.contains("Too many codes were requested"), "{text}");
    }
}

#[tokio::test]
async fn an_old_proof_has_to_be_repeated() {
    let setup = opens_with(World::plan().set("PROFILES_ASSOCIATION_DAYS", "30")).await;
    let (world, _) = &setup;
    proves(&setup, &world.visitor(), (ROLL, MAILBOX)).await;
    let signs_in = async |many| {
        let asha = world.visitor();
        let form = asha.visits("account/login/association/").await;
        let confirmation = form.fills("roll", ROLL).presses("Send me a code").await;
        let code = code(&world.mail_to(MAILBOX, many).await);
        (
            asha,
            confirmation.fills("code", &code).presses("Sign in").await,
        )
    };
    world.advance_clock(time::Duration::days(29));
    let (asha, _) = signs_in(2).await;
    assert!(is_in(&asha).await);
    world.advance_clock(time::Duration::days(1));
    let (asha, page) = signs_in(3).await;
    assert!(
        page.says("your proof is too old by now"),
        "{}",
        page.words()
    );
    assert!(!is_in(&asha).await);

    let done = proves(&setup, &asha, (ROLL, MAILBOX)).await;
    done.presses("Sign in as 21CS10001").await;
    assert!(is_in(&asha).await);
    let (asha, _) = signs_in(5).await;
    assert!(is_in(&asha).await);
}

#[tokio::test]
async fn a_new_proof_moves_to_the_new_mailbox_and_mails_the_old_one() {
    let setup = opens().await;
    let (world, _) = &setup;
    let asha = world.visitor();
    let done = proves(&setup, &asha, (ROLL, MAILBOX)).await;
    done.presses("Sign in as 21CS10001").await;
    let number = asha.visits("user/").await.texts(".facts dd").join(" ");

    // The owner of the old mailbox asked for a code in time.
    let old = world.visitor();
    let form = old.visits("account/login/association/").await;
    let confirmation = form.fills("roll", ROLL).presses("Send me a code").await;
    let mailed = code(&world.mail_to(MAILBOX, 2).await);

    let later = world.visitor();
    let done = proves(&setup, &later, (ROLL, "asha@new.example")).await;
    done.presses("Sign in as 21CS10001").await;
    confirmation
        .fills("code", &mailed)
        .presses("Sign in")
        .await
        .refuses(400);
    assert!(!is_in(&old).await);
    assert_eq!(
        later.visits("user/").await.texts(".facts dd").join(" "),
        number
    );
    let mail = world.mail_to(MAILBOX, 3).await;
    assert!(mail.contains("The mailbox of"), "{mail}");

    let form = world.visitor().visits("account/login/association/").await;
    form.fills("roll", ROLL).presses("Send me a code").await;
    world.mail_to("asha@new.example", 2).await;
    world.mail_to(MAILBOX, 3).await;
}

#[tokio::test]
async fn a_signed_in_person_links_the_proved_mailbox() {
    let setup = opens().await;
    let (world, _) = &setup;
    let asha = world.student("asha").await;
    let ways = asha.visits("user/ways-in/").await;
    let start = ways
        .clicks("Sign in without your ERP password with your roll number and a mailbox")
        .await;
    start.shows("This adds a sign-in method to the account");
    let done = proves(&setup, &asha, (ROLL, MAILBOX)).await;
    done.shows("asha").presses("Continue").await;
    asha.visits("user/ways-in/")
        .await
        .shows("Sign in without your ERP password");
    let mail = world.mail_to("asha@campus.example", 1).await;
    assert!(mail.contains("sign-in method"), "{mail}");

    let elsewhere = world.visitor();
    let form = elsewhere.visits("account/login/association/").await;
    let confirmation = form.fills("roll", ROLL).presses("Send me a code").await;
    let code = code(&world.mail_to(MAILBOX, 2).await);
    confirmation.fills("code", &code).presses("Sign in").await;
    elsewhere.visits("user/").await.shows("asha@campus.example");

    // Other accounts cannot take it, whoever proves it.
    let wasim = world.student("wasim").await;
    let link = is_mailed(&setup, &wasim, (ROLL, "wasim@home.example"), 1).await;
    let taken = wasim.visits(&link).await.presses("Confirm").await;
    taken.refuses(409);
    assert!(taken.says("already belongs to another account"));
    wasim.visits("association/").await.shows("Check your mail");

    // It can be removed like every way to sign in.
    let ways = asha.visits("user/ways-in/").await;
    let sure = ways
        .clicks("Remove Sign in without your ERP password")
        .await;
    sure.presses("Remove").await;
    asha.visits("association/")
        .await
        .shows("We never ask for your ERP password");
}

#[tokio::test]
async fn a_mailbox_linked_to_another_person_is_not_moved() {
    let setup = opens().await;
    let (world, _) = &setup;
    // Another person's username equals the roll number.
    world.student("23me10003").await;
    let eve = world.visitor();
    let mailed = is_mailed(&setup, &eve, ("23ME10003", MAILBOX), 1).await;
    let refused = eve.visits(&mailed).await.presses("Confirm").await;
    refused.refuses(409);
    assert!(
        refused.says("sign in to it and confirm"),
        "{}",
        refused.words()
    );
    assert!(!is_in(&eve).await);

    // A mailbox belongs to one roll number.
    proves(&setup, &world.visitor(), (ROLL, "asha@home.example")).await;
    let zoya = world.student("vikram").await;
    let whose = ("20CH10004", "Asha@home.example");
    let question = begins(&zoya, whose.0, whose.1).await;
    sets_question(&setup.1, whose.0, &verifier(&question));
    question.presses(CHECK).await.shows("We found the text");
    let mail = world.mail_to(whose.1, 1).await;
    let taken = zoya.visits(&link(&mail)).await.presses("Confirm").await;
    taken.refuses(409);
    assert!(taken.says("already belongs to another roll number"));
}

#[tokio::test]
async fn an_outage_of_the_portal_uses_up_no_attempt() {
    let setup = opens_with(World::plan().set("PROFILES_UPSTREAM_SECONDS", "2")).await;
    let (world, erp) = &setup;
    let asha = world.visitor();
    let question = begins(&asha, ROLL, MAILBOX).await;
    sets_question(erp, ROLL, &verifier(&question));
    for fault in ["503", "close", "html", "empty", "late", "garbage"] {
        erp.site.watch.faults.set(QUESTIONS, fault.parse().unwrap());
        let page = question.presses(CHECK).await;
        assert_eq!(page.status, 200, "{fault}");
        assert!(
            page.says("Your text is valid until")
                || page.says("does not know the roll number")
                || page.says(NOT_THERE),
            "{fault}: {}",
            page.words()
        );
        world.advance_clock(time::Duration::seconds(20));
    }
    erp.site.watch.faults.mend();
    question.presses(CHECK).await.shows("We found the text");
}

#[tokio::test]
async fn requests_to_the_portal_and_mails_are_rate_limited() {
    let setup = opens().await;
    let (world, _) = &setup;
    let asha = world.visitor();
    let question = begins(&asha, ROLL, MAILBOX).await;
    for _ in 0..10 {
        question.presses(CHECK).await.shows(NOT_THERE);
        world.advance_clock(time::Duration::seconds(21));
    }
    question.presses(CHECK).await.shows("Too many checks");
    // Five proofs a day per roll number, whoever starts them.
    for _ in 0..4 {
        let question = begins(&world.visitor(), ROLL, MAILBOX).await;
        question.presses(CHECK).await.shows(NOT_THERE);
        world.advance_clock(time::Duration::minutes(1));
    }
    let question = begins(&asha, ROLL, MAILBOX).await;
    question.presses(CHECK).await.shows("Try again tomorrow");
    world.advance_clock(time::Duration::hours(24));

    let link = is_mailed(&setup, &asha, (ROLL, MAILBOX), 1).await;
    let mailed = asha.visits("association/").await;
    mailed
        .presses("Send another link")
        .await
        .shows("Wait 60 seconds");
    for many in 2..=4 {
        world.advance_clock(time::Duration::minutes(1));
        let page = mailed.presses("Send another link").await;
        page.shows("Only the newest link works");
        world.mail_to(MAILBOX, many).await;
    }
    world.advance_clock(time::Duration::minutes(1));
    mailed
        .presses("Send another link")
        .await
        .shows("Too many checks");
    asha.visits(&link).await.refuses(410);
}

#[tokio::test]
async fn no_question_and_no_link_is_stored() {
    let setup = opens().await;
    let (world, erp) = &setup;
    erp.changes(ROLL, |person| {
        for question in &mut person.questions {
            question.0.push_str(" canaryquestion");
        }
    });
    let asha = world.visitor();
    let link = is_mailed(&setup, &asha, (ROLL, MAILBOX), 1).await;
    let (_, token) = link.split_once('=').unwrap();
    let dump = world.database.dump();
    assert!(dump.contains(MAILBOX));
    assert!(!dump.contains("canaryquestion") && !dump.contains(token));
    let cookie = asha.cookies();
    let cookie = cookie
        .split("; ")
        .find_map(|it| it.strip_prefix("profiles_association="));
    assert!(!dump.contains(cookie.unwrap()));
    // The limit ends.
    world.advance_clock(time::Duration::hours(60));
    world.runs_jobs().await;
    let dump = world.database.dump();
    assert!(!dump.contains(MAILBOX) && !dump.contains(ROLL), "{dump}");
}

#[tokio::test]
async fn every_page_of_the_proof_is_accessible() {
    let (world, erp) = opens().await;
    let at = |path: &str| format!("{}{path}", world.base);
    let browser = Chromium::opens(true).await;
    browser.visits(&at("account/login/association/")).await;
    browser.can_be_used("association, a mailed code").await;
    browser.follows(".first-time a").await;
    browser.can_be_used("association, start").await;
    browser.types("#roll", "2CS").await;
    browser.types("#email", "asha@home.example").await;
    browser.follows("main button.primary").await;
    browser.can_be_used("association, start refused").await;
    browser.types("#roll", ROLL).await;
    browser.follows("main button.primary").await;
    browser.can_be_used("association, instructions").await;
    browser.follows("main button.primary").await;
    browser.can_be_used("association, not there").await;
    let text = browser.one("#verifier").await.text().await.unwrap();
    sets_question(&erp, ROLL, &text);
    world.advance_clock(time::Duration::seconds(20));
    browser.follows("main button.primary").await;
    browser.can_be_used("association, mailed").await;
    let link = link(&world.mail_to("asha@home.example", 1).await);
    browser.visits(&at(&link)).await;
    browser.can_be_used("association, confirm").await;
    browser.follows("main button.primary").await;
    browser.can_be_used("association, done").await;
    browser.follows("main button.primary").await;
    browser.visits(&at("association/")).await;
    browser.can_be_used("association, mine").await;
    browser.visits(&at(&link)).await;
    browser
        .can_be_used("association, a link that is over")
        .await;
}

async fn ends_all_other_sessions(browser: &Browser) {
    let sessions = browser.visits("user/sessions/").await;
    let page = sessions.presses("End all other sessions").await;
    page.shows("All other sessions were ended");
}

/// Whoever has stolen a session could otherwise finish the proof later, and would have a way in for ever.
#[tokio::test]
async fn a_proof_of_a_session_ends_with_a_new_password() {
    let setup = opens().await;
    let (world, erp) = &setup;
    let thief = world.student("asha").await;
    let link = is_mailed(&setup, &thief, (ROLL, MAILBOX), 1).await;
    let open = world.visitor().visits(&link).await;
    let waiting = world.student("vikram").await;
    let checks = begins(&waiting, "22EE30002", "vikram@kgpian.iitkgp.ac.in").await;
    sets_question(erp, "22EE30002", &verifier(&checks));

    world.sets_password("asha", "asha walks elsewhere").await;
    world
        .sets_password("vikram", "vikram walks elsewhere")
        .await;

    open.presses("Confirm").await.refuses(410);
    world.visitor().visits(&link).await.refuses(410);
    // The first half of a proof ends, too: no link is mailed.
    let mails = world.mails();
    let page = world.visitor().visits("association/").await;
    assert!(!page.offers("#verifier"), "{}", page.words());
    let page = waiting.visits("association/").await;
    assert!(!page.offers("#verifier"), "{}", page.words());
    world.runs_jobs().await;
    assert_eq!(world.mails(), mails);
    let asha = world.visitor();
    asha.signs_in("asha", "asha walks elsewhere").await;
    let ways = asha.visits("user/ways-in/").await;
    assert_eq!(ways.texts("li.session h2").len(), 1);
    // She can prove it herself.
    proves(&setup, &asha, (ROLL, MAILBOX)).await;
    assert!(is_in(&asha).await);
    let ways = asha.visits("user/ways-in/").await;
    assert_eq!(ways.texts("li.session h2").len(), 2);
}

#[tokio::test]
async fn a_completed_proof_signs_nobody_in_after_a_credential_event() {
    let setup = opens().await;
    let (world, _) = &setup;
    let (asha, other) = (world.visitor(), world.visitor());
    for browser in [&asha, &other] {
        let done = proves(&setup, browser, (ROLL, MAILBOX)).await;
        done.presses("Sign in as 21CS10001").await;
        assert!(is_in(browser).await);
    }
    let thief = world.visitor();
    let done = proves(&setup, &thief, (ROLL, MAILBOX)).await;
    let newer = world.visitor();
    let link = is_mailed(&setup, &newer, (ROLL, MAILBOX), 4).await;

    ends_all_other_sessions(&asha).await;

    done.presses("Sign in as 21CS10001").await;
    assert!(!is_in(&thief).await && !is_in(&other).await);
    // Nor can a proof that was under way move the roll number.
    world.visitor().visits(&link).await.refuses(410);
    let done = proves(&setup, &thief, (ROLL, MAILBOX)).await;
    done.presses("Sign in as 21CS10001").await;
    assert!(is_in(&thief).await);
}

#[tokio::test]
async fn a_mailed_code_signs_nobody_in_after_a_credential_event() {
    let setup = opens().await;
    let (world, _) = &setup;
    let asha = world.visitor();
    let done = proves(&setup, &asha, (ROLL, MAILBOX)).await;
    done.presses("Sign in as 21CS10001").await;
    let asks_for_a_code = async |browser: &Browser| {
        let form = browser.visits("account/login/association/").await;
        form.fills("roll", ROLL).presses("Send me a code").await
    };
    let other = world.visitor();
    let form = asks_for_a_code(&other).await;
    let right = code(&world.mail_to(MAILBOX, 2).await);
    form.fills("code", &right).presses("Sign in").await;
    assert!(is_in(&other).await);
    let thief = world.visitor();
    let form = asks_for_a_code(&thief).await;
    let right = code(&world.mail_to(MAILBOX, 3).await);

    ends_all_other_sessions(&asha).await;

    let late = form.fills("code", &right).presses("Sign in").await;
    late.refuses(400);
    assert!(late.says("while you signed in"), "{}", late.words());
    assert!(!is_in(&thief).await && !is_in(&other).await);
}

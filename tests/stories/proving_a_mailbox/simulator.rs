//! The simulated Leprechaun, requested as browsers and apps do.

use reqwest::{Client, Response, redirect};
use scraper::Html;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::sim::erp::Erp;
use crate::sim::leprechaun::Leprechaun;

const ROLL: &str = "21CS10001";
const BOB: &str = "bob@example.com";
const NOT_VERIFIED: &str = "Not verified! Go into your ERP and ensure that you have put your verifier token in one of the secret questions!";

/// A Leprechaun, the ERP it reads, and a browser that does not follow redirects.
struct Setup {
    erp: Erp,
    leprechaun: Leprechaun,
    http: Client,
}

/// What the first page shows after a start.
struct Begun {
    verifier: String,
    link: String,
}

impl Setup {
    async fn opens() -> Self {
        let erp = Erp::opens().await;
        let leprechaun = Leprechaun::opens(&erp.site.origin, "Bearer abcd").await;
        let http = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            erp,
            leprechaun,
            http,
        }
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") {
            return path.to_owned();
        }
        format!("{}{path}", self.leprechaun.site.origin)
    }

    async fn gets(&self, path: &str) -> Response {
        self.http.get(self.address(path)).send().await.unwrap()
    }

    /// The text of a page; the status is always 200.
    async fn reads(&self, path: &str) -> String {
        page(self.gets(path).await).await
    }

    async fn posts(&self, path: &str, form: &[(&str, &str)]) -> String {
        let request = self.http.post(self.address(path)).form(form);
        page(request.send().await.unwrap()).await
    }

    async fn gets_authorized(&self, path: &str) -> Response {
        let request = self.http.get(self.address(path));
        request
            .header("authorization", "Bearer abcd")
            .send()
            .await
            .unwrap()
    }

    async fn begins(&self, roll: &str, email: &str) -> Begun {
        let text = self
            .posts("/auth", &[("roll", roll), ("email", email)])
            .await;
        assert!(text.contains("Authentication Flow has begun!"), "{text}");
        let link = format!("{}/verify1/", self.leprechaun.site.origin);
        let (_, suffix) = text.split_once(&link).unwrap();
        let (_, verifier) = text.split_once("<code>").unwrap();
        let begun = Begun {
            verifier: verifier[..15].to_owned(),
            link: format!("{link}{}", &suffix[..15]),
        };
        for token in [&begun.verifier, &suffix[..15].to_owned()] {
            let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            assert!(token.chars().all(is_hex), "{token}");
        }
        begun
    }

    /// Sets the text of the second question, as a person does in ERP.
    fn sets_question(&self, text: &str) {
        self.erp
            .changes(ROLL, |person| person.questions[1].0.push_str(text));
    }

    /// The link in the newest of `many` mails.
    fn mailed(&self, many: usize) -> String {
        let letters = self.leprechaun.state().letters.clone();
        assert_eq!(letters.len(), many);
        let letter = letters.last().unwrap();
        assert_eq!(letter.text, letter.html);
        let (words, link) = letter.text.rsplit_once(": ").unwrap();
        assert_eq!(words, "Please visit this URL in a web browser");
        link.to_owned()
    }

    /// Both steps.
    async fn completes(&self, roll: &str, email: &str) {
        let begun = self.begins(roll, email).await;
        self.sets_question(&begun.verifier);
        self.reads(&begun.link).await;
        let letters = self.leprechaun.state().letters.len();
        self.reads(&self.mailed(letters)).await;
    }
}

async fn page(answer: Response) -> String {
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/html; charset=utf-8");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn l01_each_start_makes_its_own_record() {
    let setup = Setup::opens().await;
    let one = setup.begins("12CS40067", BOB).await;
    assert_eq!(setup.leprechaun.state().people.len(), 1);
    let two = setup.begins("12CS40067", BOB).await;
    assert_eq!(setup.leprechaun.state().people.len(), 2);
    assert_ne!(one.verifier, two.verifier);
    assert_ne!(one.link, two.link);
}

#[tokio::test]
async fn l02_without_the_verifier_the_search_ends_after_thirty_requests_at_most() {
    let setup = Setup::opens().await;
    let begun = setup.begins(ROLL, BOB).await;
    assert_eq!(setup.reads(&begun.link).await, NOT_VERIFIED);
    assert!(setup.leprechaun.state().letters.is_empty());
    let request = setup.erp.site.watch.requests.all();
    assert!((1..=30).contains(&request.len()), "{}", request.len());
    for call in request {
        assert_eq!(call.path, "/SSOAdministration/getSecurityQues.htm");
        assert_eq!(call.fields, ["user_id"]);
    }
}

#[tokio::test]
async fn l03_the_exact_verifier_in_a_question_completes_step_one() {
    let setup = Setup::opens().await;
    let begun = setup.begins(ROLL, BOB).await;
    setup.sets_question(&begun.verifier.to_uppercase());
    if begun.verifier != begun.verifier.to_uppercase() {
        assert_eq!(setup.reads(&begun.link).await, NOT_VERIFIED);
    }
    setup.sets_question(&begun.verifier);
    let text = setup.reads(&begun.link).await;
    assert!(text.contains("Step 1 of the Authentication is now complete!"));
    assert!(text.contains(BOB));
    let link = setup.mailed(1);
    let base = format!("{}/verify2/", setup.leprechaun.site.origin);
    assert_eq!(link.strip_prefix(&base).unwrap().len(), 15);
    let letter = setup.leprechaun.state().letters[0].clone();
    assert_eq!(
        letter.subject,
        "Leprechaun Authentication, Step 2 - Email Verification"
    );
    assert_eq!(letter.to, BOB);
}

#[tokio::test]
async fn l04_a_complete_step_one_sends_a_mail_on_every_visit() {
    let setup = Setup::opens().await;
    let begun = setup.begins(ROLL, BOB).await;
    setup.sets_question(&begun.verifier);
    setup.reads(&begun.link).await;
    setup.erp.changes(ROLL, |person| {
        person.questions[1].0 = "Something else?".to_owned();
    });
    let text = setup.reads(&begun.link).await;
    assert!(text.contains("Step 1 of the Authentication is now complete!"));
    assert!(text.contains(" UTC</p>"), "{text}");
    setup.mailed(2);
}

#[tokio::test]
async fn l05_unknown_tokens_get_three_different_messages() {
    let setup = Setup::opens().await;
    for (path, words) in [
        (
            "/verify1/0123456789abcde",
            "That verifier token isn't there in our DB!",
        ),
        (
            "/verify2/0123456789abcde",
            "That email token isn't there in the DB!",
        ),
        (
            "/verify-reset/0123456789abcde",
            "That token doesn't exist in our DB! Check your email once again and ensure you copied the right link",
        ),
    ] {
        assert_eq!(setup.reads(path).await, words);
    }
}

#[tokio::test]
async fn l06_step_two_completes_and_every_visit_updates_the_time() {
    let setup = Setup::opens().await;
    let begun = setup.begins(ROLL, BOB).await;
    setup.sets_question(&begun.verifier);
    setup.reads(&begun.link).await;
    let text = setup.reads(&setup.mailed(1)).await;
    assert!(text.contains("Verification completed!"));
    assert!(text.contains("21CS10001&nbsp;&lt;=&gt;&nbsp;bob@example.com"));
    let moment = async || {
        let answer = setup.gets_authorized("/get/roll/21CS10001").await;
        assert_eq!(answer.status(), 200);
        let record: Value = answer.json().await.unwrap();
        OffsetDateTime::parse(record["authenticated"].as_str().unwrap(), &Rfc3339).unwrap()
    };
    let before = moment().await;
    setup.leprechaun.state().ahead = Duration::hours(1);
    setup.reads(&setup.mailed(1)).await;
    assert!(moment().await >= before + Duration::hours(1));
}

#[tokio::test]
async fn l07_step_two_alone_completes_nothing() {
    let setup = Setup::opens().await;
    setup.begins(ROLL, BOB).await;
    let token = setup.leprechaun.state().people[0].emailtoken.clone();
    setup.reads(&format!("/verify2/{token}")).await;
    assert!(setup.leprechaun.state().people[0].step2complete);
    assert_eq!(
        setup.gets_authorized("/get/roll/21CS10001").await.status(),
        404
    );
}

#[tokio::test]
async fn l08_an_associated_roll_number_cannot_start_again() {
    let setup = Setup::opens().await;
    setup.leprechaun.knows("12CS40067", BOB, Duration::ZERO);
    let roll = "The roll number is already associated";
    let email = "The email is already associated";
    for (typed, words) in [
        (("12CS40067", BOB), roll),
        (("12CS40067", "eve@example.com"), roll),
        (("13CS40067", BOB), email),
    ] {
        let form = [("roll", typed.0), ("email", typed.1)];
        let text = setup.posts("/auth", &form).await;
        assert!(text.contains("Authentication Flow could not be started!"));
        assert!(text.contains(words) && text.contains("href=\"/reset\""));
    }
    assert_eq!(setup.leprechaun.state().people.len(), 1);
}

#[tokio::test]
async fn l09_two_records_of_one_roll_number_can_both_be_complete() {
    let setup = Setup::opens().await;
    let begun = [
        setup.begins(ROLL, BOB).await,
        setup.begins(ROLL, "eve@example.com").await,
    ];
    for (at, begun) in begun.iter().enumerate() {
        setup.sets_question(&begun.verifier);
        setup.reads(&begun.link).await;
        setup.reads(&setup.mailed(at + 1)).await;
    }
    let record: Value = setup
        .gets_authorized("/get/roll/21CS10001")
        .await
        .json()
        .await
        .unwrap();
    let email = record["email"].as_str().unwrap();
    assert!([BOB, "eve@example.com"].contains(&email));
}

#[tokio::test]
async fn l10_without_the_right_header_nothing_is_returned() {
    let setup = Setup::opens().await;
    let request = || setup.http.get(setup.address("/get/roll/12CS40067"));
    let with = |value: &str| request().header("authorization", value);
    for wrong in [
        request(),
        with("abcd"),
        with("bearer abcd"),
        with("Bearer abc"),
    ] {
        let answer = wrong.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; charset=utf-8"
        );
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(
            answer.text().await.unwrap(),
            "OOPS! You are not authenticated. If you would like to use Leprechaun, contact the Metakgp Maintainers. More info at https://wiki.metakgp.org/w/Metakgp:Governance#Current_maintainers\n"
        );
    }
}

#[tokio::test]
async fn l11_other_input_types_are_named_only_with_the_right_header() {
    let setup = Setup::opens().await;
    let answer = setup.gets_authorized("/get/name/x").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(
        answer.text().await.unwrap(),
        "That input type is not allowed! Allowed input types: roll, email\n"
    );
    let visitor = setup.gets("/get/name/x").await.text().await.unwrap();
    assert!(visitor.starts_with("OOPS!"));
}

#[tokio::test]
async fn l12_a_record_is_returned_unchanged_and_found_by_its_exact_case() {
    let setup = Setup::opens().await;
    setup.leprechaun.knows("12CS40067", BOB, Duration::ZERO);
    let at = time::macros::datetime!(2018-01-04 13:12:50 UTC);
    setup.leprechaun.state().people[0].step2completedat = at;
    for path in ["/get/email/bob@example.com", "/get/email/bob%40example.com"] {
        let answer = setup.gets_authorized(path).await;
        let kind = answer.headers()["content-type"].clone();
        assert_eq!(kind, "application/json; charset=utf-8");
        assert_eq!(
            answer.text().await.unwrap(),
            r#"{"authenticated":"2018-01-04T13:12:50Z","email":"bob@example.com","roll":"12CS40067"}"#
        );
    }
    let other = setup.gets_authorized("/get/roll/12cs40067").await;
    assert_eq!(other.status(), 404);
    assert_eq!(
        other.text().await.unwrap(),
        "That record doesn't exist in our database!\n"
    );
}

#[tokio::test]
async fn l13_a_reset_mails_a_link_that_deletes_the_record() {
    let setup = Setup::opens().await;
    setup.completes(ROLL, BOB).await;
    setup.begins("22ME10002", "zoya@example.com").await;
    setup.leprechaun.state().letters.clear();

    let text = setup.posts("/reset/roll", &[("key", ROLL)]).await;
    assert!(text.contains("Reset has begun!") && text.contains("bob@exxxxxxxxom"));
    assert_eq!(
        setup.leprechaun.state().letters[0].subject,
        "Leprechaun Reset - Verification"
    );
    let text = setup.reads(&setup.mailed(1)).await;
    assert!(text.contains("Reset Completed!") && text.contains(ROLL) && text.contains(BOB));
    let state = setup.leprechaun.state().clone();
    assert_eq!(state.people.len(), 1);
    assert!(state.resets.is_empty());
}

#[test]
fn l14_addresses_are_redacted_in_the_middle() {
    use crate::sim::leprechaun::people::redacted;
    for (address, shown) in [
        ("alice@kgpian.iitkgp.ac.in", "alxce@kgxxxxxxxxxxxxxxxin"),
        ("bob@example.com", "bob@exxxxxxxxom"),
        ("aaaaaa@b.in", "xxaaaa@b.in"),
    ] {
        assert_eq!(redacted(address), shown);
    }
}

#[tokio::test]
async fn l15_a_reset_with_another_parameter_finds_nothing_and_escapes_its_echo() {
    let setup = Setup::opens().await;
    setup.leprechaun.knows("12CS40067", BOB, Duration::ZERO);
    let answer = setup.posts("/reset/$where", &[("key", "1")]).await;
    assert_eq!(
        answer,
        "1 is not associated with any authenticated person in our DB!"
    );
    let answer = setup.posts("/reset/roll", &[("key", "<script>")]).await;
    assert!(answer.starts_with("&lt;script&gt; is not associated"));
    let shown = Html::parse_document(&answer);
    assert!(
        shown
            .root_element()
            .text()
            .collect::<String>()
            .contains("<script>")
    );
    assert!(setup.leprechaun.state().letters.is_empty());
}

#[tokio::test]
async fn l16_a_trailing_slash_redirects_to_the_address_without() {
    let setup = Setup::opens().await;
    let answer = setup.gets("/reset/").await;
    assert_eq!(answer.status(), 301);
    assert_eq!(answer.headers()["location"], "/reset");
}

//! What happens to a sign-in when the JIIT portal changes its protocol or fails.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Jiit;
use crate::sim::kit::fault::Fault;
use crate::support::upstream::{Mutation, Outcome, UPSTREAM_TIMEOUT, check_mutations};

const CAPTCHA: &str = "/StudentPortalAPI/token/getcaptcha";
const FIRST: &str = "/StudentPortalAPI/token/pretoken-check";
const SECOND: &str = "/StudentPortalAPI/token/generatewebtoken";
const RECORD: &str = "/StudentPortalAPI/studentpersinfo/getstudent-personalinformation";

const YES: &str =
    r#"{"status":{"responseStatus":"Success","errors":null,"identifier":null},"response":{}}"#;
const UNEXPECTED: &str = "The portal answered unexpectedly";
const SOMEBODY_ELSE: &str = "We could not sign you in with this portal account.";

fn fails(jiit: &Jiit, path: &str, fault: Fault) {
    jiit.site.watch.faults.set(path, fault);
}

fn says(text: &str) -> Fault {
    Fault::Says("application/json", text.to_owned())
}

/// The correct answer with one member of `regdata` changed.
fn regdata(change: fn(&mut Value)) -> Fault {
    Fault::Rewrites(Arc::new(move |text| {
        let mut reply: Value = serde_json::from_str(&text).unwrap();
        change(&mut reply["response"]["regdata"]);
        reply.to_string()
    }))
}

fn renamed(from: &str, to: &str) -> Fault {
    Fault::replace(&format!("\"{from}\":"), &format!("\"{to}\":"))
}

#[tokio::test]
async fn thirty_changes_of_the_portal_sign_nobody_in_by_mistake() {
    let changed = |name, changes| Mutation {
        name,
        changes,
        outcome: Outcome::ConnectorClosed,
    };
    let away = |name, changes| Mutation {
        name,
        changes,
        outcome: Outcome::Unavailable,
    };
    let refused = |name, changes, words| Mutation {
        name,
        changes,
        outcome: Outcome::Refused(words),
    };
    let no_matter = |name, changes| Mutation {
        name,
        changes,
        outcome: Outcome::SignedIn,
    };
    check_mutations::<Jiit>(vec![
        // The captcha.
        changed("the picture's name is called otherwise", |it| {
            fails(it, CAPTCHA, renamed("hidden", "captchaid"));
        }),
        changed("the picture is no picture", |it| {
            let page = "PGh0bWw+PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0PjwvaHRtbD4=";
            let text = json!({
                "status": { "responseStatus": "Success" },
                "response": { "captcha": { "captcha": "", "hidden": "AAAAAAAAAAE=", "image": page } },
            });
            fails(it, CAPTCHA, says(&text.to_string()));
        }),
        changed("the picture is ten megabytes", |it| {
            let image = "A".repeat(3 << 20);
            let text = json!({
                "status": { "responseStatus": "Success" },
                "response": { "captcha": { "captcha": "", "hidden": "AAAAAAAAAAE=", "image": image } },
            });
            fails(it, CAPTCHA, says(&text.to_string()));
        }),
        changed("a page where the picture was", |it| fails(it, CAPTCHA, Fault::Html)),
        away("no picture in time", |it| {
            fails(it, CAPTCHA, Fault::Late(UPSTREAM_TIMEOUT * 3));
        }),
        away("nothing where the picture was", |it| fails(it, CAPTCHA, Fault::Empty)),
        // Every call.
        away("asked too often", |it| fails(it, FIRST, Fault::Status(429))),
        away("too busy", |it| fails(it, "", Fault::Status(503))),
        away("temporarily unavailable, as it says itself", |it| {
            fails(it, FIRST, Fault::Status(513));
        }),
        away("a body without end", |it| fails(it, FIRST, Fault::Endless)),
        away("half an answer", |it| fails(it, SECOND, Fault::Cut)),
        away("a slow drip", |it| fails(it, FIRST, Fault::Drip)),
        away("a slow drip at the end", |it| fails(it, SECOND, Fault::Drip)),
        away("hung up on", |it| fails(it, SECOND, Fault::Close)),
        changed("a page of errors", |it| fails(it, FIRST, Fault::Status(500))),
        changed("a page under maintenance", |it| fails(it, SECOND, Fault::Html)),
        changed("bytes that are no text", |it| fails(it, FIRST, Fault::Garbage)),
        changed("sent elsewhere", |it| {
            fails(it, FIRST, Fault::Redirect("https://evil.example/token".to_owned()));
        }),
        changed("sent in a circle", |it| fails(it, SECOND, Fault::Loop)),
        changed("gone from there", |it| fails(it, SECOND, Fault::Status(404))),
        refused(
            "nothing for the first phase",
            |it| fails(it, FIRST, Fault::Empty),
            UNEXPECTED,
        ),
        refused(
            "nothing for the second phase",
            |it| fails(it, SECOND, Fault::Empty),
            UNEXPECTED,
        ),
        // The first phase.
        changed("yes to everybody, at first", |it| fails(it, FIRST, says(YES))),
        changed("the link of the phases is called otherwise", |it| {
            fails(it, FIRST, renamed("random", "nonce"));
        }),
        changed("status is a word", |it| {
            fails(it, FIRST, says(r#"{"status":"ok","response":{}}"#));
        }),
        changed("neither yes nor no", |it| {
            fails(it, FIRST, Fault::replace("Success", "Perhaps"));
        }),
        changed("a framework's error", |it| {
            let error = r#"{"timestamp":1,"status":400,"error":"Bad Request","path":"/"}"#;
            fails(it, FIRST, says(error));
        }),
        refused(
            "one-time codes for all",
            |it| fails(it, FIRST, Fault::replace("PWD", "otp")),
            "This account uses one-time codes",
        ),
        refused(
            "another number's first phase",
            |it| fails(it, FIRST, Fault::replace("22000001", "99000002")),
            SOMEBODY_ELSE,
        ),
        refused(
            "another captcha in front of it",
            |it| {
                let no = r#"{"status":{"responseStatus":"Failure","errors":["Solve the new challenge"]},"response":null}"#;
                fails(it, FIRST, says(no));
            },
            UNEXPECTED,
        ),
        // The second phase.
        changed("yes to everybody", |it| fails(it, SECOND, says(YES))),
        changed("yes to everybody, and a name", |it| {
            let yes = r#"{"status":{"responseStatus":"Success"},"response":{"regdata":{"enrollmentno":"22000001","name":"ASHA RAO"}}}"#;
            fails(it, SECOND, says(yes));
        }),
        changed("the member number is called otherwise", |it| {
            fails(it, SECOND, renamed("memberid", "memberno"));
        }),
        changed("the token is no token", |it| {
            fails(it, SECOND, regdata(|data| data["token"] = json!("opaque")));
        }),
        changed("the data stand elsewhere", |it| {
            fails(it, SECOND, renamed("regdata", "data"));
        }),
        changed("wants a session to begin one", |it| {
            fails(it, SECOND, says(r#"{"status":401,"error":"Unauthorized"}"#));
        }),
        // About one person; the protocol is unchanged.
        refused(
            "the number is called otherwise",
            |it| fails(it, SECOND, renamed("enrollmentno", "rollno")),
            SOMEBODY_ELSE,
        ),
        refused(
            "no member number of theirs yet",
            |it| fails(it, SECOND, regdata(|data| data["memberid"] = Value::Null)),
            SOMEBODY_ELSE,
        ),
        no_matter("no name of theirs", |it| {
            fails(it, SECOND, regdata(|data| data["name"] = Value::Null));
        }),
        no_matter("an institute without a name", |it| {
            fails(it, SECOND, regdata(|data| data["institutelist"][0]["label"] = Value::Null));
        }),
        refused(
            "no number of theirs yet",
            |it| fails(it, SECOND, regdata(|data| data["enrollmentno"] = Value::Null)),
            SOMEBODY_ELSE,
        ),
        refused(
            "another number's data",
            |it| fails(it, SECOND, regdata(|data| data["enrollmentno"] = json!("99000002"))),
            SOMEBODY_ELSE,
        ),
        refused(
            "a parent's data",
            |it| fails(it, SECOND, regdata(|data| data["membertype"] = json!("P"))),
            SOMEBODY_ELSE,
        ),
        refused(
            "one more code",
            |it| fails(it, SECOND, Fault::replace(r#""OTP":"N""#, r#""OTP":"Y""#)),
            "This account uses one-time codes",
        ),
        // Changes that do not concern the sign-in.
        no_matter("further members", |it| {
            fails(it, SECOND, Fault::replace(r#""regdata":{"#, r#""new":[{}],"regdata":{"more":1,"#));
        }),
        no_matter("no institute", |it| {
            fails(it, SECOND, regdata(|data| data["institutelist"] = json!([])));
        }),
        no_matter("the record is gone", |it| fails(it, RECORD, Fault::Status(404))),
        no_matter("the record comes late", |it| {
            fails(it, RECORD, Fault::Late(Duration::from_mins(1)));
        }),
        no_matter("the record is somebody else's", |it| {
            fails(it, RECORD, Fault::replace("22000001", "99000002"));
        }),
        no_matter("the record is full of other things", |it| {
            let odd = r#"{"status":{"responseStatus":"Success"},"response":{"generalinformation":{"registrationno":22000001,"studentname":["x"],"programcode":{"a":1},"branch":null,"admissionyear":99999,"gender":7,"studentemailid":"\u0000"}}}"#;
            fails(it, RECORD, says(odd));
        }),
    ])
    .await;
}

#[tokio::test]
async fn a_portal_with_an_untrusted_certificate_gets_no_request() {
    let (jiit, other) = (Jiit::opens().await, Jiit::opens().await);
    let world = other.trusted(crate::support::World::plan());
    let world = world.set("PROFILES_JIIT_URL", &jiit.base()).opens().await;

    let page = world.visitor().visits(super::FORM).await;

    assert_eq!(page.status, 503);
    assert!(page.says("is not answering"), "{}", page.words());
    assert_eq!(jiit.site.watch.requests.all().len(), 0);
}

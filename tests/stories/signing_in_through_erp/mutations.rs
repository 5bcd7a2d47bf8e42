//! What happens to a sign-in when ERP changes its protocol, fails or is impersonated: nobody is signed in by mistake,
//! and every request ends in time.

use serde_json::json;

use super::{ANSWER, PASSWORD, at_credentials, enters, gives, is_in, plan, signs_in};
use crate::sim::erp::Erp;
use crate::sim::erp::knobs::QuestionMode;
use crate::sim::kit::authority::Authority;
use crate::sim::kit::fault::Fault;
use crate::support::database::cluster;
use crate::support::upstream::{Mutation, Outcome, Portal, check_mutations};
use crate::support::world::Plan;
use crate::support::{Browser, Page, World};

const DOOR: &str = "/IIT_ERP3/";
const LOGIN: &str = "/SSOAdministration/login.htm";
const QUESTION: &str = "/SSOAdministration/getSecurityQues.htm";
const SEND_CODE: &str = "/SSOAdministration/getEmilOTP.htm";
const AUTH: &str = "/SSOAdministration/auth.htm";
const SUCCESS: &str = "/SSOAdministration/success.htm";

impl Portal for Erp {
    const SLUG: &'static str = "erp";
    const MAX_REQUESTS: u32 = 8;

    async fn opens() -> Self {
        super::erp().await
    }

    fn plan(&self, plan: Plan) -> Plan {
        plan.set("PROFILES_ERP_URL", &self.site.origin)
    }

    async fn sign_in(&self, browser: &Browser) -> Page {
        let mut page = at_credentials(browser, super::ASHA).await;
        if page.offers("input[name=answer]") {
            page = gives(page, PASSWORD, ANSWER).await;
        }
        if page.offers("input[name=code]") {
            page = enters(page, &self.code(super::ASHA)).await;
        }
        page
    }
}

/// Sets a fault on one path.
fn at(erp: &Erp, path: &str, fault: &str) {
    erp.site.watch.faults.set(path, fault.parse().unwrap());
}

fn says(erp: &Erp, path: &str, body: &str) {
    erp.site.watch.faults.set(
        path,
        Fault::Says("text/html;charset=UTF-8", body.to_owned()),
    );
}

fn redirects(erp: &Erp, path: &str, to: &str) {
    erp.site
        .watch
        .faults
        .set(path, Fault::Redirect(to.to_owned()));
}

fn msg(erp: &Erp, msg: &str) {
    says(erp, SEND_CODE, &json!({ "msg": msg }).to_string());
}

fn rewrites(erp: &Erp, path: &str, from: &str, to: &str) {
    erp.site.watch.faults.set(path, Fault::replace(from, to));
}

fn token() -> String {
    "A".repeat(140)
}

const fn mutation(name: &'static str, changes: fn(&Erp), outcome: Outcome) -> Mutation<Erp> {
    Mutation {
        name,
        changes,
        outcome,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_changes_of_erp_sign_nobody_in() {
    use Outcome::{ConnectorClosed, Refused, SignedIn, Unavailable};
    check_mutations(vec![
        // The start page and the login page.
        mutation(
            "the door has a fault",
            |it| at(it, DOOR, "500"),
            Unavailable,
        ),
        mutation("the door is shut", |it| at(it, DOOR, "close"), Unavailable),
        mutation(
            "the door does not open in time",
            |it| at(it, DOOR, "late"),
            Unavailable,
        ),
        mutation(
            "a notice hangs at the door",
            |it| at(it, DOOR, "html"),
            ConnectorClosed,
        ),
        mutation(
            "the door is gone",
            |it| at(it, DOOR, "404"),
            ConnectorClosed,
        ),
        mutation(
            "the door leads to itself",
            |it| at(it, DOOR, "loop"),
            ConnectorClosed,
        ),
        mutation(
            "the door leads elsewhere",
            |it| redirects(it, DOOR, "https://erp.example/SSOAdministration/login.htm"),
            ConnectorClosed,
        ),
        mutation(
            "the door leads to a script",
            |it| redirects(it, DOOR, "javascript:alert(1)"),
            ConnectorClosed,
        ),
        mutation(
            "the login page drips",
            |it| at(it, LOGIN, "drip"),
            Unavailable,
        ),
        mutation(
            "the login page never ends",
            |it| at(it, LOGIN, "endless"),
            Unavailable,
        ),
        mutation(
            "the login page breaks off",
            |it| at(it, LOGIN, "cut"),
            Unavailable,
        ),
        mutation(
            "the token has another name",
            |it| {
                rewrites(it, DOOR, "sessionToken", "sessionTicket");
                rewrites(it, LOGIN, "sessionToken", "sessionTicket");
            },
            ConnectorClosed,
        ),
        mutation(
            "the login page says nothing, but its address does",
            |it| at(it, LOGIN, "empty"),
            SignedIn,
        ),
        // The question.
        mutation(
            "the question is a fault",
            |it| at(it, QUESTION, "502"),
            Unavailable,
        ),
        mutation(
            "the question comes too late",
            |it| at(it, QUESTION, "late"),
            Unavailable,
        ),
        mutation(
            "the question is a page",
            |it| at(it, QUESTION, "html"),
            ConnectorClosed,
        ),
        mutation(
            "the question is no text",
            |it| at(it, QUESTION, "garbage"),
            ConnectorClosed,
        ),
        mutation(
            "the question is a novel",
            |it| says(it, QUESTION, &"Why? ".repeat(200)),
            ConnectorClosed,
        ),
        mutation(
            "the question is elsewhere",
            |it| redirects(it, QUESTION, LOGIN),
            ConnectorClosed,
        ),
        mutation(
            "the question is of nobody",
            |it| says(it, QUESTION, "FALSE"),
            Refused("does not know this roll number"),
        ),
        // The code.
        mutation(
            "the code has a fault",
            |it| at(it, SEND_CODE, "500"),
            Unavailable,
        ),
        mutation(
            "the code's answer drips",
            |it| at(it, SEND_CODE, "drip"),
            Unavailable,
        ),
        mutation(
            "the code's answer is a page",
            |it| at(it, SEND_CODE, "html"),
            ConnectorClosed,
        ),
        mutation(
            "the code's answer is no text",
            |it| at(it, SEND_CODE, "garbage"),
            ConnectorClosed,
        ),
        mutation(
            "the message has another name",
            |it| rewrites(it, SEND_CODE, "\"msg\"", "\"message\""),
            ConnectorClosed,
        ),
        mutation(
            "the message is a list",
            |it| says(it, SEND_CODE, "[\"OTP has been sent\"]"),
            ConnectorClosed,
        ),
        mutation(
            "there is a captcha now",
            |it| msg(it, "Captcha mismatch."),
            Refused("could not send the code"),
        ),
        mutation(
            "the message is empty",
            |it| msg(it, ""),
            Refused("could not send the code"),
        ),
        // The token.
        mutation(
            "the proof has a fault",
            |it| at(it, AUTH, "500"),
            Unavailable,
        ),
        mutation(
            "the proof is not answered",
            |it| at(it, AUTH, "close"),
            Unavailable,
        ),
        mutation(
            "the proof is a page",
            |it| at(it, AUTH, "html"),
            ConnectorClosed,
        ),
        mutation(
            "the proof is yes",
            |it| says(it, AUTH, "OK"),
            ConnectorClosed,
        ),
        mutation(
            "the proof is forbidden",
            |it| at(it, AUTH, "403"),
            Unavailable,
        ),
        mutation(
            "the proof leads in circles",
            |it| at(it, AUTH, "loop"),
            ConnectorClosed,
        ),
        mutation(
            "the proof leads in without a token",
            |it| redirects(it, AUTH, DOOR),
            Refused("This sign-in has expired"),
        ),
        mutation(
            "the proof leads elsewhere with a token",
            |it| {
                redirects(
                    it,
                    AUTH,
                    &format!("https://evil.example/IIT_ERP3/?ssoToken={}", token()),
                );
            },
            ConnectorClosed,
        ),
        mutation(
            "the proof is a token that opens nothing",
            |it| {
                says(
                    it,
                    AUTH,
                    &format!(
                        "<script>location='/IIT_ERP3/?ssoToken={}'</script>",
                        token()
                    ),
                );
            },
            ConnectorClosed,
        ),
        mutation(
            "the proof is the login page with a token on it",
            |it| {
                says(
                    it,
                    AUTH,
                    &format!("<form id=loginForm>/IIT_ERP3/?ssoToken={}</form>", token()),
                );
            },
            Refused("ERP did not accept the sign-in"),
        ),
        mutation(
            "success has a fault",
            |it| at(it, SUCCESS, "503"),
            Unavailable,
        ),
        mutation(
            "success hands over half a token",
            |it| redirects(it, SUCCESS, "/IIT_ERP3/?ssoToken=ABC"),
            Refused("This sign-in has expired"),
        ),
        // Every path.
        mutation("everything is a fault", |it| at(it, "", "500"), Unavailable),
        mutation(
            "everything is a page",
            |it| at(it, "", "html"),
            ConnectorClosed,
        ),
        mutation(
            "everything is yes",
            |it| says(it, "", "{\"msg\":\"OTP has been sent\"}"),
            ConnectorClosed,
        ),
        mutation(
            "everything leads in with a token",
            |it| redirects(it, "", &format!("/IIT_ERP3/?ssoToken={}", token())),
            ConnectorClosed,
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_erp_with_an_untrusted_certificate_gets_no_request() {
    let (authority, other) = (Authority::new(), Authority::new());
    let erp = Erp::opens_with(Some(&authority)).await;
    erp.turns(|knobs| knobs.question_mode = QuestionMode::Fixed);
    let file = |authority: &Authority| {
        let file = authority.file(&cluster().folder());
        file.to_str().unwrap().to_owned()
    };

    for ca_file in [String::new(), file(&other)] {
        let world = plan(&erp)
            .set("PROFILES_ERP_CA_FILE", &ca_file)
            .opens()
            .await;
        let page = at_credentials(&world.visitor(), super::ASHA).await;
        page.shows("ERP is not answering.");
    }
    assert!(erp.site.watch.requests.all().is_empty());

    let world: World = plan(&erp)
        .set("PROFILES_ERP_CA_FILE", &file(&authority))
        .opens()
        .await;
    let browser = world.visitor();
    signs_in(&erp, &browser).await;
    assert!(is_in(&browser).await);
}

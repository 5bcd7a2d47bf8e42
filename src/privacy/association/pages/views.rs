//! The pages' data.

use serde::Serialize;

use super::super::model::ProofClaim;
use crate::connectors::StepState;
use crate::platform::web::{FormAction, Page};

#[derive(Debug, Serialize)]
pub(super) struct StartProofPage {
    pub steps: Vec<ProofStepView>,
    pub action: String,
    pub next: String,
    pub roll: ProofFormField,
    pub email: ProofFormField,
    pub allows_look_ups: bool,
    /// The signed-in account that gains the identity; none if nobody is signed in.
    pub account: Option<String>,
    /// The sign-in page for people with an association; none for a signed-in person.
    pub by_code: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ProofStepView {
    pub label: &'static str,
    pub state: StepState,
}

/// A field with the typed value and its error.
#[derive(Debug, Default, Serialize)]
pub(super) struct ProofFormField {
    pub value: String,
    pub error: Option<String>,
    pub locked: bool,
}

/// The claim, as every screen shows it.
#[derive(Debug, Serialize)]
pub(super) struct ClaimView {
    pub roll: String,
    pub email: String,
    /// The signed-in account that gains the identity; none: the roll number's account.
    pub account: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ProofInstructionsPage {
    pub steps: Vec<ProofStepView>,
    pub claimed: ClaimView,
    pub verifier: String,
    pub portal: String,
    pub until: String,
    pub check: String,
    pub cancel: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ProofMailedPage {
    pub steps: Vec<ProofStepView>,
    pub claimed: ClaimView,
    pub until: String,
    pub mail: String,
    pub cancel: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ConfirmProofPage {
    pub claimed: ClaimView,
    pub action: String,
    pub token: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ProofDonePage {
    pub steps: Vec<ProofStepView>,
    pub claimed: ClaimView,
    pub verifier: String,
    /// Where the browser that began continues; none in another browser.
    pub enter: Option<String>,
    /// Whether continuing signs in.
    pub signs_in: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct OwnAssociationsPage {
    pub associations: Vec<AssociationView>,
    pub save: String,
    pub again: String,
    pub ways_in: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AssociationView {
    pub roll: String,
    pub email: String,
    pub since: String,
    pub allows_look_ups: bool,
}

impl Page for StartProofPage {
    const TEMPLATE: &'static str = "association/start.html";

    fn title(&self) -> String {
        "Prove your roll number".to_owned()
    }
}

impl Page for ProofInstructionsPage {
    const TEMPLATE: &'static str = "association/instructions.html";

    fn title(&self) -> String {
        "Change a security question".to_owned()
    }
}

impl Page for ProofMailedPage {
    const TEMPLATE: &'static str = "association/mailed.html";

    fn title(&self) -> String {
        "Read your mail".to_owned()
    }
}

impl Page for ConfirmProofPage {
    const TEMPLATE: &'static str = "association/confirm.html";

    fn title(&self) -> String {
        "Is this mailbox yours?".to_owned()
    }
}

impl Page for ProofDonePage {
    const TEMPLATE: &'static str = "association/done.html";

    fn title(&self) -> String {
        "It is proved".to_owned()
    }

    /// The sign-in may end with a redirect to an app, after the consent page.
    fn form_action(&self) -> FormAction {
        FormAction::Anywhere
    }
}

impl Page for OwnAssociationsPage {
    const TEMPLATE: &'static str = "association/mine.html";

    fn title(&self) -> String {
        "Roll number and mailbox".to_owned()
    }
}

/// The screens in order.
pub(super) const STEPS: [&str; 4] = ["Roll number", "Security question", "Mailbox", "Done"];

pub(super) fn steps(now: usize) -> Vec<ProofStepView> {
    let state = |at: usize| match at.cmp(&now) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => StepState::Now,
        std::cmp::Ordering::Greater => StepState::Later,
    };
    let steps = STEPS.iter().enumerate();
    steps
        .map(|(at, label)| ProofStepView {
            label,
            state: state(at),
        })
        .collect()
}

impl ClaimView {
    pub(super) fn of(claim: &ProofClaim, account: Option<String>) -> Self {
        Self {
            roll: claim.roll.clone(),
            email: claim.email.clone(),
            account,
        }
    }
}

#[cfg(test)]
pub(in super::super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let mut samples = screens();
        samples.extend(answers());
        samples
    }

    fn claimed(account: bool) -> ClaimView {
        ClaimView {
            roll: "12CS40067".to_owned(),
            email: "asha@kgpian.iitkgp.ac.in".to_owned(),
            account: account.then(|| "asha".to_owned()),
        }
    }

    const BOTH: [bool; 2] = [false, true];

    fn screens() -> Vec<PageSample> {
        let start = BOTH.map(|full| {
            let field = |wrong: &str| ProofFormField {
                value: if full { "typed" } else { "" }.to_owned(),
                error: full.then(|| wrong.to_owned()),
                locked: false,
            };
            PageSample::of(&StartProofPage {
                steps: steps(0),
                action: "/association/begin/".to_owned(),
                next: if full { "/user/" } else { "" }.to_owned(),
                roll: field("A roll number has nine characters."),
                email: field("Type a whole mail address."),
                allows_look_ups: full,
                account: full.then(|| "asha".to_owned()),
                by_code: (!full).then(|| "/account/login/association/".to_owned()),
            })
        });
        let instructions = BOTH.map(|account| {
            PageSample::of(&ProofInstructionsPage {
                steps: steps(1),
                claimed: claimed(account),
                verifier: "sso-abcdefghij2345672345".to_owned(),
                portal: "https://erp.example/IIT_ERP3/".to_owned(),
                until: "18:05".to_owned(),
                check: "/association/check/".to_owned(),
                cancel: "/association/cancel/".to_owned(),
            })
        });
        let mailed = PageSample::of(&ProofMailedPage {
            steps: steps(2),
            claimed: claimed(false),
            until: "18:05".to_owned(),
            mail: "/association/mail/".to_owned(),
            cancel: "/association/cancel/".to_owned(),
        });
        let screens = start.into_iter().chain(instructions);
        screens.chain([mailed]).collect()
    }

    fn answers() -> Vec<PageSample> {
        let confirm = BOTH.map(|account| {
            PageSample::of(&ConfirmProofPage {
                claimed: claimed(account),
                action: "/association/confirm/".to_owned(),
                token: "abc".to_owned(),
            })
        });
        let done =
            [(false, false), (true, false), (true, true)].map(|(in_own_browser, signs_in)| {
                PageSample::of(&ProofDonePage {
                    steps: steps(STEPS.len()),
                    claimed: claimed(!signs_in),
                    verifier: "sso-abcdefghij2345672345".to_owned(),
                    enter: in_own_browser.then(|| "/association/enter/".to_owned()),
                    signs_in,
                })
            });
        let mine = BOTH.map(|allows_look_ups| {
            PageSample::of(&OwnAssociationsPage {
                associations: vec![AssociationView {
                    roll: "12CS40067".to_owned(),
                    email: "asha@kgpian.iitkgp.ac.in".to_owned(),
                    since: "21 Nov 2026".to_owned(),
                    allows_look_ups,
                }],
                save: "/association/look-ups/".to_owned(),
                again: "/association/?again=1".to_owned(),
                ways_in: "/user/ways-in/".to_owned(),
            })
        });
        let answers = confirm.into_iter().chain(done).chain(mine);
        answers.collect()
    }
}

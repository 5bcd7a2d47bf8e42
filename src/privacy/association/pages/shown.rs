//! What the screens show.

use serde::Serialize;

use super::super::model::Claim;
use crate::connectors::StepState;
use crate::platform::web::{FormAction, Page};

#[derive(Debug, Serialize)]
pub(super) struct StartPage {
    pub steps: Vec<Step>,
    pub action: String,
    pub next: String,
    pub roll: Field,
    pub email: Field,
    pub allows_look_ups: bool,
    /// Who gains a way to sign in; none for a stranger.
    pub account: Option<String>,
    /// Where somebody signs in who did this before; none for who is signed in.
    pub by_code: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub label: &'static str,
    pub state: StepState,
}

/// A field with what was typed, and what is wrong with it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Field {
    pub value: String,
    pub error: Option<String>,
    pub locked: bool,
}

/// What is being proved, as every screen says it.
#[derive(Debug, Serialize)]
pub(super) struct Claimed {
    pub roll: String,
    pub email: String,
    /// Who gains a way to sign in; none: the account of the roll number.
    pub account: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct InstructionsPage {
    pub steps: Vec<Step>,
    pub claimed: Claimed,
    pub verifier: String,
    pub portal: String,
    pub until: String,
    pub check: String,
    pub cancel: String,
}

#[derive(Debug, Serialize)]
pub(super) struct MailedPage {
    pub steps: Vec<Step>,
    pub claimed: Claimed,
    pub until: String,
    pub mail: String,
    pub cancel: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ConfirmPage {
    pub claimed: Claimed,
    pub action: String,
    pub token: String,
}

#[derive(Debug, Serialize)]
pub(super) struct DonePage {
    pub steps: Vec<Step>,
    pub claimed: Claimed,
    pub verifier: String,
    /// Where its own browser goes on; none in another one.
    pub enter: Option<String>,
    /// Whether that signs in.
    pub signs_in: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct MinePage {
    pub associations: Vec<ShownAssociation>,
    pub save: String,
    pub again: String,
    pub ways_in: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ShownAssociation {
    pub roll: String,
    pub email: String,
    pub since: String,
    pub allows_look_ups: bool,
}

impl Page for StartPage {
    const TEMPLATE: &'static str = "association/start.html";

    fn title(&self) -> String {
        "Prove your roll number".to_owned()
    }
}

impl Page for InstructionsPage {
    const TEMPLATE: &'static str = "association/instructions.html";

    fn title(&self) -> String {
        "Change a security question".to_owned()
    }
}

impl Page for MailedPage {
    const TEMPLATE: &'static str = "association/mailed.html";

    fn title(&self) -> String {
        "Read your mail".to_owned()
    }
}

impl Page for ConfirmPage {
    const TEMPLATE: &'static str = "association/confirm.html";

    fn title(&self) -> String {
        "Is this mailbox yours?".to_owned()
    }
}

impl Page for DonePage {
    const TEMPLATE: &'static str = "association/done.html";

    fn title(&self) -> String {
        "It is proved".to_owned()
    }

    /// The sign-in may end at an app, past the consent page.
    fn form_action(&self) -> FormAction {
        FormAction::Anywhere
    }
}

impl Page for MinePage {
    const TEMPLATE: &'static str = "association/mine.html";

    fn title(&self) -> String {
        "Roll number and mailbox".to_owned()
    }
}

/// The screens in their order.
pub(super) const STEPS: [&str; 4] = ["Roll number", "Security question", "Mailbox", "Done"];

pub(super) fn steps(now: usize) -> Vec<Step> {
    let state = |at: usize| match at.cmp(&now) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => StepState::Now,
        std::cmp::Ordering::Greater => StepState::Later,
    };
    let steps = STEPS.iter().enumerate();
    steps
        .map(|(at, label)| Step {
            label,
            state: state(at),
        })
        .collect()
}

impl Claimed {
    pub(super) fn of(claim: &Claim, account: Option<String>) -> Self {
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
    use crate::platform::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let mut samples = screens();
        samples.extend(answers());
        samples
    }

    fn claimed(account: bool) -> Claimed {
        Claimed {
            roll: "12CS40067".to_owned(),
            email: "asha@kgpian.iitkgp.ac.in".to_owned(),
            account: account.then(|| "asha".to_owned()),
        }
    }

    const BOTH: [bool; 2] = [false, true];

    fn screens() -> Vec<Sample> {
        let start = BOTH.map(|full| {
            let field = |wrong: &str| Field {
                value: if full { "typed" } else { "" }.to_owned(),
                error: full.then(|| wrong.to_owned()),
                locked: false,
            };
            Sample::of(&StartPage {
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
            Sample::of(&InstructionsPage {
                steps: steps(1),
                claimed: claimed(account),
                verifier: "sso-abcdefghij2345672345".to_owned(),
                portal: "https://erp.example/IIT_ERP3/".to_owned(),
                until: "18:05".to_owned(),
                check: "/association/check/".to_owned(),
                cancel: "/association/cancel/".to_owned(),
            })
        });
        let mailed = Sample::of(&MailedPage {
            steps: steps(2),
            claimed: claimed(false),
            until: "18:05".to_owned(),
            mail: "/association/mail/".to_owned(),
            cancel: "/association/cancel/".to_owned(),
        });
        let screens = start.into_iter().chain(instructions);
        screens.chain([mailed]).collect()
    }

    fn answers() -> Vec<Sample> {
        let confirm = BOTH.map(|account| {
            Sample::of(&ConfirmPage {
                claimed: claimed(account),
                action: "/association/confirm/".to_owned(),
                token: "abc".to_owned(),
            })
        });
        let done = [(false, false), (true, false), (true, true)].map(|(here, signs_in)| {
            Sample::of(&DonePage {
                steps: steps(STEPS.len()),
                claimed: claimed(!signs_in),
                verifier: "sso-abcdefghij2345672345".to_owned(),
                enter: here.then(|| "/association/enter/".to_owned()),
                signs_in,
            })
        });
        let mine = BOTH.map(|allows_look_ups| {
            Sample::of(&MinePage {
                associations: vec![ShownAssociation {
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

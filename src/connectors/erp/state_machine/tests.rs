//! Tests of the state machine of a sign-in through ERP.

use super::*;
use crate::connectors::erp::reply::SsoToken;

const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
const QUESTION: &str = "What was your first pet called?";

/// A state machine and its time, driven by the tests.
struct LoginDriver {
    machine: ErpMachine,
    now: Timestamp,
}

impl LoginDriver {
    fn new() -> Self {
        Self {
            machine: ErpMachine::new(false, NOW),
            now: NOW,
        }
    }

    fn submit(&mut self, typed: &[(&str, &str)]) -> ErpTransition {
        let stage = self.machine.stage;
        let prompt = match stage {
            ErpStage::Roll => self.machine.forms().roll_prompt(),
            ErpStage::Credentials => self.machine.forms().credentials_prompt(),
            ErpStage::Code => self.machine.forms().code_prompt(),
            ErpStage::Conflict => self.machine.forms().conflict_prompt(),
        };
        let value = |name: &str| {
            typed
                .iter()
                .find(|(known, _)| *known == name)
                .map_or("", |it| it.1)
        };
        let answers = Answers::to(&prompt, |name| value(name).to_owned());
        self.machine.handle_answers(&answers, self.now)
    }

    fn press(&mut self, button: &'static str) -> ErpTransition {
        self.machine
            .handle_answers(&Answers::alternatives_for(button), self.now)
    }

    fn handle_event(&mut self, event: ErpEvent) -> ErpTransition {
        self.machine.handle_event(event, self.now)
    }

    fn submit_credentials(&mut self) -> ErpTransition {
        self.submit(&[(PASSWORD, "secret"), (ANSWER, "Bhola")])
    }

    fn submit_code(&mut self) -> ErpTransition {
        self.submit(&[(CODE, "123456")])
    }

    fn code_reply(&mut self, reply: SendCodeReply) -> ErpTransition {
        self.handle_event(ErpEvent::CodeReply(reply))
    }

    fn sign_in_reply(&mut self, reply: SignInReply) -> ErpTransition {
        self.handle_event(ErpEvent::SignInReply(reply))
    }

    /// A sign-in at the credentials form.
    fn at_credentials() -> Self {
        let mut login = Self::new();
        assert!(matches!(
            login.submit(&[(ROLL, " 21cs10001 ")]),
            ErpTransition::Call(ErpCall::OpenSession)
        ));
        assert!(matches!(
            login.handle_event(ErpEvent::SessionOpened),
            ErpTransition::Call(ErpCall::FetchQuestion)
        ));
        assert!(
            input_labels(&login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned()))))
                .contains(&QUESTION.to_owned())
        );
        login
    }

    /// A sign-in at the code form.
    fn at_code() -> Self {
        let mut login = Self::at_credentials();
        assert!(matches!(
            login.submit_credentials(),
            ErpTransition::Call(ErpCall::SendCode)
        ));
        assert_eq!(
            input_labels(&login.code_reply(SendCodeReply::Sent)),
            ["Code from the mail"]
        );
        login
    }
}

/// The labels of the prompt's inputs.
fn input_labels(transition: &ErpTransition) -> Vec<String> {
    let (ErpTransition::Ask(prompt) | ErpTransition::Refuse(_, Some(prompt))) = transition else {
        return Vec::new();
    };
    prompt
        .inputs
        .iter()
        .map(|input| input.label.to_string())
        .collect()
}

fn error(transition: &ErpTransition) -> String {
    match transition {
        ErpTransition::Ask(prompt) => prompt.error.clone().unwrap_or_default().into(),
        _ => "no form".to_owned(),
    }
}

/// The refusal's message, and whether another try is allowed.
fn refusal(transition: &ErpTransition) -> (&str, bool) {
    match transition {
        ErpTransition::Refuse(reason, retry) => (&reason.0, retry.is_some()),
        _ => ("not refused", false),
    }
}

fn is_refused_for_good(transition: &ErpTransition) -> bool {
    matches!(transition, ErpTransition::Refuse(_, None))
}

#[test]
fn everything_right_is_four_calls_and_done() {
    let mut login = LoginDriver::at_code();
    assert_eq!(login.machine.secrets(), Some(("secret", "Bhola")));
    let ErpTransition::Call(ErpCall::SignIn(code)) = login.submit(&[(CODE, " 123 456 ")]) else {
        panic!("no call");
    };
    assert_eq!(code.as_str(), "123456");
    let token = SsoToken::parse("0123456789ABCDEF").unwrap();
    assert!(matches!(
        login.sign_in_reply(SignInReply::Token(token)),
        ErpTransition::Done
    ));
    assert_eq!(login.machine.roll().unwrap().as_str(), "21CS10001");
    // The password is dropped as soon as it is not needed.
    assert!(login.machine.secrets().is_none());
}

#[test]
fn e25_what_is_no_roll_number_calls_nobody() {
    for invalid in ["ABCS10001", "22C510001", "22CS1000", ""] {
        let mut login = LoginDriver::new();
        let transition = login.submit(&[(ROLL, invalid)]);
        let ErpTransition::Ask(prompt) = transition else {
            panic!("{invalid} was taken")
        };
        assert_eq!(
            prompt.inputs[0].error.as_deref(),
            Some("Enter your roll number, for example 21CS10001.")
        );
    }
}

#[test]
fn e04_an_unknown_roll_number_may_be_mended() {
    let mut login = LoginDriver::new();
    login.submit(&[(ROLL, "99XX99999")]);
    login.handle_event(ErpEvent::SessionOpened);
    let transition = login.handle_event(ErpEvent::QuestionFetched(None));
    assert_eq!(
        refusal(&transition),
        ("ERP does not know this roll number.", true)
    );
    assert_eq!(input_labels(&transition), ["Roll number"]);
    assert!(matches!(
        login.submit(&[(ROLL, "21CS10001")]),
        ErpTransition::Call(ErpCall::OpenSession)
    ));
}

#[test]
fn e19_later_forms_do_not_change_whose_sign_in_it_is() {
    let mut login = LoginDriver::at_credentials();
    login.submit(&[(PASSWORD, "secret"), (ANSWER, "Bhola"), (ROLL, "22EE30002")]);
    login.code_reply(SendCodeReply::Sent);
    login.submit(&[(CODE, "123456"), (ROLL, "22EE30002")]);
    assert_eq!(login.machine.roll().unwrap().as_str(), "21CS10001");
}

#[test]
fn five_questions_are_all_there_are() {
    let mut login = LoginDriver::at_credentials();
    for _ in 1..5 {
        assert!(matches!(
            login.press(ANOTHER_QUESTION),
            ErpTransition::Call(ErpCall::FetchQuestion)
        ));
        login.handle_event(ErpEvent::QuestionFetched(Some("Another?".to_owned())));
    }
    assert!(is_refused_for_good(&login.press(ANOTHER_QUESTION)));
}

#[test]
fn e06_e07_three_wrong_passwords_or_answers_end_it() {
    let mut login = LoginDriver::at_credentials();
    login.submit_credentials();
    let transition = login.code_reply(SendCodeReply::WrongAnswer);
    assert_eq!(refusal(&transition), ("The answer was not accepted.", true));
    assert!(input_labels(&transition).contains(&QUESTION.to_owned()));
    assert!(login.machine.secrets().is_none());
    login.submit_credentials();
    let transition = login.code_reply(SendCodeReply::WrongPassword);
    assert_eq!(
        refusal(&transition),
        ("The ERP password was not accepted.", true)
    );
    login.submit_credentials();
    assert!(is_refused_for_good(
        &login.code_reply(SendCodeReply::WrongPassword)
    ));
}

#[test]
fn e12_three_wrong_codes_end_it() {
    let mut login = LoginDriver::at_code();
    for _ in 0..2 {
        assert!(matches!(
            login.submit_code(),
            ErpTransition::Call(ErpCall::SignIn(_))
        ));
        assert_eq!(
            refusal(&login.sign_in_reply(SignInReply::WrongCode)),
            ("That code was not accepted.", true)
        );
    }
    login.submit_code();
    assert!(is_refused_for_good(
        &login.sign_in_reply(SignInReply::WrongCode)
    ));
}

#[test]
fn what_is_no_code_costs_no_try() {
    let mut login = LoginDriver::at_code();
    for invalid in ["", "12345", "1234567", "12345a", "१२३४५६"] {
        let ErpTransition::Ask(prompt) = login.submit(&[(CODE, invalid)]) else {
            panic!("{invalid} was sent")
        };
        assert!(prompt.inputs[0].error.is_some());
    }
    login.submit_code();
    assert!(!is_refused_for_good(
        &login.sign_in_reply(SignInReply::WrongCode)
    ));
}

#[test]
fn another_code_comes_after_a_minute_and_three_are_all_there_are() {
    let mut login = LoginDriver::at_code();
    for _ in 1..3 {
        login.now += Duration::from_secs(20);
        assert!(error(&login.press(SEND_AGAIN)).contains("40 seconds"));
        login.now += Duration::from_secs(40);
        assert!(matches!(
            login.press(SEND_AGAIN),
            ErpTransition::Call(ErpCall::SendCode)
        ));
        login.code_reply(SendCodeReply::Sent);
    }
    login.now += CODE_INTERVAL;
    assert!(is_refused_for_good(&login.press(SEND_AGAIN)));
}

#[test]
fn e10_what_erp_cannot_do_is_nobodys_fault() {
    let mut login = LoginDriver::at_credentials();
    for _ in 0..5 {
        login.submit_credentials();
        let transition = login.code_reply(SendCodeReply::NotSent);
        assert_eq!(
            error(&transition),
            "ERP could not send the code. Try again later."
        );
        assert!(login.machine.secrets().is_none());
    }
    // The total number of requests is limited.
    let mut transition = login.submit_credentials();
    for _ in 0..MAX_CALLS {
        login.code_reply(SendCodeReply::NotSent);
        transition = login.submit_credentials();
    }
    assert!(is_refused_for_good(&transition));
}

#[test]
fn e14_a_late_refusal_goes_back_a_step() {
    let mut login = LoginDriver::at_code();
    login.submit_code();
    let transition = login.sign_in_reply(SignInReply::Rejected);
    assert_eq!(
        refusal(&transition),
        (
            "ERP did not accept the sign-in. Check your password and answer.",
            true
        )
    );
    assert!(input_labels(&transition).contains(&QUESTION.to_owned()));
    assert!(login.machine.secrets().is_none());
}

#[test]
fn e17_another_session_is_ended_only_when_its_owner_says_so_and_once() {
    let mut login = LoginDriver::at_code();
    login.submit_code();
    let ErpTransition::Ask(prompt) = login.sign_in_reply(SignInReply::OtherSessionActive) else {
        panic!("not asked")
    };
    assert_eq!(prompt.submit, "End my other ERP session and try again");
    assert!(login.machine.secrets().is_none());
    assert!(is_refused_for_good(&login.press(KEEP_OTHER_SESSION)));

    let mut login = LoginDriver::at_code();
    login.submit_code();
    login.sign_in_reply(SignInReply::OtherSessionActive);
    assert!(matches!(
        login.submit(&[]),
        ErpTransition::Call(ErpCall::EndOtherSessions)
    ));
    assert!(matches!(
        login.handle_event(ErpEvent::OtherSessionsEnded),
        ErpTransition::Call(ErpCall::OpenSession)
    ));
    assert!(matches!(
        login.handle_event(ErpEvent::SessionOpened),
        ErpTransition::Call(ErpCall::FetchQuestion)
    ));
    login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())));
    assert!(matches!(
        login.submit_credentials(),
        ErpTransition::Call(ErpCall::SendCode)
    ));
    login.code_reply(SendCodeReply::Sent);
    login.submit_code();
    assert!(is_refused_for_good(
        &login.sign_in_reply(SignInReply::OtherSessionActive)
    ));
}

#[test]
fn silence_is_borne_until_a_password_was_sent() {
    let mut login = LoginDriver::new();
    login.submit(&[(ROLL, "21CS10001")]);
    let transition = login.handle_event(ErpEvent::NoAnswer);
    assert!(error(&transition).starts_with("ERP is not answering."));
    assert_eq!(input_labels(&transition), ["Roll number"]);
    let mut login = LoginDriver::at_credentials();
    login.press(ANOTHER_QUESTION);
    // The last question is unknown now, so the sign-in starts again.
    assert_eq!(
        input_labels(&login.handle_event(ErpEvent::NoAnswer)),
        ["Roll number"]
    );

    let mut login = LoginDriver::at_credentials();
    login.submit_credentials();
    assert!(matches!(
        login.handle_event(ErpEvent::NoAnswer),
        ErpTransition::Unavailable
    ));
    let mut login = LoginDriver::at_code();
    login.submit_code();
    assert!(matches!(
        login.handle_event(ErpEvent::NoAnswer),
        ErpTransition::Unavailable
    ));
}

#[test]
fn what_is_not_known_is_never_a_success() {
    for login in [
        LoginDriver::new(),
        LoginDriver::at_credentials(),
        LoginDriver::at_code(),
    ] {
        let mut login = login;
        assert!(matches!(
            login.handle_event(ErpEvent::ProtocolMismatch(UnknownReply("x"))),
            ErpTransition::ProtocolMismatch("x")
        ));
        assert!(matches!(
            login.handle_event(ErpEvent::UnexpectedUserData(UnknownReply("x"))),
            ErpTransition::UnexpectedUserData { reason: "x", .. }
        ));
        assert!(matches!(
            login.handle_event(ErpEvent::SessionExpired),
            ErpTransition::Expired
        ));
    }
}

#[test]
fn five_minutes_of_silence_and_ten_in_all_end_it() {
    let mut login = LoginDriver::at_credentials();
    login.now += Duration::from_secs(301);
    assert!(matches!(login.submit_credentials(), ErpTransition::Expired));
    let mut login = LoginDriver::at_credentials();
    for _ in 0..2 {
        login.now += Duration::from_secs(290);
        assert!(matches!(
            login.press(ANOTHER_QUESTION),
            ErpTransition::Call(_)
        ));
        login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())));
    }
    login.now += Duration::from_secs(290);
    assert!(matches!(login.submit_credentials(), ErpTransition::Expired));
}

#[test]
fn a_blank_answer_is_not_sent() {
    let mut login = LoginDriver::at_credentials();
    let transition = login.submit(&[(PASSWORD, "secret"), (ANSWER, "  ")]);
    let ErpTransition::Ask(prompt) = transition else {
        panic!("sent")
    };
    assert_eq!(
        prompt.inputs[1].error.as_deref(),
        Some("Answer the security question.")
    );
}

#[test]
fn a_password_that_is_asked_for_twice_is_not_held_in_between() {
    let mut login = LoginDriver {
        machine: ErpMachine::new(true, NOW),
        now: NOW,
    };
    login.submit(&[(ROLL, "21CS10001")]);
    login.handle_event(ErpEvent::SessionOpened);
    login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())));
    login.submit_credentials();
    let transition = login.code_reply(SendCodeReply::Sent);
    assert_eq!(
        input_labels(&transition),
        ["ERP password", QUESTION, "Code from the mail"]
    );
    assert!(login.machine.secrets().is_none());
    let typed = [(PASSWORD, "again"), (ANSWER, "Bhola"), (CODE, "123456")];
    assert!(matches!(
        login.submit(&typed),
        ErpTransition::Call(ErpCall::SignIn(_))
    ));
    assert_eq!(login.machine.secrets(), Some(("again", "Bhola")));
    login.sign_in_reply(SignInReply::WrongCode);
    assert!(login.machine.secrets().is_none());
    assert!(input_labels(&login.press(BACK)).contains(&QUESTION.to_owned()));
}

#[test]
fn how_long_to_wait_for_what_others_spent_is_said() {
    let mut login = LoginDriver::at_credentials();
    assert_eq!(
        refusal(&login.machine.refuse_rate_limited(Duration::from_secs(91))).0,
        "Too many attempts. Try again in 2 minutes."
    );
    assert_eq!(
        refusal(&login.machine.refuse_rate_limited(Duration::from_secs(5))).0,
        "Too many attempts. Try again in 5 seconds."
    );
    let mut login = LoginDriver::at_credentials();
    login.submit_credentials();
    assert!(error(&login.machine.delay_code(Duration::from_secs(30))).contains("30 seconds"));
    assert!(login.machine.secrets().is_none());
}

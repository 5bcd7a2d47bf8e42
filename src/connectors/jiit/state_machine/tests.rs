//! Tests of the state machine of a sign-in through the portal.

use super::*;
use crate::connectors::jiit::client::JiitResponse;
use crate::connectors::jiit::reply::{Institute, parse_pre_token};

const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
const DOMAIN: &str = "mail.jiit.ac.in";

fn captcha_reply() -> PortalReply<CaptchaImage> {
    PortalReply::Success(CaptchaImage {
        id: Zeroizing::new("AAAAAAAAAAE=".to_owned()),
        image: PromptPicture {
            media_type: "image/png",
            bytes: Vec::new(),
            alt: "".into(),
        },
    })
}

/// The step after the requested captcha was fetched.
fn step_after_captcha(transition: JiitTransition) -> Step<JiitState> {
    match transition {
        JiitTransition::FetchCaptcha(request) => {
            returned_step(request.handle_reply(captcha_reply()))
        }
        transition => returned_step(transition),
    }
}

#[track_caller]
fn returned_step(transition: JiitTransition) -> Step<JiitState> {
    match transition {
        JiitTransition::Return(step) => step,
        _ => panic!("it is not settled"),
    }
}

fn first_form() -> (Prompt, JiitState) {
    match step_after_captcha(begin(NOW)) {
        Step::Ask { prompt, state } => (prompt, state),
        _ => panic!("nothing is asked"),
    }
}

fn submit((prompt, state): (Prompt, JiitState), now: Timestamp) -> JiitTransition {
    let answers = Answers::to(&prompt, |name| {
        let text = match name {
            "username" => "22103171",
            "captcha" => "ab2c9",
            "details" => "yes",
            _ => "hunter2!",
        };
        text.to_owned()
    });
    handle_answers(state, &answers, now)
}

#[track_caller]
fn attempt(transition: JiitTransition) -> JiitFormAttempt {
    match transition {
        JiitTransition::CheckUsername(attempt) => attempt,
        _ => panic!("the number is not checked"),
    }
}

fn pre_token_reply() -> PortalReply<PreToken> {
    parse_pre_token(Some(JiitResponse {
        status: 200,
        key_date: None,
        body: Zeroizing::new(
            br#"{"status":{"responseStatus":"Success"},"response":{"random":"r","otppwd":"PWD","username":"22103171"}}"#
                .to_vec(),
        ),
    }))
}

#[track_caller]
fn password_attempt(attempt: JiitFormAttempt) -> (JiitFormAttempt, PreToken) {
    match attempt.handle_pre_token(pre_token_reply()) {
        JiitTransition::CheckPassword(attempt, pre_token) => (attempt, pre_token),
        _ => panic!("the password is not checked"),
    }
}

fn user() -> PortalUser {
    PortalUser {
        enrollment: Some("22103171".to_owned()),
        member_id: "JSIM0000001".to_owned(),
        name: "ASHA RAO".to_owned(),
        institute: Some(Institute {
            label: "JIIT".to_owned(),
            value: "11IN".to_owned(),
        }),
        member_type: "S".to_owned(),
        has_expired_password: false,
        second_phase: SecondPhase::Password,
        token: Zeroizing::default(),
    }
}

fn sign_in_as(user: PortalUser) -> JiitTransition {
    let (attempt, pre_token) = password_attempt(attempt(submit(first_form(), NOW)));
    attempt.handle_user(pre_token, PortalReply::Success(user), DOMAIN)
}

/// The message of a sign-in that ended.
#[track_caller]
fn message(transition: JiitTransition) -> String {
    match transition {
        JiitTransition::Return(Step::Refused {
            reason,
            retry: None,
        }) => reason.0.into_owned(),
        JiitTransition::Fail(ConnectorError::UnexpectedUserData { message, .. }) => {
            message.to_owned()
        }
        JiitTransition::AccountMismatch { .. } => ACCOUNT_MISMATCH.to_owned(),
        _ => panic!("it is not over"),
    }
}

#[test]
fn whoever_signs_in_is_known_by_number_and_member_number() {
    let transition = sign_in_as(user());
    let JiitTransition::FetchStudentRecord(attempt, user) = transition else {
        panic!("what was agreed to is not read");
    };
    for reply in [
        PortalReply::Unauthorized,
        PortalReply::Unavailable,
        PortalReply::ProtocolMismatch("?"),
        PortalReply::Refused(PortalRefusal::Other),
    ] {
        let (attempt, pre_token) = password_attempt(self::attempt(submit(first_form(), NOW)));
        let transition = attempt.handle_user(pre_token, PortalReply::Success(self::user()), DOMAIN);
        let JiitTransition::FetchStudentRecord(attempt, user) = transition else {
            panic!("what was agreed to is not read");
        };
        let transition = attempt.handle_student_record(&user, reply, DOMAIN);
        assert!(matches!(returned_step(transition), Step::Done(_)));
    }
    let reply = PortalReply::Success(StudentRecord::default());
    let Step::Done(identity) = returned_step(attempt.handle_student_record(&user, reply, DOMAIN))
    else {
        panic!("nobody signed in");
    };
    assert_eq!(
        (identity.provider, identity.subject.as_str()),
        ("jiit", "22103171")
    );
    assert_eq!(
        identity.claims.unwrap().stable_id.as_deref(),
        Some("JSIM0000001")
    );
}

#[test]
fn j17_somebody_else_or_nobody_is_not_let_in() {
    let other_account = PortalUser {
        enrollment: Some("22103172".to_owned()),
        ..user()
    };
    assert!(message(sign_in_as(other_account)).starts_with("We could not sign you in"));
    let parent = PortalUser {
        member_type: "P".to_owned(),
        ..user()
    };
    assert!(message(sign_in_as(parent)).starts_with("We could not sign you in"));
    let without_enrollment = PortalUser {
        enrollment: None,
        ..user()
    };
    assert!(matches!(
        sign_in_as(without_enrollment),
        JiitTransition::AccountMismatch { .. }
    ));
    let without_member_id = PortalUser {
        member_id: String::new(),
        ..user()
    };
    assert!(matches!(
        sign_in_as(without_member_id),
        JiitTransition::AccountMismatch { .. }
    ));
}

#[test]
fn accounts_that_need_more_than_a_password_end_it() {
    let expired = PortalUser {
        has_expired_password: true,
        ..user()
    };
    assert!(message(sign_in_as(expired)).starts_with("Change your portal password first."));
    let with_code = PortalUser {
        second_phase: SecondPhase::OneTimeCode,
        ..user()
    };
    assert!(message(sign_in_as(with_code)).starts_with("This account uses one-time codes"));
    let locked = attempt(submit(first_form(), NOW))
        .handle_pre_token(PortalReply::Refused(PortalRefusal::AccountLocked));
    assert!(message(locked).starts_with("The portal has locked this account."));
    let transition = attempt(submit(first_form(), NOW))
        .handle_pre_token(PortalReply::Refused(PortalRefusal::Other));
    assert!(message(transition).contains("Google"));
}

#[test]
fn five_pictures_or_three_passwords_and_it_is_over() {
    for (refusal, most) in [
        (PortalRefusal::WrongCaptcha, MAX_WRONG_CAPTCHAS),
        (PortalRefusal::WrongCredentials, MAX_WRONG_PASSWORDS),
    ] {
        let mut form = first_form();
        for _ in 1..most {
            let transition =
                attempt(submit(form, NOW)).handle_pre_token(PortalReply::Refused(refusal));
            form = retry_form(transition);
        }
        let transition = attempt(submit(form, NOW)).handle_pre_token(PortalReply::Refused(refusal));
        assert!(message(transition).starts_with("That was one try too many."));
    }
}

#[track_caller]
fn retry_form(transition: JiitTransition) -> (Prompt, JiitState) {
    match step_after_captcha(transition) {
        Step::Refused { retry, .. } => retry.unwrap(),
        _ => panic!("it is not told"),
    }
}

#[test]
fn a_wrong_password_counts_in_either_phase() {
    let transition = attempt(submit(first_form(), NOW))
        .handle_pre_token(PortalReply::Refused(PortalRefusal::WrongCredentials));
    let Step::Refused { reason, retry } = step_after_captcha(transition) else {
        panic!("it is not told");
    };
    let (attempt, pre_token) = password_attempt(attempt(submit(retry.unwrap(), NOW)));
    let transition = attempt.handle_user(
        pre_token,
        PortalReply::Refused(PortalRefusal::WrongCredentials),
        DOMAIN,
    );
    let Step::Refused {
        reason: same,
        retry,
    } = step_after_captcha(transition)
    else {
        panic!("it is not told");
    };
    assert_eq!(reason, same);
    assert_eq!(retry.unwrap().1.wrong_passwords, 2);
}

#[test]
fn a_form_lives_five_minutes_and_its_picture_two() {
    let late = NOW + MAX_DURATION;
    assert!(matches!(
        submit(first_form(), late),
        JiitTransition::Fail(ConnectorError::Expired)
    ));
    let old = NOW + CAPTCHA_LIFETIME;
    let Step::Ask { prompt, .. } = step_after_captcha(submit(first_form(), old)) else {
        panic!("no other picture is shown");
    };
    assert!(prompt.error.unwrap().contains("too old"));
    attempt(submit(first_form(), old - Duration::SECOND));
}

#[test]
fn j14_another_day_is_believed_once() {
    let tomorrow = KeyDate::of(NOW + Duration::DAY);
    let empty = |key_date| PortalReply::<PreToken>::Empty(key_date);
    let transition = attempt(submit(first_form(), NOW)).handle_pre_token(empty(Some(tomorrow)));
    let retry = attempt(transition);
    assert_eq!(retry.key_date, tomorrow);
    assert!(message(retry.handle_pre_token(empty(Some(KeyDate::of(NOW))))).contains("Google"));
    // The same date, or none, does not cause a repetition.
    for key_date in [None, Some(KeyDate::of(NOW))] {
        let transition = attempt(submit(first_form(), NOW)).handle_pre_token(empty(key_date));
        assert!(message(transition).contains("Google"));
    }
    // Also when midnight falls between the phases.
    let (attempt, pre_token) = password_attempt(attempt(submit(first_form(), NOW)));
    let transition = attempt.handle_user(pre_token, PortalReply::Empty(Some(tomorrow)), DOMAIN);
    assert!(
        matches!(transition, JiitTransition::CheckPassword(attempt, _) if attempt.key_date == tomorrow)
    );
}

#[test]
fn a_portal_that_is_away_costs_no_try_and_leaves_the_form() {
    let transition = attempt(submit(first_form(), NOW)).handle_pre_token(PortalReply::Unavailable);
    let Step::Ask { prompt, state } = step_after_captcha(transition) else {
        panic!("the form is gone");
    };
    assert!(
        prompt
            .error
            .unwrap()
            .starts_with("The JIIT portal is not answering.")
    );
    assert_eq!((state.wrong_captchas, state.wrong_passwords), (0, 0));

    // No new captcha either: the old one stays, and the next attempt fetches another.
    let transition = attempt(submit(first_form(), NOW)).handle_pre_token(PortalReply::Unavailable);
    let JiitTransition::FetchCaptcha(request) = transition else {
        panic!("no picture is fetched");
    };
    let Step::Ask { prompt, state } = returned_step(request.handle_reply(PortalReply::Unavailable))
    else {
        panic!("the form is gone");
    };
    assert!(matches!(
        submit((prompt, state), NOW),
        JiitTransition::FetchCaptcha(_)
    ));
}

#[test]
fn a_refusal_is_told_though_there_is_no_other_picture() {
    let transition = attempt(submit(first_form(), NOW))
        .handle_pre_token(PortalReply::Refused(PortalRefusal::WrongCredentials));
    let JiitTransition::FetchCaptcha(request) = transition else {
        panic!("no picture is fetched");
    };
    let step = returned_step(request.handle_reply(PortalReply::Unavailable));
    assert!(matches!(step, Step::Refused { reason, retry: Some(_) } if reason.0 == WRONG_PASSWORD));
}

#[test]
fn without_a_first_picture_there_is_no_form() {
    for (reply, is_changed) in [
        (PortalReply::Unavailable, false),
        (PortalReply::Empty(None), false),
        (PortalReply::Refused(PortalRefusal::Other), false),
        (PortalReply::ProtocolMismatch("?"), true),
    ] {
        let JiitTransition::FetchCaptcha(request) = begin(NOW) else {
            panic!("no picture is fetched");
        };
        let transition = request.handle_reply(reply);
        match transition {
            JiitTransition::Fail(ConnectorError::ProtocolMismatch(_)) => assert!(is_changed),
            JiitTransition::Fail(ConnectorError::Unavailable) => assert!(!is_changed),
            _ => panic!("there is a form"),
        }
    }
}

#[test]
fn the_form_says_no_name_of_a_picture_and_no_password() {
    let transition = attempt(submit(first_form(), NOW))
        .handle_pre_token(PortalReply::Refused(PortalRefusal::WrongCaptcha));
    let Step::Refused { retry, .. } = step_after_captcha(transition) else {
        panic!("it is not told");
    };
    let shown = format!("{:?}", retry.unwrap().0);
    assert!(shown.contains("22103171"));
    assert!(!shown.contains("hunter2!") && !shown.contains("ab2c9"));
    assert!(!shown.contains("AAAAAAAAAAE="));
}

//! Sign-in with an account of the ERP of IIT Kharagpur, for people with a roll number there: roll
//! number, password, the answer to a security question, and a one-time code by mail.
//!
//! ERP has no API for this. The connector sends the requests that ERP's own login page sends:
//!
//! | Request | Reply |
//! |---|---|
//! | `GET /IIT_ERP3/`, redirect to the login page | a session cookie and a `sessionToken` |
//! | `POST getSecurityQues.htm` with the roll number | a question, or `FALSE` |
//! | `POST getEmilOTP.htm` with password and answer | JSON: a code was mailed, or why not |
//! | `POST auth.htm` with all of it and the code | a redirect with an `ssoToken`, or a page |
//!
//! The states of a sign-in are drawn in `state_machine`, which decides what follows; `form` makes the
//! prompts, `client` sends requests, `reply` parses responses, `rate_limits` counts requests per roll
//! number and address. This file connects them. A person who obtains an `ssoToken` for the roll number
//! of the first form has proved that it is theirs. The token is not presented to the portal unless the
//! name is read there (presenting spends it), it is never stored, and the ERP session is logged out at
//! once.
//!
//! Decision: password and answer stay in memory between the request for the code and the sign-in,
//! because ERP requires them in both, instead of being asked for twice. `PROFILES_ERP_REASK_PASSWORD`
//! chooses the latter.
//!
//! Decision: a person's other ERP session is ended only by a button that the person presses, because
//! unsaved work in it is lost, instead of automatically.
//!
//! Decision: the meaning of a roll number's characters is read from tables, because no document defines
//! the fifth character, instead of being fixed in code. The derived attributes are marked as inferred.

mod client;
mod cookie_jar;
mod form;
mod html_page;
mod rate_limits;
mod reply;
mod roll_number;
mod roll_tables;
mod state_machine;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::{ErpClient, ErpCredentials, ErpError, ErpRequestKind, ErpSession};
use rate_limits::{ErpCaller, ErpRateLimitError, ErpRateLimits};
use reply::{SendCodeReply, SignInReply, UnknownReply};
pub use roll_number::{ErpRollNumber, InvalidRollNumber, RollAttributes, RollClass};
pub use roll_tables::{
    RollTables, RollTablesError, find_attributes, list_tables, remove_class, set_class,
    set_department,
};
use state_machine::{ErpCall, ErpEvent, ErpMachine, ErpTransition};
pub use store::{ClassRow, DepartmentRow};

use crate::connectors::consecutive_users::ConsecutiveUsers;
use crate::connectors::{
    Answers, Connector, ConnectorError, ConnectorLabel, HttpClient, RequestFacts, Step,
};
use crate::people::records::{
    Claims, ColumnUpdates, ExternalIdentity, Name, PersonUpdate, Role, RollNumber, Update, Username,
};
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db;
use crate::platform::db::{Db, Executor};

/// Options of this connector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErpOptions {
    /// Read the name from the portal's first page. This spends ERP's token.
    pub fetch_name: bool,
    /// Forget the password while the code is on its way, and ask for it again.
    pub reask_password: bool,
}

/// The connector.
pub struct Erp {
    client: ErpClient,
    db: Db,
    options: ErpOptions,
    rate_limits: Arc<Mutex<ErpRateLimits>>,
    consecutive_users: ConsecutiveUsers,
}

impl fmt::Debug for Erp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Erp(…)")
    }
}

/// A sign-in between two forms.
pub struct ErpState {
    machine: ErpMachine,
    session: Option<ErpSession>,
}

impl fmt::Debug for ErpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flow(…)")
    }
}

impl Connector for Erp {
    const SLUG: &'static str = "erp";
    // The first form sends no request to ERP.
    const STATELESS_START: bool = true;
    type State = ErpState;

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "ERP of IIT Kharagpur",
            hint: Some("Roll number, ERP password, security question and a code by mail"),
        }
    }

    fn source_name(&self) -> &'static str {
        "the ERP of IIT Kharagpur"
    }

    fn parse_subject(text: &str) -> Result<String, &'static str> {
        ErpRollNumber::parse_subject(text)
    }

    async fn begin(&self, visitor: RequestFacts) -> Result<Step<ErpState>, ConnectorError> {
        let machine = ErpMachine::new(self.options.reask_password, visitor.now);
        let prompt = machine.first_prompt();
        let state = ErpState {
            machine,
            session: None,
        };
        Ok(Step::Ask { prompt, state })
    }

    async fn advance(
        &self,
        mut state: ErpState,
        answers: Answers,
        visitor: RequestFacts,
    ) -> Result<Step<ErpState>, ConnectorError> {
        let mut transition = state.machine.handle_answers(&answers, visitor.now);
        drop(answers);
        let mut person_names = None;
        loop {
            transition = match transition {
                ErpTransition::Call(call) => {
                    self.perform_call(&mut state, call, visitor, &mut person_names)
                        .await
                }
                ErpTransition::Ask(prompt) => {
                    return Ok(Step::Ask {
                        prompt: *prompt,
                        state,
                    });
                }
                ErpTransition::Refuse(reason, None) => {
                    return Ok(Step::Refused {
                        reason,
                        retry: None,
                    });
                }
                ErpTransition::Refuse(reason, Some(prompt)) => {
                    return Ok(Step::Refused {
                        reason,
                        retry: Some((*prompt, state)),
                    });
                }
                ErpTransition::Done => {
                    return self.complete_login(state, person_names, visitor.now).await;
                }
                ErpTransition::Unavailable => return Err(ConnectorError::Unavailable),
                ErpTransition::ProtocolMismatch(reason) => {
                    return Err(ConnectorError::ProtocolMismatch(reason));
                }
                ErpTransition::UnexpectedUserData { reason, message } => {
                    return Err(ConnectorError::UnexpectedUserData {
                        cause: reason,
                        message,
                    });
                }
                ErpTransition::Expired => return Err(ConnectorError::Expired),
            };
        }
    }
}

/// First names and last name.
type PersonNames = Option<(String, String)>;

impl Erp {
    pub fn new(caller: HttpClient, db: Db, options: ErpOptions, clock: &SharedClock) -> Self {
        Self {
            client: ErpClient::new(caller),
            db,
            options,
            rate_limits: Arc::new(Mutex::new(ErpRateLimits::new(clock))),
            consecutive_users: ConsecutiveUsers::default(),
        }
    }

    /// Checks the rate limits, sends the request, and passes the reply to the state machine.
    async fn perform_call(
        &self,
        state: &mut ErpState,
        call: ErpCall,
        visitor: RequestFacts,
        person_names: &mut PersonNames,
    ) -> ErpTransition {
        let Some(roll) = state.machine.roll().cloned() else {
            return ErpTransition::Expired;
        };
        let caller = ErpCaller {
            client_address: visitor.address,
            roll: &roll,
            browser: visitor.browser,
        };
        let limit_check = match call {
            ErpCall::FetchQuestion => self.rate_limits().count_question(caller.client_address),
            ErpCall::SendCode => self.rate_limits().count_code(caller),
            ErpCall::SignIn(_) => self.rate_limits().count_sign_in(caller),
            ErpCall::OpenSession => self.rate_limits().check_question(caller.client_address),
            ErpCall::EndOtherSessions => Ok(()),
        };
        match limit_check {
            Ok(()) => {}
            Err(ErpRateLimitError::LimitReached(wait)) => {
                return state.machine.refuse_rate_limited(wait);
            }
            Err(ErpRateLimitError::CodeTooSoon(wait)) => return state.machine.delay_code(wait),
        }
        let event = match self.send_call(state, &call, &roll, person_names).await {
            Ok(event) => event,
            Err(ErpError::NoAnswer) => ErpEvent::NoAnswer,
            Err(ErpError::UnknownUserReply(reply)) => {
                self.classify_unknown_reply(reply, &call, &roll).await
            }
            Err(ErpError::ProtocolMismatch(reply)) => ErpEvent::ProtocolMismatch(reply),
            Err(ErpError::SessionExpired) => ErpEvent::SessionExpired,
        };
        self.settle_rate_limits(&call, &event, caller);
        state.machine.handle_event(event, visitor.now)
    }

    async fn send_call(
        &self,
        state: &mut ErpState,
        call: &ErpCall,
        roll: &ErpRollNumber,
        person_names: &mut PersonNames,
    ) -> Result<ErpEvent, ErpError> {
        if let ErpCall::OpenSession = call {
            state.session = Some(self.client.open_session().await?);
            return Ok(ErpEvent::SessionOpened);
        }
        let session = state.session.as_mut().ok_or(ErpError::SessionExpired)?;
        let credentials = |code| {
            let (password, answer) = state.machine.secrets().ok_or(ErpError::SessionExpired)?;
            Ok::<_, ErpError>(ErpCredentials {
                roll,
                password,
                answer,
                code,
            })
        };
        match call {
            ErpCall::OpenSession => Ok(ErpEvent::SessionOpened),
            ErpCall::FetchQuestion => Ok(ErpEvent::QuestionFetched(
                self.client.fetch_question(session, roll).await?,
            )),
            ErpCall::SendCode => Ok(ErpEvent::CodeReply(
                self.client.send_code(session, &credentials("")?).await?,
            )),
            ErpCall::EndOtherSessions => {
                self.client.end_other_sessions(session, roll).await?;
                // ERP has ended this session, too.
                state.session = None;
                Ok(ErpEvent::OtherSessionsEnded)
            }
            ErpCall::SignIn(code) => {
                let reply = self.client.sign_in(session, &credentials(code)?).await?;
                if let SignInReply::Token(token) = &reply
                    && self.options.fetch_name
                {
                    // The sign-in has succeeded already; the name is optional.
                    let page = self.client.open_portal(session, token).await.ok();
                    *person_names = page.and_then(|page| reply::parse_person_name(&page));
                }
                Ok(ErpEvent::SignInReply(reply))
            }
        }
    }

    /// Decides whether ERP has changed or one person's data caused an unknown reply.
    async fn classify_unknown_reply(
        &self,
        reply: UnknownReply,
        call: &ErpCall,
        roll: &ErpRollNumber,
    ) -> ErpEvent {
        let kind = match call {
            ErpCall::OpenSession | ErpCall::EndOtherSessions => {
                return ErpEvent::ProtocolMismatch(reply);
            }
            ErpCall::FetchQuestion => ErpRequestKind::Question,
            ErpCall::SendCode => ErpRequestKind::Code,
            ErpCall::SignIn(_) => ErpRequestKind::SignIn,
        };
        if !self.client.is_unchanged(kind).await {
            return ErpEvent::ProtocolMismatch(reply);
        }
        if kind == ErpRequestKind::SignIn && self.consecutive_users.is_second(roll.as_str()) {
            return ErpEvent::ProtocolMismatch(reply);
        }
        ErpEvent::UnexpectedUserData(reply)
    }

    /// Corrects the rate limits, which counted the request before its outcome was known.
    fn settle_rate_limits(&self, call: &ErpCall, event: &ErpEvent, caller: ErpCaller<'_>) {
        let mut rate_limits = self.rate_limits();
        match (call, event) {
            (ErpCall::SendCode, ErpEvent::CodeReply(SendCodeReply::Sent)) => {
                rate_limits.confirm_code_sent(caller);
            }
            (
                ErpCall::SendCode,
                ErpEvent::CodeReply(SendCodeReply::WrongAnswer | SendCodeReply::WrongPassword),
            ) => rate_limits.undo_code(caller, true),
            (ErpCall::SendCode, ErpEvent::CodeReply(_)) => rate_limits.undo_code(caller, false),
            (ErpCall::SignIn(_), ErpEvent::SignInReply(SignInReply::Rejected)) => {}
            (ErpCall::SignIn(_), ErpEvent::SignInReply(_)) => rate_limits.undo_failure(caller),
            // The outcome is unknown: the request stays counted.
            _ => {}
        }
    }

    /// Logs out of ERP and returns the identity.
    async fn complete_login(
        &self,
        state: ErpState,
        person_names: PersonNames,
        now: Timestamp,
    ) -> Result<Step<ErpState>, ConnectorError> {
        let roll = state
            .machine
            .roll()
            .cloned()
            .ok_or(ConnectorError::Expired)?;
        self.consecutive_users.reset();
        if let Some(session) = state.session {
            self.client.log_out(session).await;
        }
        let attributes = find_attributes(self.db.pool(), &roll, now).await?;
        Ok(Step::Done(ExternalIdentity {
            provider: Self::SLUG,
            subject: roll.to_string(),
            claims: profile_claims(&roll, &attributes, person_names).map(Box::new),
            epoch: None,
        }))
    }

    fn rate_limits(&self) -> MutexGuard<'_, ErpRateLimits> {
        self.rate_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The claims for a new profile. Invalid values are left out; only the roll number must be valid.
fn profile_claims(
    roll: &ErpRollNumber,
    attributes: &RollAttributes,
    person_names: PersonNames,
) -> Option<Claims> {
    let (first, last) = person_names.unzip();
    let name = |text: Option<String>| Name::parse(&text?).ok();
    let set = |text: &str| Update::Set(text.to_owned());
    Some(Claims {
        username: Username::parse(&roll.as_str().to_lowercase()).ok()?,
        details: PersonUpdate {
            columns: ColumnUpdates {
                first_name: name(first),
                last_name: name(last),
                kind: Role::parse(&attributes.kind).map_or(Update::Keep, Update::Set),
                roll_number: Update::Set(RollNumber::parse(roll.as_str()).ok()?),
                ..ColumnUpdates::default()
            },
            department: set(&attributes.department),
            degree: attributes.degree.as_deref().map_or(Update::Keep, set),
            join_year: Update::Set(attributes.join_year),
            graduation_year: attributes.graduation_year.map_or(Update::Keep, Update::Set),
            ..PersonUpdate::default()
        },
        fallback_names: None,
        is_authoritative: false,
        is_inferred: true,
        unverified_email: None,
        stable_id: None,
    })
}

/// The claims for a new profile whose roll number was proved by other means than an ERP sign-in.
pub async fn claims_for_roll_number(
    db: impl Executor<'_> + Copy,
    roll: &ErpRollNumber,
    now: Timestamp,
) -> db::Result<Option<Claims>> {
    let attributes = find_attributes(db, roll, now).await?;
    Ok(profile_claims(roll, &attributes, None))
}

/// The public pages of ERP: its login page, and the security questions of a roll number. The association
/// area uses it to look for a text that a person has put into a question. Callers count the requests.
#[derive(Debug, Clone)]
pub struct ErpQuestions(ErpClient);

impl ErpQuestions {
    pub fn new(caller: HttpClient) -> Self {
        Self(ErpClient::new(caller))
    }

    /// Checks that ERP answers with a login page this connector can read.
    pub async fn check(&self) -> Result<(), ConnectorError> {
        let opened = self.0.open_session().await;
        opened.map(drop).map_err(connector_error)
    }

    /// Fetches one of the three questions, at random, with one request; `None` if ERP does not have the
    /// roll number.
    pub async fn fetch_question(
        &self,
        roll: &ErpRollNumber,
    ) -> Result<Option<String>, ConnectorError> {
        match self
            .0
            .fetch_question(&mut ErpSession::default(), roll)
            .await
        {
            Ok(question) => Ok(question),
            // An unreadable question is still one of the three.
            Err(ErpError::UnknownUserReply(_))
                if self.0.is_unchanged(ErpRequestKind::Question).await =>
            {
                Ok(Some(String::new()))
            }
            Err(error) => Err(connector_error(error)),
        }
    }
}

fn connector_error(error: ErpError) -> ConnectorError {
    match error {
        ErpError::NoAnswer => ConnectorError::Unavailable,
        ErpError::UnknownUserReply(UnknownReply(reason))
        | ErpError::ProtocolMismatch(UnknownReply(reason)) => {
            ConnectorError::ProtocolMismatch(reason)
        }
        ErpError::SessionExpired => ConnectorError::Expired,
    }
}

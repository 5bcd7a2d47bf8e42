//! Signing in with an account of the ERP of IIT Kharagpur: roll number, password, the answer to a
//! security question, and a code by mail.
//!
//! ERP knows nothing of us: this does what its own login page does. `machine` says what comes next and
//! what it may cost, `form` what each form asks, `client` calls, `reply` reads what was heard, `budgets`
//! counts what is done on behalf of one roll number and one address; here is the loop between them. Whoever gets a token out
//! of ERP, with the roll number of the first form, has proved that it is theirs. The token is not
//! presented (that would spend it), never kept, and the session is closed at once.
//!
//! Decision: password and answer stay in memory between asking for the code and signing in, because
//! ERP wants them both times, unless `PROFILES_ERP_REASK_PASSWORD` asks for them twice. Decision: a
//! person's other ERP session is never ended but by their own button, because what is not saved in it
//! is lost. Decision: what follows from a roll number is read from tables, because no document says
//! what its fifth character means; it is marked as worked out.

mod budgets;
mod client;
mod form;
mod jar;
mod machine;
mod reply;
mod roll;
mod store;
mod tables;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use budgets::{BudgetError, ErpBudgets, ErpCaller};
use client::{ErpClient, ErpCredentials, ErpError, ErpRequestKind, ErpSession};
use machine::{ErpCall, ErpEvent, ErpMachine, ErpTransition};
use reply::{SendCodeReply, SignInReply, UnknownReply};
pub use roll::{ErpRollNumber, InvalidRollNumber, RollAttributes, RollClass};
pub use store::{ClassRow, DepartmentRow};
pub use tables::{
    RollTables, RollTablesError, forget_class, read, set_class, set_department, tables,
};

use crate::connectors::consecutive_users::ConsecutiveUsers;
use crate::connectors::{
    Answers, Connector, ConnectorError, ConnectorLabel, HttpClient, RequestOrigin, Step,
};
use crate::people::records::{
    Claims, ColumnUpdates, ExternalIdentity, Name, PersonUpdate, Role, RollNumber, Update, Username,
};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::{Db, Executor};

/// How much this campus wants of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErpOptions {
    /// Read the name off the portal's first page. It spends ERP's token.
    pub fetch_name: bool,
    /// Forget the password while a code is on its way, and ask for it again.
    pub reask_password: bool,
}

/// The adapter.
pub struct Erp {
    client: ErpClient,
    db: Db,
    wishes: ErpOptions,
    budgets: Arc<Mutex<ErpBudgets>>,
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
    // The first form asks nobody: ERP is asked once there is a roll number.
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

    async fn begin(&self, visitor: RequestOrigin) -> Result<Step<ErpState>, ConnectorError> {
        let machine = ErpMachine::new(self.wishes.reask_password, visitor.now);
        let prompt = machine.first();
        let state = ErpState {
            machine,
            session: None,
        };
        Ok(Step::Ask { prompt, state })
    }

    async fn advance(
        &self,
        mut flow: ErpState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> Result<Step<ErpState>, ConnectorError> {
        let mut next = flow.machine.answered(&answers, visitor.now);
        drop(answers);
        let mut names = None;
        loop {
            next = match next {
                ErpTransition::Call(call) => self.call(&mut flow, call, visitor, &mut names).await,
                ErpTransition::Ask(prompt) => {
                    return Ok(Step::Ask {
                        prompt: *prompt,
                        state: flow,
                    });
                }
                ErpTransition::Refuse(why, None) => return Ok(Step::Refused { why, again: None }),
                ErpTransition::Refuse(why, Some(prompt)) => {
                    return Ok(Step::Refused {
                        why,
                        again: Some((*prompt, flow)),
                    });
                }
                ErpTransition::Done => return self.done(flow, names, visitor.now).await,
                ErpTransition::Unavailable => return Err(ConnectorError::Unavailable),
                ErpTransition::Changed(what) => return Err(ConnectorError::ProtocolMismatch(what)),
                ErpTransition::Odd { met, told } => {
                    return Err(ConnectorError::UnexpectedUserData { met, told });
                }
                ErpTransition::Expired => return Err(ConnectorError::Expired),
            };
        }
    }
}

/// First names and last name.
type PersonNames = Option<(String, String)>;

impl Erp {
    pub fn new(caller: HttpClient, db: Db, wishes: ErpOptions) -> Self {
        Self {
            client: ErpClient::new(caller),
            db,
            wishes,
            budgets: Arc::default(),
            consecutive_users: ConsecutiveUsers::default(),
        }
    }

    /// Calls, if there is a budget for it, and tells the machine what was heard.
    async fn call(
        &self,
        flow: &mut ErpState,
        call: ErpCall,
        visitor: RequestOrigin,
        names: &mut PersonNames,
    ) -> ErpTransition {
        let Some(roll) = flow.machine.roll().cloned() else {
            return ErpTransition::Expired;
        };
        let whose = ErpCaller {
            address: visitor.address,
            roll: &roll,
        };
        let charged = match call {
            ErpCall::Question => self.budgets().ask_question(whose.address, visitor.now),
            ErpCall::SendCode => self.budgets().ask_code(whose, visitor.now),
            ErpCall::SignIn(_) => self.budgets().sign_in(whose, visitor.now),
            ErpCall::Open => self.budgets().may_ask_question(whose.address, visitor.now),
            ErpCall::EndOthers => Ok(()),
        };
        match charged {
            Ok(()) => {}
            Err(BudgetError::For(span)) => return flow.machine.too_many(span),
            Err(BudgetError::TooSoon(span)) => return flow.machine.too_soon(span),
        }
        let heard = match self.ask(flow, &call, &roll, names).await {
            Ok(heard) => heard,
            Err(ErpError::Silence) => ErpEvent::Silence,
            Err(ErpError::Strange(strange)) => self.whose(strange, &call, &roll).await,
            Err(ErpError::Changed(strange)) => ErpEvent::Changed(strange),
            Err(ErpError::Expired) => ErpEvent::Expired,
        };
        self.settle(&call, &heard, whose);
        flow.machine.heard(heard, visitor.now)
    }

    async fn ask(
        &self,
        flow: &mut ErpState,
        call: &ErpCall,
        roll: &ErpRollNumber,
        names: &mut PersonNames,
    ) -> Result<ErpEvent, ErpError> {
        if let ErpCall::Open = call {
            flow.session = Some(self.client.open().await?);
            return Ok(ErpEvent::Opened);
        }
        let session = flow.session.as_mut().ok_or(ErpError::Expired)?;
        let given = |code| {
            let (password, answer) = flow.machine.secrets().ok_or(ErpError::Expired)?;
            Ok::<_, ErpError>(ErpCredentials {
                roll,
                password,
                answer,
                code,
            })
        };
        match call {
            ErpCall::Open => Ok(ErpEvent::Opened),
            ErpCall::Question => Ok(ErpEvent::Question(
                self.client.question(session, roll).await?,
            )),
            ErpCall::SendCode => Ok(ErpEvent::Code(
                self.client.send_code(session, &given("")?).await?,
            )),
            ErpCall::EndOthers => {
                self.client.end_others(session, roll).await?;
                // What this session was is over too.
                flow.session = None;
                Ok(ErpEvent::OthersEnded)
            }
            ErpCall::SignIn(code) => {
                let reply = self.client.sign_in(session, &given(code)?).await?;
                if let SignInReply::Token(token) = &reply
                    && self.wishes.fetch_name
                {
                    // That somebody is in is known already: a name is welcome, and not needed.
                    let page = self.client.present(session, token).await.ok();
                    *names = page.and_then(|page| reply::name(&page));
                }
                Ok(ErpEvent::SignedIn(reply))
            }
        }
    }

    /// Whether what we do not know is ERP's or this person's.
    async fn whose(&self, strange: UnknownReply, call: &ErpCall, roll: &ErpRollNumber) -> ErpEvent {
        let about = match call {
            ErpCall::Open | ErpCall::EndOthers => return ErpEvent::Changed(strange),
            ErpCall::Question => ErpRequestKind::Question,
            ErpCall::SendCode => ErpRequestKind::Code,
            ErpCall::SignIn(_) => ErpRequestKind::SignIn,
        };
        if !self.client.is_itself(about).await {
            return ErpEvent::Changed(strange);
        }
        if about == ErpRequestKind::SignIn && self.consecutive_users.is_second(roll.as_str()) {
            return ErpEvent::Changed(strange);
        }
        ErpEvent::Odd(strange)
    }

    /// What was charged before it was known how it would end.
    fn settle(&self, call: &ErpCall, heard: &ErpEvent, whose: ErpCaller<'_>) {
        let mut budgets = self.budgets();
        match (call, heard) {
            (ErpCall::SendCode, ErpEvent::Code(SendCodeReply::Sent)) => {
                budgets.code_was_sent(whose)
            }
            (
                ErpCall::SendCode,
                ErpEvent::Code(SendCodeReply::AnswerMismatch | SendCodeReply::PasswordMismatch),
            ) => budgets.code_was_not_sent(whose, true),
            (ErpCall::SendCode, ErpEvent::Code(_)) => budgets.code_was_not_sent(whose, false),
            (ErpCall::SignIn(_), ErpEvent::SignedIn(SignInReply::Rejected)) => {}
            (ErpCall::SignIn(_), ErpEvent::SignedIn(_)) => budgets.did_not_fail(whose),
            // It is not known what ERP made of it.
            _ => {}
        }
    }

    /// Somebody proved themselves: leaves ERP, and says who they are.
    async fn done(
        &self,
        flow: ErpState,
        names: PersonNames,
        now: Timestamp,
    ) -> Result<Step<ErpState>, ConnectorError> {
        let roll = flow
            .machine
            .roll()
            .cloned()
            .ok_or(ConnectorError::Expired)?;
        self.consecutive_users.reset();
        if let Some(session) = flow.session {
            self.client.log_out(session).await;
        }
        let derived = read(self.db.pool(), &roll, now).await?;
        Ok(Step::Done(ExternalIdentity {
            provider: Self::SLUG,
            subject: roll.to_string(),
            says: says(&roll, &derived, names).map(Box::new),
        }))
    }

    fn budgets(&self) -> MutexGuard<'_, ErpBudgets> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of somebody new. A value that fits nowhere is left out; only the roll number must fit.
fn says(roll: &ErpRollNumber, derived: &RollAttributes, names: PersonNames) -> Option<Claims> {
    let (first, last) = names.unzip();
    let name = |text: Option<String>| Name::parse(&text?).ok();
    let set = |text: &str| Update::Set(text.to_owned());
    Some(Claims {
        username: Username::parse(&roll.as_str().to_lowercase()).ok()?,
        details: PersonUpdate {
            columns: ColumnUpdates {
                first_name: name(first),
                last_name: name(last),
                kind: Role::parse(&derived.kind).map_or(Update::Keep, Update::Set),
                roll_number: Update::Set(RollNumber::parse(roll.as_str()).ok()?),
                ..ColumnUpdates::default()
            },
            department: set(&derived.department),
            degree: derived.degree.as_deref().map_or(Update::Keep, set),
            join_year: Update::Set(derived.join_year),
            graduation_year: derived.graduation_year.map_or(Update::Keep, Update::Set),
            ..PersonUpdate::default()
        },
        is_directory: false,
        is_inferred: true,
        unproven_email: None,
        second_key: None,
    })
}

/// What becomes of somebody new whose roll number was proved in another way than by signing in there.
pub async fn campus_person(
    db: impl Executor<'_> + Copy,
    roll: &ErpRollNumber,
    now: Timestamp,
) -> db::Result<Option<Claims>> {
    let derived = read(db, roll, now).await?;
    Ok(says(roll, &derived, None))
}

/// What ERP shows to anybody: its login page, and the security questions of whoever has a roll number.
/// For those who read a question as a place where a person can leave a mark; what it costs is counted
/// there.
#[derive(Debug, Clone)]
pub struct ErpQuestions(ErpClient);

impl ErpQuestions {
    pub fn new(caller: HttpClient) -> Self {
        Self(ErpClient::new(caller))
    }

    /// Whether ERP answers, and looks as we know it.
    pub async fn check(&self) -> Result<(), ConnectorError> {
        let opened = self.0.open().await;
        opened.map(drop).map_err(as_error)
    }

    /// One of the three, at random, and no more often than asked; none for a number that ERP does not
    /// know.
    pub async fn one_question(
        &self,
        roll: &ErpRollNumber,
    ) -> Result<Option<String>, ConnectorError> {
        match self.0.question(&mut ErpSession::default(), roll).await {
            Ok(told) => Ok(told),
            // One that we cannot read is one of theirs all the same.
            Err(ErpError::Strange(_)) if self.0.is_itself(ErpRequestKind::Question).await => {
                Ok(Some(String::new()))
            }
            Err(trouble) => Err(as_error(trouble)),
        }
    }
}

fn as_error(trouble: ErpError) -> ConnectorError {
    match trouble {
        ErpError::Silence => ConnectorError::Unavailable,
        ErpError::Strange(UnknownReply(what)) | ErpError::Changed(UnknownReply(what)) => {
            ConnectorError::ProtocolMismatch(what)
        }
        ErpError::Expired => ConnectorError::Expired,
    }
}

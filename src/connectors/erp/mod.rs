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

use budgets::{Budgets, Spent, Whose};
use client::{About, Client, Credentials, Session, Trouble};
use machine::{Call, Heard, Machine, Move};
use reply::{CodeReply, SignInReply, Strange};
pub use roll::{Class, Derived, NoRoll, Roll};
pub use store::{ClassRow, DepartmentRow};
pub use tables::{Tables, TablesError, forget_class, read, set_class, set_department, tables};

use super::in_a_row::InARow;
use super::{Answers, Caller, Face, Step, Upstream, UpstreamError, Visitor};
use crate::people::records::{
    Change, Columns, Details, Identity, Kind, Name, RollNumber, Says, Username,
};
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::{Db, Executor};

/// How much this campus wants of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Read the name off the portal's first page. It spends ERP's token.
    pub fetch_name: bool,
    /// Forget the password while a code is on its way, and ask for it again.
    pub reask_password: bool,
}

/// The adapter.
pub struct Erp {
    client: Client,
    db: Db,
    wishes: Wishes,
    budgets: Arc<Mutex<Budgets>>,
    in_a_row: InARow,
}

impl fmt::Debug for Erp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Erp(…)")
    }
}

/// A sign-in between two forms.
pub struct Flow {
    machine: Machine,
    session: Option<Session>,
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flow(…)")
    }
}

impl Upstream for Erp {
    const SLUG: &'static str = "erp";
    // The first form asks nobody: ERP is asked once there is a roll number.
    const OPENS_PLAINLY: bool = true;
    type State = Flow;

    fn face(&self) -> Face {
        Face {
            label: "ERP of IIT Kharagpur",
            hint: Some("Roll number, ERP password, security question and a code by mail"),
        }
    }

    fn records(&self) -> &'static str {
        "the ERP of IIT Kharagpur"
    }

    async fn begin(&self, visitor: Visitor) -> Result<Step<Flow>, UpstreamError> {
        let machine = Machine::new(self.wishes.reask_password, visitor.now);
        let prompt = machine.first();
        let state = Flow {
            machine,
            session: None,
        };
        Ok(Step::Ask { prompt, state })
    }

    async fn advance(
        &self,
        mut flow: Flow,
        answers: Answers,
        visitor: Visitor,
    ) -> Result<Step<Flow>, UpstreamError> {
        let mut next = flow.machine.answered(&answers, visitor.now);
        drop(answers);
        let mut names = None;
        loop {
            next = match next {
                Move::Call(call) => self.call(&mut flow, call, visitor, &mut names).await,
                Move::Ask(prompt) => {
                    return Ok(Step::Ask {
                        prompt: *prompt,
                        state: flow,
                    });
                }
                Move::Refuse(why, None) => return Ok(Step::Refused { why, again: None }),
                Move::Refuse(why, Some(prompt)) => {
                    return Ok(Step::Refused {
                        why,
                        again: Some((*prompt, flow)),
                    });
                }
                Move::Done => return self.done(flow, names, visitor.now).await,
                Move::Unavailable => return Err(UpstreamError::Unavailable),
                Move::Changed(what) => return Err(UpstreamError::Changed(what)),
                Move::Odd { met, told } => return Err(UpstreamError::Odd { met, told }),
                Move::Expired => return Err(UpstreamError::Expired),
            };
        }
    }
}

/// First names and last name.
type Names = Option<(String, String)>;

impl Erp {
    pub fn new(caller: Caller, db: Db, wishes: Wishes) -> Self {
        Self {
            client: Client::new(caller),
            db,
            wishes,
            budgets: Arc::default(),
            in_a_row: InARow::default(),
        }
    }

    /// Calls, if there is a budget for it, and tells the machine what was heard.
    async fn call(&self, flow: &mut Flow, call: Call, visitor: Visitor, names: &mut Names) -> Move {
        let Some(roll) = flow.machine.roll().cloned() else {
            return Move::Expired;
        };
        let whose = Whose {
            address: visitor.address,
            roll: &roll,
        };
        let charged = match call {
            Call::Question => self.budgets().ask_question(whose.address, visitor.now),
            Call::SendCode => self.budgets().ask_code(whose, visitor.now),
            Call::SignIn(_) => self.budgets().sign_in(whose, visitor.now),
            Call::Open => self.budgets().may_ask_question(whose.address, visitor.now),
            Call::EndOthers => Ok(()),
        };
        match charged {
            Ok(()) => {}
            Err(Spent::For(span)) => return flow.machine.too_many(span),
            Err(Spent::TooSoon(span)) => return flow.machine.too_soon(span),
        }
        let heard = match self.ask(flow, &call, &roll, names).await {
            Ok(heard) => heard,
            Err(Trouble::Silence) => Heard::Silence,
            Err(Trouble::Strange(strange)) => self.whose(strange, &call, &roll).await,
            Err(Trouble::Changed(strange)) => Heard::Changed(strange),
            Err(Trouble::Expired) => Heard::Expired,
        };
        self.settle(&call, &heard, whose);
        flow.machine.heard(heard, visitor.now)
    }

    async fn ask(
        &self,
        flow: &mut Flow,
        call: &Call,
        roll: &Roll,
        names: &mut Names,
    ) -> Result<Heard, Trouble> {
        if let Call::Open = call {
            flow.session = Some(self.client.open().await?);
            return Ok(Heard::Opened);
        }
        let session = flow.session.as_mut().ok_or(Trouble::Expired)?;
        let given = |code| {
            let (password, answer) = flow.machine.secrets().ok_or(Trouble::Expired)?;
            Ok::<_, Trouble>(Credentials {
                roll,
                password,
                answer,
                code,
            })
        };
        match call {
            Call::Open => Ok(Heard::Opened),
            Call::Question => Ok(Heard::Question(self.client.question(session, roll).await?)),
            Call::SendCode => Ok(Heard::Code(
                self.client.send_code(session, &given("")?).await?,
            )),
            Call::EndOthers => {
                self.client.end_others(session, roll).await?;
                // What this session was is over too.
                flow.session = None;
                Ok(Heard::OthersEnded)
            }
            Call::SignIn(code) => {
                let reply = self.client.sign_in(session, &given(code)?).await?;
                if let SignInReply::Token(token) = &reply
                    && self.wishes.fetch_name
                {
                    // That somebody is in is known already: a name is welcome, and not needed.
                    let page = self.client.present(session, token).await.ok();
                    *names = page.and_then(|page| reply::name(&page));
                }
                Ok(Heard::SignedIn(reply))
            }
        }
    }

    /// Whether what we do not know is ERP's or this person's.
    async fn whose(&self, strange: Strange, call: &Call, roll: &Roll) -> Heard {
        let about = match call {
            Call::Open | Call::EndOthers => return Heard::Changed(strange),
            Call::Question => About::Question,
            Call::SendCode => About::Code,
            Call::SignIn(_) => About::SignIn,
        };
        if !self.client.is_itself(about).await {
            return Heard::Changed(strange);
        }
        if about == About::SignIn && self.in_a_row.is_second(roll.as_str()) {
            return Heard::Changed(strange);
        }
        Heard::Odd(strange)
    }

    /// What was charged before it was known how it would end.
    fn settle(&self, call: &Call, heard: &Heard, whose: Whose<'_>) {
        let mut budgets = self.budgets();
        match (call, heard) {
            (Call::SendCode, Heard::Code(CodeReply::Sent)) => budgets.code_was_sent(whose),
            (
                Call::SendCode,
                Heard::Code(CodeReply::AnswerMismatch | CodeReply::PasswordMismatch),
            ) => budgets.code_was_not_sent(whose, true),
            (Call::SendCode, Heard::Code(_)) => budgets.code_was_not_sent(whose, false),
            (Call::SignIn(_), Heard::SignedIn(SignInReply::Rejected)) => {}
            (Call::SignIn(_), Heard::SignedIn(_)) => budgets.did_not_fail(whose),
            // It is not known what ERP made of it.
            _ => {}
        }
    }

    /// Somebody proved themselves: leaves ERP, and says who they are.
    async fn done(
        &self,
        flow: Flow,
        names: Names,
        now: Moment,
    ) -> Result<Step<Flow>, UpstreamError> {
        let roll = flow.machine.roll().cloned().ok_or(UpstreamError::Expired)?;
        self.in_a_row.ends();
        if let Some(session) = flow.session {
            self.client.log_out(session).await;
        }
        let derived = read(self.db.pool(), &roll, now).await?;
        Ok(Step::Done(Identity {
            provider: Self::SLUG,
            subject: roll.to_string(),
            says: says(&roll, &derived, names).map(Box::new),
        }))
    }

    fn budgets(&self) -> MutexGuard<'_, Budgets> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of somebody new. A value that fits nowhere is left out; only the roll number must fit.
fn says(roll: &Roll, derived: &Derived, names: Names) -> Option<Says> {
    let (first, last) = names.unzip();
    let name = |text: Option<String>| Name::parse(&text?).ok();
    let set = |text: &str| Change::Set(text.to_owned());
    Some(Says {
        username: Username::parse(&roll.as_str().to_lowercase()).ok()?,
        details: Details {
            columns: Columns {
                first_name: name(first),
                last_name: name(last),
                kind: Kind::parse(&derived.kind).map_or(Change::Keep, Change::Set),
                roll_number: Change::Set(RollNumber::parse(roll.as_str()).ok()?),
                ..Columns::default()
            },
            department: set(&derived.department),
            degree: derived.degree.as_deref().map_or(Change::Keep, set),
            join_year: Change::Set(derived.join_year),
            graduation_year: derived.graduation_year.map_or(Change::Keep, Change::Set),
            ..Details::default()
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
    roll: &Roll,
    now: Moment,
) -> db::Result<Option<Says>> {
    let derived = read(db, roll, now).await?;
    Ok(says(roll, &derived, None))
}

/// What ERP shows to anybody: its login page, and the security questions of whoever has a roll number.
/// For those who read a question as a place where a person can leave a mark; what it costs is counted
/// there.
#[derive(Debug, Clone)]
pub struct Questions(Client);

impl Questions {
    pub fn new(caller: Caller) -> Self {
        Self(Client::new(caller))
    }

    /// Whether ERP answers, and looks as we know it.
    pub async fn check(&self) -> Result<(), UpstreamError> {
        let opened = self.0.open().await;
        opened.map(drop).map_err(as_error)
    }

    /// One of the three, at random, and no more often than asked; none for a number that ERP does not
    /// know.
    pub async fn one_question(&self, roll: &Roll) -> Result<Option<String>, UpstreamError> {
        match self.0.question(&mut Session::default(), roll).await {
            Ok(told) => Ok(told),
            // One that we cannot read is one of theirs all the same.
            Err(Trouble::Strange(_)) if self.0.is_itself(About::Question).await => {
                Ok(Some(String::new()))
            }
            Err(trouble) => Err(as_error(trouble)),
        }
    }
}

fn as_error(trouble: Trouble) -> UpstreamError {
    match trouble {
        Trouble::Silence => UpstreamError::Unavailable,
        Trouble::Strange(Strange(what)) | Trouble::Changed(Strange(what)) => {
            UpstreamError::Changed(what)
        }
        Trouble::Expired => UpstreamError::Expired,
    }
}

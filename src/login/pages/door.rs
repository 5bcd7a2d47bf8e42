//! A visit to one way to sign in: its form, and what becomes of the answers.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::db;
use crate::measure;
use crate::measure::SignIn;
use crate::people;
use crate::people::Identity;
use crate::people::PeopleError;
use crate::upstream;
use crate::upstream::AccountName;
use crate::upstream::Answers;
use crate::upstream::ClosedWay;
use crate::upstream::Input;
use crate::upstream::Prompt;
use crate::upstream::UpstreamError;
use crate::upstream::Visitor;
use crate::upstream::Way;
use crate::web::Flash;
use crate::web::Frame;
use crate::web::LifeTime;
use crate::web::PageProblem;
use crate::web::Pairs;
use crate::web::Slowed;
use crate::web::Visit;
use crate::web::begin_session;

use super::super::Feature;
use super::super::LocalPath;
use super::super::flow::Over;
use super::super::known;
use super::super::limits::Account;
use super::super::limits::Try;
use super::super::sign_in::link;
use super::super::sign_in::sign_in;
use super::super::signed_in::AGAIN;
use super::super::signed_in::LATELY;
use super::super::signed_in::LINK;
use super::super::take_turn::Asked;
use super::super::take_turn::Judged;
use super::super::take_turn::Turn;
use super::super::take_turn::Without;
use super::TOO_MANY;
use super::go_on;
use super::shown::AskPage;
use super::shown::BusyPage;
use super::shown::FirstTimeShown;
use super::shown::OtherWay;
use super::shown::PictureShown;
use super::shown::PromptShown;
use super::shown::StepShown;

const AGAIN_NOTICE: Cow<'static, str> =
    Cow::Borrowed("You signed in a while ago. Sign in again, and you go on where you were.");
/// What somebody proves who they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    SignIn,
    /// Though they are signed in: before something hard to undo.
    SignInAgain,
    /// To get a further way to sign in to the account they are signed in to.
    Link,
}

/// A visit to one way to sign in.
pub(super) struct Door<'a> {
    pub it: &'a Feature,
    pub frame: &'a Frame,
    pub way: &'a Way,
    pub visitor: Visitor,
    /// Ways nobody can sign in by at the moment.
    pub closed_ways: &'a [ClosedWay],
    pub purpose: Purpose,
    pub next: Option<LocalPath>,
    /// What was typed, on the way back.
    pub typed: Option<&'a Pairs>,
}

impl Door<'_> {
    /// Somebody guesses, most likely; at whose account, if there is one.
    pub(super) async fn note_slowed(&self, prompt: &Prompt) -> Result<(), PageProblem> {
        let Self { it, way, .. } = self;
        let person = match self.account(prompt) {
            Some(name) => people::find_id(it.db.pool(), name.trim()).await?,
            None => None,
        };
        let entry = Entry {
            person,
            ..Entry::of("sign_in.slowed")
        };
        let entry = entry.with(json!({ "through": way.slug() }));
        audit::note(it.db.pool(), entry, self.visitor.now, it.entropy.as_ref()).await?;
        Ok(())
    }

    /// Whose account it is, as far as the form says.
    pub(super) fn account<'b>(&'b self, prompt: &'b Prompt) -> Option<&'b str> {
        match prompt.account.as_ref()? {
            AccountName::Typed(input) => self.typed.map(|form| form.text(input)),
            AccountName::Known(name) => Some(name),
        }
    }

    /// The further button that was pressed, if one was.
    pub(super) fn instead(&self, prompt: &Prompt) -> Option<&'static str> {
        let pressed = self.typed?.text("instead");
        let button = prompt.instead.iter().find(|button| button.value == pressed);
        button.map(|button| button.value)
    }

    /// The prompt with an error at each input that was left empty, if one was.
    pub(super) fn missing(&self, prompt: &Prompt) -> Option<Prompt> {
        let form = self.typed?;
        let is_missing = |input: &Input| form.text(input.name).is_empty();
        if !prompt.inputs.iter().any(is_missing) {
            return None;
        }
        let mut prompt = prompt.clone();
        for input in prompt.inputs.iter_mut().filter(|input| is_missing(input)) {
            input.error = Some("This is empty. Fill it in.".into());
        }
        Some(prompt)
    }

    pub(super) async fn judge(
        &self,
        turn: Turn,
        instead: Option<&'static str>,
        (account, taken): (Account, Try),
        headers: &HeaderMap,
    ) -> Result<Response, PageProblem> {
        let Self { it, way, .. } = self;
        let typed = |name: &str| self.typed.map_or("", |form| form.text(name)).to_owned();
        let answers = match instead {
            Some(button) => Answers::instead_of(button),
            None => Answers::to(&turn.prompt, typed),
        };
        // Time has passed if tries were slowed.
        let visitor = Visitor {
            now: it.clock.now(),
            ..self.visitor
        };
        let judged = it
            .turns
            .answer(turn, answers, visitor, it.entropy.as_ref())
            .await;
        match judged {
            Ok(Judged::Over(Over::Proven(identity))) => {
                taken.give_back();
                let mut answer = self.enter(&identity).await?;
                if answer.status() == StatusCode::FOUND {
                    let cookies = it.web.cookies;
                    cookies.forget_person(headers, answer.headers_mut());
                    let entropy = it.entropy.as_ref();
                    known::remember(&it.web, headers, answer.headers_mut(), account, entropy);
                }
                Ok(answer)
            }
            Ok(Judged::Ask(asked)) => {
                if asked.told.is_none() {
                    taken.give_back();
                } else {
                    self.measure(SignIn::Refused);
                    tracing::info!(upstream = way.slug(), "a sign-in was refused");
                }
                Ok(self.ask(*asked).await)
            }
            Ok(Judged::Over(Over::Refused(told))) => {
                self.measure(SignIn::Refused);
                tracing::info!(upstream = way.slug(), "a sign-in was refused for good");
                Ok(self.not_signed_in(&told))
            }
            Err(error) => {
                taken.give_back();
                self.trouble(error).await
            }
        }
    }

    /// What somebody who proved who they are came for.
    async fn enter(&self, identity: &Identity) -> Result<Response, PageProblem> {
        let entered = match self.purpose {
            Purpose::Link => self.link(identity).await,
            Purpose::SignIn | Purpose::SignInAgain => {
                let entered = self.sign_in(identity).await;
                let is_in = matches!(&entered, Ok(answer) if answer.status() == StatusCode::FOUND);
                self.measure(if is_in { SignIn::In } else { SignIn::Unknown });
                entered
            }
        };
        match entered {
            Ok(answer) => Ok(answer),
            Err(PeopleError::UsernameTaken) => Ok(self.not_signed_in(&format!(
                "{} knows you by a name that belongs to an account here already. If that account is \
                 yours, sign in to it as before. Then open “Ways to sign in” on your profile and link \
                 this one there.",
                self.way.face().label
            ))),
            Err(PeopleError::IdentityTaken) => Ok(self.not_signed_in(
                "This already belongs to another account here. Sign in with it, and remove it there \
                 first.",
            )),
            Err(PeopleError::OtherSecondKey) => {
                tracing::error!(upstream = self.way.slug(), "an account has another owner than before");
                let entry = Entry::of("identity.refused");
                let entry = entry.with(json!({ "provider": identity.provider }));
                let (db, now) = (self.it.db.pool(), self.visitor.now);
                audit::note(db, entry, now, self.it.entropy.as_ref()).await?;
                Ok(self.not_signed_in(
                    "This account is not the one it was at your last sign-in. Ask the people who run \
                     this service to look at it.",
                ))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Signs in whoever the identity belongs to.
    async fn sign_in(&self, identity: &Identity) -> Result<Response, PeopleError> {
        let Self { it, frame, .. } = self;
        let now = it.clock.now();
        let remember = self.typed.is_some_and(|form| form.is_ticked("remember"));
        let lifetime = if remember {
            LifeTime::Remembered
        } else {
            LifeTime::Browser
        };
        let mut tx = it.db.begin().await?;
        let visit = sign_in(&mut tx, identity, lifetime, now, it.entropy.as_ref()).await?;
        let leaving = match &visit {
            Some(visit) => people::find_leaving(&mut *tx, visit.person).await?,
            None => None,
        };
        tx.commit().await.map_err(db::Error::from)?;
        let Some(visit) = visit else {
            return Ok(self.not_signed_in(
                "You proved who you are, but nobody here has that account. Ask the people who run \
                 this service to add you.",
            ));
        };
        let visit = Visit {
            device: Some(frame.device().to_owned()),
            place: frame.place().map(str::to_owned),
            ..visit
        };
        if let Err(problem) = begin_session(frame.session(), &visit).await {
            return Ok(problem.into_response());
        }
        // Who leaves can nowhere else do what they came for.
        let my_data = LocalPath::parse(&it.web.links().my_data()).filter(|_| leaving.is_some());
        let mut answer = go_on(it, my_data.as_ref().or(self.next.as_ref()));
        frame.announce(&visit, &mut answer);
        Ok(answer)
    }

    /// Gives the identity to whoever is signed in.
    async fn link(&self, identity: &Identity) -> Result<Response, PeopleError> {
        let Self { it, frame, .. } = self;
        let now = it.clock.now();
        // Whoever finds a browser open must not get in by their own account from then on.
        let visit = (frame.visit()).filter(|visit| LATELY.may_send(visit, now));
        let Some(visit) = visit else {
            return Ok(self.not_signed_in(
                "Your sign-in here is too long ago. Sign in again, then link this.",
            ));
        };
        let mut tx = it.db.begin().await?;
        let is_new = link(&mut tx, visit.person, identity, now, it.entropy.as_ref()).await?;
        tx.commit().await.map_err(db::Error::from)?;
        let label = self.way.face().label;
        let told = if is_new {
            format!("From now on you can sign in with this too: {label}.")
        } else {
            format!("This was yours already: {label}.")
        };
        Ok(frame.send_to_with(&it.web.links().ways_in(), &Flash::good(told)))
    }

    pub(super) async fn ask(&self, asked: Asked) -> Response {
        self.frame.show(&self.page(asked).await)
    }

    pub(super) async fn slow(&self, asked: Asked, slowed: Slowed) -> Response {
        self.measure(SignIn::Slowed);
        tracing::warn!(upstream = self.way.slug(), "sign-ins are slowed");
        let seconds = slowed.seconds();
        let mut page = self.page(asked).await;
        page.error = Some(format!("{TOO_MANY} Try again in {seconds} seconds."));
        let mut answer = self.frame.show_with(StatusCode::TOO_MANY_REQUESTS, &page);
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        answer
    }

    async fn page(&self, asked: Asked) -> AskPage {
        let Self { it, way, .. } = self;
        let links = it.web.links();
        let remembered = self.typed.is_some_and(|form| form.is_ticked("remember"));
        let app = match &self.next {
            Some(next) => it.signpost.app_ahead(next).await,
            None => None,
        };
        let Asked {
            prompt,
            attempt,
            told,
        } = asked;
        let picture = prompt.picture.zip(attempt.as_deref());
        let picture = picture.map(|(picture, attempt)| PictureShown {
            src: links.sign_in_picture(way.slug(), attempt),
            alt: picture.alt,
        });
        AskPage {
            heading: prompt.heading,
            app,
            action: links.login_through(way.slug()),
            next: self
                .next
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            purpose: self.purpose.parameter(),
            steps: (prompt.steps.into_iter())
                .map(|(label, state)| StepShown { label, state })
                .collect(),
            notice: prompt.notice,
            purpose_notice: match self.purpose {
                Purpose::SignIn => None,
                Purpose::SignInAgain => Some(AGAIN_NOTICE),
                Purpose::Link => self.frame.visit().map(link_notice),
            },
            error: told.or(prompt.trouble).map(Cow::into_owned),
            prompt: PromptShown {
                inputs: (prompt.inputs.into_iter())
                    .map(|input| self.filled(input))
                    .collect(),
                picture,
                remember: prompt.may_be_last && self.purpose != Purpose::Link,
                remembered,
                submit: prompt.submit,
                instead: prompt.instead,
            },
            // Further on, it is not the first time.
            first_time: attempt.is_none().then(|| self.first_time()).flatten(),
            attempt,
            other_ways: self.other_ways(),
        }
    }

    fn first_time(&self) -> Option<FirstTimeShown> {
        let first = self.way.first_time()?;
        Some(FirstTimeShown {
            href: format!("{}{}", first.href, self.query()),
            words: first.words,
        })
    }

    fn other_ways(&self) -> Vec<OtherWay> {
        let query = self.query();
        let ways = self.it.turns.ways.iter();
        ways.filter(|other| other.slug() != self.way.slug() && !self.has_closed(other))
            .map(|other| OtherWay {
                label: other.face().label,
                hint: other.face().hint,
                href: format!("{}{query}", self.it.web.links().login_through(other.slug())),
            })
            .collect()
    }

    /// What another page of the same sign-in has to be told.
    fn query(&self) -> String {
        let query = LocalPath::query(self.next.as_ref());
        match (self.purpose.parameter(), query.is_empty()) {
            (None, _) => query,
            (Some(purpose), true) => format!("?{purpose}=1"),
            (Some(purpose), false) => format!("{query}&{purpose}=1"),
        }
    }

    /// An input with what was typed into it, unless that is a secret.
    fn filled(&self, mut input: Input) -> Input {
        use crate::upstream::InputKind::Choice;
        use crate::upstream::InputKind::Text;
        if let Some(form) = self.typed.filter(|_| matches!(input.kind, Text | Choice)) {
            input.value = form.text(input.name).trim().to_owned();
        }
        input
    }

    pub(super) async fn without(
        &self,
        without: Without,
        attempt: Option<&str>,
    ) -> Result<Response, PageProblem> {
        let here = self.it.web.links().login_through(self.way.slug());
        match without {
            Without::Busy => {
                let query = self.query();
                let joint = if query.is_empty() { "?" } else { "&" };
                let attempt = attempt.unwrap_or_default();
                let href = format!("{here}{query}{joint}attempt={attempt}");
                Ok(self.frame.show(&BusyPage { href }))
            }
            Without::Gone => Ok(self.gone()),
            Without::Refused(told) => Ok(self.not_signed_in(&told)),
            Without::Upstream(error) => self.trouble(error).await,
        }
    }

    /// The sign-in is over.
    fn not_signed_in(&self, told: &str) -> Response {
        PageProblem::new(StatusCode::BAD_REQUEST, "You are not signed in", told)
            .back(self.anew(), "Begin again")
            .into_response()
    }

    fn gone(&self) -> Response {
        self.not_signed_in(
            "This sign-in is over: it took longer than ten minutes, was finished in another tab, or \
             the service was started anew.",
        )
    }

    /// There was no answer.
    async fn trouble(&self, error: UpstreamError) -> Result<Response, PageProblem> {
        let upstream = self.way.slug();
        let label = self.way.face().label;
        let problem = match error {
            UpstreamError::Store(error) => error.into(),
            UpstreamError::Expired => return Ok(self.gone()),
            UpstreamError::Busy(after) => {
                self.measure(SignIn::Busy);
                tracing::warn!(upstream, "too many sign-ins at once");
                PageProblem::unavailable_for(
                    after,
                    "Many people are signing in at this moment. Nothing you did is lost.",
                )
            }
            UpstreamError::Unavailable => {
                self.measure(SignIn::Unanswered);
                tracing::warn!(upstream, "the upstream does not answer");
                PageProblem::unavailable_for(
                    Duration::from_secs(30),
                    format!(
                        "{label}: the other side does not answer. What you typed was not kept."
                    ),
                )
            }
            UpstreamError::Changed(met) => {
                self.measure(SignIn::Changed);
                self.close(met).await?;
                return Ok(self.closed_way());
            }
        };
        Ok(problem.back(self.anew(), "Begin again").into_response())
    }

    /// Nobody signs in by this way any more until somebody has looked at it: what it would take for a
    /// proof may be none.
    async fn close(&self, met: &'static str) -> Result<(), PageProblem> {
        let Self { it, way, .. } = self;
        let (upstream, now) = (way.slug(), self.visitor.now);
        tracing::error!(upstream, met, "the upstream has changed");
        if !way.closes() {
            return Ok(());
        }
        let mut tx = it.db.begin().await?;
        if upstream::close(&mut tx, upstream, met, now).await? {
            let entry = Entry::of("upstream.closed");
            let entry = entry.with(json!({ "upstream": upstream, "met": met }));
            audit::note(&mut *tx, entry, now, it.entropy.as_ref()).await?;
        }
        tx.commit().await.map_err(db::Error::from)?;
        Ok(())
    }

    fn measure(&self, outcome: SignIn) {
        measure::signed_in(self.way.slug(), outcome);
    }

    fn has_closed(&self, way: &Way) -> bool {
        self.closed_ways
            .iter()
            .any(|closed| closed.slug == way.slug())
    }

    /// Whether nobody can sign in by this way at the moment.
    pub(super) fn is_closed(&self) -> bool {
        self.has_closed(self.way)
    }

    pub(super) fn closed_way(&self) -> Response {
        let label = self.way.face().label;
        let problem = PageProblem::unavailable_for(
            Duration::from_mins(10),
            format!(
                "{label}: this way to sign in is closed. The other side has changed, and somebody has \
                 to look at it first. The people who run this service see that."
            ),
        );
        problem
            .back(self.anew(), "See the other ways to sign in")
            .into_response()
    }

    fn anew(&self) -> String {
        format!("{}{}", self.it.web.links().login(), self.query())
    }
}

fn link_notice(visit: &Visit) -> Cow<'static, str> {
    let name = &visit.name;
    let text = format!(
        "You are signed in as {name}. Prove that this is yours too, and it becomes a further way to \
         sign in to the same account."
    );
    text.into()
}

impl Purpose {
    /// What says so in an address or a form.
    fn parameter(self) -> Option<&'static str> {
        match self {
            Self::SignIn => None,
            Self::SignInAgain => Some(AGAIN),
            Self::Link => Some(LINK),
        }
    }
}

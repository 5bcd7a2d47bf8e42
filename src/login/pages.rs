//! The sign-in page, which is the same for every way to sign in, and the page that signs out.

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Serialize;
use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db;
use crate::people;
use crate::people::PeopleError;
use crate::upstream::Answers;
use crate::upstream::Identity;
use crate::upstream::Input;
use crate::upstream::Picture;
use crate::upstream::Prompt;
use crate::upstream::StepState;
use crate::upstream::UpstreamError;
use crate::upstream::Way;
use crate::web::ClientAddress;
use crate::web::Flash;
use crate::web::FormAction;
use crate::web::Frame;
use crate::web::LifeTime;
use crate::web::Page;
use crate::web::PageProblem;
use crate::web::Pairs;
use crate::web::Protected;
use crate::web::Slowed;
use crate::web::Visit;
use crate::web::begin_session;
use crate::web::end_session;

use super::AppAhead;
use super::Feature;
use super::LocalPath;
use super::known;
use super::limits::Account;
use super::limits::Try;
use super::limits::Who;
use super::sign_in::sign_in;
use super::signed_in::AGAIN;
use super::take_turn::Asked;
use super::take_turn::Judged;
use super::take_turn::Turn;
use super::take_turn::Turns;
use super::take_turn::Without;

const AGAIN_NOTICE: Cow<'static, str> =
    Cow::Borrowed("You signed in a while ago. Sign in again, and you go on where you were.");

/// One form of a sign-in.
#[derive(Debug, Serialize)]
struct AskPage {
    heading: Cow<'static, str>,
    app: Option<AppAhead>,
    action: String,
    next: String,
    attempt: Option<String>,
    steps: Vec<StepShown>,
    notice: Option<Cow<'static, str>>,
    error: Option<String>,
    prompt: PromptShown,
    other_ways: Vec<OtherWay>,
}

#[derive(Debug, Serialize)]
struct StepShown {
    label: Cow<'static, str>,
    state: StepState,
}

#[derive(Debug, Serialize)]
struct PromptShown {
    inputs: Vec<Input>,
    picture: Option<Picture>,
    remember: bool,
    remembered: bool,
    submit: Cow<'static, str>,
}

#[derive(Debug, Serialize)]
struct OtherWay {
    label: &'static str,
    hint: Option<&'static str>,
    href: String,
}

impl Page for AskPage {
    const TEMPLATE: &'static str = "login/ask.html";

    fn title(&self) -> String {
        "Sign in".to_owned()
    }

    /// The sign-in may end at an app, past the consent page.
    fn form_action(&self) -> FormAction {
        FormAction::Anywhere
    }
}

/// The last answer is still being judged.
#[derive(Debug, Serialize)]
struct BusyPage {
    href: String,
}

impl Page for BusyPage {
    const TEMPLATE: &'static str = "login/busy.html";

    fn title(&self) -> String {
        "Still working".to_owned()
    }
}

#[derive(Debug, Serialize)]
struct LeavePage {
    action: String,
    next: String,
}

impl Page for LeavePage {
    const TEMPLATE: &'static str = "login/leave.html";

    fn title(&self) -> String {
        "Sign out".to_owned()
    }
}

/// A visit to one way to sign in.
struct Door<'a> {
    it: &'a Feature,
    frame: &'a Frame,
    way: &'a Way,
    next: Option<LocalPath>,
    /// What was typed, on the way back.
    typed: Option<&'a Pairs>,
}

/// `GET /account/login/`: who is signed in already goes on.
pub(super) async fn open(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    frame: Frame,
) -> Result<Response, PageProblem> {
    let first = it.turns.ways.first().map(Way::slug).unwrap_or_default();
    look(
        State(it),
        Path(first.to_owned()),
        RawQuery(query),
        address,
        frame,
    )
    .await
}

/// `GET /account/login/<way>/`
pub(super) async fn look(
    State(it): State<Feature>,
    Path(way): Path<String>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    frame: Frame,
) -> Result<Response, PageProblem> {
    let asking = asking(query);
    let next = LocalPath::parse(asking.text("next"));
    if frame.visit().is_some() && !asking.is_ticked(AGAIN) {
        return Ok(go_on(&it, next.as_ref()));
    }
    let way = it
        .turns
        .ways
        .named(&way)
        .ok_or_else(PageProblem::not_found)?;
    let now = it.clock.now();
    let attempt = Some(asking.text("attempt")).filter(|name| !name.is_empty());
    if attempt.is_none() && !way.opens_plainly() {
        it.limits
            .begin(address, now)
            .map_err(|slowed| PageProblem::slowed(slowed, TOO_MANY))?;
    }
    let entropy = it.entropy.as_ref();
    let asked = it
        .turns
        .look(way, attempt, frame.browser(), now, entropy)
        .await;
    let door = Door {
        it: &it,
        frame: &frame,
        way,
        next,
        typed: None,
    };
    Ok(match asked {
        Ok(asked) => door.ask(asked).await,
        Err(without) => door.without(without, attempt),
    })
}

/// `POST /account/login/`: the first way's form.
pub(super) async fn answer_first(
    State(it): State<Feature>,
    address: ClientAddress,
    headers: HeaderMap,
    form: Protected,
) -> Result<Response, PageProblem> {
    let first = it.turns.ways.first().map(Way::slug).unwrap_or_default();
    answer(State(it), Path(first.to_owned()), address, headers, form).await
}

/// `POST /account/login/<way>/`
pub(super) async fn answer(
    State(it): State<Feature>,
    Path(way): Path<String>,
    address: ClientAddress,
    headers: HeaderMap,
    Protected { frame, form }: Protected,
) -> Result<Response, PageProblem> {
    let way = it
        .turns
        .ways
        .named(&way)
        .ok_or_else(PageProblem::not_found)?;
    let now = it.clock.now();
    let door = Door {
        it: &it,
        frame: &frame,
        way,
        next: LocalPath::parse(form.text("next")),
        typed: Some(&form),
    };
    let attempt = Some(form.text("attempt")).filter(|name| !name.is_empty());
    let turn = match it.turns.begin(way, attempt, frame.browser(), now).await {
        Ok(turn) => turn,
        Err(without) => return Ok(door.without(without, attempt)),
    };
    if let Some(missing) = missing(&turn.prompt, &form) {
        let asked = Turns::put_back(turn);
        let asked = Asked {
            prompt: missing,
            ..asked
        };
        return Ok(door.ask(asked).await);
    }
    let account = account(way, &turn.prompt, &form);
    let who = Who {
        account,
        address,
        known: known::browser(&it.web, &headers, account),
    };
    match it.limits.wait(&who, it.clock.as_ref()).await {
        Ok(taken) => door.judge(turn, (account, taken), &headers).await,
        Err(slowed) => {
            let now = it.clock.now();
            if it.limits.is_news(&who, now) {
                door.note_slowed(&turn.prompt, now).await?;
            }
            Ok(door.slow(Turns::put_back(turn), slowed).await)
        }
    }
}

impl Door<'_> {
    /// Somebody guesses, most likely; at whose account, if there is one.
    async fn note_slowed(&self, prompt: &Prompt, now: Moment) -> Result<(), PageProblem> {
        let Self { it, way, .. } = self;
        let name = prompt.account.zip(self.typed);
        let person = match name.map(|(input, form)| form.text(input).trim()) {
            Some(name) => people::find_id(it.db.pool(), name).await?,
            None => None,
        };
        let entry = Entry {
            person,
            ..Entry::of("sign_in.slowed")
        };
        let entry = entry.with(json!({ "through": way.slug() }));
        audit::note(it.db.pool(), entry, now, it.entropy.as_ref()).await?;
        Ok(())
    }

    async fn judge(
        &self,
        turn: Turn,
        (account, taken): (Account, Try),
        headers: &HeaderMap,
    ) -> Result<Response, PageProblem> {
        let Self { it, way, .. } = self;
        let typed = |name: &str| self.typed.map_or("", |form| form.text(name)).to_owned();
        let answers = Answers::to(&turn.prompt, typed);
        let now = it.clock.now();
        let judged = it
            .turns
            .answer(turn, answers, now, it.entropy.as_ref())
            .await;
        match judged {
            Ok(Judged::Proven(identity)) => {
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
                    tracing::info!(upstream = way.slug(), "a sign-in was refused");
                }
                Ok(self.ask(asked).await)
            }
            Ok(Judged::Closed(told)) => {
                tracing::info!(upstream = way.slug(), "a sign-in was refused for good");
                Ok(self.closed(&told))
            }
            Err(error) => {
                taken.give_back();
                Ok(self.trouble(error))
            }
        }
    }

    /// Signs in whoever the identity belongs to.
    async fn enter(&self, identity: &Identity) -> Result<Response, PageProblem> {
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
            return Ok(self.closed(
                "You proved who you are, but nobody here has that account. Ask the people who run \
                 this service to add you.",
            ));
        };
        let visit = Visit {
            device: Some(frame.device().to_owned()),
            ..visit
        };
        begin_session(frame.session(), &visit).await?;
        if leaving.is_some() {
            // Nowhere else can they do what they came for.
            return Ok(go_on(
                it,
                LocalPath::parse(&it.web.links().my_data()).as_ref(),
            ));
        }
        Ok(go_on(it, self.next.as_ref()))
    }

    async fn ask(&self, asked: Asked) -> Response {
        self.frame.show(&self.page(asked).await)
    }

    async fn slow(&self, asked: Asked, slowed: Slowed) -> Response {
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
        let query = self.query();
        let remembered = self.typed.is_some_and(|form| form.is_ticked("remember"));
        let others = it
            .turns
            .ways
            .iter()
            .filter(|other| other.slug() != way.slug());
        let app = match &self.next {
            Some(next) => it.signpost.app_ahead(next).await,
            None => None,
        };
        AskPage {
            heading: asked.prompt.heading,
            app,
            action: links.login_through(way.slug()),
            next: self
                .next
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            attempt: asked.attempt,
            steps: (asked.prompt.steps.into_iter())
                .map(|(label, state)| StepShown { label, state })
                .collect(),
            notice: asked
                .prompt
                .notice
                .or(self.is_again().then_some(AGAIN_NOTICE)),
            error: asked.told.map(Cow::into_owned),
            prompt: PromptShown {
                inputs: (asked.prompt.inputs.into_iter())
                    .map(|input| self.filled(input))
                    .collect(),
                picture: asked.prompt.picture,
                remember: asked.prompt.may_be_last,
                remembered,
                submit: asked.prompt.submit,
            },
            other_ways: others
                .map(|other| OtherWay {
                    label: other.face().label,
                    hint: other.face().hint,
                    href: format!("{}{query}", links.login_through(other.slug())),
                })
                .collect(),
        }
    }

    /// Whether somebody who is signed in proves it once more.
    fn is_again(&self) -> bool {
        self.frame.visit().is_some()
    }

    /// What another page of the same sign-in has to be told.
    fn query(&self) -> String {
        let query = LocalPath::query(self.next.as_ref());
        match (self.is_again(), query.is_empty()) {
            (false, _) => query,
            (true, true) => format!("?{AGAIN}=1"),
            (true, false) => format!("{query}&{AGAIN}=1"),
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

    fn without(&self, without: Without, attempt: Option<&str>) -> Response {
        let here = self.it.web.links().login_through(self.way.slug());
        match without {
            Without::Busy => {
                let query = self.query();
                let joint = if query.is_empty() { "?" } else { "&" };
                let attempt = attempt.unwrap_or_default();
                let href = format!("{here}{query}{joint}attempt={attempt}");
                self.frame.show(&BusyPage { href })
            }
            Without::Gone => self.closed(
                "This sign-in is over: it took longer than ten minutes, was finished in another \
                 tab, or the service was started anew.",
            ),
            Without::Closed(told) => self.closed(&told),
            Without::Upstream(error) => self.trouble(error),
        }
    }

    /// The sign-in is over.
    fn closed(&self, told: &str) -> Response {
        PageProblem::new(StatusCode::BAD_REQUEST, "You are not signed in", told)
            .back(self.anew(), "Begin again")
            .into_response()
    }

    /// There was no answer.
    fn trouble(&self, error: UpstreamError) -> Response {
        let upstream = self.way.slug();
        let problem = match error {
            UpstreamError::Store(error) => error.into(),
            UpstreamError::Expired => return self.without(Without::Gone, None),
            UpstreamError::Busy(after) => {
                tracing::warn!(upstream, "too many sign-ins at once");
                PageProblem::unavailable_for(
                    after,
                    "Many people are signing in at this moment. Nothing you did is lost.",
                )
            }
            UpstreamError::Unavailable => {
                tracing::warn!(upstream, "the upstream does not answer");
                PageProblem::unavailable_for(
                    Duration::from_secs(30),
                    "The service that knows your password does not answer.",
                )
            }
            UpstreamError::Changed(what) => {
                tracing::error!(upstream, what, "the upstream has changed");
                PageProblem::unavailable_for(
                    Duration::from_mins(10),
                    "This way to sign in does not work at the moment, and has to be mended.",
                )
            }
        };
        problem.back(self.anew(), "Begin again").into_response()
    }

    fn anew(&self) -> String {
        let query = LocalPath::query(self.next.as_ref());
        format!("{}{query}", self.it.web.links().login())
    }
}

/// `GET /account/logout/`: asks first, always, since a picture on any page can send a GET.
pub(super) async fn leave(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
    frame: Frame,
) -> Response {
    let next = LocalPath::parse(asking(query).text("next"));
    frame.show(&LeavePage {
        action: it.web.links().logout(),
        next: next.map_or_else(String::new, |next| next.to_string()),
    })
}

/// `POST /account/logout/`
pub(super) async fn left(
    State(it): State<Feature>,
    headers: HeaderMap,
    Protected { frame, form }: Protected,
) -> Result<Response, PageProblem> {
    if let Some(visit) = frame.visit() {
        let entry = Entry::of("person.signed_out");
        let entry = entry.by(visit.person).about(visit.person);
        audit::note(it.db.pool(), entry, it.clock.now(), it.entropy.as_ref()).await?;
        end_session(frame.session()).await?;
    }
    let links = it.web.links();
    let to = match LocalPath::parse(form.text("next")) {
        Some(next) => format!("{}{}", links.login(), LocalPath::query(Some(&next))),
        None => links.home(),
    };
    let mut answer = frame.send_to_with(&to, &Flash::info("You are signed out."));
    *answer.status_mut() = StatusCode::FOUND;
    let cookies = it.web.cookies;
    cookies.forget_person(&headers, answer.headers_mut());
    Ok(answer)
}

/// What the address carries. Text that cannot be right is as good as none.
fn asking(query: Option<String>) -> Pairs {
    let query = query.unwrap_or_default();
    Pairs::parse(query.as_bytes()).unwrap_or_default()
}

/// 302, as old clients expect of this door.
fn go_on(it: &Feature, next: Option<&LocalPath>) -> Response {
    let profile = it.web.links().profile();
    let to = next.map_or(profile, ToString::to_string);
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

/// The prompt with an error at each input that was left empty, if one was.
fn missing(prompt: &Prompt, form: &Pairs) -> Option<Prompt> {
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

/// Whose account it is, as far as the form says; a form that does not counts for itself.
fn account(way: &Way, prompt: &Prompt, form: &Pairs) -> Account {
    let name = prompt.account.map(|input| form.text(input));
    Account::typed(way.slug(), name.unwrap_or(form.text("attempt")))
}

const TOO_MANY: &str = "There were too many tries in a short time.";

impl From<PeopleError> for PageProblem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            error => Self::broken(error),
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::upstream::Choice;
    use crate::upstream::InputKind;
    use crate::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let password = Input::new("password", InputKind::Password, "Password", "off");
        let first = ask(vec![password], false);
        let further = ask(every_kind(), true);
        let leave = |next: &str| LeavePage {
            action: "/account/logout/".to_owned(),
            next: next.to_owned(),
        };
        vec![
            Sample::of(&first),
            Sample::of(&further),
            Sample::of(&BusyPage {
                href: "/account/login/erp/?attempt=a".to_owned(),
            }),
            Sample::of(&leave("")),
            Sample::of(&leave("/user/")),
        ]
    }

    /// An input of each kind, half of them with a hint and an error.
    fn every_kind() -> Vec<Input> {
        use InputKind::Captcha;
        use InputKind::Code;
        let plain = [InputKind::Text, InputKind::Password, Code, Captcha].map(|kind| {
            let mut input = Input::new("input", kind, "What it asks", "off");
            input.value = "typed".to_owned();
            input
        });
        let mut choice = Input::new("choice", InputKind::Choice, "One of them", "off");
        choice.options = vec![Choice {
            value: "a",
            label: "The first".into(),
        }];
        let plain = plain.into_iter().chain([choice]);
        let wrong = plain.clone().map(|mut input| {
            input.hint = Some("As on your card.".into());
            input.error = Some("This is empty. Fill it in.".into());
            input
        });
        plain.chain(wrong).collect()
    }

    fn ask(inputs: Vec<Input>, full: bool) -> AskPage {
        let text = |text: &'static str| full.then(|| text.into());
        let steps = [StepState::Done, StepState::Now, StepState::Later];
        let steps = steps.map(|state| StepShown {
            label: "Roll number".into(),
            state,
        });
        let way = |hint| OtherWay {
            label: "Campus portal",
            hint,
            href: "/account/login/erp/".to_owned(),
        };
        AskPage {
            heading: "Sign in".into(),
            app: full.then(|| AppAhead {
                name: "Mess Menu".to_owned(),
                initial: "M".to_owned(),
                logo: None,
            }),
            action: "/account/login/password/".to_owned(),
            next: if full { "/user/" } else { "" }.to_owned(),
            attempt: full.then(|| "name".to_owned()),
            steps: steps.into_iter().filter(|_| full).collect(),
            notice: text("Your password goes to the portal."),
            error: full.then(|| "That is wrong.".to_owned()),
            prompt: PromptShown {
                inputs,
                picture: full.then(|| Picture {
                    src: "/captcha".to_owned(),
                    alt: "Six letters".into(),
                }),
                remember: true,
                remembered: full,
                submit: "Sign in".into(),
            },
            other_ways: if full {
                vec![way(None), way(Some("with a code"))]
            } else {
                Vec::new()
            },
        }
    }
}

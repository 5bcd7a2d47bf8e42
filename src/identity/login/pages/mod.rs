//! The sign-in page, which is the same for every way to sign in, and the page that signs out.

mod door;
mod enter;
mod form;
mod leave;
mod purpose;
mod shown;
mod trouble;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use door::LoginRoute;
pub use enter::let_in;
use http::{HeaderMap, StatusCode, header};
pub(super) use leave::{leave, left};
use purpose::LoginPurpose;

use super::limits::{AccountKey, LimitSubject};
use super::signed_in::send_to_login;
use super::take_turn::{LoginFlows, PromptView};
use super::{Feature, LocalPath, known};
use crate::connectors::{DisabledConnector, DynConnector, RequestOrigin};
use crate::platform::links::Links;
use crate::platform::web::{ClientAddress, CsrfForm, FormParams, PageContext, PageError};

#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::platform::web::PageSample> {
    let mut samples = shown::samples::samples();
    samples.extend(leave::samples::samples());
    samples
}

const TOO_MANY: &str = "Too many attempts in a short time.";

/// `GET /account/login/`: who is signed in already goes on.
pub(super) async fn open(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    frame: PageContext,
) -> Result<Response, PageError> {
    let closed = it.closed_ways().await?;
    let way = first_open(&it, &closed).to_owned();
    look(State(it), Path(way), RawQuery(query), address, frame).await
}

/// `GET /account/login/<way>/`
pub(super) async fn look(
    State(it): State<Feature>,
    Path(way): Path<String>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    frame: PageContext,
) -> Result<Response, PageError> {
    let asking = asking(query);
    let next = LocalPath::parse(asking.text("next"));
    let purpose = LoginPurpose::of(&asking, frame.visit().is_some());
    match (frame.visit(), purpose) {
        (Some(_), LoginPurpose::SignIn) => return Ok(go_on(it.web.links(), next.as_ref())),
        (None, LoginPurpose::Link) => {
            let links = it.web.links();
            return Ok(send_to_login(links, Some(&links.ways_in())));
        }
        _ => {}
    }
    let way = way_named(&it, &way)?;
    let closed = it.closed_ways().await?;
    let visitor = visitor(&it, address);
    let door = LoginRoute {
        it: &it,
        frame: &frame,
        way,
        visitor,
        closed_ways: &closed,
        purpose,
        next,
        typed: None,
    };
    if door.is_closed() {
        return Ok(door.closed_way());
    }
    let attempt = Some(asking.text("attempt")).filter(|name| !name.is_empty());
    if attempt.is_none() && !way.opens_plainly() {
        it.limits
            .begin(address, visitor.now)
            .map_err(|slowed| PageError::slowed(slowed, TOO_MANY))?;
    }
    let rng = it.rng.as_ref();
    let asked = it
        .turns
        .look(way, attempt, frame.browser(), visitor, rng)
        .await;
    match asked {
        Ok(asked) => Ok(door.ask(asked).await),
        Err(without) => door.without(without, attempt).await,
    }
}

/// `GET /account/login/<way>/picture/`: the picture of an attempt's form.
pub(super) async fn picture(
    State(it): State<Feature>,
    Path(way): Path<String>,
    RawQuery(query): RawQuery,
    frame: PageContext,
) -> Result<Response, PageError> {
    let way = way_named(&it, &way)?;
    let asking = asking(query);
    let attempt = asking.text("attempt");
    let picture = it
        .turns
        .picture(way, attempt, frame.browser(), it.clock.now())
        .ok_or_else(PageError::not_found)?;
    // It is of this one form: the next one's is another, at the same address.
    let headers = [
        (header::CONTENT_TYPE, picture.media_type),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, picture.bytes).into_response())
}

/// `POST /account/login/`: the form of the way the page opens with.
pub(super) async fn answer_first(
    State(it): State<Feature>,
    address: ClientAddress,
    headers: HeaderMap,
    form: CsrfForm,
) -> Result<Response, PageError> {
    let closed = it.closed_ways().await?;
    let way = first_open(&it, &closed).to_owned();
    answer(State(it), Path(way), address, headers, form).await
}

/// `POST /account/login/<way>/`
pub(super) async fn answer(
    State(it): State<Feature>,
    Path(way): Path<String>,
    address: ClientAddress,
    headers: HeaderMap,
    CsrfForm { frame, form }: CsrfForm,
) -> Result<Response, PageError> {
    let way = way_named(&it, &way)?;
    let closed = it.closed_ways().await?;
    let visitor = visitor(&it, address);
    let door = LoginRoute {
        it: &it,
        frame: &frame,
        way,
        visitor,
        closed_ways: &closed,
        purpose: LoginPurpose::of(&form, frame.visit().is_some()),
        next: LocalPath::parse(form.text("next")),
        typed: Some(&form),
    };
    if door.is_closed() {
        return Ok(door.closed_way());
    }
    let attempt = Some(form.text("attempt")).filter(|name| !name.is_empty());
    let turn = it.turns.begin(way, attempt, frame.browser(), visitor).await;
    let turn = match turn {
        Ok(turn) => turn,
        Err(without) => return door.without(without, attempt).await,
    };
    let instead = door.instead(&turn.prompt);
    if let Some(missing) = door.missing(&turn.prompt).filter(|_| instead.is_none()) {
        let asked = LoginFlows::put_back(turn);
        let asked = PromptView {
            prompt: missing,
            ..asked
        };
        return Ok(door.ask(asked).await);
    }
    let name = door.account(&turn.prompt);
    let account = AccountKey::typed(way.slug(), name.unwrap_or(form.text("attempt")));
    let who = LimitSubject {
        account,
        address,
        known: known::browser(&it.web, &headers, account),
    };
    match it.limits.wait(&who, it.clock.as_ref()).await {
        Ok(taken) => door.judge(turn, instead, (account, taken), &headers).await,
        Err(slowed) => {
            if it.limits.is_news(&who, it.clock.now()) {
                door.note_slowed(&turn.prompt).await?;
            }
            Ok(door.slow(LoginFlows::put_back(turn), slowed).await)
        }
    }
}

fn way_named<'a>(it: &'a Feature, slug: &str) -> Result<&'a DynConnector, PageError> {
    it.turns.ways.named(slug).ok_or_else(PageError::not_found)
}

/// The way the page opens with: the first one that is not closed, or the first one, to say that it is.
fn first_open<'a>(it: &'a Feature, closed: &[DisabledConnector]) -> &'a str {
    let is_open = |way: &&DynConnector| !closed.iter().any(|closed| closed.slug == way.slug());
    let first = it.turns.ways.iter().find(is_open);
    first
        .or(it.turns.ways.first())
        .map_or("", DynConnector::slug)
}

fn visitor(it: &Feature, ClientAddress(address): ClientAddress) -> RequestOrigin {
    RequestOrigin {
        now: it.clock.now(),
        address,
    }
}

/// What the address carries. Text that cannot be right is as good as none.
fn asking(query: Option<String>) -> FormParams {
    let query = query.unwrap_or_default();
    FormParams::parse(query.as_bytes()).unwrap_or_default()
}

/// 302, as old clients expect of this door.
fn go_on(links: &Links, next: Option<&LocalPath>) -> Response {
    let to = next.map_or_else(|| links.profile(), ToString::to_string);
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

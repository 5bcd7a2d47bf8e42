//! The sign-in page, which is the same for every connector, the callback of redirects, and signing out.

mod callback;
mod complete_login;
mod errors;
mod login_request;
mod logout;
mod prompt_page;
mod views;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
pub(super) use callback::callback;
pub use complete_login::start_session;
use http::{HeaderMap, StatusCode, header};
use login_request::LoginRequest;
pub(super) use logout::{confirm_logout, logout};

use super::attempts::LoginChoices;
use super::login_flows::{AttemptError, LoginFlows, PromptView};
use super::purpose::LoginPurpose;
use super::require_session::send_to_login;
use super::{Feature, LocalPath};
use crate::connectors::{DisabledConnector, DynConnector, RequestFacts};
use crate::people::records;
use crate::platform::links::Links;
use crate::platform::rate_limits::BrowserKind;
use crate::platform::web::{ClientAddress, FormParams, PageContext, PageError, UnverifiedForm};

#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::platform::web::PageSample> {
    let mut samples = views::samples::samples();
    samples.extend(logout::samples::samples());
    samples
}

const TOO_MANY: &str = "Too many attempts in a short time.";

/// `GET /account/login/`: the form of the first connector.
pub(super) async fn show_first(
    State(feature): State<Feature>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    headers: HeaderMap,
    context: PageContext,
) -> Result<Response, PageError> {
    let disabled = feature.list_disabled().await?;
    let slug = first_enabled(&feature, &disabled).to_owned();
    show(
        State(feature),
        Path(slug),
        RawQuery(query),
        address,
        headers,
        context,
    )
    .await
}

/// `GET /account/login/<connector>/`: a person who is signed in already goes on to `next`.
pub(super) async fn show(
    State(feature): State<Feature>,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    headers: HeaderMap,
    context: PageContext,
) -> Result<Response, PageError> {
    let params = parse_query(query);
    let choices = choices(&params, &context);
    if let Some(elsewhere) = redirect_elsewhere(&feature, &context, &choices) {
        return Ok(elsewhere);
    }
    let connector = find_connector(&feature, &slug)?;
    let disabled = feature.list_disabled().await?;
    let origin = request_origin(&feature, address);
    let route = LoginRequest {
        feature: &feature,
        context: &context,
        headers: &headers,
        connector,
        origin,
        disabled: &disabled,
        choices,
        form: None,
    };
    if route.is_disabled() {
        return Ok(route.render_disabled());
    }
    let attempt = attempt_name(&params);
    match open_prompt(&route, attempt, address).await? {
        Ok(view) => Ok(route.render_prompt(view).await),
        Err(error) => route.render_attempt_error(error, attempt).await,
    }
}

/// The prompt of an attempt, or the first prompt of the connector.
async fn open_prompt(
    route: &LoginRequest<'_>,
    attempt: Option<&str>,
    address: ClientAddress,
) -> Result<Result<PromptView, AttemptError>, PageError> {
    let LoginRequest {
        feature,
        connector,
        context,
        origin,
        ..
    } = route;
    if attempt.is_none() && !connector.has_stateless_start() {
        feature
            .limits
            .count_start(address)
            .map_err(|limited| PageError::rate_limited(limited, TOO_MANY))?;
    }
    let newest = records::find_newest_epoch(feature.db.pool()).await?;
    let (browser, rng) = (context.browser_id(), feature.rng.as_ref());
    let view = feature
        .flows
        .find_prompt(connector, (attempt, newest), browser, *origin, rng);
    Ok(view.await)
}

/// Where a person goes who needs no sign-in page: on to `next` if they are signed in; to the ordinary sign-in if a
/// method should be added to an account that nobody is signed in to.
fn redirect_elsewhere(
    feature: &Feature,
    context: &PageContext,
    choices: &LoginChoices,
) -> Option<Response> {
    let links = feature.web.links();
    match (context.user_session(), choices.purpose) {
        (Some(_), LoginPurpose::SignIn) => Some(redirect_to_next(links, choices.next.as_ref())),
        (None, LoginPurpose::Link) => Some(send_to_login(links, Some(&links.linked_identities()))),
        _ => None,
    }
}

/// `GET /account/login/<connector>/picture/`: the picture of an attempt's form.
pub(super) async fn picture(
    State(feature): State<Feature>,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
    context: PageContext,
) -> Result<Response, PageError> {
    let connector = find_connector(&feature, &slug)?;
    let params = parse_query(query);
    let now = feature.clock.now();
    let picture = feature
        .flows
        .find_picture(connector, params.text("attempt"), context.browser_id(), now)
        .ok_or_else(PageError::not_found)?;
    // The next form of the attempt has another picture at the same address.
    let headers = [
        (header::CONTENT_TYPE, picture.media_type),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, picture.bytes).into_response())
}

/// `POST /account/login/`: the form of the first connector.
pub(super) async fn submit_first(
    State(feature): State<Feature>,
    address: ClientAddress,
    headers: HeaderMap,
    form: UnverifiedForm,
) -> Result<Response, PageError> {
    let disabled = feature.list_disabled().await?;
    let slug = first_enabled(&feature, &disabled).to_owned();
    submit(State(feature), Path(slug), address, headers, form).await
}

/// `POST /account/login/<connector>/`
pub(super) async fn submit(
    State(feature): State<Feature>,
    Path(slug): Path<String>,
    address: ClientAddress,
    headers: HeaderMap,
    UnverifiedForm { context, form }: UnverifiedForm,
) -> Result<Response, PageError> {
    let is_out_of_date = context.verify_csrf_token(form.text("csrf_token")).is_err();
    let choices = choices(&form, &context);
    if let Some(elsewhere) =
        redirect_elsewhere(&feature, &context, &choices).filter(|_| is_out_of_date)
    {
        return Ok(elsewhere);
    }
    let connector = find_connector(&feature, &slug)?;
    let disabled = feature.list_disabled().await?;
    let origin = request_origin(&feature, address);
    let route = LoginRequest {
        feature: &feature,
        context: &context,
        headers: &headers,
        connector,
        origin,
        disabled: &disabled,
        choices,
        form: Some(&form),
    };
    if route.is_disabled() {
        return Ok(route.render_disabled());
    }
    if is_out_of_date {
        let view = open_prompt(&route, None, address).await?;
        return match view {
            Ok(view) => Ok(route.render_out_of_date(view).await),
            Err(error) => route.render_attempt_error(error, None).await,
        };
    }
    check_submission(route, &form).await
}

/// Lets the connector check the answers, within the rate limits.
async fn check_submission(
    route: LoginRequest<'_>,
    form: &FormParams,
) -> Result<Response, PageError> {
    let LoginRequest {
        feature,
        connector,
        context,
        origin,
        ..
    } = route;
    let attempt = attempt_name(form);
    let newest = records::find_newest_epoch(feature.db.pool()).await?;
    let submission = feature
        .flows
        .take_submission(connector, (attempt, newest), context.browser_id(), origin)
        .await;
    let submission = match submission {
        Ok(submission) => submission,
        Err(error) => return route.render_attempt_error(error, attempt).await,
    };
    let alternatives = route.alternatives(&submission.prompt);
    let marked = route.mark_empty_inputs(&submission.prompt);
    if let Some(prompt) = marked.filter(|_| alternatives.is_none()) {
        let view = LoginFlows::return_submission(submission);
        let view = PromptView { prompt, ..view };
        return Ok(route.render_prompt(view).await);
    }
    let subject = route.limit_subject(&submission.prompt, attempt).await?;
    let (account, browser) = (subject.account, subject.browser_kind());
    let route = LoginRequest {
        origin: RequestFacts { browser, ..origin },
        ..route
    };
    match feature.limits.wait(&subject).await {
        Ok(permit) => {
            route
                .check_answers(submission, alternatives, (account, permit))
                .await
        }
        Err(limited) => {
            if feature.limits.needs_audit(&subject) {
                route.audit_rate_limit(&submission.prompt).await?;
            }
            let view = LoginFlows::return_submission(submission);
            Ok(route.render_rate_limited(view, limited).await)
        }
    }
}

fn choices(params: &FormParams, context: &PageContext) -> LoginChoices {
    LoginChoices {
        purpose: LoginPurpose::of(params, context.user_session().is_some()),
        next: LocalPath::parse(params.text("next")),
        remember: params.is_checked("remember"),
    }
}

fn attempt_name(params: &FormParams) -> Option<&str> {
    Some(params.text("attempt")).filter(|name| !name.is_empty())
}

fn find_connector<'a>(feature: &'a Feature, slug: &str) -> Result<&'a DynConnector, PageError> {
    let found = feature.flows.connectors.named(slug);
    found.ok_or_else(PageError::not_found)
}

/// The connector that the sign-in page opens with: the first one that is not disabled. If all are, the
/// first one, whose page tells that it is.
fn first_enabled<'a>(feature: &'a Feature, disabled: &[DisabledConnector]) -> &'a str {
    let connectors = &feature.flows.connectors;
    let is_enabled = |connector: &&DynConnector| {
        !disabled
            .iter()
            .any(|disabled| disabled.slug == connector.slug())
    };
    let first = connectors.iter().find(is_enabled);
    first.or(connectors.first()).map_or("", DynConnector::slug)
}

fn request_origin(feature: &Feature, ClientAddress(address): ClientAddress) -> RequestFacts {
    RequestFacts {
        now: feature.clock.now(),
        address,
        browser: BrowserKind::Stranger,
    }
}

/// The parameters of a query. An unreadable query counts as an empty one.
fn parse_query(query: Option<String>) -> FormParams {
    let query = query.unwrap_or_default();
    FormParams::parse(query.as_bytes()).unwrap_or_default()
}

/// 302, as old clients expect of the sign-in page.
fn redirect_to_next(links: &Links, next: Option<&LocalPath>) -> Response {
    let location = next.map_or_else(|| links.profile(), ToString::to_string);
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

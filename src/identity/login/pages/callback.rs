//! Logins that leave this server: sends the browser to an upstream, and takes it back at the callback
//! address.
//!
//! The `state` parameter protects against login CSRF and code injection (RFC 6749 §10.12, RFC 9700 §2.1 and
//! §4.5). It is unguessable, works once and for ten minutes, and only in the browser that sent our form:
//! it names an attempt in memory, which keeps the browser's session or visitor cookie as a hash.
//!
//! Both cookies are `SameSite=Lax`. The upstream sends the browser back by a top-level navigation with
//! GET, for which browsers attach such cookies although it comes from another site. For a POST
//! (`response_mode=form_post`) they would not, so the callback answers GET only.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};

use super::super::attempts::PendingCallback;
use super::super::login_flows::{SubmissionOutcome, UpstreamRedirect};
use super::super::rules::LoginOutcome;
use super::super::{Feature, login_flows};
use super::complete_login::LoginCompletion;
use super::login_request::LoginRequest;
use super::{TOO_MANY, find_connector, request_origin};
use crate::connectors::CallbackParams;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::{ClientAddress, PageContext, PageError, set_no_store};

impl LoginRequest<'_> {
    /// Sends the browser to the upstream (303: the form is not sent there).
    pub(super) fn redirect(&self, redirect: UpstreamRedirect) -> Result<Response, PageError> {
        let Self { feature, .. } = self;
        let now = feature.clock.now();
        if redirect.is_uncounted {
            feature
                .limits
                .count_start(ClientAddress(self.origin.address))
                .map_err(|limited| PageError::rate_limited(limited, TOO_MANY))?;
        }
        let owner = login_flows::owner(self.context.browser_id(), self.connector);
        let (choices, rng) = (self.choices.clone(), feature.rng.as_ref());
        let url = feature
            .flows
            .start_redirect(redirect, owner, choices, now, rng);
        let mut response = Redirect::to(url.as_str()).into_response();
        set_no_store(&mut response);
        Ok(response)
    }

    /// Lets the connector check the parameters of the callback, and renders what follows.
    async fn resume(
        &self,
        callback: PendingCallback,
        params: CallbackParams,
    ) -> Result<Response, PageError> {
        let Self {
            feature, connector, ..
        } = self;
        let outcome = feature
            .flows
            .resume(
                connector,
                callback,
                params,
                self.context.browser_id(),
                self.origin,
                feature.rng.as_ref(),
            )
            .await;
        match outcome {
            Ok(SubmissionOutcome::Finished(LoginOutcome::Proven(proven))) => {
                Ok(match self.complete_login(&proven).await? {
                    LoginCompletion::SignedIn { response, .. }
                    | LoginCompletion::NotSignedIn(response) => response,
                })
            }
            Ok(SubmissionOutcome::Ask(view)) => {
                if view.error.is_some() {
                    self.count_outcome(SignInOutcome::Refused);
                    tracing::info!(upstream = connector.slug(), "a sign-in was refused");
                }
                Ok(self.render_prompt(*view).await)
            }
            Ok(SubmissionOutcome::Redirect(redirect)) => self.redirect(*redirect),
            Ok(SubmissionOutcome::Finished(LoginOutcome::Refused(reason))) => {
                Ok(self.refuse(&reason))
            }
            Err(error) => self.render_connector_error(error).await,
        }
    }
}

/// `GET /account/login/<connector>/callback/`
pub(in super::super) async fn callback(
    State(feature): State<Feature>,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
    address: ClientAddress,
    headers: HeaderMap,
    context: PageContext,
) -> Result<Response, PageError> {
    let connector = find_connector(&feature, &slug)?;
    let origin = request_origin(&feature, address);
    let owner = login_flows::owner(context.browser_id(), connector);
    let params = CallbackParams::parse(&query.unwrap_or_default()).ok();
    let pending = params.and_then(|mut params| {
        let state_param = params.take("state")?;
        let callback = feature
            .flows
            .take_callback(&state_param, owner, origin.now)?;
        Some((callback, params))
    });
    let Some((callback, params)) = pending else {
        tracing::info!(
            upstream = connector.slug(),
            "a callback without its attempt"
        );
        return Ok(render_unknown_callback(&feature));
    };
    let disabled = feature.list_disabled().await?;
    let route = LoginRequest {
        feature: &feature,
        context: &context,
        headers: &headers,
        connector,
        origin,
        disabled: &disabled,
        choices: callback.choices.clone(),
        form: None,
    };
    if route.is_disabled() {
        return Ok(route.render_disabled());
    }
    route.resume(callback, params).await
}

/// The callback belongs to no attempt of this browser. It does not tell which of the reasons it was, and
/// nobody is signed in or out.
fn render_unknown_callback(feature: &Feature) -> Response {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "This sign-in has expired",
        "It took longer than ten minutes, was already completed, was started in another browser, or \
         the service was restarted.",
    )
    .with_back_link(feature.web.links().login(), "Start again")
    .into_response()
}

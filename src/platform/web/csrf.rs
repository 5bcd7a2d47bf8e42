//! Protection against cross-site request forgery (CSRF): every form of a page carries a hidden
//! `csrf_token`, and [`CsrfForm`] accepts a form only with the right one.
//!
//! The token is a MAC over the browser's session id, or over the `visitor` cookie of a browser without
//! a session. Another site can neither read nor compute it. After a sign-in the session id is a new
//! one, so forms shown before are refused.
//!
//! Decision: the token is computed, because a stored one would need a row in the database for every
//! visitor who only looks at a page.

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Multipart, Request};
use http::{StatusCode, header};

use super::multipart::read_multipart;
use super::{FormParams, PageContext, PageError, UploadedFile, Web};

impl PageContext {
    /// The value of the hidden field `csrf_token` in this browser's forms.
    pub fn csrf_token(&self) -> String {
        self.web().form_key.mac(&[self.browser_id().as_bytes()])
    }

    /// Refuses a form that was not shown to this browser, or was shown before a sign-in or sign-out.
    pub fn verify_csrf_token(&self, token: &str) -> Result<(), PageError> {
        let parts = [self.browser_id().as_bytes()];
        if self.web().form_key.verify_mac(token, &parts) {
            return Ok(());
        }
        Err(PageError::new(
            StatusCode::FORBIDDEN,
            "This page is out of date",
            "You signed in or out after you opened it, or cookies are blocked. Nothing was changed.",
        )
        .with_advice("Go back, reload the page and try again.")
        .with_advice("If that does not help, allow cookies for this site."))
    }
}

/// The form of a page, with its CSRF token verified.
#[derive(Debug)]
pub struct CsrfForm {
    pub context: PageContext,
    pub form: FormParams,
}

impl<S> FromRequest<S> for CsrfForm
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let UnverifiedForm { context, form } = UnverifiedForm::from_request(request, state).await?;
        context.verify_csrf_token(form.text("csrf_token"))?;
        Ok(Self { context, form })
    }
}

/// The form of a page before its CSRF token is verified, for a handler that shows the form again instead of an
/// error page. Nothing may be done with it before [`PageContext::verify_csrf_token`].
#[derive(Debug)]
pub struct UnverifiedForm {
    pub context: PageContext,
    pub form: FormParams,
}

impl<S> FromRequest<S> for UnverifiedForm
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let context = PageContext::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unreadable_form(rejection.status()))?;
        let form =
            FormParams::parse(&body).ok_or_else(|| unreadable_form(StatusCode::BAD_REQUEST))?;
        Ok(Self { context, form })
    }
}

/// The form of a page that may carry files, with its CSRF token verified. Also accepts a form without
/// files in the usual encoding.
#[derive(Debug)]
pub struct CsrfMultipartForm {
    pub context: PageContext,
    pub form: FormParams,
    /// Empty if no file was chosen.
    pub files: Vec<UploadedFile>,
}

impl<S> FromRequest<S> for CsrfMultipartForm
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let media_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|media_type| media_type.to_str().ok());
        if !media_type.is_some_and(|media_type| media_type.starts_with("multipart/form-data")) {
            let CsrfForm { context, form } = CsrfForm::from_request(request, state).await?;
            return Ok(Self {
                context,
                form,
                files: Vec::new(),
            });
        }
        let (mut parts, body) = request.into_parts();
        let context = PageContext::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let multipart = Multipart::from_request(request, state).await;
        let multipart = multipart.map_err(|rejection| unreadable_form(rejection.status()))?;
        let (form, files) = read_multipart(multipart).await?;
        context.verify_csrf_token(form.text("csrf_token"))?;
        Ok(Self {
            context,
            form,
            files,
        })
    }
}

pub(super) fn unreadable_form(status: StatusCode) -> PageError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return PageError::new(
            status,
            "That is too large",
            "The form you sent is too large.",
        )
        .with_advice("Go back and choose a smaller file. A picture can be up to 2 MB.");
    }
    PageError::new(
        StatusCode::BAD_REQUEST,
        "The form was not received completely",
        "The form could not be read. Nothing was changed.",
    )
    .with_advice("Go back, reload the page and send it again.")
}

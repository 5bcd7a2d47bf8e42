//! Requests to the token endpoints, read from the wire and made regular: the habits of old clients
//! end here.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use http::{StatusCode, header};

use crate::platform::secret::Secret;
use crate::platform::web::{FormParams, OAuthErrorResponse, RepeatedParameter};
use crate::protocol::oauth::credential::MissingCredentials;
use crate::protocol::oauth::{ClientCredentials, OAuthError, OAuthErrorCode};
use crate::protocol::scope::ScopeSet;

/// `POST /oauth/token/`
#[derive(Debug)]
pub(super) struct TokenRequest {
    pub credential: ClientCredentials,
    pub form: GrantRequest,
}

/// One grant type each.
#[derive(Debug)]
pub(super) enum GrantRequest {
    /// RFC 6749 §4.1.3
    Code {
        code: Secret,
        redirect_uri: Option<String>,
        verifier: Option<String>,
    },
    /// RFC 6749 §6
    Refresh {
        token: Secret,
        scopes: Option<ScopeSet>,
    },
}

/// `POST /oauth/revoke_token/` (RFC 7009 §2.1). The hint is not read: both kinds are searched.
#[derive(Debug)]
pub(super) struct RevokeRequest {
    pub credential: ClientCredentials,
    pub token: Secret,
}

impl<S: Send + Sync> FromRequest<S> for TokenRequest {
    type Rejection = OAuthErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthErrorResponse> {
        let (header, pairs) = read(request, state).await?;
        let grant_type = one(&pairs, "grant_type")?;
        if !matches!(grant_type, Some("authorization_code" | "refresh_token")) {
            return Err(unsupported(grant_type).into());
        }
        let credential = credential(header.as_deref(), &pairs)?;
        let form = if grant_type == Some("refresh_token") {
            let scopes = one(&pairs, "scope")?.map(ScopeSet::parse).transpose();
            let scopes = scopes.map_err(|unknown| {
                OAuthError::new(OAuthErrorCode::InvalidScope, unknown.advice())
            })?;
            GrantRequest::Refresh {
                token: Secret::new(required(&pairs, "refresh_token")?),
                scopes,
            }
        } else {
            GrantRequest::Code {
                code: Secret::new(required(&pairs, "code")?),
                redirect_uri: one(&pairs, "redirect_uri")?.map(str::to_owned),
                verifier: one(&pairs, "code_verifier")?.map(str::to_owned),
            }
        };
        Ok(Self { credential, form })
    }
}

impl<S: Send + Sync> FromRequest<S> for RevokeRequest {
    type Rejection = OAuthErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthErrorResponse> {
        let (header, pairs) = read(request, state).await?;
        let credential = credential(header.as_deref(), &pairs)?;
        let token = Secret::new(required(&pairs, "token")?);
        Ok(Self { credential, token })
    }
}

/// The `Authorization` header and the form. The content type is looked at for one thing only: curl in
/// PHP, given an array of fields, sends them as `multipart/form-data`. Otherwise old clients send all
/// sorts, and what is not a form has no `grant_type`.
async fn read<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<(Option<String>, FormParams), OAuthErrorResponse> {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        let error = "Send the parameters in the body: addresses end up in logs.";
        return Err(OAuthError::invalid_request(error).into());
    }
    let header = request.headers().get(header::AUTHORIZATION);
    let header = header.map(|header| String::from_utf8_lossy(header.as_bytes()).into_owned());
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let is_multipart = kind.starts_with("multipart/form-data") && kind.contains("boundary=");
    let pairs = if is_multipart {
        FormParams::from_pairs(parts(request, state).await?)
    } else {
        let body = Bytes::from_request(request, state);
        let body = body.await.map_err(|refused| not_whole(refused.status()))?;
        // Raw requests are written with a blank line too many, and with one at the end.
        FormParams::parse(body.trim_ascii())
    };
    let pairs =
        pairs.ok_or_else(|| OAuthError::invalid_request("The body holds a NUL character."))?;
    Ok((header, pairs))
}

/// The fields of `multipart/form-data` (RFC 7578).
async fn parts<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Vec<(String, String)>, OAuthErrorResponse> {
    let multipart = Multipart::from_request(request, state).await;
    let mut multipart = multipart.map_err(|refused| not_whole(refused.status()))?;
    let mut pairs = Vec::new();
    while let Some(part) = multipart
        .next_field()
        .await
        .map_err(|refused| not_whole(refused.status()))?
    {
        let name = part.name().unwrap_or_default().to_owned();
        let value = part.bytes().await;
        let value = value.map_err(|refused| not_whole(refused.status()))?;
        pairs.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(pairs)
}

fn not_whole(status: StatusCode) -> OAuthErrorResponse {
    OAuthErrorResponse::new(
        status,
        "invalid_request",
        "The body is too large or did not arrive whole.",
    )
}

fn credential(
    header: Option<&str>,
    pairs: &FormParams,
) -> Result<ClientCredentials, OAuthErrorResponse> {
    let client_id = one(pairs, "client_id")?;
    let client_secret = one(pairs, "client_secret")?;
    ClientCredentials::read(header, client_id, client_secret).map_err(|MissingCredentials| {
        let description =
            "Say which client this is: HTTP Basic, or client_id and client_secret in the body.";
        let problem =
            OAuthErrorResponse::new(StatusCode::UNAUTHORIZED, "invalid_client", description);
        // RFC 9110 §15.5.2: every 401 carries a challenge.
        problem.with_basic_challenge()
    })
}

fn one<'a>(
    pairs: &'a FormParams,
    name: &'static str,
) -> Result<Option<&'a str>, OAuthErrorResponse> {
    pairs.one(name).map_err(|repeated: RepeatedParameter| {
        OAuthError::invalid_request(repeated.to_string()).into()
    })
}

fn required<'a>(pairs: &'a FormParams, name: &'static str) -> Result<&'a str, OAuthErrorResponse> {
    let missing =
        || OAuthError::invalid_request(format!("The parameter {name} is missing.")).into();
    one(pairs, name)?.ok_or_else(missing)
}

fn unsupported(grant_type: Option<&str>) -> OAuthError {
    OAuthError::new(
        OAuthErrorCode::UnsupportedGrantType,
        match grant_type {
            None => {
                "grant_type is missing. Send authorization_code or refresh_token in a form body."
            }
            Some(_) => "Only authorization_code and refresh_token are served.",
        },
    )
}

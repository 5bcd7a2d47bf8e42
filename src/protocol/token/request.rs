//! Requests to the token endpoint and the revocation endpoint, read from the wire. What old clients do
//! differently is made regular here.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use http::header;

use super::grant_types::{
    AuthorizationCodeRequest, ClientCredentialsRequest, GrantTypeRequest, RefreshTokenRequest,
};
use super::refusal::Refusal;
use crate::platform::secret::Secret;
use crate::platform::web::FormParams;
use crate::protocol::oauth::ClientCredentials;
use crate::protocol::oauth::credential::MissingCredentials;

/// `POST /oauth/token/` (RFC 6749 §4.1.3, §4.4.2, §6)
#[derive(Debug)]
pub(super) struct TokenRequest {
    pub credentials: ClientCredentials,
    pub grant: GrantTypeRequest,
}

/// `POST /oauth/revoke_token/` (RFC 7009 §2.1). `token_type_hint` is not read: both kinds are searched.
#[derive(Debug)]
pub(super) struct RevocationRequest {
    pub credentials: ClientCredentials,
    pub token: Secret,
}

impl TokenRequest {
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        let (header, params) = read_form(request).await?;
        let parse_grant = match params.one("grant_type")? {
            Some("authorization_code") => AuthorizationCodeRequest::parse,
            Some("refresh_token") => RefreshTokenRequest::parse,
            Some("client_credentials") => ClientCredentialsRequest::parse,
            Some(_) => return Err(Refusal::UnsupportedGrantType),
            None => return Err(Refusal::MissingGrantType),
        };
        Ok(Self {
            credentials: read_credentials(header.as_deref(), &params)?,
            grant: parse_grant(&params)?,
        })
    }
}

impl RevocationRequest {
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        let (header, params) = read_form(request).await?;
        Ok(Self {
            credentials: read_credentials(header.as_deref(), &params)?,
            token: Secret::new(required(&params, "token")?),
        })
    }
}

/// A parameter that must be there.
pub(super) fn required<'a>(params: &'a FormParams, name: &'static str) -> Result<&'a str, Refusal> {
    params.one(name)?.ok_or(Refusal::MissingParameter(name))
}

fn read_credentials(
    header: Option<&str>,
    params: &FormParams,
) -> Result<ClientCredentials, Refusal> {
    let client_id = params.one("client_id")?;
    let client_secret = params.one("client_secret")?;
    ClientCredentials::read(header, client_id, client_secret)
        .map_err(|MissingCredentials| Refusal::ClientUnauthenticated)
}

/// The `Authorization` header and the form. `Content-Type` decides one thing only: curl in PHP, given an
/// array of fields, sends them as `multipart/form-data`. Old clients send all sorts of types otherwise, and
/// a body that is not a form has no `grant_type`.
async fn read_form(request: Request) -> Result<(Option<String>, FormParams), Refusal> {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(Refusal::ParametersInQuery);
    }
    let header = request.headers().get(header::AUTHORIZATION);
    let header = header.map(|header| String::from_utf8_lossy(header.as_bytes()).into_owned());
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_ascii_lowercase();
    let is_multipart =
        media_type.starts_with("multipart/form-data") && media_type.contains("boundary=");
    let params = if is_multipart {
        FormParams::from_pairs(read_multipart(request).await?)
    } else {
        let body = Bytes::from_request(request, &()).await;
        let body = body.map_err(|rejection| Refusal::BodyIncomplete(rejection.status()))?;
        // Requests written by hand have a blank line too many, or one at the end.
        FormParams::parse(body.trim_ascii())
    };
    Ok((header, params.ok_or(Refusal::NulCharacter)?))
}

/// The fields of `multipart/form-data` (RFC 7578).
async fn read_multipart(request: Request) -> Result<Vec<(String, String)>, Refusal> {
    let multipart = Multipart::from_request(request, &()).await;
    let mut multipart =
        multipart.map_err(|rejection| Refusal::BodyIncomplete(rejection.status()))?;
    let incomplete =
        |error: axum::extract::multipart::MultipartError| Refusal::BodyIncomplete(error.status());
    let mut params = Vec::new();
    while let Some(field) = multipart.next_field().await.map_err(incomplete)? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.bytes().await.map_err(incomplete)?;
        params.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(params)
}

//! The widget's script.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::script;
use crate::platform::web::PageError;

/// `GET /static/widget/js/{file}`: for pages of any origin, isolated ones too (`Cross-Origin-Resource-Policy`).
pub(super) async fn script(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(script) = script::find(&file) else {
        return PageError::not_found().into_response();
    };
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.contains(&script.etag));
    let mut answer = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        script.text.into_response()
    };
    let kept = if script.is_release {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, kept),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::try_from(script.etag) {
        headers.insert(header::ETAG, etag);
    }
    answer
}

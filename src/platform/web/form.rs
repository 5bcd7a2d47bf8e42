//! Forms and queries as lists of pairs, so that a repeated name can be told from a single one, and
//! forms of pages behind their seal.

use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Multipart, Request};
use http::{StatusCode, header};
use tower_sessions::Session;

use super::{PageContext, PageError, Web};

/// Decoded `application/x-www-form-urlencoded` pairs in the order they came.
#[derive(Debug, Clone, Default)]
pub struct FormParams(Vec<(String, String)>);

/// A parameter came more than once where once is the rule (RFC 6749 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {0} was sent more than once")]
pub struct RepeatedParameter(pub &'static str);

impl FormParams {
    /// Reads leniently, as old clients write: what is not percent-encoded stands for itself. `None`
    /// for text that holds a NUL, which nothing rightly sends and the database cannot keep.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::of(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of a parameter that may come once. Empty counts as absent (OAuth 2.1 §3.1).
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, RepeatedParameter> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(RepeatedParameter(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Every value of a name, as ticked boxes send them.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// What was typed into a field of a page; empty if nothing was.
    pub fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    pub fn is_ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Pairs that came by another way, under the same law as [`Self::parse`].
    pub fn of(pairs: Vec<(String, String)>) -> Option<Self> {
        let storable =
            |(name, value): &(String, String)| !name.contains('\0') && !value.contains('\0');
        pairs.iter().all(storable).then_some(Self(pairs))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A page's form, sent from a page of ours by the browser that was shown it.
#[derive(Debug)]
pub struct CsrfForm {
    pub frame: PageContext,
    pub form: FormParams,
}

impl<S> FromRequest<S> for CsrfForm
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let frame = PageContext::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|refused| unreadable(refused.status()))?;
        let form = FormParams::parse(&body).ok_or_else(|| unreadable(StatusCode::BAD_REQUEST))?;
        frame.check_seal(form.text("csrf_token"))?;
        Ok(Self { frame, form })
    }
}

/// What a form with a file may have in all, for the route's body limit: a photograph as a phone takes it,
/// and to spare. It is read whole, so that one that is too large is refused beside its field.
pub const FORM_WITH_FILE: usize = 32 * 1024 * 1024;
/// What is kept of one at most: a file of 2 MiB, and what is typed.
const KEPT: usize = 3 * 1024 * 1024;
/// What a part takes beside its name and content.
const PART: usize = 128;

/// A file that came with a form.
#[derive(Debug)]
pub struct UploadedFile {
    pub field: String,
    /// Nothing of a file that is larger than any form takes.
    pub content: Option<Bytes>,
}

/// A page's form that may carry files (`multipart/form-data`, RFC 7578); also reads the plain kind.
#[derive(Debug)]
pub struct CsrfMultipartForm {
    pub frame: PageContext,
    pub form: FormParams,
    /// Only files somebody chose: an empty file field sends none.
    pub files: Vec<UploadedFile>,
}

impl<S> FromRequest<S> for CsrfMultipartForm
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let CsrfForm { frame, form } = CsrfForm::from_request(request, state).await?;
            return Ok(Self {
                frame,
                form,
                files: Vec::new(),
            });
        }
        let (mut parts, body) = request.into_parts();
        let frame = PageContext::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let multipart = Multipart::from_request(request, state).await;
        let multipart = multipart.map_err(|refused| unreadable(refused.status()))?;
        let (form, files) = read(multipart).await?;
        frame.check_seal(form.text("csrf_token"))?;
        Ok(Self { frame, form, files })
    }
}

async fn read(mut multipart: Multipart) -> Result<(FormParams, Vec<UploadedFile>), PageError> {
    let broken = |refused: MultipartError| unreadable(refused.status());
    let mut pairs = Vec::new();
    let mut files = Vec::new();
    let mut room = KEPT;
    while let Some(part) = multipart.next_field().await.map_err(broken)? {
        let field = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let left = room.checked_sub(PART + field.len());
        room = left.ok_or_else(too_large)?;
        let content = keep(part, room).await.map_err(broken)?;
        room -= content.as_ref().map_or(0, Bytes::len);
        if is_file {
            if content.as_ref().is_none_or(|content| !content.is_empty()) {
                files.push(UploadedFile { field, content });
            }
            continue;
        }
        let content = content.ok_or_else(too_large)?;
        pairs.push((field, String::from_utf8_lossy(&content).into_owned()));
    }
    let pairs = FormParams::of(pairs).ok_or_else(|| unreadable(StatusCode::BAD_REQUEST))?;
    Ok((pairs, files))
}

/// The content of a part. Nothing of one that is larger than `room`, which is read to its end all the same.
async fn keep(mut part: Field<'_>, room: usize) -> Result<Option<Bytes>, MultipartError> {
    let mut kept = Some(Vec::new());
    while let Some(chunk) = part.chunk().await? {
        kept = kept.filter(|kept| kept.len() + chunk.len() <= room);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&chunk);
        }
    }
    Ok(kept.map(Bytes::from))
}

fn too_large() -> PageError {
    unreadable(StatusCode::PAYLOAD_TOO_LARGE)
}

fn unreadable(status: StatusCode) -> PageError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return PageError::new(
            status,
            "That is too large",
            "The form you sent is too large.",
        )
        .advise("Go back and choose a smaller file. A picture can be up to 2 MB.");
    }
    PageError::new(
        StatusCode::BAD_REQUEST,
        "The form was not received completely",
        "The form could not be read. Nothing was changed.",
    )
    .advise("Go back, reload the page and send it again.")
}

/// The session of a request, or a page that says why there is none.
pub(super) async fn session<S: Send + Sync>(
    parts: &mut http::request::Parts,
    state: &S,
) -> Result<Session, PageError> {
    let session = Session::from_request_parts(parts, state).await;
    session.map_err(|(_, why)| PageError::broken(std::io::Error::other(why)))
}

#[cfg(test)]
mod tests {
    use axum::extract::DefaultBodyLimit;

    use super::*;

    #[test]
    fn once_twice_empty_and_absent_are_told_apart() {
        let pairs = FormParams::parse(b"a=1&b=&c=1&c=2&d=x+y%26").unwrap();
        assert_eq!(pairs.one("a"), Ok(Some("1")));
        assert_eq!(pairs.one("b"), Ok(None));
        assert_eq!(pairs.one("c"), Err(RepeatedParameter("c")));
        assert_eq!(pairs.one("d"), Ok(Some("x y&")));
        assert_eq!(pairs.one("e"), Ok(None));
    }

    #[test]
    fn a_raw_redirect_uri_reads_as_it_stands() {
        let pairs = FormParams::parse(b"redirect_uri=https://app.example/cb&code=abc").unwrap();
        assert_eq!(
            pairs.one("redirect_uri"),
            Ok(Some("https://app.example/cb"))
        );
    }

    #[test]
    fn a_nul_is_refused() {
        assert!(FormParams::parse(b"state=%00").is_none());
    }

    /// Parts of a form: name, file name, content.
    async fn sent(
        parts: &[(&str, Option<&str>, usize)],
    ) -> Result<(FormParams, Vec<UploadedFile>), PageError> {
        let mut body = Vec::new();
        for (name, file, length) in parts {
            let file = file
                .map(|file| format!("; filename=\"{file}\""))
                .unwrap_or_default();
            body.extend(
                format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
                    .bytes(),
            );
            body.resize(body.len() + length, b'a');
            body.extend(b"\r\n");
        }
        body.extend(b"--x--\r\n");
        let request =
            Request::builder().header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let mut request = request.body(axum::body::Body::from(body)).unwrap();
        DefaultBodyLimit::max(FORM_WITH_FILE).apply(&mut request);
        read(Multipart::from_request(request, &()).await.unwrap()).await
    }

    #[tokio::test]
    async fn a_file_too_large_to_keep_is_read_over_and_the_rest_of_the_form_kept() {
        let megabytes = |count: usize| count * 1024 * 1024;
        for (length, is_kept) in [
            (megabytes(2) + 1, true),
            (megabytes(4), false),
            (megabytes(24), false),
        ] {
            let (form, files) = sent(&[
                ("a", None, 3),
                ("logo", Some("me.jpg"), length),
                ("b", None, 5),
            ])
            .await
            .unwrap();
            assert_eq!((form.text("a"), form.text("b")), ("aaa", "aaaaa"));
            let content = files[0].content.as_ref();
            assert_eq!(content.map(Bytes::len), is_kept.then_some(length));
        }
        let (_, files) = sent(&[("logo", Some(""), 0)]).await.unwrap();
        assert!(files.is_empty(), "nothing was chosen");
    }

    #[tokio::test]
    async fn neither_long_texts_nor_many_parts_are_kept_without_end() {
        assert!(sent(&[("a", None, KEPT)]).await.is_err());
        assert!(sent(&vec![("a", None, 0); KEPT / PART]).await.is_err());
        assert!(sent(&vec![("a", Some("b"), 0); KEPT / PART]).await.is_err());
        assert!(sent(&vec![("a", None, 9); 100]).await.is_ok());
    }
}

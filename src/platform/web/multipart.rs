//! Reads the body of a form with files (`multipart/form-data`, RFC 7578), within limits of memory.

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use http::StatusCode;

use super::csrf::unreadable_form;
use super::{FormParams, PageError};

/// The route's body limit for a form with a file: more than a photograph from a phone. A larger file is
/// read completely and refused beside its field, instead of with an error page.
pub const MAX_MULTIPART_BODY: usize = 32 * 1024 * 1024;
/// How much of one form is kept in memory: a file of 2 MiB and the text fields.
const MAX_KEPT: usize = 3 * 1024 * 1024;
/// What each part counts beside its name and content, so that many empty parts are limited too.
const PART_OVERHEAD: usize = 128;

/// A file of a form.
#[derive(Debug)]
pub struct UploadedFile {
    /// The name of the form field.
    pub field: String,
    /// `None` if the file is larger than any form accepts.
    pub content: Option<Bytes>,
}

/// Reads all parts. Files without content are left out: browsers send one for an empty file field.
pub(super) async fn read_multipart(
    mut multipart: Multipart,
) -> Result<(FormParams, Vec<UploadedFile>), PageError> {
    let unreadable = |error: MultipartError| unreadable_form(error.status());
    let mut pairs = Vec::new();
    let mut files = Vec::new();
    let mut remaining = MAX_KEPT;
    while let Some(part) = multipart.next_field().await.map_err(unreadable)? {
        let field = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let left = remaining.checked_sub(PART_OVERHEAD + field.len());
        remaining = left.ok_or_else(too_large)?;
        let content = read_part(part, remaining).await.map_err(unreadable)?;
        remaining -= content.as_ref().map_or(0, Bytes::len);
        if is_file {
            if content.as_ref().is_none_or(|content| !content.is_empty()) {
                files.push(UploadedFile { field, content });
            }
            continue;
        }
        let content = content.ok_or_else(too_large)?;
        pairs.push((field, String::from_utf8_lossy(&content).into_owned()));
    }
    let params =
        FormParams::from_pairs(pairs).ok_or_else(|| unreadable_form(StatusCode::BAD_REQUEST))?;
    Ok((params, files))
}

/// Reads one part to its end. `None` if its content is larger than `max_length`.
async fn read_part(
    mut part: Field<'_>,
    max_length: usize,
) -> Result<Option<Bytes>, MultipartError> {
    let mut content = Some(Vec::new());
    while let Some(chunk) = part.chunk().await? {
        content = content.filter(|content| content.len() + chunk.len() <= max_length);
        if let Some(content) = &mut content {
            content.extend_from_slice(&chunk);
        }
    }
    Ok(content.map(Bytes::from))
}

fn too_large() -> PageError {
    unreadable_form(StatusCode::PAYLOAD_TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use axum::extract::{DefaultBodyLimit, FromRequest, Request};
    use http::header;

    use super::*;

    /// Reads a form of these parts: name, file name, length of the content.
    async fn read(
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
        DefaultBodyLimit::max(MAX_MULTIPART_BODY).apply(&mut request);
        read_multipart(Multipart::from_request(request, &()).await.unwrap()).await
    }

    #[tokio::test]
    async fn a_file_too_large_to_keep_is_skipped_and_the_rest_of_the_form_is_kept() {
        let megabytes = |count: usize| count * 1024 * 1024;
        for (length, is_kept) in [
            (megabytes(2) + 1, true),
            (megabytes(4), false),
            (megabytes(24), false),
        ] {
            let (form, files) = read(&[
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
        let (_, files) = read(&[("logo", Some(""), 0)]).await.unwrap();
        assert!(files.is_empty(), "no file was chosen");
    }

    #[tokio::test]
    async fn long_texts_and_many_parts_are_limited() {
        assert!(read(&[("a", None, MAX_KEPT)]).await.is_err());
        assert!(
            read(&vec![("a", None, 0); MAX_KEPT / PART_OVERHEAD])
                .await
                .is_err()
        );
        assert!(
            read(&vec![("a", Some("b"), 0); MAX_KEPT / PART_OVERHEAD])
                .await
                .is_err()
        );
        assert!(read(&vec![("a", None, 9); 100]).await.is_ok());
    }
}

//! The files of `static/`, embedded in the binary. Pages link to them by a URL that contains a hash of
//! the content, so browsers may cache them for ever.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::PageError;

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

/// The content hash of every file, computed once at start-up.
#[derive(Debug)]
pub struct Assets(BTreeMap<String, String>);

impl Assets {
    pub fn read() -> Self {
        let hash = |file: &str| {
            let digest = Sha256::digest(&StaticFiles::get(file)?.data);
            let start = digest.first_chunk::<8>()?;
            Some(format!("{:016x}", u64::from_be_bytes(*start)))
        };
        let hashed = StaticFiles::iter().filter_map(|file| Some((file.to_string(), hash(&file)?)));
        Self(hashed.collect())
    }

    /// `css/site.css` → `css/site.css?v=5f0c…`
    pub fn versioned(&self, file: &str) -> String {
        self.0
            .get(file)
            .map_or_else(|| file.to_owned(), |hash| format!("{file}?v={hash}"))
    }

    /// The content of a file.
    pub fn content(&self, file: &str) -> Option<Vec<u8>> {
        Some(StaticFiles::get(file)?.data.into_owned())
    }

    /// The files below `folder`, as pairs of name without extension and path.
    pub fn names_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.keys().filter_map(move |file| {
            let name = file.strip_prefix(folder)?.strip_prefix('/')?;
            Some((name.split('.').next().unwrap_or(name), file.as_str()))
        })
    }
}

/// Serves one file of `static/`.
pub(super) async fn serve(Path(file): Path<String>) -> Response {
    let Some(asset) = StaticFiles::get(&file) else {
        return PageError::not_found().into_response();
    };
    let media_type = mime_guess::from_path(&file).first_or_octet_stream();
    let media_type = if media_type.type_() == "text" || media_type.subtype() == "javascript" {
        format!("{media_type}; charset=utf-8")
    } else {
        media_type.to_string()
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (
            header::CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_owned(),
        ),
    ];
    (StatusCode::OK, headers, asset.data.into_owned()).into_response()
}

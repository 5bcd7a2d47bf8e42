//! The widget's script and its released versions, embedded from `widget/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::RustEmbed;
use serde::Serialize;
use sha2::{Digest, Sha256, Sha384};

use crate::platform::links::Links;

#[derive(RustEmbed)]
#[folder = "widget/"]
struct WidgetFiles;

/// One of the files.
#[derive(Debug)]
pub(super) struct Script {
    pub text: Vec<u8>,
    /// The entity tag (RFC 9110 §8.8.3).
    pub etag: String,
    /// Whether the content never changes.
    pub is_release: bool,
}

/// The file name prefix of a release, before its version.
const RELEASE: &str = "login-";

/// The newest release, for pages that use its hash.
#[derive(Debug, Serialize)]
pub struct Release {
    pub address: String,
    /// The value of the `integrity` attribute (Subresource Integrity).
    pub integrity: String,
}

const NEWEST: &str = "login-1.0.0.min.js";

pub fn release(links: &Links) -> Release {
    let text = WidgetFiles::get(NEWEST)
        .map(|file| file.data)
        .unwrap_or_default();
    Release {
        address: links.absolute(&links.widget_script(NEWEST)),
        integrity: format!("sha384-{}", STANDARD.encode(Sha384::digest(text))),
    }
}

pub(super) fn find(file: &str) -> Option<Script> {
    // The tests lie beside them.
    let file = Some(file).filter(|file| file.rsplit('.').next() == Some("js"))?;
    let text = WidgetFiles::get(file)?.data.into_owned();
    let etag = STANDARD.encode(Sha256::digest(&text));
    Some(Script {
        etag: format!("\"{etag}\""),
        is_release: file.starts_with(RELEASE),
        text,
    })
}

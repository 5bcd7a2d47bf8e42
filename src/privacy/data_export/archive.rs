//! Files in one file.

use std::io::{Cursor, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::platform::clock::Timestamp;

/// A file by its name in the archive.
#[derive(Debug)]
pub(super) struct ArchiveFile {
    pub name: String,
    pub content: Vec<u8>,
}

/// A ZIP of these files, stored as they are: pictures do not get smaller, and the rest is little.
pub(super) fn pack(files: &[ArchiveFile], now: Timestamp) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(modified(now));
    for file in files {
        archive.start_file(file.name.as_str(), options)?;
        archive.write_all(&file.content)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn modified(now: Timestamp) -> DateTime {
    let year = u16::try_from(now.year()).unwrap_or_default();
    let date = (u8::from(now.month()), now.day());
    DateTime::from_date_and_time(year, date.0, date.1, now.hour(), now.minute(), now.second())
        .unwrap_or_default()
}

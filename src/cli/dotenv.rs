//! The file `.env` in the working directory. Errors name the line and the variable, never the value: it may
//! be a secret, and standard error is often a log.

use std::collections::BTreeMap;
use std::io;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::CommandError;

/// The variables in `.env`; none if there is no such file.
pub(super) fn read_dotenv() -> Result<BTreeMap<String, String>, CommandError> {
    match std::fs::read(".env") {
        Ok(bytes) => parse(&bytes).map_err(CommandError::new),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(CommandError::while_doing("reading .env", error)),
    }
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    // Editors on Windows write a byte order mark, which is no part of the first name.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Err(error) = std::str::from_utf8(bytes) {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        return Err(format!(
            ".env, line {line}: not UTF-8. Save the file in UTF-8."
        ));
    }
    let lines_read = Arc::new(AtomicUsize::new(0));
    let reader = LineReader {
        rest: bytes,
        lines_read: Arc::clone(&lines_read),
    };
    let pairs: Result<_, _> = dotenvy::from_read_iter(reader).collect();
    pairs.map_err(|error| describe(&error, bytes, lines_read.load(Ordering::Relaxed)))
}

/// Returns one line per call, so that the number of calls tells how far a parser has come.
struct LineReader<'a> {
    rest: &'a [u8],
    lines_read: Arc<AtomicUsize>,
}

impl Read for LineReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = end.map_or(self.rest.len(), |end| end + 1).min(buffer.len());
        let Some((line, rest)) = self.rest.split_at_checked(line) else {
            return Ok(0);
        };
        if !rest.is_empty() || !line.is_empty() {
            self.rest = rest;
        }
        if line.ends_with(b"\n") || (rest.is_empty() && !line.is_empty()) {
            self.lines_read.fetch_add(1, Ordering::Relaxed);
        }
        let mut filled = buffer;
        io::Write::write_all(&mut filled, line)?;
        Ok(line.len())
    }
}

fn describe(error: &dotenvy::Error, file: &[u8], lines_read: usize) -> String {
    let dotenvy::Error::LineParse(text, _) = error else {
        // The other errors are of reading, and hold no text of the file.
        return format!("reading .env: {error}");
    };
    // A value in quotes may have several lines.
    let further_lines = text.trim_end().matches('\n').count();
    let line = lines_read.saturating_sub(further_lines).max(1);
    let text = file.split(|byte| *byte == b'\n').nth(line - 1);
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let text = text.trim();
    let text = text.strip_prefix("export ").unwrap_or(text);
    let name = text.split_once('=').map_or("", |(name, _)| name.trim());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name = if !name.is_empty() && name.bytes().all(is_name) {
        format!(", {name}")
    } else {
        String::new()
    };
    format!(
        ".env, line {line}{name}: not readable. Write NAME=value; put a value with blanks, quotes, $, # or \\ in \
         single quotes, and close them on the same line."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn an_unreadable_line_is_named_without_its_value() {
        for (text, expected) in [
            (
                "A=1\n\n# c\nPROFILES_X=s3 cret\nB=2\n",
                ".env, line 4, PROFILES_X:",
            ),
            (
                "PROFILES_X='s3cret\nB=2\nC=3\n",
                ".env, line 1, PROFILES_X:",
            ),
            (
                "A=1\r\nPROFILES_X=\"s3cret\r\nB=2\r\n",
                ".env, line 2, PROFILES_X:",
            ),
            (
                "A=1\nexport PROFILES_X=s3 cret",
                ".env, line 2, PROFILES_X:",
            ),
            ("A=1\ns3cret\n", ".env, line 2:"),
            ("A='1\n2'\nB-C=s3cret\n", ".env, line 3:"),
            ("A=1\nPROFILES_X=s3cret'\n", ".env, line 2, PROFILES_X:"),
        ] {
            let error = error(text);
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert!(!error.contains("s3") && !error.contains("cret"), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_value() {
        let variables = parse(b"\xef\xbb\xbfPROFILES_X=1\r\nB='2 3'\r\n").unwrap();
        assert_eq!(variables.get("PROFILES_X").unwrap(), "1");
        assert_eq!(variables.get("B").unwrap(), "2 3");
    }

    #[test]
    fn a_file_in_another_encoding_is_told_as_that() {
        let error = parse(b"A=1\nB=K\xf6ln\n").unwrap_err();
        assert!(error.starts_with(".env, line 2: not UTF-8"), "{error}");
        let utf16: Vec<u8> = "\u{feff}A=1"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(parse(&utf16).unwrap_err().contains("UTF-8"));
    }
}

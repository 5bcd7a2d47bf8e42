//! The character encoding of a list: what spreadsheets write.

use super::import_list::ListError;

/// An encoding that a list may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListEncoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// What Excel writes on Windows as “CSV (Comma delimited)”, without saying so in the file.
    Windows1252,
}

impl ListEncoding {
    const ALL: [Self; 4] = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];

    /// Its name in the Encoding Standard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }

    fn decoder(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
        }
    }

    /// The text of a file in this encoding, without its byte order mark.
    fn decode(self, file: &[u8]) -> Result<String, ListError> {
        let decoder = self.decoder();
        let body = match encoding_rs::Encoding::for_bom(file) {
            Some((marked, length)) if marked == decoder => file.get(length..).unwrap_or_default(),
            _ => file,
        };
        let text = decoder.decode_without_bom_handling_and_without_replacement(body);
        // Five bytes mean nothing in Windows-1252; the Encoding Standard makes control characters of them.
        let is_undefined = |sign: char| ('\u{80}'..='\u{9f}').contains(&sign);
        text.filter(|text| self != Self::Windows1252 || !text.contains(is_undefined))
            .map(std::borrow::Cow::into_owned)
            .ok_or(ListError::OtherEncoding(self))
    }
}

impl std::str::FromStr for ListEncoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL
            .into_iter()
            .find(|encoding| encoding.name().eq_ignore_ascii_case(text));
        named.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("must be one of {names}")
        })
    }
}

/// The text of a list and its encoding: the given one, or the one that the bytes show.
///
/// Windows-1252 has no mark, and almost any bytes are valid in it. It is assumed only for a file without a
/// single character in UTF-8; the caller tells the person of it. A file with some characters in UTF-8 is
/// damaged UTF-8.
pub(super) fn decode(
    file: &[u8],
    given: Option<ListEncoding>,
) -> Result<(String, ListEncoding), ListError> {
    if [&b"PK\x03\x04"[..], b"\xd0\xcf\x11\xe0"]
        .iter()
        .any(|start| file.starts_with(start))
    {
        return Err(ListError::Workbook);
    }
    let encoding = match given {
        Some(encoding) => encoding,
        None => detect(file)?,
    };
    Ok((encoding.decode(file)?, encoding))
}

fn detect(file: &[u8]) -> Result<ListEncoding, ListError> {
    if let Some((marked, _)) = encoding_rs::Encoding::for_bom(file) {
        let marked = ListEncoding::ALL
            .into_iter()
            .find(|encoding| encoding.decoder() == marked);
        return Ok(marked.unwrap_or(ListEncoding::Utf8));
    }
    // A list begins with ASCII, of which UTF-16 makes a zero and a letter.
    match file {
        [first, 0, ..] if *first != 0 => return Ok(ListEncoding::Utf16Le),
        [0, second, ..] if *second != 0 => return Ok(ListEncoding::Utf16Be),
        _ => {}
    }
    let mut line = 1;
    let mut first_invalid_line = None;
    let mut has_utf8 = false;
    for chunk in file.utf8_chunks() {
        has_utf8 |= !chunk.valid().is_ascii();
        line += chunk.valid().matches('\n').count();
        if !chunk.invalid().is_empty() {
            first_invalid_line = first_invalid_line.or(Some(line));
        }
    }
    match first_invalid_line {
        None => Ok(ListEncoding::Utf8),
        Some(line) if has_utf8 => Err(ListError::DamagedUtf8(line)),
        Some(_) => Ok(ListEncoding::Windows1252),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: Option<char>, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let signs = mark.into_iter().chain(text.chars()).collect::<String>();
        signs.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_decoded() {
        let text = "username,first_name\nzoe,Zoë\n";
        let latin = b"username,first_name\nzoe,Zo\xeb\n".to_vec();
        for (file, encoding) in [
            (text.as_bytes().to_vec(), ListEncoding::Utf8),
            (format!("\u{feff}{text}").into_bytes(), ListEncoding::Utf8),
            (
                utf16(text, Some('\u{feff}'), u16::to_le_bytes),
                ListEncoding::Utf16Le,
            ),
            (
                utf16(text, Some('\u{feff}'), u16::to_be_bytes),
                ListEncoding::Utf16Be,
            ),
            (utf16(text, None, u16::to_le_bytes), ListEncoding::Utf16Le),
            (utf16(text, None, u16::to_be_bytes), ListEncoding::Utf16Be),
            (latin, ListEncoding::Windows1252),
        ] {
            assert_eq!(decode(&file, None), Ok((text.to_owned(), encoding)));
            assert_eq!(
                decode(&file, Some(encoding)),
                Ok((text.to_owned(), encoding))
            );
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for workbook in [&b"PK\x03\x04xl"[..], b"\xd0\xcf\x11\xe0\xa1"] {
            assert_eq!(decode(workbook, None), Err(ListError::Workbook));
        }
        let damaged = "username\nzoë\n".as_bytes().iter().chain(b"a\xebc\n");
        let damaged: Vec<u8> = damaged.copied().collect();
        assert_eq!(decode(&damaged, None), Err(ListError::DamagedUtf8(3)));
        let undefined = b"username\na\x81c\n";
        let error = ListError::OtherEncoding(ListEncoding::Windows1252);
        assert_eq!(decode(undefined, None), Err(error));
        let error = ListError::OtherEncoding(ListEncoding::Utf8);
        assert_eq!(decode(undefined, Some(ListEncoding::Utf8)), Err(error));
        let odd = [utf16("username", None, u16::to_le_bytes), vec![7]].concat();
        let error = ListError::OtherEncoding(ListEncoding::Utf16Le);
        assert_eq!(decode(&odd, None), Err(error));
    }
}

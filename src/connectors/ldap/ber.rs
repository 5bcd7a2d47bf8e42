//! The subset of BER that LDAP uses (RFC 4511 §5.1): tags of one byte, definite lengths. The reader goes one
//! level deep at a time, so that nested input cannot overflow the stack. The writer wipes its bytes, because
//! a bind contains a password.

use zeroize::Zeroizing;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// Bytes that are wiped when dropped.
pub(super) type BerBytes = Zeroizing<Vec<u8>>;

/// A length below this is one byte. Otherwise the first byte holds the number of bytes that follow.
const LONG: u8 = 0x80;
/// The most bytes of a length that the reader accepts.
const MAX_LENGTH_BYTES: usize = 4;

/// The bytes are not BER of this subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BerError;

/// The lengths of an element's header and content; `None` if `bytes` do not hold the whole header.
pub(super) fn measure(bytes: &[u8]) -> Result<Option<(usize, usize)>, BerError> {
    let (Some(_tag), Some(&first)) = (bytes.first(), bytes.get(1)) else {
        return Ok(None);
    };
    if first < LONG {
        return Ok(Some((2, first.into())));
    }
    let count = usize::from(first - LONG);
    // A length of zero bytes is the indefinite form, which LDAP forbids.
    if count == 0 || count > MAX_LENGTH_BYTES {
        return Err(BerError);
    }
    let length = bytes.get(2..2 + count).map(|length| {
        let digits = length.iter();
        digits.fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    });
    Ok(length.map(|length| (2 + count, length)))
}

/// Reads a sequence of elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct BerReader<'a>(pub &'a [u8]);

impl<'a> BerReader<'a> {
    /// The next element: its tag and its raw content.
    pub(super) fn next(&mut self) -> Result<(u8, &'a [u8]), BerError> {
        let (start, length) = measure(self.0)?.ok_or(BerError)?;
        let tag = *self.0.first().ok_or(BerError)?;
        let content = self.0.get(start..).and_then(|rest| rest.get(..length));
        let content = content.ok_or(BerError)?;
        self.0 = self.0.get(start + length..).ok_or(BerError)?;
        Ok((tag, content))
    }

    /// The content of the next element. Another tag is an error.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'a [u8], BerError> {
        match self.next()? {
            (found, content) if found == tag => Ok(content),
            _ => Err(BerError),
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// Decodes a non-negative integer of 32 bits.
pub(super) fn number(content: &[u8]) -> Result<u32, BerError> {
    match content {
        [] => Err(BerError),
        [first, ..] if *first >= 0x80 => Err(BerError),
        digits if digits.len() > 4 => Err(BerError),
        digits => Ok(digits
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))),
    }
}

/// Encodes one element from the parts of its content.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> BerBytes {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    // The full capacity at once: a vector that grows leaves a copy behind that is not wiped.
    let mut written = Zeroizing::new(Vec::with_capacity(length + 6));
    written.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < LONG => written.push(short),
        _ => {
            let digits = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
            written.push(LONG + 4);
            written.extend(digits);
        }
    }
    for part in parts {
        written.extend_from_slice(part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let written = element(OCTETS, &[&content]);
            let mut reader = BerReader(&written);
            assert_eq!(reader.expect(OCTETS), Ok(&content[..]));
            assert!(reader.is_at_end());
        }
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        let written = element(SEQUENCE, &[&element(OCTETS, &[&[7; 300]])]);
        for end in 0..written.len() {
            assert_eq!(BerReader(&written[..end]).next(), Err(BerError), "{end}");
        }
    }

    #[test]
    fn lengths_may_be_longer_than_needed_but_not_endless() {
        assert_eq!(measure(&[0x30, 0x84, 0, 0, 0, 5]), Ok(Some((6, 5))));
        assert_eq!(measure(&[0x30, 0x84, 0, 0]), Ok(None));
        assert_eq!(measure(&[0x30]), Ok(None));
        assert_eq!(measure(&[0x30, 0x80]), Err(BerError));
        assert_eq!(measure(&[0x30, 0x89, 0, 0, 0]), Err(BerError));
        assert_eq!(measure(&[0x30, 0xff]), Err(BerError));
    }

    #[test]
    fn numbers_are_small_and_not_negative() {
        assert_eq!(number(&[49]), Ok(49));
        assert_eq!(number(&[0, 0x80]), Ok(128));
        assert_eq!(number(&[0x7f, 0xff, 0xff, 0xff]), Ok(0x7fff_ffff));
        for bad in [&[][..], &[0xff], &[1, 2, 3, 4, 5]] {
            assert_eq!(number(bad), Err(BerError));
        }
    }
}

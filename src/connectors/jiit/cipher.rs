//! The portal's encryption: AES-128-CBC with a key that changes at midnight in India. Key and IV are
//! public knowledge, so this protects nothing; encrypted data is treated like plaintext. The date is an
//! argument; no function here reads a clock.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::format_description::well_known::Rfc2822;
use time::{Date, UtcOffset};
use zeroize::Zeroizing;

use crate::platform::clock::Timestamp;

const BLOCK_SIZE: usize = 16;
const IV: [u8; BLOCK_SIZE] = *b"dcek9wb8frty1pnm";
/// Indian Standard Time, which has no daylight saving time.
const INDIAN_STANDARD_TIME: UtcOffset = time::macros::offset!(+5:30);

/// The number of random characters that [`local_name_header`] takes.
pub(super) const LOCAL_NAME_RANDOM_LENGTH: usize = 9;

/// A calendar day in India, for which a key is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyDate(Date);

impl KeyDate {
    /// The day in India at `time`, whatever its offset.
    pub(super) fn of(time: Timestamp) -> Self {
        // This fails only in the last hours of the year 9999.
        let local = time.checked_to_offset(INDIAN_STANDARD_TIME).unwrap_or(time);
        Self(local.date())
    }

    /// The day in India of an HTTP `Date` header (RFC 9110 §5.6.7).
    pub(super) fn from_http_date(header: &str) -> Option<Self> {
        Timestamp::parse(header, &Rfc2822).ok().map(Self::of)
    }

    /// Seven digits: the first digits of day, month and year, the weekday (Sunday is 0), then the second
    /// digits of day, month and year.
    fn date_digits(self) -> [u8; 7] {
        let year = u8::try_from(self.0.year().rem_euclid(100)).unwrap_or_default();
        let two_digits = |number: u8| [b'0' + number / 10, b'0' + number % 10];
        let [day, day_second] = two_digits(self.0.day());
        let [month, month_second] = two_digits(self.0.month().into());
        let [year, year_second] = two_digits(year);
        let weekday = b'0' + self.0.weekday().number_days_from_sunday();
        [
            day,
            month,
            year,
            weekday,
            day_second,
            month_second,
            year_second,
        ]
    }

    fn key(self) -> [u8; BLOCK_SIZE] {
        let sequence = self.date_digits();
        let bytes = b"qa8y".iter().chain(&sequence).chain(b"ty1pn");
        let mut key = [0; BLOCK_SIZE];
        for (target, byte) in key.iter_mut().zip(bytes) {
            *target = *byte;
        }
        key
    }
}

/// Encrypts with the day's key and encodes in base64. All buffers are wiped.
pub(super) fn encrypt(day: KeyDate, plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0; (plaintext.len() / BLOCK_SIZE + 1) * BLOCK_SIZE]);
    if let Some(front) = padded.get_mut(..plaintext.len()) {
        front.copy_from_slice(plaintext);
    }
    let cipher = cbc::Encryptor::<Aes128>::new(&day.key().into(), &IV.into());
    // The buffer has room for the padding, so this does not fail.
    let Ok(ciphertext) = cipher.encrypt_padded::<Pkcs7>(&mut padded, plaintext.len()) else {
        return Zeroizing::default();
    };
    let mut text = Zeroizing::new(vec![0; ciphertext.len().div_ceil(3) * 4]);
    match STANDARD.encode_slice(ciphertext, &mut text) {
        Ok(length) if length == text.len() => text,
        _ => Zeroizing::default(),
    }
}

/// The value of the `LocalName` header, required in every request, from [`LOCAL_NAME_RANDOM_LENGTH`] new
/// random letters and digits.
pub(super) fn local_name_header(day: KeyDate, random: &str) -> Zeroizing<Vec<u8>> {
    let (front, back) = random.split_at_checked(4).unwrap_or((random, ""));
    let mut name = Zeroizing::new(Vec::with_capacity(BLOCK_SIZE));
    name.extend_from_slice(front.as_bytes());
    name.extend_from_slice(&day.date_digits());
    name.extend_from_slice(back.as_bytes());
    encrypt(day, &name)
}

#[cfg(test)]
mod tests {
    use aes::cipher::BlockModeDecrypt;

    use super::*;

    fn day(text: &str) -> KeyDate {
        let format = time::macros::format_description!("[year]-[month]-[day]");
        KeyDate(Date::parse(text, &format).unwrap())
    }

    fn key_date_at(unix: i64) -> KeyDate {
        KeyDate::of(Timestamp::from_unix_timestamp(unix).unwrap())
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    fn decrypt(day: KeyDate, ciphertext: &str) -> Vec<u8> {
        let mut bytes = STANDARD.decode(ciphertext).unwrap();
        let cipher = cbc::Decryptor::<Aes128>::new(&day.key().into(), &IV.into());
        cipher.decrypt_padded::<Pkcs7>(&mut bytes).unwrap().to_vec()
    }

    #[test]
    fn j01_each_day_has_its_sequence_and_key() {
        for (date, sequence, key) in [
            ("2000-01-01", "0006110", "qa8y0006110ty1pn"),
            ("2024-01-01", "0021114", "qa8y0021114ty1pn"),
            ("2024-02-29", "2024924", "qa8y2024924ty1pn"),
            ("2024-10-27", "2120704", "qa8y2120704ty1pn"),
            ("2025-01-05", "0020515", "qa8y0020515ty1pn"),
            ("2025-06-30", "3021065", "qa8y3021065ty1pn"),
            ("2025-12-31", "3123125", "qa8y3123125ty1pn"),
            ("2026-01-01", "0024116", "qa8y0024116ty1pn"),
            ("2026-04-27", "2021746", "qa8y2021746ty1pn"),
            ("2026-09-30", "3023096", "qa8y3023096ty1pn"),
            ("2026-10-01", "0124106", "qa8y0124106ty1pn"),
            ("2026-11-21", "2126116", "qa8y2126116ty1pn"),
            ("2026-11-22", "2120216", "qa8y2120216ty1pn"),
            ("2099-12-31", "3194129", "qa8y3194129ty1pn"),
        ] {
            assert_eq!(text(&day(date).date_digits()), sequence, "{date}");
            assert_eq!(text(&day(date).key()), key, "{date}");
        }
    }

    #[test]
    fn j02_the_key_changes_at_midnight_in_india_wherever_the_machine_stands() {
        assert_eq!(text(&key_date_at(1_790_792_999).key()), "qa8y3023096ty1pn");
        assert_eq!(text(&key_date_at(1_790_793_000).key()), "qa8y0124106ty1pn");
        assert_eq!(text(&key_date_at(1_767_205_800).date_digits()), "0024116");
        // The same moment in another time zone.
        for zone in [time::macros::offset!(-5), time::macros::offset!(+14)] {
            let before = Timestamp::from_unix_timestamp(1_790_792_999).unwrap();
            assert_eq!(KeyDate::of(before.to_offset(zone)), day("2026-09-30"));
        }
        assert_eq!(
            KeyDate::from_http_date("Wed, 30 Sep 2026 18:30:00 GMT"),
            Some(day("2026-10-01"))
        );
        assert_eq!(KeyDate::from_http_date("yesterday"), None);
    }

    #[test]
    fn j03_the_local_name_of_fixed_letters_is_the_known_one() {
        for (date, random, hex, header) in [
            (
                "2024-01-01",
                "abcdEFGHI",
                "6bcab6fb6a5aa6376c6e85710fa4dbfe7e36f34ac4037fb290135574f8373f3b",
                "a8q2+2papjdsboVxD6Tb/n4280rEA3+ykBNVdPg3Pzs=",
            ),
            (
                "2024-02-29",
                "000000000",
                "ad10b6b079f5afdf009968f7374c018155ff5d5318894d2a507b391f8b0e9baa",
                "rRC2sHn1r98AmWj3N0wBgVX/XVMYiU0qUHs5H4sOm6o=",
            ),
            (
                "2024-10-27",
                "Zz09aA1bB",
                "64a36ed725d42d3375b9bd2cb1f922673cfa98fb2ce55665a10faa2ab1d32227",
                "ZKNu1yXULTN1ub0ssfkiZzz6mPss5VZloQ+qKrHTIic=",
            ),
            (
                "2025-12-31",
                "q7XmpR2tK",
                "cd550e0e785781780e927f154e5c491f321a251afa0e25899eb4ca680bdb354d",
                "zVUODnhXgXgOkn8VTlxJHzIaJRr6DiWJnrTKaAvbNU0=",
            ),
            (
                "2026-09-30",
                "abcdEFGHI",
                "70ec28eb2d3d855dd11cfff3b8799c88c76613e59ea2344333fb194de0bb883d",
                "cOwo6y09hV3RHP/zuHmciMdmE+WeojRDM/sZTeC7iD0=",
            ),
            (
                "2026-10-01",
                "abcdEFGHI",
                "34ce19637d7b93452c28aa558eb0618451b4aed58ac821042649fbf0bbba945d",
                "NM4ZY317k0UsKKpVjrBhhFG0rtWKyCEEJkn78Lu6lF0=",
            ),
            (
                "2026-11-22",
                "9Kd2vBn8s",
                "d6a29dff95e10d702e44e2a12c8d6bdd54b4e092dd25ea41a47eb6cb6d051675",
                "1qKd/5XhDXAuROKhLI1r3VS04JLdJepBpH62y20FFnU=",
            ),
        ] {
            let name = local_name_header(day(date), random);
            assert_eq!(text(&name), header, "{date}");
            assert_eq!(name.len(), 44);
            let bytes = STANDARD.decode(header).unwrap();
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            assert_eq!(digits.collect::<String>(), hex);
        }
    }

    #[test]
    fn j04_what_is_sealed_is_the_known_text_and_opens_again() {
        for (date, plaintext, ciphertext) in [
            (
                "2024-10-27",
                r#"{"username":"22000001","usertype":"S","captcha":{"captcha":"phw5n","hidden":"gmBctEffdSg="}}"#,
                "3SgYOV8yRg+7zYb0Yie5voe9kFQiX29eL3UdahOQl0uuWRcZer0JYPFwblrJU4Lc0hHa+vRfPjtEg5R6Bcj/AcS4wB/rpfXVzul83JBa5niB5goeH04/jRJ2klfsWxho",
            ),
            (
                "2026-09-30",
                r#"{"username":"22000001","usertype":"S","captcha":{"captcha":"phw5n","hidden":"gmBctEffdSg="}}"#,
                "bu3JlEMHlN9Tet8QK+goAeq97ZM7Vaw6ohXURrRTLAdem3Fypm3lT2aXbmYcMCHE69G5gJ89tYs5nQ9WW4A+d09dXdnzALmgqoQxiHtFPg0HnQq7vVK2coZ35esR5t4r",
            ),
            (
                "2026-10-01",
                r#"{"username":"22000001","usertype":"S","captcha":{"captcha":"phw5n","hidden":"gmBctEffdSg="}}"#,
                "jHS29tqk9F7DYxQHLP1yp7Qkt/Ee8sRsGrjsL4XuUBxti73jnCgozZckCQfh1kM/h1aHQS3S1xMubSEEJCJEdnrDQI6TQhtxt0wyc4XSsDNd7t8apKVkeaN69eumEa7a",
            ),
            (
                "2026-11-22",
                r#"{"username":"22000001","usertype":"S","captcha":{"captcha":"a1b2c","hidden":"AAAAAAAAAAE=","image":"iVBORw0KGgo="}}"#,
                "wCz3ayHRPW442Eb8ATQFSfDXo14VL7qpZhA7ScPB+kDN/jm7wURRev9o4V1BCA00d5LlQpb3hHiV68i0ur1bMCfmI3oslZef8fcPGKmUD+b/lc35JI9rYm3/ae0QJytpXAlvoYSIT6h5b4238eLxF/rChuy0ka/9SncdEl2j8IQ=",
            ),
            (
                "2024-02-29",
                r#"{"username":"P22000001","usertype":"P","captcha":{"captcha":"a1b2c","hidden":"AAAAAAAAAAE="}}"#,
                "6vlVIEOfc/8pMhhKhMWlfHxzOAF+mOsPAaVVjrDMRGCZ4UMkytohYxnKP0uH93S6SUzBNnxgBd7ykmUTZFvM5FjNHjFxQkaHU8fsw6rYuzi4iUrHYX/ESynWAFYuTJF4",
            ),
            (
                "2026-09-30",
                r#"{"otppwd":"PWD","username":"22000001","passwordotpvalue":"S3cr3t!pass","Modulename":"STUDENTMODULE","random":"RANDOM-0001"}"#,
                "WsSMnQTrVm4f9tljD6YySgHPWVbolOpZhv/yGIRoKtqVanOyqqEh/FwLD72S75lL8U3M38PRhGdFBuQDKqgrU9PtXPvJdor3WEhltfMiYGpE0IdjZbKKWkrYqH2cabuM15lfVCAdpe5eRviVY5tt4NKuXYyTF2BW+AGDUgnRhzc=",
            ),
            (
                "2025-12-31",
                r#"{"random":"RANDOM-0001","otppwd":"PWD","username":"22000001","Modulename":"STUDENTMODULE","passwordotpvalue":"S3cr3t!pass"}"#,
                "ATlz31t4pNeBkKGekt1pTumL3WGcJfYx0xOgmn2vtwniKN1//rRScJ17LFJaA0hBVRSv0uNo9czqnKlPMYq3Y8mQBkVcT78rmFucpGE03zZT7qFsGB2qg9Ix6kWIrb+ezCCtXnPyYLMleMqJAf0XFqCz8uYbYf0xFSAfr+xHglI=",
            ),
            (
                "2026-09-30",
                r#"{"a":"01234567"}"#,
                "j5RT0dajJ1VDvhnHiQ4Zr27IIkwm0FRJlcnlGk97fDI=",
            ),
            ("2026-09-30", "{}", "ZV6ButfRPboQo5M3eSK8iA=="),
            (
                "2026-09-30",
                r#"{"passwordotpvalue":"p\u00e4ssw\u00f6rd"}"#,
                "MD7M9bLirC7kbgAsAodayBCzdSL+/bWZ4EO9/1PZRYKJw6YNj7a8Z1QFlH2Zi2px",
            ),
            (
                "2026-09-30",
                r#"{"passwordotpvalue":"pässwörd"}"#,
                "MD7M9bLirC7kbgAsAodayHsgxxKD2PHYruS8h5PNWH7PAigsKSgZZ4pS7s7P4wK+",
            ),
        ] {
            assert_eq!(
                text(&encrypt(day(date), plaintext.as_bytes())),
                ciphertext,
                "{plaintext}"
            );
            assert_eq!(text(&decrypt(day(date), ciphertext)), plaintext);
        }
    }

    #[test]
    fn j04_a_letter_escaped_and_a_letter_as_it_is_are_the_same_text() {
        let value = |ciphertext| -> serde_json::Value {
            serde_json::from_slice(&decrypt(day("2026-09-30"), ciphertext)).unwrap()
        };
        assert_eq!(
            value("MD7M9bLirC7kbgAsAodayBCzdSL+/bWZ4EO9/1PZRYKJw6YNj7a8Z1QFlH2Zi2px"),
            value("MD7M9bLirC7kbgAsAodayHsgxxKD2PHYruS8h5PNWH7PAigsKSgZZ4pS7s7P4wK+"),
        );
    }
}

//! The portal's side of the encryption, written from its description independently of the connector's
//! code.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::Date;

const IV: &[u8; 16] = b"dcek9wb8frty1pnm";

/// `D₁M₁Y₁W D₂M₂Y₂`, as in `3023096` for Wednesday, 30 September 2026.
pub fn sequence(date: Date) -> String {
    let (day, month) = (date.day(), u8::from(date.month()));
    let year = date.year() % 100;
    let weekday = date.weekday().number_days_from_sunday();
    format!(
        "{}{}{}{weekday}{}{}{}",
        day / 10,
        month / 10,
        year / 10,
        day % 10,
        month % 10,
        year % 10
    )
}

/// Decrypts with the date's key; `None` if that fails.
pub fn open(date: Date, sealed: &str) -> Option<Vec<u8>> {
    let mut bytes = STANDARD.decode(sealed.trim()).ok()?;
    let cipher = cbc::Decryptor::<Aes128>::new(&key(date).into(), &(*IV).into());
    let plain = cipher.decrypt_padded::<Pkcs7>(&mut bytes).ok()?;
    (!plain.is_empty()).then(|| plain.to_vec())
}

/// Encrypts as a client does, for tests that send requests themselves.
pub fn seal(date: Date, plain: &str) -> String {
    let cipher = cbc::Encryptor::<Aes128>::new(&key(date).into(), &(*IV).into());
    let mut room = vec![0; plain.len() + 16];
    room[..plain.len()].copy_from_slice(plain.as_bytes());
    let sealed = cipher.encrypt_padded::<Pkcs7>(&mut room, plain.len());
    STANDARD.encode(sealed.unwrap())
}

fn key(date: Date) -> [u8; 16] {
    let key = format!("qa8y{}ty1pn", sequence(date));
    key.into_bytes().try_into().unwrap()
}

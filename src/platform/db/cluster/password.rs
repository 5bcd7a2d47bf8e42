//! The password of the cluster's roles. It is made here and kept in a file beside the cluster, which
//! only the account that runs the server can read.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{fs, io};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::error::{ClusterError, cannot};
use super::home;
use super::home::ClusterHome;

/// A password of letters, digits, `-` and `_`. The chance comes straight from the system: no story
/// needs to foresee this one.
pub(super) fn new() -> Result<SecretString, ClusterError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    SysRng.try_fill_bytes(bytes.as_mut()).map_err(no_chance)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes.as_ref()).into())
}

/// The password that was kept, unless it is lost.
pub(super) fn find(home: &ClusterHome) -> Result<Option<SecretString>, ClusterError> {
    let path = home.password_file();
    match fs::read_to_string(&path) {
        Ok(password) if password.trim().is_empty() => Ok(None),
        Ok(password) => Ok(Some(password.trim().into())),
        Err(trouble) if trouble.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(trouble) => Err(cannot("read", &path)(trouble)),
    }
}

/// Keeps a password in the place of the one before.
pub(super) fn keep(home: &ClusterHome, password: &SecretString) -> Result<(), ClusterError> {
    let path = home.password_file();
    let unfinished = path.with_extension("new");
    home::remove(&unfinished)?;
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(password.expose_secret().as_bytes())?;
        file.sync_all()
    };
    write().map_err(cannot("write", &unfinished))?;
    home.account.hand_over(&unfinished)?;
    fs::rename(&unfinished, &path).map_err(cannot("write", &path))
}

pub(super) fn no_chance(trouble: SysError) -> ClusterError {
    cannot("take chance from", Path::new("the system"))(io::Error::other(trouble))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_need_no_escaping_anywhere_and_differ() {
        let (one, other) = (new().unwrap(), new().unwrap());
        let one = one.expose_secret();
        assert_eq!(one.len(), 43);
        assert!(
            one.chars()
                .all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '_')
        );
        assert_ne!(one, other.expose_secret());
    }
}

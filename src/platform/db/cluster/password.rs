//! The password of the cluster's roles, in a file that only the account of the server can read.

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
use super::files as cluster_files;
use super::files::ClusterFiles;

/// Generates a password of letters, digits, `-` and `_`, with the generator of the operating system.
pub(super) fn generate() -> Result<SecretString, ClusterError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    SysRng.try_fill_bytes(bytes.as_mut()).map_err(rng_error)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes.as_ref()).into())
}

/// The stored password, if there is one.
pub(super) fn find(files: &ClusterFiles) -> Result<Option<SecretString>, ClusterError> {
    let path = files.password_file();
    match fs::read_to_string(&path) {
        Ok(password) if password.trim().is_empty() => Ok(None),
        Ok(password) => Ok(Some(password.trim().into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", &path)(error)),
    }
}

/// Saves a password in place of the previous one.
pub(super) fn save(files: &ClusterFiles, password: &SecretString) -> Result<(), ClusterError> {
    let path = files.password_file();
    let unfinished = path.with_extension("new");
    cluster_files::remove(&unfinished)?;
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
    files.account.take_ownership(&unfinished)?;
    fs::rename(&unfinished, &path).map_err(cannot("write", &path))
}

pub(super) fn rng_error(error: SysError) -> ClusterError {
    cannot("read random bytes from", Path::new("the system"))(io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_need_no_escaping_and_differ() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        let one = one.expose_secret();
        assert_eq!(one.len(), 43);
        assert!(
            one.chars()
                .all(|sign| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_')
        );
        assert_ne!(one, other.expose_secret());
    }
}

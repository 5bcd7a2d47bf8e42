//! The master key, from which the server derives all keys: `PROFILES_SECRET`, or generated once and stored in a
//! file of the data folder that only its owner can read.

use std::fs;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::CommandError;
use crate::platform::rng::Rng;
use crate::platform::secret::ServerKey;

pub(super) fn find_or_generate(
    given: Option<[u8; 32]>,
    data_dir: &Path,
    rng: &dyn Rng,
) -> Result<ServerKey, CommandError> {
    if let Some(bytes) = given {
        return Ok(ServerKey::master(bytes));
    }
    let file = data_dir.join("secret");
    let shown = file.display();
    fs::create_dir_all(data_dir).map_err(|error| {
        CommandError::new(format!(
            "the data folder {} cannot be made: {error}. Set PROFILES_DATA_DIR to a folder of this account",
            data_dir.display()
        ))
    })?;
    match generate(&file, rng) {
        Ok(bytes) => return Ok(ServerKey::master(bytes)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(CommandError::while_doing(
                format_args!("writing {shown}"),
                error,
            ));
        }
    }
    let text = fs::read_to_string(&file)
        .map(Zeroizing::new)
        .map_err(|error| CommandError::while_doing(format_args!("reading {shown}"), error))?;
    let bytes = STANDARD.decode(text.trim()).ok().map(Zeroizing::new);
    bytes
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .map(ServerKey::master)
        .ok_or_else(|| {
            CommandError::new(format!(
                "{shown} does not hold 32 bytes in base64. Put the right one back, or delete it: \
                 then a new one is made, and everybody has to sign in again."
            ))
        })
}

/// Fails with `AlreadyExists` if the file exists.
fn generate(file: &Path, rng: &dyn Rng) -> std::io::Result<[u8; 32]> {
    // Written under another name first, so that a crash cannot leave a partial secret.
    let draft = file.with_extension(format!("{}", std::process::id()));
    if file.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    let mut open = OpenOptions::new();
    let mut written = open.write(true).create_new(true).mode(0o600).open(&draft)?;
    written.write_all(format!("{}\n", STANDARD.encode(bytes)).as_bytes())?;
    written.sync_all()?;
    // Unlike a rename, a hard link never replaces a file that another process has created.
    let made = fs::hard_link(&draft, file);
    fs::remove_file(&draft)?;
    made.map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::platform::rng::OsRng;

    #[test]
    fn it_is_generated_once_and_readable_by_its_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        let first = find_or_generate(None, &folder, &OsRng).unwrap();
        let again = find_or_generate(None, &folder, &OsRng).unwrap();
        assert_eq!(first.mac(&[b"x"]), again.mac(&[b"x"]));
        let mode = fs::metadata(folder.join("secret")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn an_invalid_file_is_reported_and_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("secret"), "hunter2").unwrap();
        let error = find_or_generate(None, &folder, &OsRng).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}

//! Finds the programs of PostgreSQL on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// The oldest supported version.
const OLDEST_VERSION: u32 = 14;

/// Where operating systems install PostgreSQL: parent folder, prefix of the version's folder, folder of
/// the programs in it.
const INSTALL_PATHS: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // the PostgreSQL project's packages for Red Hat
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The programs of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PostgresBinaries {
    pub(super) folder: PathBuf,
    pub(super) major: u32,
}

impl PostgresBinaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Finds the newest version, or the version that created `cluster`.
pub(super) fn find(cluster: &Path) -> Result<PostgresBinaries, ClusterError> {
    let made_by = fs::read_to_string(cluster.join("PG_VERSION"))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    choose(list_installed(), made_by, cluster)
}

fn choose(
    found: Vec<PostgresBinaries>,
    made_by: Option<u32>,
    cluster: &Path,
) -> Result<PostgresBinaries, ClusterError> {
    let found_versions = describe(&found);
    let fits = |candidate: &PostgresBinaries| match made_by {
        Some(major) => candidate.major == major,
        None => candidate.major >= OLDEST_VERSION,
    };
    match (
        found
            .into_iter()
            .filter(fits)
            .max_by_key(|candidate| candidate.major),
        made_by,
    ) {
        (Some(binaries), _) => Ok(binaries),
        (None, Some(made_by)) => Err(ClusterError::OtherMajor {
            folder: cluster.to_owned(),
            made_by,
            found: found_versions,
            install: install_command(Some(made_by)),
        }),
        (None, None) => Err(ClusterError::NotInstalled {
            oldest: OLDEST_VERSION,
            found: found_versions,
            install: install_command(None),
        }),
    }
}

fn describe(found: &[PostgresBinaries]) -> String {
    let mut majors: Vec<u32> = found.iter().map(|binaries| binaries.major).collect();
    majors.sort_unstable();
    majors.dedup();
    let majors: Vec<String> = majors.iter().map(u32::to_string).collect();
    if majors.is_empty() {
        "this machine has none".to_owned()
    } else {
        format!("this machine has only {}", majors.join(" and "))
    }
}

fn list_installed() -> Vec<PostgresBinaries> {
    let known = INSTALL_PATHS.iter().flat_map(|(parent, name, inner)| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(name))
            .map(|entry| entry.path().join(inner))
            .collect::<Vec<_>>()
    });
    known.chain(find_in_path()).filter_map(inspect).collect()
}

/// The folder of the first `initdb` in the `PATH`.
fn find_in_path() -> Option<PathBuf> {
    let output = Command::new("sh")
        .args(["-c", "command -v initdb"])
        .output()
        .ok()?;
    let initdb = fs::canonicalize(String::from_utf8(output.stdout).ok()?.trim()).ok()?;
    initdb.parent().map(Path::to_owned)
}

fn inspect(folder: PathBuf) -> Option<PostgresBinaries> {
    if !folder.join("postgres").exists() {
        return None;
    }
    let output = Command::new(folder.join("initdb"))
        .arg("--version")
        .output()
        .ok()?;
    let major = parse_major(&String::from_utf8_lossy(&output.stdout))?;
    Some(PostgresBinaries { folder, major })
}

/// Parses the 15 of `initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split(") ").nth(1)?;
    let end = number
        .find(|digit: char| !digit.is_ascii_digit())
        .unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// The command that installs PostgreSQL on this machine, or the given major version of it.
fn install_command(major: Option<u32>) -> String {
    const MANAGERS: &[(&str, &str, &str)] = &[
        (
            "/usr/bin/apt-get",
            "apt-get install postgresql",
            "apt-get install postgresql-",
        ),
        (
            "/usr/bin/dnf",
            "dnf install postgresql-server",
            "dnf install postgresql-server-",
        ),
        (
            "/usr/bin/zypper",
            "zypper install postgresql-server",
            "zypper install postgresql",
        ),
        (
            "/usr/bin/pacman",
            "pacman -S postgresql",
            "pacman -S postgresql",
        ),
        ("/sbin/apk", "apk add postgresql", "apk add postgresql"),
        (
            "/opt/homebrew/bin/brew",
            "brew install postgresql@17",
            "brew install postgresql@",
        ),
        (
            "/usr/local/bin/brew",
            "brew install postgresql@17",
            "brew install postgresql@",
        ),
    ];
    match (
        MANAGERS
            .iter()
            .find(|(program, ..)| Path::new(program).exists()),
        major,
    ) {
        (Some((_, newest, _)), None) => format!("`{newest}`"),
        (Some((_, _, of_major)), Some(major)) => format!("`{of_major}{major}`"),
        (None, _) => "the package manager of this machine".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(majors: &[u32]) -> Vec<PostgresBinaries> {
        let binaries = |major: &u32| PostgresBinaries {
            folder: format!("/pg/{major}").into(),
            major: *major,
        };
        majors.iter().map(binaries).collect()
    }

    #[test]
    fn a_new_folder_gets_the_newest_version() {
        let chosen = choose(versions(&[15, 17, 14]), None, Path::new("/data")).unwrap();
        assert_eq!(chosen.major, 17);
    }

    #[test]
    fn an_old_folder_gets_the_version_that_made_it() {
        let chosen = choose(versions(&[15, 17, 14]), Some(14), Path::new("/data")).unwrap();
        assert_eq!(chosen.program("initdb"), Path::new("/pg/14/initdb"));
    }

    #[test]
    fn a_cluster_of_a_missing_version_names_the_version_to_install() {
        let error = choose(versions(&[17, 15]), Some(14), Path::new("/data")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("/data was made by PostgreSQL 14"), "{text}");
        assert!(text.contains("has only 15 and 17"), "{text}");
    }

    #[test]
    fn without_postgresql_the_error_names_what_to_install() {
        for found in [versions(&[]), versions(&[12])] {
            let text = choose(found, None, Path::new("/data"))
                .unwrap_err()
                .to_string();
            assert!(text.contains("PostgreSQL 14 or newer"), "{text}");
            assert!(text.contains("DATABASE_URL"), "{text}");
        }
    }

    #[test]
    fn the_major_version_is_parsed_from_every_format() {
        let outputs = [
            (
                "initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("initdb (PostgreSQL) 17.5\n", Some(17)),
            ("initdb (PostgreSQL) 19devel\n", Some(19)),
            ("initdb: command not found\n", None),
            ("", None),
        ];
        for (version, major) in outputs {
            assert_eq!(parse_major(version), major, "{version}");
        }
    }
}

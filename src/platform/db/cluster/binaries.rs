//! Which PostgreSQL of this machine serves the data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// The oldest PostgreSQL that Profiles works with.
const OLDEST: u32 = 14;

/// Where platforms keep the programs of one version: within a folder, in each folder whose name
/// starts so, under this name.
const PLACES: &[(&str, &str, &str)] = &[
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

/// The newest version on this machine, or the one that made what is in `cluster`.
pub(super) fn find(cluster: &Path) -> Result<PostgresBinaries, ClusterError> {
    let made_by = fs::read_to_string(cluster.join("PG_VERSION"))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    choose(on_this_machine(), made_by, cluster)
}

fn choose(
    found: Vec<PostgresBinaries>,
    made_by: Option<u32>,
    cluster: &Path,
) -> Result<PostgresBinaries, ClusterError> {
    let in_words = describe(&found);
    let fits = |candidate: &PostgresBinaries| match made_by {
        Some(major) => candidate.major == major,
        None => candidate.major >= OLDEST,
    };
    match (
        found.into_iter().filter(fits).max_by_key(|it| it.major),
        made_by,
    ) {
        (Some(binaries), _) => Ok(binaries),
        (None, Some(made_by)) => Err(ClusterError::OtherMajor {
            folder: cluster.to_owned(),
            made_by,
            found: in_words,
            install: how_to_install(Some(made_by)),
        }),
        (None, None) => Err(ClusterError::NotInstalled {
            oldest: OLDEST,
            found: in_words,
            install: how_to_install(None),
        }),
    }
}

fn describe(found: &[PostgresBinaries]) -> String {
    let mut majors: Vec<u32> = found.iter().map(|it| it.major).collect();
    majors.sort_unstable();
    majors.dedup();
    let majors: Vec<String> = majors.iter().map(u32::to_string).collect();
    if majors.is_empty() {
        "this machine has none".to_owned()
    } else {
        format!("this machine has only {}", majors.join(" and "))
    }
}

fn on_this_machine() -> Vec<PostgresBinaries> {
    let known = PLACES.iter().flat_map(|(parent, name, inner)| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(name))
            .map(|entry| entry.path().join(inner))
            .collect::<Vec<_>>()
    });
    known.chain(in_path()).filter_map(look_into).collect()
}

/// The folder of the `initdb` that a shell would run.
fn in_path() -> Option<PathBuf> {
    let answer = Command::new("sh")
        .args(["-c", "command -v initdb"])
        .output()
        .ok()?;
    let initdb = fs::canonicalize(String::from_utf8(answer.stdout).ok()?.trim()).ok()?;
    initdb.parent().map(Path::to_owned)
}

fn look_into(folder: PathBuf) -> Option<PostgresBinaries> {
    if !folder.join("postgres").exists() {
        return None;
    }
    let answer = Command::new(folder.join("initdb"))
        .arg("--version")
        .output()
        .ok()?;
    let major = major_of(&String::from_utf8_lossy(&answer.stdout))?;
    Some(PostgresBinaries { folder, major })
}

/// Reads the 15 of `initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split(") ").nth(1)?;
    let end = number
        .find(|it: char| !it.is_ascii_digit())
        .unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// What installs PostgreSQL here, or the given major version of it.
fn how_to_install(major: Option<u32>) -> String {
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
        let place = |major: &u32| PostgresBinaries {
            folder: format!("/pg/{major}").into(),
            major: *major,
        };
        majors.iter().map(place).collect()
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
    fn a_folder_of_a_version_that_is_gone_says_which_one_to_install() {
        let trouble = choose(versions(&[17, 15]), Some(14), Path::new("/data")).unwrap_err();
        let said = trouble.to_string();
        assert!(said.contains("/data was made by PostgreSQL 14"), "{said}");
        assert!(said.contains("has only 15 and 17"), "{said}");
    }

    #[test]
    fn a_machine_without_postgresql_is_told_what_to_install() {
        for found in [versions(&[]), versions(&[12])] {
            let said = choose(found, None, Path::new("/data"))
                .unwrap_err()
                .to_string();
            assert!(said.contains("PostgreSQL 14 or newer"), "{said}");
            assert!(said.contains("DATABASE_URL"), "{said}");
        }
    }

    #[test]
    fn the_major_version_is_read_from_every_way_of_writing_it() {
        let said = [
            (
                "initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("initdb (PostgreSQL) 17.5\n", Some(17)),
            ("initdb (PostgreSQL) 19devel\n", Some(19)),
            ("initdb: command not found\n", None),
            ("", None),
        ];
        for (version, major) in said {
            assert_eq!(major_of(version), major, "{version}");
        }
    }
}

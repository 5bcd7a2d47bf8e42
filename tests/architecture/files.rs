//! The files of the repository, and how a law reports what breaks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::code::Code;

/// A text file.
pub(crate) struct TextFile {
    /// From the top of the repository, such as `src/protocol/token/endpoint.rs`.
    pub path: String,
    pub text: String,
}

impl TextFile {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    /// The lines that are no comment, with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        let lines = lines.map(|(index, text)| (index + 1, text));
        lines.filter(|(_, text)| {
            !["//", "--"]
                .iter()
                .any(|mark| text.trim().starts_with(mark))
        })
    }
}

/// A Rust file below `src/`, parsed.
pub(crate) struct RustFile {
    /// From `src/`, such as `protocol/token/endpoint.rs`.
    pub path: String,
    /// All of it.
    pub all: Code,
    /// Without what is compiled for tests only.
    pub code: Code,
}

impl RustFile {
    fn parse(file: &TextFile) -> Self {
        let path = file.path.trim_start_matches("src/").to_owned();
        let module = module_of(&path);
        let all = Code::read(&file.text, &module);
        let code = all.without_tests();
        Self { path, all, code }
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// `*/` at the start of a place: in any room. `/` at its end: the whole folder.
    pub(crate) fn is_in(&self, place: &str) -> bool {
        match (place.strip_prefix("*/"), place.ends_with('/')) {
            (Some(folder), true) => self.path.contains(&format!("/{folder}")),
            (Some(name), false) => self.path.ends_with(&format!("/{name}")),
            (None, true) => self.path.starts_with(place),
            (None, false) => self.path == place,
        }
    }

    /// One failure: where, and what to do.
    pub(crate) fn fault(&self, line: usize, remedy: &str) -> String {
        format!("src/{}:{line}: {remedy}", self.path)
    }
}

/// `protocol/token/mod.rs` is the module `crate::protocol::token`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let parts = path
        .split('/')
        .filter(|part| !["mod", "lib"].contains(part));
    let parts = ["crate"].into_iter().chain(parts);
    parts.map(str::to_owned).collect()
}

/// Every Rust file below `src/`.
pub(crate) fn sources() -> &'static [RustFile] {
    static SOURCES: LazyLock<Vec<RustFile>> = LazyLock::new(|| {
        let files = files_below("src").filter(|file| file.has_extension("rs"));
        files.map(|file| RustFile::parse(&file)).collect()
    });
    &SOURCES
}

/// Every text file of a folder; none if there is no such folder.
pub(crate) fn files_below(folder: &str) -> impl Iterator<Item = TextFile> + use<> {
    paths_below(folder).into_iter().filter_map(|path| {
        let text = fs::read_to_string(root().join(&path)).ok()?;
        Some(TextFile { path, text })
    })
}

/// Every path of a folder, from the top of the repository.
pub(crate) fn paths_below(folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    collect_paths(&root().join(folder), &mut paths);
    paths.sort();
    let paths = paths.iter().map(|path| path.strip_prefix(root()).unwrap());
    paths.map(|path| path.display().to_string()).collect()
}

fn collect_paths(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        // npm's packages are not part of the repository.
        if path.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() {
            collect_paths(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with all faults, if there are any.
#[track_caller]
pub(crate) fn report(faults: impl IntoIterator<Item = String>) {
    let mut faults: Vec<String> = faults.into_iter().collect();
    faults.dedup();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

//! The statements as the house sends them, read from `.sqlx`, where each is kept word for word.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Live as long as the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statements {
    pub list_clients: &'static str,
    pub find_code: &'static str,
    pub use_code: &'static str,
    pub find_pair: &'static str,
    pub rotate: &'static str,
    pub find_access: &'static str,
}

impl Statements {
    pub(crate) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
        let files = fs::read_dir(folder).unwrap();
        let texts: Vec<String> = files.map(|file| text(&file.unwrap().path())).collect();
        let one = |mark: &str| -> &'static str {
            let found: Vec<&String> = texts.iter().filter(|text| text.contains(mark)).collect();
            let [text] = found.as_slice() else {
                panic!(
                    "{} statements in .sqlx have `{mark}`: name the one by another mark",
                    found.len()
                )
            };
            String::leak((*text).clone())
        };
        Self {
            list_clients: one("from apps a where a.client_id = any($1)"),
            find_code: one("from codes c"),
            use_code: one("update authorization_codes set used_at"),
            find_pair: one("left join pairs n on n.id = t.successor_id"),
            rotate: one("update token_pairs set rotated_at"),
            find_access: one("where t.access_fingerprint = $1"),
        }
    }
}

fn text(file: &Path) -> String {
    let file: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    file["query"].as_str().unwrap().to_owned()
}

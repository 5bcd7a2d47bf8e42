//! What the laws look at in a Rust file: the names, the strings, the SQL, the `use` statements and the types.
//!
//! `use` statements and types are read from the syntax tree. Names and strings are read from its tokens, so
//! those inside macros are seen, too.

mod syntax_tree;
mod tokens;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use proc_macro2::{Ident, Span};

use self::syntax_tree::SyntaxTree;
use self::tokens::Tokens;

/// The contents of a file.
#[derive(Default)]
pub(crate) struct Code {
    pub names: Vec<Name>,
    pub strings: Vec<Text>,
    pub statements: Vec<Text>,
    pub uses: Vec<Use>,
    pub types: Vec<Text>,
    /// The templates of its pages.
    pub templates: Vec<Text>,
    /// The lines of each item that is compiled for tests only.
    test_lines: Vec<RangeInclusive<usize>>,
}

/// A path, or a single word.
#[derive(Clone)]
pub(crate) struct Name {
    /// From `crate` or from a library, such as `crate::platform::db::Tx`, if the file shows where it comes
    /// from.
    pub path: Vec<String>,
    /// It is written with `super::`.
    pub is_relative: bool,
    pub line: usize,
}

impl Name {
    /// `a::b` matches `a::b` and what is below it; `a::` matches only what is below `a`.
    pub(crate) fn is_in(&self, place: &str) -> bool {
        let path = self.path.join("::");
        let rest = path.strip_prefix(place);
        rest.is_some_and(|rest| place.ends_with("::") || rest.is_empty() || rest.starts_with("::"))
    }
}

/// A string, a statement of SQL or the name of a type.
#[derive(Clone)]
pub(crate) struct Text {
    pub text: String,
    pub line: usize,
}

/// One `use` statement.
#[derive(Clone)]
pub(crate) struct Use {
    /// The module or block in which it stands, if it is not the file.
    pub scope: Option<usize>,
    /// The modules of the file in which it stands.
    inside: Vec<String>,
    pub visibility: String,
    pub has_attributes: bool,
    /// The modules from which it takes names.
    pub modules: Vec<String>,
    pub has_glob: bool,
    pub leaves: Vec<UseLeaf>,
    pub lines: RangeInclusive<usize>,
}

impl Use {
    pub(crate) fn line(&self) -> usize {
        *self.lines.start()
    }
}

/// One name that a `use` statement brings in.
#[derive(Clone)]
pub(crate) struct UseLeaf {
    pub path: Vec<String>,
    pub name: String,
}

impl Code {
    /// `module` is the path of the file's module, from `crate`.
    pub(crate) fn read(text: &str, module: &[String]) -> Self {
        let tree = SyntaxTree::read(&syn::parse_file(text).unwrap());
        let aliases = tree.aliases(module);
        Tokens::read(text.parse().unwrap(), module, aliases, tree.code)
    }

    /// The same without the items that are compiled for tests only.
    pub(crate) fn without_tests(&self) -> Self {
        let is_kept = |line: usize| !self.test_lines.iter().any(|lines| lines.contains(&line));
        let texts = |texts: &[Text]| {
            let kept = texts.iter().filter(|text| is_kept(text.line));
            kept.cloned().collect()
        };
        let names = self.names.iter().filter(|name| is_kept(name.line));
        let uses = self.uses.iter().filter(|it| is_kept(it.line()));
        Self {
            names: names.cloned().collect(),
            strings: texts(&self.strings),
            statements: texts(&self.statements),
            uses: uses.cloned().collect(),
            types: texts(&self.types),
            templates: texts(&self.templates),
            test_lines: Vec::new(),
        }
    }
}

/// Makes a path start at `crate` or at a library.
fn resolve(
    path: &[String],
    module: &[String],
    aliases: &HashMap<String, Vec<String>>,
) -> Vec<String> {
    let (Some(first), true) = (path.first(), path.len() > 1) else {
        return path.to_vec();
    };
    let supers = path.iter().take_while(|part| *part == "super").count();
    let depth = module.len().saturating_sub(supers);
    let (base, rest) = match (first.as_str(), aliases.get(first)) {
        ("super", _) => (module.split_at(depth).0, path.split_at(supers).1),
        ("self", _) => (module, path.split_at(1).1),
        (_, Some(alias)) => (alias.as_slice(), path.split_at(1).1),
        _ => return path.to_vec(),
    };
    [base, rest].concat()
}

fn word(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn line(span: Span) -> usize {
    span.start().line
}

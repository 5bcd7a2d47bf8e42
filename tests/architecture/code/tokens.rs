//! The tokens of a file: names, strings and SQL.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::{Code, Name, Text, line, resolve, word};

pub(super) struct Tokens {
    module: Vec<String>,
    /// What the file declares or imports.
    aliases: HashMap<String, Vec<String>>,
    code: Code,
}

impl Tokens {
    /// Adds to what is found in the syntax tree.
    pub(super) fn read(
        tokens: TokenStream,
        module: &[String],
        aliases: HashMap<String, Vec<String>>,
        code: Code,
    ) -> Code {
        let mut reader = Self {
            module: module.to_vec(),
            aliases,
            code,
        };
        reader.read_all(tokens, &[]);
        reader.code
    }

    /// `prefix` is the path in front of a group of a `use` statement: `a` in `use a::{b, c}`.
    fn read_all(&mut self, tokens: TokenStream, prefix: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [first, after @ ..] = rest {
            rest = match (first, after) {
                (TokenTree::Punct(_), [TokenTree::Group(group), after @ ..]) if is_doc(group) => {
                    after
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), TokenTree::Group(group), ..])
                    if word == "mod" =>
                {
                    self.read_module(name, group);
                    after.split_at(2).1
                }
                (TokenTree::Ident(word), _) => self.read_path(word, after, prefix),
                (TokenTree::Group(group), _) => {
                    self.read_all(group.stream(), &[]);
                    after
                }
                (TokenTree::Literal(literal), _) => {
                    let line = line(literal.span());
                    let text = string(first).map(|text| Text { text, line });
                    self.code.strings.extend(text);
                    after
                }
                (TokenTree::Punct(_), _) => after,
            };
        }
    }

    fn read_module(&mut self, name: &Ident, group: &Group) {
        self.module.push(word(name));
        self.read_all(group.stream(), &[]);
        self.module.pop();
    }

    /// Reads a path to its end, and gives what follows it.
    fn read_path<'a>(
        &mut self,
        first: &Ident,
        mut rest: &'a [TokenTree],
        prefix: &[String],
    ) -> &'a [TokenTree] {
        let mut path = [prefix, &[word(first)]].concat();
        let mut last = first;
        while let [colon, second, next, after @ ..] = rest
            && is_colon(colon)
            && is_colon(second)
        {
            match next {
                TokenTree::Ident(part) => {
                    path.push(word(part));
                    last = part;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.read_all(group.stream(), &path);
                    return after;
                }
                _ => break,
            }
            rest = after;
        }
        self.read_statement(last, rest);
        // `use a::{self}` names `a`.
        if path.len() > 1 && path.last().is_some_and(|part| part == "self") {
            path.pop();
        }
        let is_path = path.len() > 1;
        self.code.names.push(Name {
            is_relative: is_path && path.first().is_some_and(|part| part == "super"),
            path: resolve(&path, &self.module, &self.aliases),
            line: line(first.span()),
        });
        rest
    }

    /// The SQL in `query!("…")` and its like, and in the methods of the same names.
    fn read_statement(&mut self, word: &Ident, after: &[TokenTree]) {
        let word = word.to_string();
        let executes = ["query", "raw_sql", "execute", "batch_execute"];
        if !executes.iter().any(|name| word.starts_with(name)) {
            return;
        }
        let arguments = match after {
            [TokenTree::Group(group), ..] => group,
            [TokenTree::Punct(mark), TokenTree::Group(group), ..] if mark.as_char() == '!' => group,
            _ => return,
        };
        let mut text = String::new();
        join_strings(arguments, &mut text);
        let line = line(arguments.span_open());
        self.code.statements.push(Text { text, line });
    }
}

fn join_strings(group: &Group, text: &mut String) {
    for token in group.stream() {
        match &token {
            TokenTree::Group(group) => join_strings(group, text),
            TokenTree::Literal(_) => text.push_str(&string(&token).unwrap_or_default()),
            _ => {}
        }
    }
}

/// A comment of documentation, as the parser gives it: `[doc = "…"]`.
fn is_doc(group: &Group) -> bool {
    let mut tokens = group.stream().into_iter();
    let first = tokens
        .next()
        .is_some_and(|token| token.to_string() == "doc");
    first && tokens.next().is_some_and(|token| token.to_string() == "=")
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':')
}

fn string(token: &TokenTree) -> Option<String> {
    let literal = syn::parse2::<syn::LitStr>(token.clone().into()).ok()?;
    Some(literal.value())
}

//! Example programs and library configurations, each a file in `templates/docs/`. Values of the app and of
//! this server are inserted as string literals of their language.

use serde::Serialize;
use tera::Context;
use url::form_urlencoded;

use super::reader::DocsReader;
use crate::people::fields::{Field, FieldSet};
use crate::platform::links::Links;
use crate::platform::web::Templates;
use crate::protocol::scope::{Scope, ScopeSet};

/// The string literal syntax of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuoteStyle {
    /// As in JSON: valid in Python, JavaScript, Go, Java and Rust.
    Double,
    /// PHP: only the quote and the backslash are escaped.
    Php,
    /// The shell: only the quote is escaped.
    Shell,
}

/// A language with a complete example program.
#[derive(Debug, Serialize)]
pub(super) struct Language {
    /// As in `?lang=`.
    pub word: &'static str,
    pub name: &'static str,
    #[serde(skip)]
    file: &'static str,
    /// The file name of the program.
    pub saved_as: &'static str,
    /// Its requirements.
    pub needs: &'static str,
    /// The command that installs its dependencies, if it has any.
    pub install: Option<&'static str>,
    pub run: &'static str,
    #[serde(skip)]
    quotes: QuoteStyle,
}

/// A client library and its configuration for this server.
#[derive(Debug)]
pub(super) struct ClientLibrary {
    pub word: &'static str,
    pub name: &'static str,
    pub language: &'static str,
    pub install: &'static str,
    /// A hint for its users.
    pub remark: &'static str,
    file: &'static str,
    quotes: QuoteStyle,
}

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        word: "python",
        name: "Python",
        file: "docs/snippets/python.py",
        saved_as: "sign_in.py",
        needs: "Python 3.8 or newer",
        install: None,
        run: "python3 sign_in.py",
        quotes: QuoteStyle::Double,
    },
    Language {
        word: "javascript",
        name: "JavaScript",
        file: "docs/snippets/javascript.mjs",
        saved_as: "sign-in.mjs",
        needs: "Node 18 or newer",
        install: None,
        run: "node sign-in.mjs",
        quotes: QuoteStyle::Double,
    },
    Language {
        word: "php",
        name: "PHP",
        file: "docs/snippets/php.php",
        saved_as: "sign-in.php",
        needs: "PHP 8",
        install: None,
        run: "php sign-in.php",
        quotes: QuoteStyle::Php,
    },
    Language {
        word: "go",
        name: "Go",
        file: "docs/snippets/go.go",
        saved_as: "main.go",
        needs: "Go 1.21 or newer",
        install: None,
        run: "go run main.go",
        quotes: QuoteStyle::Double,
    },
    Language {
        word: "java",
        name: "Java",
        file: "docs/snippets/java.java",
        saved_as: "SignIn.java",
        needs: "Java 17 or newer",
        install: None,
        run: "java SignIn.java",
        quotes: QuoteStyle::Double,
    },
    Language {
        word: "rust",
        name: "Rust",
        file: "docs/snippets/rust.rs",
        saved_as: "src/main.rs",
        needs: "Rust 1.85 or newer and a few crates",
        install: Some(
            "cargo add base64@0.22 rand@0.10 serde_json@1 sha2@0.11 url@2 && cargo add ureq@3 -F json",
        ),
        run: "cargo run",
        quotes: QuoteStyle::Double,
    },
    Language {
        word: "curl",
        name: "curl",
        file: "docs/snippets/curl.sh",
        saved_as: "sign-in.sh",
        needs: "curl and openssl",
        install: None,
        run: "sh sign-in.sh",
        quotes: QuoteStyle::Shell,
    },
];

pub(super) const LIBRARIES: &[ClientLibrary] = &[
    ClientLibrary {
        word: "requests-oauthlib",
        name: "requests-oauthlib",
        language: "Python",
        install: "pip install requests-oauthlib",
        remark: "It rejects plain http. For tests on your own machine set OAUTHLIB_INSECURE_TRANSPORT=1. Never set it on a server.",
        file: "docs/libraries/requests_oauthlib.py",
        quotes: QuoteStyle::Double,
    },
    ClientLibrary {
        word: "authlib",
        name: "Authlib",
        language: "Python",
        install: "pip install Authlib requests",
        remark: "It also supports Flask, Django and Starlette, with the same addresses and client_kwargs.",
        file: "docs/libraries/authlib.py",
        quotes: QuoteStyle::Double,
    },
    ClientLibrary {
        word: "passport-oauth2",
        name: "passport-oauth2",
        language: "Node",
        install: "npm install express express-session passport passport-oauth2",
        remark: "It needs a session for state and PKCE, and a function that reads the user.",
        file: "docs/libraries/passport-oauth2.mjs",
        quotes: QuoteStyle::Double,
    },
    ClientLibrary {
        word: "openid-client",
        name: "openid-client",
        language: "Node",
        install: "npm install openid-client",
        remark: "It reads all endpoints from the metadata and checks iss. Use a redirect URI without a query.",
        file: "docs/libraries/openid-client.mjs",
        quotes: QuoteStyle::Double,
    },
    ClientLibrary {
        word: "x-oauth2",
        name: "golang.org/x/oauth2",
        language: "Go",
        install: "go get golang.org/x/oauth2",
        remark: "Its client refreshes tokens automatically. Save the token afterwards: the refresh token has changed.",
        file: "docs/libraries/x_oauth2.go",
        quotes: QuoteStyle::Double,
    },
    ClientLibrary {
        word: "league",
        name: "League OAuth2 client",
        language: "PHP",
        install: "composer require league/oauth2-client",
        remark: "Set the scope separator to a space. Its approval_prompt=auto works here.",
        file: "docs/libraries/league.php",
        quotes: QuoteStyle::Php,
    },
    ClientLibrary {
        word: "oauth2",
        name: "oauth2",
        language: "Rust",
        install: "cargo add oauth2@5 -F reqwest-blocking",
        remark: "It sends revocation requests over https only.",
        file: "docs/libraries/oauth2.rs",
        quotes: QuoteStyle::Double,
    },
];

/// The scopes that every snippet requests.
const REQUESTED: [Scope; 2] = [Scope::Basic, Scope::Profile];

pub(super) fn scopes() -> ScopeSet {
    REQUESTED.into_iter().collect()
}

/// These scopes as a `scope` value.
pub(super) fn scope() -> String {
    scopes().to_string()
}

/// The fields of these scopes, as in the token response.
pub(super) fn fields_given() -> Vec<String> {
    scopes().fields().names()
}

/// The fields that every snippet reads.
pub(super) fn fields() -> String {
    FieldSet::from_iter([Field::FirstName, Field::LastName])
        .names()
        .join(",")
}

impl Language {
    /// The complete program.
    pub(super) fn program(
        &self,
        pages: &Templates,
        reader: &DocsReader,
        links: &Links,
    ) -> Result<String, tera::Error> {
        write(pages, self.file, self.quotes, reader, links)
    }
}

impl ClientLibrary {
    pub(super) fn program(
        &self,
        pages: &Templates,
        reader: &DocsReader,
        links: &Links,
    ) -> Result<String, tera::Error> {
        write(pages, self.file, self.quotes, reader, links)
    }
}

fn write(
    pages: &Templates,
    file: &str,
    quotes: QuoteStyle,
    reader: &DocsReader,
    links: &Links,
) -> Result<String, tera::Error> {
    let issuer = links.issuer();
    let mut context = Context::new();
    for (name, text) in [
        ("client_id", reader.client_id.as_str()),
        ("redirect_uri", &reader.redirect_uri),
        ("base", &issuer),
        ("base_encoded", &encoded(&issuer)),
        ("redirect_uri_encoded", &encoded(&reader.redirect_uri)),
        ("scope", &scope()),
        ("scope_encoded", &encoded(&scope())),
        ("fields", &fields()),
    ] {
        context.insert(name, &quotes.literal(text));
    }
    context.insert("is_public", &reader.is_public);
    let text = pages.render(file, &context)?;
    Ok(text.trim().to_owned())
}

/// Encodes a query value.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl QuoteStyle {
    /// The literal for `text`.
    fn literal(self, text: &str) -> String {
        match self {
            Self::Double => serde_json::Value::from(text).to_string(),
            Self::Php => format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
            Self::Shell => format!("'{}'", text.replace('\'', r"'\''")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registered redirect URI cannot inject code into the snippets.
    #[test]
    fn a_literal_ends_where_it_should() {
        let text = r"https://x.example/a'b\$(id)";
        assert_eq!(
            QuoteStyle::Double.literal(text),
            r#""https://x.example/a'b\\$(id)""#
        );
        assert_eq!(
            QuoteStyle::Php.literal(text),
            r"'https://x.example/a\'b\\$(id)'"
        );
        assert_eq!(
            QuoteStyle::Shell.literal(text),
            r"'https://x.example/a'\''b\$(id)'"
        );
    }
}

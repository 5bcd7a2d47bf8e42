//! The README's programs run unchanged, and the documents agree with the code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::support::campus::Registration;
use crate::support::database::free_port;
use crate::support::wait::becomes_true;
use crate::support::{App, Browser, World};

/// The app that the README tells a developer to register.
const MY_APP: Registration<'_> = Registration {
    owner: "meera",
    name: "My first app",
    description: "Shows what it received",
    redirect_uris: &["http://127.0.0.1:3000/back"],
    flags: &[],
};

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A program of the README: the language of its code block, and the command that starts it.
#[derive(Clone, Copy)]
struct Program {
    fence: &'static str,
    file: &'static str,
    command: &'static str,
}

const PYTHON: Program = Program {
    fence: "python",
    file: "client.py",
    command: "python3",
};
const JAVASCRIPT: Program = Program {
    fence: "js",
    file: "client.mjs",
    command: "node",
};
const PHP: Program = Program {
    fence: "php",
    file: "client.php",
    command: "php",
};

impl Program {
    /// Its text; the README has one block per language.
    fn text(self) -> String {
        let (readme, fence) = (document("README.md"), format!("\n```{}\n", self.fence));
        let mut blocks = readme.split(&fence).skip(1);
        let block = blocks.next().unwrap();
        assert_eq!(blocks.next(), None, "two blocks of {}", self.fence);
        let (block, _) = block.split_once("\n```").unwrap();
        format!("{block}\n")
    }

    /// Starts it as the README says, on its own port.
    fn command(self, file: &Path, port: u16) -> Command {
        // Python's libraries are where script/setup has installed them.
        let libraries = root().join("target/clients/python/bin");
        let paths = std::env::var("PATH").unwrap();
        let mut command = Command::new(self.command);
        command.env("PATH", format!("{}:{paths}", libraries.display()));
        if self.command == "php" {
            command.args(["-S", &format!("127.0.0.1:{port}")]);
        }
        command.arg(file);
        command
    }
}

/// A running program of the README and its address.
struct Site {
    _ends_with_this: Child,
    base: String,
}

impl Site {
    async fn opens(world: &World, app: &App, program: Program) -> Self {
        let port = free_port();
        let file = world.data.join(program.file);
        fs::write(&file, program.text()).unwrap();
        let child = program
            .command(&file, port)
            .env("PROFILES", world.base.trim_end_matches('/'))
            .env("REDIRECT_URI", format!("http://127.0.0.1:{port}/back"))
            .env("CLIENT_ID", &app.client_id)
            .env("CLIENT_SECRET", app.client_secret.as_ref().unwrap())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|problem| panic!("{}: {problem}: run script/setup test", program.file));
        listens(port).await;
        Self {
            _ends_with_this: child,
            base: format!("http://127.0.0.1:{port}/"),
        }
    }
}

async fn listens(port: u16) {
    let answers = becomes_true(async || {
        let connected = tokio::net::TcpStream::connect(("127.0.0.1", port));
        connected.await.is_ok()
    });
    assert!(
        answers.await,
        "the program does not start: run script/setup test"
    );
}

/// The JSON that the program shows at `address`.
async fn shown(browser: &Browser, address: &str) -> Value {
    let page = browser.gets(address).await;
    assert_eq!(page.status, 200, "{}", page.text());
    serde_json::from_str(&page.text()).unwrap_or_else(|_| panic!("{}", page.text()))
}

async fn signs_in(program: Program) {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let mine = world.registers(&MY_APP).await;
    let site = Site::opens(&world, &mine, program).await;
    let visitor = Browser::new(&site.base);

    let link = visitor.gets("/").await.location();
    let consent = asha.visits(link.as_str()).await;
    let back = consent.unticks_field("last_name").presses("allow").await;
    let back = back.location();
    let received = shown(&visitor, back.as_str()).await;

    let id = world.person("asha").await.id;
    assert_eq!(received, json!({ "id": id, "first_name": "Asha" }));

    // The callback works in one browser, and its code once.
    let elsewhere = Browser::new(&site.base).gets(back.as_str()).await;
    assert_eq!(elsewhere.status, 400, "{}", elsewhere.text());
    assert_eq!(
        shown(&visitor, back.as_str()).await["error"],
        "invalid_grant"
    );

    let link = visitor.gets("/").await.location();
    let no = asha.visits(link.as_str()).await.presses("deny").await;
    let page = shown(&visitor, no.location().as_str()).await;
    assert_eq!(page["error"], "access_denied");
}

#[tokio::test]
async fn its_client_in_python_signs_in() {
    signs_in(PYTHON).await;
}

#[tokio::test]
async fn its_client_in_javascript_signs_in() {
    signs_in(JAVASCRIPT).await;
}

#[tokio::test]
async fn its_client_in_php_signs_in() {
    signs_in(PHP).await;
}

#[test]
fn the_readme_starts_with_the_two_commands() {
    let readme = document("README.md");
    let commands: Vec<_> = readme.lines().skip(3).take(2).collect();
    assert!(commands[0].starts_with("script/run "), "{commands:?}");
    assert!(commands[1].starts_with("script/test "), "{commands:?}");
}

#[test]
fn links_in_the_documents_work() {
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ] {
        let text = document(name);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.starts_with("http")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { name } else { file };
            assert!(root().join(file).exists(), "{name}: {link}");
            let has_heading = |line: &str| {
                let words = line.trim_start_matches('#').trim().to_lowercase();
                line.starts_with('#') && words.replace(' ', "-") == heading
            };
            let leads = heading.is_empty() || document(file).lines().any(has_heading);
            assert!(leads, "{name}: {link}");
        }
    }
}

#[test]
fn the_map_names_every_room() {
    let readme = document("README.md");
    let words: Vec<_> = readme.split_whitespace().collect();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let room = name.trim_end_matches(".rs");
        assert!(
            words.contains(&room) || room == "lib",
            "{room} is not on the map"
        );
    }
}

/// With Docker the file is tried for real; everywhere, its form is checked against the schema of the Compose
/// specification, and its content against what an operator must not find in it.
#[tokio::test]
async fn the_compose_file_is_valid_and_has_no_default_password() {
    let check = root().join("target/clients/python/bin/check-jsonschema");
    assert!(check.exists(), "run script/setup test");
    let checked = Command::new(check)
        .args([
            "--builtin-schema",
            "vendor.compose-spec",
            "docker-compose.yml",
        ])
        .current_dir(root())
        .output()
        .await
        .unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );

    let compose = document("docker-compose.yml");
    for line in compose.lines().map(str::trim) {
        let has_default = line.contains("PASSWORD}") || line.contains("PASSWORD:-");
        assert!(!has_default, "{line}");
        if let Some(image) = line.strip_prefix("image: ").or(line.strip_prefix("FROM ")) {
            let tag = image.split_whitespace().next().unwrap().split_once(':');
            let version = tag.unwrap().1;
            assert!(version.contains('.'), "{image} has no exact version");
        }
    }
    assert_eq!(compose.matches("${POSTGRES_PASSWORD:?").count(), 2);
    assert!(compose.contains("env_file:") && compose.contains("PROFILES_TRUSTED_PROXIES:"));
}

#[test]
fn settings_in_the_documents_exist() {
    let sample = document(".env.sample");
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docker-compose.yml",
    ] {
        let text = document(name);
        let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '_';
        for setting in text.split(|letter| !is_part(letter)) {
            let known = sample.contains(&format!("#{setting}="));
            let is_setting = setting
                .strip_prefix("PROFILES_")
                .is_some_and(|it| !it.is_empty());
            assert!(known || !is_setting, "{name}: {setting}");
        }
    }
}

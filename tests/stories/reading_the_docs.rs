//! The documentation for developers: what a developer copies from it works, and its tables match the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::support::campus::Registration;
use crate::support::relying_party::challenge;
use crate::support::{Answer, App, Browser, Page, World, campus};

const TABS: [&str; 7] = [
    "basic",
    "api",
    "widgets",
    "best-practices",
    "libraries",
    "errors",
    "policy",
];

/// A redirect URI with the characters that end a string in PHP, shell or Python, to test the escaping.
const MESS_MENU: Registration<'_> = Registration {
    owner: "meera",
    name: "Mess Menu",
    description: "Dinner menus of",
    redirect_uris: &["https://mess.example/it's/$(exit)/cb?from=a&b=%20"],
    flags: &["--verified"],
};
const HOSTEL_MAP: Registration<'_> = Registration {
    owner: "meera",
    name: "Hostel Map",
    description: "Where your friends live",
    redirect_uris: &["https://map.example/cb"],
    flags: &["--verified", "--public"],
};

/// The path of something that `script/setup test` installed.
fn installed(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    assert!(
        path.exists(),
        "{} is missing: run script/setup test",
        path.display()
    );
    path
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// How a snippet becomes a program.
#[derive(Debug, Clone, Copy)]
enum Runs {
    Python,
    Node,
    Php,
    Go,
    Java,
    Rust,
    Shell,
}

impl Runs {
    /// Writes the snippet to `folder` and builds it there; returns the command that runs it.
    async fn build(self, folder: &Path, snippet: &str) -> Vec<PathBuf> {
        let write = |name: &str| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, snippet).unwrap();
            file
        };
        let copy = |name: &str, to: &str| {
            fs::copy(clients().join(name), folder.join(to)).unwrap();
        };
        match self {
            Self::Python => vec![
                installed("target/clients/python/bin/python"),
                write("it.py"),
            ],
            Self::Php => vec!["php".into(), write("it.php")],
            Self::Shell => vec!["sh".into(), write("it.sh")],
            Self::Java => vec!["java".into(), write("SignIn.java")],
            Self::Node => {
                let libraries = installed("tests/clients/node/node_modules");
                std::os::unix::fs::symlink(libraries, folder.join("node_modules")).unwrap();
                let newer = clients().join("node/webcrypto.cjs");
                vec!["node".into(), "--require".into(), newer, write("it.mjs")]
            }
            Self::Go => {
                let main = write("main.go");
                copy("go/go.mod", "go.mod");
                copy("go/go.sum", "go.sum");
                let mut build = Command::new("go");
                build
                    .args(["build", "-buildvcs=false", "-o", "it"])
                    .arg(main);
                succeeds(build.current_dir(folder)).await;
                vec![folder.join("it")]
            }
            Self::Rust => {
                write("src/main.rs");
                copy("rust/Cargo.toml", "Cargo.toml");
                copy("rust/Cargo.lock", "Cargo.lock");
                let mut build = Command::new(env!("CARGO"));
                build.args(["build", "--quiet", "--offline", "--locked", "--target-dir"]);
                build.arg(installed("target/clients/rust"));
                // With the environment of a developer's shell, not of the cargo that builds these tests.
                build
                    .env_remove("RUSTFLAGS")
                    .env_remove("CARGO_MANIFEST_DIR");
                // One at a time: every build writes its program to the same place.
                let _turn = RUST.lock().await;
                succeeds(build.current_dir(folder)).await;
                let program = folder.join("it");
                // Copied by another process: a child of ours that starts meanwhile would inherit the open file, and a
                // file open for writing cannot be executed.
                let mut copy = Command::new("cp");
                copy.arg(installed("target/clients/rust/debug/snippets"));
                succeeds(copy.arg(&program)).await;
                vec![program]
            }
        }
    }
}

static RUST: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn succeeds(command: &mut Command) {
    let done = command.output().await;
    let done =
        done.unwrap_or_else(|problem| panic!("{command:?}: {problem}: run script/setup test"));
    assert!(
        done.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// The output of a program, and whether it succeeded.
#[derive(Debug)]
struct ProgramRun {
    output: String,
    succeeded: bool,
}

/// Runs the program: the person opens the link it prints and allows; the program gets the callback address.
async fn plays(
    program: &[PathBuf],
    person: &Browser,
    app: &App,
    on_the_way: impl Fn(String) -> String,
) -> ProgramRun {
    let (runs, arguments) = program.split_first().unwrap();
    let mut running = Command::new(runs);
    running
        .args(arguments)
        .env_remove("CLIENT_SECRET")
        .env("NO_PROXY", "127.0.0.1")
        // OAuthlib refuses plain HTTP without it.
        .env("OAUTHLIB_INSECURE_TRANSPORT", "1")
        .env("AUTHLIB_INSECURE_TRANSPORT", "1")
        .envs(app.client_secret.iter().map(|it| ("CLIENT_SECRET", it)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut running = running
        .spawn()
        .unwrap_or_else(|problem| panic!("{program:?}: {problem}: run script/setup test"));
    let mut says = BufReader::new(running.stdout.take().unwrap());

    let mut output = String::new();
    let link = loop {
        let mut line = String::new();
        if says.read_line(&mut line).await.unwrap() == 0 {
            break None;
        }
        if line.starts_with("http") {
            break Some(line.trim().to_owned());
        }
        output += &line;
    };
    if let Some(link) = link {
        let form = person.visits(&link).await;
        let back = if form.redirect().is_some() {
            form.location()
        } else {
            form.presses("allow").await.location()
        };
        let mut hears = running.stdin.take().unwrap();
        let line = format!("{}\n", on_the_way(back.into()));
        hears.write_all(line.as_bytes()).await.unwrap();
    }
    says.read_to_string(&mut output).await.unwrap();
    let ended = running.wait_with_output().await.unwrap();
    output += &String::from_utf8_lossy(&ended.stderr);
    ProgramRun {
        output,
        succeeded: ended.status.success(),
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = campus::folder(&format!("snippet-{name}"));
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The program on the page, by the id that its copy button names.
fn shown(page: &Page, id: &str) -> String {
    assert!(page.offers(&format!("button[data-copies=\"{id}\"]")));
    let [program] = &page.code(&format!("pre > code#{id}"))[..] else {
        panic!("no #{id} at {}", page.url)
    };
    program.clone()
}

/// meera copies the program from the page; it signs asha in, refreshes and revokes. It refuses a callback with a
/// wrong state.
async fn the_program_signs_in(language: &str, runs: Runs) {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    let id = world.person("asha").await.id;

    for registration in [MESS_MENU, HOSTEL_MAP] {
        let app = world.registers(&registration).await;
        let page = meera.visits(&format!("doc/?lang={language}")).await;
        let program = shown(&page, "code");
        assert!(program.contains(&app.client_id), "{program}");
        let secret = app.client_secret.as_deref().unwrap_or("no secret");
        assert!(!page.text().contains(secret));
        let folder = folder(&format!("{language}-{}", app.client_id));
        let program = runs.build(&folder, &program).await;

        let run = plays(&program, &asha, &app, |back| back).await;
        assert!(run.succeeded, "{}: {run:?}", registration.name);
        for expected in [&*id.to_string(), "Asha", "D’Souza", "Signed out."] {
            assert!(run.output.contains(expected), "{expected}: {run:?}");
        }
        let connected = asha.visits("user/settings/").await;
        assert!(!connected.says(registration.name), "its last token is dead");

        for (part, another) in [("state=", "state=x"), ("iss=http", "iss=https")] {
            let run = plays(&program, &asha, &app, |back| back.replace(part, another)).await;
            assert!(!run.succeeded, "{}, {another}: {run:?}", registration.name);
            assert!(!run.output.contains("Asha"), "{run:?}");
        }
    }
}

#[tokio::test]
async fn the_program_in_python_signs_in() {
    the_program_signs_in("python", Runs::Python).await;
}

#[tokio::test]
async fn the_program_in_javascript_signs_in() {
    the_program_signs_in("javascript", Runs::Node).await;
}

#[tokio::test]
async fn the_program_in_php_signs_in() {
    the_program_signs_in("php", Runs::Php).await;
}

#[tokio::test]
async fn the_program_in_go_signs_in() {
    the_program_signs_in("go", Runs::Go).await;
}

/// A JDK is large, so the test takes it from where it is configured.
#[tokio::test]
async fn the_program_in_java_signs_in() {
    if Command::new("javac")
        .arg("-version")
        .output()
        .await
        .is_err()
    {
        println!("no javac on this machine: the program in Java is not tried");
        return;
    }
    the_program_signs_in("java", Runs::Java).await;
}

#[tokio::test]
async fn the_program_in_rust_signs_in() {
    the_program_signs_in("rust", Runs::Rust).await;
}

#[tokio::test]
async fn the_program_for_curl_signs_in() {
    the_program_signs_in("curl", Runs::Shell).await;
}

/// The HTTP requests on the page work one after the other as described.
#[tokio::test]
async fn the_http_requests_on_the_page_sign_in() {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);
    for registration in [MESS_MENU, HOSTEL_MAP] {
        let app = world.registers(&registration).await;
        let page = meera.visits("doc/").await;
        let verifier = "v".repeat(43);
        let mut known = vec![
            ("STATE", "s1".to_owned()),
            ("CHALLENGE", challenge(&verifier)),
            ("VERIFIER", verifier),
            (
                "YOUR_CLIENT_SECRET",
                app.client_secret.clone().unwrap_or_default(),
            ),
        ];
        let filled = |id: &str, known: &[(&str, String)]| {
            let text = shown(&page, id);
            known
                .iter()
                .fold(text, |text, (name, value)| text.replace(name, value))
        };

        let form = asha.visits(&filled("wire-authorize", &known)).await;
        let back = app.receives(&form.presses("allow").await);
        known.push(("CODE", back.code()));
        known.push(("ISSUER", encoded(world.base.trim_end_matches('/'))));
        assert_eq!(back.address.as_str(), filled("wire-callback", &known));

        let traded = sends(&app, &filled("wire-token", &known)).await.good();
        let promised = shown(&page, "wire-tokens");
        let (_, promised) = promised.split_once("\n\n").unwrap();
        let mut promised: serde_json::Value = serde_json::from_str(promised).unwrap();
        known.extend(take_tokens(&traded));
        promised["access_token"] = traded["access_token"].clone();
        promised["refresh_token"] = traded["refresh_token"].clone();
        assert_eq!(traded, promised);

        let person = sends(&app, &filled("wire-user", &known)).await.good();
        assert_eq!(person["first_name"], "Asha");

        let fresh = sends(&app, &filled("wire-refresh", &known)).await.good();
        known.retain(|(name, _)| !name.ends_with("_TOKEN"));
        known.extend(take_tokens(&fresh));
        let gone = sends(&app, &filled("wire-revoke", &known)).await;
        assert_eq!((gone.status.as_u16(), gone.text()), (200, "{}".to_owned()));
        app.reads(fresh["access_token"].as_str().unwrap(), "")
            .await
            .detail(401);
    }
}

fn take_tokens(answer: &serde_json::Value) -> [(&'static str, String); 2] {
    [
        ("ACCESS_TOKEN", "access_token"),
        ("REFRESH_TOKEN", "refresh_token"),
    ]
    .map(|(placeholder, name)| (placeholder, answer[name].as_str().unwrap().to_owned()))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Sends a request as the page prints it.
async fn sends(app: &App, text: &str) -> Answer {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first: Vec<_> = lines.next().unwrap().split(' ').collect();
    let [method, path, "HTTP/1.1"] = first[..] else {
        panic!("{text}")
    };
    let request = app
        .request(method.parse().unwrap(), path)
        .body(body.to_owned());
    let with_headers = lines.fold(request, |request, line| {
        let (name, value) = line.split_once(": ").unwrap();
        request.header(name, value)
    });
    Answer::to(with_headers).await
}

/// meera copies the lines for a library from the page; they sign asha in.
async fn the_library_signs_in(word: &str, runs: Runs) {
    the_library_signs_in_to(word, runs, [MESS_MENU, HOSTEL_MAP]).await;
}

async fn the_library_signs_in_to(word: &str, runs: Runs, apps: [Registration<'static>; 2]) {
    let world = World::new().await;
    let (meera, asha) = (world.student("meera").await, world.student("asha").await);

    for registration in apps {
        let app = world.registers(&registration).await;
        let page = meera.visits("doc/libraries/").await;
        let folder = folder(&format!("{word}-{}", app.client_id));
        let program = shown(&page, &format!("code-{word}"));
        let program = runs.build(&folder, &program).await;

        let run = plays(&program, &asha, &app, |back| back).await;

        assert!(run.succeeded, "{}: {run:?}", registration.name);
        assert!(run.output.contains("Asha"), "{run:?}");
        let run = plays(&program, &asha, &app, |back| {
            back.replace("state=", "state=x")
        })
        .await;
        assert!(!run.succeeded, "{}: {run:?}", registration.name);
    }
}

#[tokio::test]
async fn requests_oauthlib_set_up_as_shown_signs_in() {
    the_library_signs_in("requests-oauthlib", Runs::Python).await;
}

#[tokio::test]
async fn authlib_set_up_as_shown_signs_in() {
    the_library_signs_in("authlib", Runs::Python).await;
}

#[tokio::test]
async fn openid_client_set_up_as_shown_signs_in() {
    // This library supports no redirect URI with a query, as the page says.
    let bare = Registration {
        redirect_uris: &["https://mess.example/it's/$(exit)/cb"],
        ..MESS_MENU
    };
    the_library_signs_in_to("openid-client", Runs::Node, [bare, HOSTEL_MAP]).await;
}

#[tokio::test]
async fn x_oauth2_set_up_as_shown_signs_in() {
    the_library_signs_in("x-oauth2", Runs::Go).await;
}

#[tokio::test]
async fn oauth2_set_up_as_shown_signs_in() {
    the_library_signs_in("oauth2", Runs::Rust).await;
}

/// The lines of these two libraries need a web server, so only their syntax is checked.
#[tokio::test]
async fn the_lines_for_the_other_libraries_have_valid_syntax() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    for registration in [MESS_MENU, HOSTEL_MAP] {
        let app = world.registers(&registration).await;
        let page = meera.visits("doc/libraries/").await;
        let folder = folder(&format!("sound-{}", app.client_id));
        for (word, file, reader) in [
            ("league", "it.php", ["php", "-l"]),
            ("passport-oauth2", "it.mjs", ["node", "--check"]),
        ] {
            let file = folder.join(file);
            fs::write(&file, shown(&page, &format!("code-{word}"))).unwrap();
            succeeds(Command::new(reader[0]).arg(reader[1]).arg(&file)).await;
        }
    }
}

#[tokio::test]
async fn every_tab_is_a_separate_small_page() {
    let world = World::new().await;
    world.registers(&MESS_MENU).await;
    for reader in [world.visitor(), world.student("meera").await] {
        for tab in TABS {
            let page = reader.visits(&format!("doc/{tab}/")).await;
            assert_eq!(page.status, 200, "{tab}");
            assert!(
                page.text().len() < 30 * 1024,
                "{tab}: {}",
                page.text().len()
            );
            assert_eq!(page.texts("h1").len(), 1, "{tab}");
            assert_eq!(page.texts(".tabs [aria-current=page]").len(), 1, "{tab}");
            for without in ["[style]", "style", "script:not([src])", "[onclick]"] {
                assert!(!page.offers(without), "{tab} has {without}");
            }

            let ids = page.attributes("[id]", "id");
            let distinct: BTreeSet<_> = ids.iter().collect();
            assert_eq!(distinct.len(), ids.len(), "{tab}: {ids:?}");
            let headings = page.attributes(".doc-text h2", "id");
            if headings.len() == 1 {
                continue;
            }
            let listed = page.attributes(".doc-side .contents a", "href");
            let expected: Vec<_> = headings.iter().map(|id| format!("#{id}")).collect();
            assert_eq!(listed, expected, "{tab}");
        }
    }
}

#[tokio::test]
async fn every_link_of_the_docs_works() {
    let world = World::new().await;
    let meera = world.student("meera").await;
    let mut seen = BTreeSet::new();
    for tab in TABS {
        let page = meera.visits(&format!("doc/{tab}/")).await;
        for address in page.attributes("main a[href]", "href") {
            let to = page.url.join(&address).unwrap();
            if to.origin() != page.url.origin() || !seen.insert(to.to_string()) {
                continue;
            }
            let there = meera.visits(to.as_str()).await;
            assert_eq!(there.status, 200, "{to} on {tab}");
            if let Some(id) = to.fragment() {
                assert!(there.offers(&format!("[id=\"{id}\"]")), "{to} on {tab}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_tab_shows_the_first_and_the_slash_is_optional() {
    let world = World::new().await;
    let visitor = world.visitor();
    for address in [
        "doc/",
        "doc",
        "doc/basic",
        "doc/no-such-tab/",
        "doc/?app=1&lang=cobol",
    ] {
        let page = visitor.gets(address).await;
        page.shows("Add sign-in to your app");
        assert_eq!(
            page.texts(".tabs [aria-current=page]"),
            ["Basics"],
            "{address}"
        );
    }
}

#[tokio::test]
async fn a_reader_who_is_not_signed_in_sees_placeholders_and_can_sign_in() {
    let world = World::new().await;
    let visitor = world.visitor();

    let page = visitor.visits("doc/libraries/").await;
    assert!(shown(&page, "code-authlib").contains("YOUR_CLIENT_ID"));
    let there = page.attributes(".whose a", "href");
    let there = visitor.visits(&there[0]).await;

    let meera = world.person("meera").await;
    let back = there.signs_in(&meera.username, &meera.password).await;
    assert!(back.url.path().ends_with("/doc/libraries/"), "{}", back.url);
}

#[tokio::test]
async fn the_newest_app_is_shown_until_another_is_chosen() {
    let world = World::new().await;
    let newest = world.registers(&MESS_MENU).await;
    let canteen = world.canteen();
    let meera = world.student("meera").await;

    let page = meera.visits("doc/?lang=go").await;
    assert!(shown(&page, "code").contains(&newest.client_id));
    let names = page.texts("select[name=app] option");
    let ids = page.attributes("select[name=app] option", "value");
    let of = |name: &str| &ids[names.iter().position(|it| it == name).unwrap()];

    let page = meera
        .visits(&format!("doc/?lang=go&app={}", of("Canteen")))
        .await;
    let program = shown(&page, "code");
    assert!(program.contains(&canteen.client_id));
    assert!(program.contains(&canteen.redirect_uris[0]));
    assert!(
        !page
            .text()
            .contains(canteen.client_secret.as_ref().unwrap())
    );
    let libraries = page.clicks("Libraries").await;
    let kept = shown(&libraries, "code-authlib");
    assert!(kept.contains(&canteen.client_id), "the choice stays");

    // The page does not show another owner's app by its id.
    let asha = world.student("asha").await;
    let page = asha.visits(&format!("doc/?app={}", of("Canteen"))).await;
    assert!(!page.text().contains(&canteen.client_id));
    assert!(shown(&page, "code").contains("YOUR_CLIENT_ID"));
}

/// The page, the metadata and the OpenAPI document list the same scopes and fields.
#[tokio::test]
async fn the_tables_match_the_metadata_and_openapi() {
    let world = World::new().await;
    let (visitor, canteen) = (world.visitor(), world.canteen());
    let get = async |address: &str| {
        let request = canteen.request(reqwest::Method::GET, address);
        Answer::to(request).await.good()
    };
    let metadata = get(".well-known/oauth-authorization-server").await;
    let openapi = get("api/openapi.json").await;

    let scopes = visitor
        .visits("doc/")
        .await
        .attributes("tr[data-scope]", "data-scope");
    let api = visitor.visits("doc/api/").await;
    let fields = api.attributes("tr[data-field]", "data-field");

    assert_eq!(serde_json::json!(scopes), metadata["scopes_supported"]);
    let described = openapi["components"]["schemas"]["Person"]["properties"]
        .as_object()
        .unwrap();
    assert_eq!(fields.len(), described.len());
    for field in &fields {
        let scope = api.texts(&format!("tr[data-field={field}] td[data-label=Scope]"));
        assert_eq!(
            serde_json::json!(scope[0]),
            described[field]["x-scope"],
            "{field}"
        );
    }
    let example: serde_json::Value = serde_json::from_str(&shown(&api, "example-json")).unwrap();
    let examples: Vec<_> = example.as_object().unwrap().keys().collect();
    assert_eq!(examples, described.keys().collect::<Vec<_>>());
}

/// The codes in people's profiles are on the page, with the names that the API returns.
#[tokio::test]
async fn the_enumerations_match_the_api() {
    let world = World::new().await;
    let page = world.visitor().visits("doc/api/").await;
    let listed: Vec<_> = page
        .texts(".codes-and-names dt")
        .into_iter()
        .zip(page.texts(".codes-and-names dd"))
        .collect();
    let asha = campus::asha();
    for (code, name) in [
        (
            &asha["insti_address"]["hostel"],
            &asha["insti_address"]["hostel_name"],
        ),
        (
            &asha["program"]["department"],
            &asha["program"]["department_name"],
        ),
        (&asha["program"]["degree"], &asha["program"]["degree_name"]),
    ] {
        let pair = (
            code.as_str().unwrap().to_owned(),
            name.as_str().unwrap().to_owned(),
        );
        assert!(listed.contains(&pair), "{pair:?}");
    }
}

#[tokio::test]
async fn lifetimes_and_the_user_cap_match_the_program() {
    let world = World::plan()
        .set("PROFILES_ACCESS_TOKEN_SECONDS", "5400")
        .set("PROFILES_CODE_SECONDS", "120")
        .set("PROFILES_REFRESH_GRACE_SECONDS", "0")
        .set("PROFILES_REFRESH_TOKEN_DAYS", "30")
        .set("PROFILES_UNVERIFIED_CAP", "7")
        .opens()
        .await;
    let visitor = world.visitor();

    let basics = visitor.visits("doc/").await;
    basics
        .shows("90 minutes")
        .shows("within 2 minutes")
        .shows("30 days unused");
    assert!(
        basics.text().contains("\"expires_in\": 5400"),
        "the example, too"
    );
    assert!(
        !basics.says("If the response is lost"),
        "there is no such rule now"
    );
    visitor
        .visits("doc/policy/")
        .await
        .shows("At most 7 people");
}

/// Each error that a developer meets is on the page, with its code.
#[tokio::test]
async fn every_error_code_is_on_the_page() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let page = world.visitor().visits("doc/errors/").await;
    let names = |part: &str| {
        let terms = page.texts(".cures dt");
        assert!(
            terms.iter().any(|term| term.contains(part)),
            "{part}: {terms:?}"
        );
    };

    let back = |page: Page| canteen.receives(&page).error();
    let refused = asha
        .visits(&canteen.login_link("basic"))
        .await
        .presses("deny")
        .await;
    names(&back(refused));
    names(&back(asha.gets(&canteen.login_link("bogus")).await));
    let implicit = canteen
        .login_link("basic")
        .replace("response_type=code", "response_type=token");
    names(&back(asha.gets(&implicit).await));
    let challenge = canteen.authorize_url(&[("code_challenge", "short")]);
    names(&back(asha.gets(&challenge).await));

    for fields in [
        &[("grant_type", "password")][..],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "authorization_code"), ("code", "none")],
        &[("grant_type", "refresh_token"), ("refresh_token", "none")],
    ] {
        let answer = canteen.requests_token(fields).await;
        names(&format!("{} {}", answer.status.as_u16(), answer.error()));
    }
    let visitor = canteen.with_secret("wrong");
    let answer = visitor
        .requests_token(&[("grant_type", "refresh_token"), ("refresh_token", "x")])
        .await;
    names(&format!("{} {}", answer.status.as_u16(), answer.error()));

    let tokens = world.connects(&asha, &canteen, "basic").await;
    let message = canteen
        .reads(&tokens.access, "fields=bogus")
        .await
        .detail(400);
    names(&message.replace("bogus", "…"));
    canteen.reads("none", "").await.detail(401);
    names("401");

    let lost = canteen.with_id("nobody").login_link("basic");
    let heading = asha.visits(&lost).await.words();
    let term = "No app is registered under this client_id";
    names(term);
    assert!(heading.contains(term), "{heading}");
}

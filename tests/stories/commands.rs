//! The commands of the program: what they create, what they refuse and what they print.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::support::{World, command};

async fn runs(world: &World, arguments: &'static [&'static str], input: &'static str) -> Output {
    let mut profiles = command::profiles(&world.database.url(), &world.data);
    profiles.args(arguments);
    spawn_blocking(move || command::run(profiles, input))
        .await
        .unwrap()
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr_of(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_tokens() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let pair = world.connects(&asha, &canteen, "basic profile").await;

    let output = runs(&world, &["person", "password", "asha"], "").await;

    let password = json_of(&output)["password"].as_str().unwrap().to_owned();
    assert_eq!(canteen.reads(&pair.access, "").await.status, 401);
    canteen
        .tries_to_refresh(&pair.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    let page = asha.gets("oauth/applications/").await;
    assert_eq!(page.status, 302, "asha is asked who she is");
    let home = world.visitor().signs_in("asha", &password).await;
    assert!(home.status.is_success() && !home.offers("input[name=password]"));
}

#[tokio::test]
async fn a_person_is_added_with_a_generated_password() {
    let world = World::new().await;

    let output = runs(
        &world,
        &[
            "person",
            "add",
            "--username",
            "ravi",
            "--first-name",
            "Ravi",
            "--last-name",
            "Nair",
            "--email",
            "ravi@campus.example",
            "--type",
            "ug",
            "--roll-number",
            "012D0701",
        ],
        "",
    )
    .await;

    let ravi = json_of(&output);
    assert!(ravi["id"].is_i64() && ravi["username"] == "ravi", "{ravi}");
    let password = ravi["password"].as_str().unwrap();
    assert!(password.len() >= 15, "{} characters", password.len());
    let home = world.visitor().signs_in("ravi", password).await;
    assert!(home.status.is_success() && !home.offers("input[name=password]"));
    let again = runs(
        &world,
        &[
            "person",
            "add",
            "--username",
            "ravi",
            "--first-name",
            "R",
            "--last-name",
            "N",
            "--email",
            "r@campus.example",
        ],
        "",
    )
    .await;
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr_of(&again).contains("ravi"), "{}", stderr_of(&again));
}

#[tokio::test]
async fn a_weak_password_is_refused() {
    const COMMAND: [&str; 4] = ["person", "password", "asha", "--password-stdin"];
    let world = World::new().await;
    let person = world.person("asha").await;
    for common in ["Passw0rd!", "12345678", "qwertyuiop", "iloveyou"] {
        let refused = runs(&world, &COMMAND, common).await;
        assert_eq!(refused.status.code(), Some(1), "{common}");
        let page = stderr_of(&refused);
        assert!(
            page.contains("among the first") && !page.contains(common),
            "{page}"
        );
    }
    world.signed_in(&person).await;
}

#[tokio::test]
async fn an_import_reports_errors_row_by_row() {
    let world = World::new().await;
    let list = "username,first_name,last_name,email,type,hostel,room,department,degree,join_year,graduation_year,contacts,secondary_emails\n\
                ravi,Ravi,Nair,ravi@campus.example,ug,14,A-12,CSE,BTECH,2024,2028,98200 11111;98200 22222,ravi@mail.example\n\
                sana,Sana,Ali,not an address,ug,,,,,,,,\n\
                tara,Tara,Roy,tara@campus.example,ug,nowhere,,,,,,,\n\
                asha,Asha,Rao,asha@campus.example,ug,,,,,,,,\n";
    fs::write(world.data.join("list.csv"), list).unwrap();
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;
    let last_name = async || {
        canteen
            .reads(&tokens.access, "fields=last_name")
            .await
            .good()["last_name"]
            .clone()
    };

    let rows = async || {
        let database = world.database.clone();
        let dump = spawn_blocking(move || database.dump()).await.unwrap();
        let rows = dump.lines().filter(|line| line.starts_with("INSERT"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = rows().await;
    let tried = runs(&world, &["person", "import", "--dry-run", "list.csv"], "").await;
    assert_eq!(rows().await, before, "a dry run changes nothing");
    assert!(
        !stderr_of(&tried).contains("audit"),
        "and says of no deed that it was done"
    );
    assert_eq!(last_name().await, "D’Souza");
    let done = runs(&world, &["person", "import", "list.csv"], "").await;

    assert_eq!(last_name().await, "Rao");
    for output in [tried, done] {
        let all = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            stderr_of(&output)
        );
        assert!(
            all.contains("not an address") || all.contains("email"),
            "{all}"
        );
        assert!(
            all.contains("line 3") && all.contains("line 4"),
            "refused rows are named: {all}"
        );
    }
}

/// A dry run and the import after it. Their reports have to be the same.
async fn imports(world: &World, name: &'static str, list: &[u8]) -> (Value, String) {
    fs::write(world.data.join(name), list).unwrap();
    let mut outputs = Vec::new();
    for arguments in [vec!["--dry-run"], vec![]] {
        let mut import = command::profiles(&world.database.url(), &world.data);
        import.args(["person", "import", name]).args(arguments);
        outputs.push(
            spawn_blocking(move || command::run(import, ""))
                .await
                .unwrap(),
        );
    }
    let reports = outputs.iter().map(|output| {
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", stderr_of(output)));
        (report, stderr_of(output))
    });
    let reports: Vec<_> = reports.collect();
    assert_eq!(reports[0], reports[1], "dry run and import, {name}");
    reports[1].clone()
}

fn utf16(text: &str) -> Vec<u8> {
    let signs = std::iter::once(0xfeff).chain(text.encode_utf16());
    signs.flat_map(u16::to_le_bytes).collect()
}

#[tokio::test]
async fn an_import_reads_what_spreadsheets_export() {
    let world = World::new().await;
    let commas =
        "username,first_name,last_name,email\nzoe,Zo\u{eb},M\u{fc}ller,zoe@campus.example\n";
    let semicolons = commas.replace(',', ";");
    let windows = semicolons.replace('\n', "\r\n");
    let windows = windows
        .chars()
        .map(|sign| u8::try_from(u32::from(sign)).unwrap());
    let windows: Vec<u8> = windows.collect();
    for (list, encoding) in [
        (commas.as_bytes().to_vec(), "utf-8"),
        (format!("\u{feff}{semicolons}").into_bytes(), "utf-8"),
        (format!("sep=;\r\n{semicolons}").into_bytes(), "utf-8"),
        (utf16(&commas.replace(',', "\t")), "utf-16le"),
        (windows, "windows-1252"),
    ] {
        let (report, errors) = imports(&world, "export.csv", &list).await;

        assert_eq!(report["encoding"], encoding);
        assert_eq!(report["refused"], json!([]), "{report}");
        assert_eq!(errors.contains("Windows-1252"), encoding == "windows-1252");
        let database = world.database.clone();
        let dump = spawn_blocking(move || database.dump()).await.unwrap();
        assert!(dump.contains("Zo\u{eb}") && dump.contains("M\u{fc}ller"));
    }
}

#[tokio::test]
async fn an_import_names_the_line_of_a_refused_row_and_what_a_spreadsheet_did_to_it() {
    let world = World::new().await;
    let list = "username,roll_number,mobile,first_name\n\
                ravi,012D0701,+91 98200 11111,Ravi\n\
                \n\
                sana,9.1982E+11,,Sana\n\
                tara,,\"=\"\"+919820011111\"\"\",Tara\n\
                uma,'012D0702,,Uma\n\
                veer,012D0703,,#N/A\n\
                wasim,012D0704,,Wasim\n";
    for end in ["\n", "\r\n", "\r"] {
        let (report, _) = imports(&world, "list.csv", list.replace('\n', end).as_bytes()).await;

        let refused = report["refused"].as_array().unwrap().iter();
        let refused: Vec<_> = refused
            .map(|row| {
                let reason = row["reason"].as_str().unwrap();
                let column = reason.split(' ').next().unwrap().to_owned();
                (row["line"].as_u64().unwrap(), column)
            })
            .collect();
        let expected = [
            (4, "roll_number"),
            (5, "mobile"),
            (6, "roll_number"),
            (7, "first_name"),
        ];
        assert_eq!(refused, expected.map(|(line, it)| (line, it.to_owned())));
    }
}

#[tokio::test]
async fn a_dry_run_has_the_outcome_of_the_import() {
    let world = World::new().await;
    let latest = world.person("asha").await.id + 100;
    let list = format!(
        "id,username,identity,contacts\n\
         ,ravi,ldap:Ravi,\n\
         {latest},sana,ldap: SANA,\n\
         {latest},tara,,\n\
         ,uma,LDAP:sana,\n\
         ,veer,google:veer,\n\
         ,wasim,erp:asha,\n\
         ,xenia,erp:22cs10001,\n\
         7,ravi,,\n\
         {next},yash,,\n\
         ,zara,,call me\n",
        next = latest + 1,
    );

    let (report, errors) = imports(&world, "list.csv", list.as_bytes()).await;

    assert_eq!(report["added"], 4, "{report}");
    let refused = report["refused"].as_array().unwrap();
    let lines: Vec<_> = refused
        .iter()
        .map(|row| row["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [4, 5, 6, 7, 9, 11], "{report}");
    assert!(
        refused[2]["reason"]
            .as_str()
            .unwrap()
            .contains("\"google\"")
    );
    assert!(
        refused[3]["reason"]
            .as_str()
            .unwrap()
            .contains("roll number")
    );
    assert!(errors.contains("PROFILES_LDAP_URL") && errors.contains("PROFILES_ERP_URL"));
}

#[tokio::test]
async fn wrong_arguments_or_settings_are_reported_in_one_line() {
    let world = World::new().await;

    let unknown = runs(&world, &["dance"], "").await;
    let incomplete = runs(&world, &["person", "add", "--username", "ravi"], "").await;
    let anonymous = runs(
        &world,
        &[
            "app",
            "add",
            "--owner",
            "nobody",
            "--name",
            "Chess",
            "--redirect-uri",
            "https://x.example/cb",
        ],
        "",
    )
    .await;
    let nowhere = runs(
        &world,
        &[
            "app",
            "add",
            "--owner",
            "meera",
            "--name",
            "Chess",
            "--redirect-uri",
            "http://x.example/cb",
        ],
        "",
    )
    .await;

    assert_eq!(
        (unknown.status.code(), incomplete.status.code()),
        (Some(2), Some(2))
    );
    assert_eq!(
        (anonymous.status.code(), nowhere.status.code()),
        (Some(1), Some(1))
    );
    assert!(
        stderr_of(&anonymous).contains("nobody")
            && stderr_of(&nowhere).contains("http://x.example/cb")
    );

    for (name, value) in [
        ("PROFILES_COLOUR", "blue"),
        ("PROFILES_UNVERIFIED_CAP", "many"),
        ("PROFILES_PUBLIC_URL", "http://campus.example"),
        ("PROFILES_LISTEN", "here"),
        ("PROFILES_SMTP_URL", "smtp://me@mail.example"),
        ("PROFILES_SMTP_URL", "smtp://me:p#ss@mail.example"),
        ("DATABASE_URL", "postgres://me:p/ss@db.example/profiles"),
    ] {
        let mut serve = command::profiles(&world.database.url(), &world.data);
        serve.arg("serve").env(name, value);
        let stopped = spawn_blocking(move || command::run(serve, ""))
            .await
            .unwrap();
        assert!(!stopped.status.success());
        let output = stderr_of(&stopped);
        assert!(
            output.trim().lines().count() == 1 && output.contains(name),
            "{output}"
        );
        assert!(!output.contains("ss@"), "{output}");
        let mut check = command::profiles(&world.database.url(), &world.data);
        check.arg("check").env(name, value);
        let checked = spawn_blocking(move || command::run(check, ""))
            .await
            .unwrap();
        assert_eq!(
            stderr_of(&checked),
            output,
            "check says what the start says"
        );
    }
}

/// In Kubernetes, a service named `profiles` sets such variables for every program of its namespace.
#[tokio::test]
async fn variables_of_a_container_platform_do_not_stop_the_program() {
    let world = World::new().await;
    let mut check = command::profiles(&world.database.url(), &world.data);
    check.arg("check").envs([
        ("PROFILES_PORT", "tcp://10.0.0.1:8000"),
        ("PROFILES_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("PROFILES_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("PROFILES_SERVICE_HOST", "10.0.0.1"),
        ("PROFILES_SERVICE_PORT_HTTP", "8000"),
        ("PROFILES_DB_SERVICE_PORT", "5432"),
    ]);
    let checked = spawn_blocking(move || command::run(check, ""))
        .await
        .unwrap();
    assert!(checked.status.success(), "{}", stderr_of(&checked));

    let mut guess = command::profiles(&world.database.url(), &world.data);
    guess.arg("check").env("PROFILES_PORT", "8000");
    let guess = spawn_blocking(move || command::run(guess, ""))
        .await
        .unwrap();
    assert!(!guess.status.success());
    assert!(stderr_of(&guess).contains("PROFILES_PORT"));
}

#[tokio::test]
async fn a_line_of_dotenv_that_cannot_be_read_is_named_without_its_value() {
    let world = World::new().await;
    for (text, place) in [
        (
            "A=1\nPROFILES_SECRET=s3cret pass\n",
            "line 2, PROFILES_SECRET",
        ),
        (
            "\u{feff}PROFILES_SMTP_URL=\"smtp://a:s3cret@b\nB=1\n",
            "line 1, PROFILES_SMTP_URL",
        ),
    ] {
        fs::write(world.data.join(".env"), text).unwrap();
        let refused = runs(&world, &["check"], "").await;
        let output = stderr_of(&refused);
        assert_eq!(output.trim().lines().count(), 1, "{output}");
        assert!(
            output.contains(place) && !output.contains("s3cret"),
            "{output}"
        );
    }
    fs::write(world.data.join(".env"), "\u{feff}PROFILES_LISTENS=1\r\n").unwrap();
    let refused = runs(&world, &["check"], "").await;
    assert!(
        stderr_of(&refused).starts_with("profiles: PROFILES_LISTENS "),
        "{}",
        stderr_of(&refused)
    );
}

#[tokio::test]
async fn a_server_that_cannot_start_prints_what_to_set() {
    let world = World::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let no_folder = world.data.join("a-file");
    fs::write(&no_folder, "").unwrap();
    let nowhere = world
        .database
        .url()
        .replace("postgres://", "postgres://nobody.");
    for (name, value) in [
        ("PROFILES_LISTEN", taken.as_str()),
        ("PROFILES_METRICS_LISTEN", taken.as_str()),
        ("PROFILES_LISTEN", "192.0.2.1:0"),
        ("PROFILES_DATA_DIR", no_folder.to_str().unwrap()),
        ("DATABASE_URL", nowhere.as_str()),
    ] {
        let mut serve = command::profiles(&world.database.url(), &world.data);
        serve
            .arg("serve")
            .env("PROFILES_LISTEN", "127.0.0.1:0")
            .env(name, value);
        let stopped = spawn_blocking(move || command::run(serve, ""))
            .await
            .unwrap();
        let output = stderr_of(&stopped);
        assert_eq!(stopped.status.code(), Some(1), "{output}");
        assert_eq!(output.trim().lines().count(), 1, "{output}");
        assert!(output.contains(name), "{output}");
    }
}

#[tokio::test]
async fn only_a_connector_with_a_circuit_breaker_can_be_opened() {
    let world = World::new().await;
    let slip = runs(&world, &["upstream", "open", "epr"], "").await;
    assert_eq!(slip.status.code(), Some(2));
    assert!(stderr_of(&slip).contains("erp"), "{}", stderr_of(&slip));
    let erp = runs(&world, &["upstream", "open", "erp"], "").await;
    assert_eq!(json_of(&erp)["was_closed"], false);
}

#[tokio::test]
async fn check_reports_the_state_of_each_part() {
    let world = World::new().await;

    let well = runs(&world, &["check"], "").await;
    let mut broken = command::profiles("postgres://profiles@127.0.0.1:1/none", &world.data);
    broken.arg("check");
    let broken = spawn_blocking(move || command::run(broken, ""))
        .await
        .unwrap();

    assert!(well.status.success(), "{}", stderr_of(&well));
    assert_eq!(broken.status.code(), Some(1));
    assert!(
        stderr_of(&broken).to_lowercase().contains("database")
            || String::from_utf8_lossy(&broken.stdout)
                .to_lowercase()
                .contains("database")
    );
}

/// JSON logs hold nothing but JSON, also what a command tells people.
#[tokio::test]
async fn with_json_logs_every_line_is_json() {
    let plan = World::plan()
        .set("PROFILES_LOG_FORMAT", "json")
        .set("PROFILES_LOG", "debug")
        .in_its_own_process();
    let world = plan.opens().await;
    let asha = world.student("asha").await;
    asha.visits("user/settings/").await;
    let log = world.log();
    assert!(log.contains("listening on http://"), "{log}");
    for line in log.lines() {
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(event["message"].is_string(), "{line}");
    }

    let mut failing = command::profiles("postgres://profiles@127.0.0.1:1/none", &world.data);
    failing.args(["person", "password", "asha"]);
    failing.env("PROFILES_LOG_FORMAT", "json");
    let failed = spawn_blocking(move || command::run(failing, ""))
        .await
        .unwrap();
    for line in stderr_of(&failed).lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    }
}

#[tokio::test]
async fn a_command_names_its_database_and_creates_none() {
    let world = World::new().await;
    let known = runs(&world, &["person", "password", "asha"], "").await;
    let port = world.database.port();
    let told = stderr_of(&known);
    assert!(
        told.contains(&format!("at 127.0.0.1:{port} (DATABASE_URL)")),
        "{told}"
    );
    assert!(!told.contains("postgres:") && !told.contains('@'), "{told}");

    // In a folder without a database, and without DATABASE_URL.
    let elsewhere = world.data.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let mut lost = command::profiles("", &elsewhere);
    lost.env_remove("DATABASE_URL")
        .env("PROFILES_DATA_DIR", "./data");
    lost.args([
        "person",
        "add",
        "--username",
        "ravi",
        "--first-name",
        "Ravi",
    ]);
    lost.args(["--last-name", "N", "--email", "ravi@campus.example"]);
    let refused = spawn_blocking(move || command::run(lost, ""))
        .await
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = stderr_of(&refused);
    assert!(
        told.contains("there is no database in") && told.contains("DATABASE_URL"),
        "{told}"
    );
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[tokio::test]
async fn an_https_service_is_told_which_settings_it_lacks() {
    let world = World::new().await;
    let mut check = command::profiles(&world.database.url(), &world.data);
    check.env("PROFILES_PUBLIC_URL", "https://sso.campus.example");
    check.arg("check");
    let checked = spawn_blocking(move || command::run(check, ""))
        .await
        .unwrap();
    assert!(checked.status.success());
    let warnings = json_of(&checked)["warnings"].to_string();
    for setting in ["PROFILES_TRUSTED_PROXIES", "PROFILES_SMTP_URL"] {
        assert!(warnings.contains(setting), "{warnings}");
        assert!(stderr_of(&checked).contains(setting));
    }
    assert!(!warnings.contains("DATABASE_URL"), "{warnings}");
    let well = runs(&world, &["check"], "").await;
    assert_eq!(json_of(&well)["warnings"], serde_json::json!([]));
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let world = World::new().await;

    assert!(runs(&world, &["migrate"], "").await.status.success());

    world.student("asha").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_sigterm_the_server_finishes_open_requests() {
    let world = World::plan().in_its_own_process().opens().await;
    let asha = world.person("asha").await;
    let form = world.visitor().visits("account/login/").await;
    // Comparing a password takes long enough to send SIGTERM meanwhile.
    let answering =
        tokio::spawn(async move { form.signs_in(&asha.username, &asha.password).await.status });
    tokio::time::sleep(Duration::from_millis(5)).await;

    let stopped = Command::new("kill")
        .args(["-TERM", &world.process_id().to_string()])
        .status()
        .unwrap();

    assert!(stopped.success());
    let ended = spawn_blocking(move || world.exit_code()).await.unwrap();
    assert_eq!(ended, Some(0));
    // The sign-in request was answered. The request after its redirect may find the listener closed.
    match answering.await {
        Ok(status) => assert!(!status.is_server_error(), "{status}"),
        Err(problem) => assert!(problem.is_panic()),
    }
}

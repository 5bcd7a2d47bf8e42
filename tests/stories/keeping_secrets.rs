//! Passwords and codes do not stay behind after a sign-in: not in the database or its write-ahead log, not in the log
//! at its most verbose level, not in the memory of the process.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::asking_the_jiit_portal::{ASHA, Jiit, Student};
use crate::sim::erp::Erp;
use crate::sim::erp::knobs::QuestionMode;
use crate::sim::kit::fault::Fault;
use crate::support::directory::Directory;
use crate::support::{World, database};

/// The places in which a secret could be left.
struct Traces(Vec<(&'static str, Vec<u8>)>);

impl Traces {
    /// Everything the program has written, and all of its memory.
    async fn of(world: &World) -> Self {
        // Buffers of connections are freed a moment after the last response.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let folder = core_file(world.process_id());
        Self(vec![
            ("the database", world.database.dump().into_bytes()),
            ("the write-ahead log", write_ahead_log()),
            ("the log", world.log().into_bytes()),
            ("PostgreSQL's log", postgresql_log()),
            ("the memory", core(world.process_id(), &folder)),
        ])
    }

    /// Fails if one of the secrets is found, in any encoding.
    fn contain_none_of(&self, secrets: &[&str]) {
        for secret in secrets {
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let mut spelled = vec![
                secret.as_bytes().to_vec(),
                encoded.into_bytes(),
                STANDARD.encode(secret).into_bytes(),
            ];
            spelled.dedup();
            for (place, content) in &self.0 {
                for spelling in &spelled {
                    let at = find(content, spelling);
                    assert_eq!(at, None, "{secret:?} is left in {place}");
                }
            }
        }
    }

    /// Checks that the search works: this text is found.
    fn contain(&self, place: &str, text: &str) {
        let (_, content) = self.0.iter().find(|(name, _)| *name == place).unwrap();
        assert!(
            find(content, text.as_bytes()).is_some(),
            "{text:?} is not in {place}"
        );
    }
}

fn find(content: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(content, what)
}

fn core_file(process: u32) -> std::path::PathBuf {
    database::cluster()
        .folder
        .join(format!("core-of-{process}"))
}

/// The write-ahead log belongs to the cluster of all stories.
fn write_ahead_log() -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(database::cluster().folder.join("database/cluster/pg_wal")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            all.extend(fs::read(path).unwrap());
        }
    }
    all
}

fn postgresql_log() -> Vec<u8> {
    fs::read(database::cluster().folder.join("database/log")).unwrap()
}

/// The memory of the process, as `gcore` dumps it.
fn core(process: u32, at: &Path) -> Vec<u8> {
    let gcore = Command::new("gcore")
        .arg("-o")
        .arg(at)
        .arg(process.to_string())
        .output()
        .unwrap();
    let file = format!("{}.{process}", at.display());
    let Ok(core) = fs::read(&file) else {
        panic!("no core: {}", String::from_utf8_lossy(&gcore.stderr));
    };
    fs::remove_file(file).unwrap();
    core
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_leaves_no_trace_after_the_sign_in() {
    let world = World::plan()
        .in_its_own_process()
        .with_full_postgresql_logs()
        .set("PROFILES_LOG", "trace")
        .opens()
        .await;
    let person = world.person("asha").await;
    let wrong = "canary-wrong-&=+%-8461";

    let page = world.visitor().signs_in(&person.username, wrong).await;
    page.shows("Wrong username or password");
    drop(page);
    drop(world.signed_in(&person).await);

    let traces = Traces::of(&world).await;
    for place in ["the database", "the write-ahead log", "PostgreSQL's log"] {
        traces.contain(place, &person.username);
    }
    traces.contain("the log", "a sign-in was refused");
    traces.contain_none_of(&[wrong, &person.password]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_password_leaves_no_trace_after_the_sign_in() {
    let directory = Directory::opens().await;
    let (right, wrong) = ("canary-right-&=+%-3307", "canary-wrong-&=+%-5512");
    directory
        .changes(&format!(
            "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: modify\n\
             replace: userPassword\nuserPassword: {right}\n"
        ))
        .await;
    let plan = directory
        .plan()
        .in_its_own_process()
        .with_full_postgresql_logs();
    let world = plan.set("PROFILES_LOG", "trace").opens().await;
    for password in [wrong, right] {
        let form = world.visitor().visits("account/login/ldap/").await;
        let page = form.signs_in("nandini", password).await;
        assert_eq!(page.says("Wrong username or password"), password == wrong);
    }
    // The password that was being sent when the directory stalled is gone, too.
    directory.freezes();
    let stalled = "canary-stalled-&=+%-7726";
    let form = world.visitor().visits("account/login/ldap/").await;
    form.signs_in("nandini", stalled).await.refuses(503);
    directory.thaws();

    let traces = Traces::of(&world).await;
    for place in ["the database", "the write-ahead log", "PostgreSQL's log"] {
        traces.contain(place, "nandini");
    }
    traces.contain("the log", "the directory was of no use");
    traces.contain_none_of(&[right, wrong, stalled]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jiit_credentials_leave_no_trace_after_the_sign_in() {
    let jiit = Jiit::opens().await;
    let (right, wrong) = ("canary-right-&=+%-6091", "canary-wrong-&=+%-1148");
    jiit.portal
        .changes(ASHA.number, |asha| right.clone_into(&mut asha.password));
    let plan = jiit
        .trusted(World::plan())
        .in_its_own_process()
        .with_full_postgresql_logs();
    let world = plan.set("PROFILES_LOG", "trace").opens().await;
    for password in [wrong, right] {
        let asha = Student { password, ..ASHA };
        let page = jiit.signs_in_and_agrees(&world.visitor(), &asha).await;
        assert_eq!(page.says("Asha Rao"), password == right);
    }
    // The password of a sign-in that asked the portal twice is gone, too.
    jiit.portal
        .set(&serde_json::json!({ "clock_offset_s": 86_400, "wrong_password": "empty" }));
    let twice = Student {
        password: "canary-twice-&=+%-9920",
        ..ASHA
    };
    let page = jiit.signs_in(&world.visitor(), &twice).await;
    assert!(page.says("The portal answered unexpectedly"));
    drop(page);

    let traces = Traces::of(&world).await;
    for place in ["the database", "the write-ahead log", "PostgreSQL's log"] {
        traces.contain(place, ASHA.number);
    }
    traces.contain("the log", "the upstream is odd about one person");
    traces.contain_none_of(&[right, wrong, twice.password]);
    // The encrypted password is as good as the plain one, and so are the tokens that link the phases and open the
    // account.
    let secrets = jiit.portal.secrets();
    let links_or_opens = |it: &&String| it.contains('.') || it.len() == 36;
    let made = secrets.made.iter().filter(links_or_opens);
    let all: Vec<&str> = made
        .chain(&secrets.sealed_bodies)
        .map(String::as_str)
        .collect();
    assert!(all.len() > 6);
    traces.contain_none_of(&all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erp_credentials_leave_no_trace_after_the_sign_in() {
    let erp = Erp::opens().await;
    let (roll, password, answer) = (
        "21CS10001",
        "canary-right-&=+%-9143",
        "canary answer & 6158",
    );
    erp.turns(|knobs| knobs.question_mode = QuestionMode::Fixed);
    erp.changes(roll, |asha| {
        password.clone_into(&mut asha.password);
        answer.clone_into(&mut asha.questions[0].1);
    });
    let world = World::plan()
        .set("PROFILES_ERP_URL", &erp.site.origin)
        .set("PROFILES_UPSTREAM_SECONDS", "2")
        .set("PROFILES_LOG", "trace")
        .in_its_own_process()
        .with_full_postgresql_logs()
        .opens()
        .await;
    let gives = async |roll: &str, password: &str, answer: &str| {
        let form = world.visitor().visits("account/login/erp/").await;
        let form = form.fills("roll", roll).presses("Continue").await;
        let form = form.fills("password", password).fills("answer", answer);
        form.presses("Have ERP mail me a code").await
    };

    // Refused until the limit is reached; accepted; being sent when ERP stalled.
    let (wrong, stalled) = ("canary-wrong-&=+%-2275", "canary-stalled-&=+%-7431");
    let mut page = gives(roll, wrong, answer).await;
    for _ in 0..2 {
        let form = page.fills("password", wrong).fills("answer", answer);
        page = form.presses("Have ERP mail me a code").await;
    }
    page.refuses(400);
    drop(page);
    let page = gives(roll, password, answer).await;
    // ERP wants password and answer again with the code. Until then they are held in memory, where the search finds
    // them.
    let held = Traces::of(&world).await;
    for secret in [password, answer] {
        held.contain("the memory", secret);
    }
    drop(held);
    let code = erp.code(roll);
    page.fills("code", &code)
        .presses("Sign in")
        .await
        .shows("21cs10001");
    let late = Fault::Late(Duration::from_secs(5));
    erp.site
        .watch
        .faults
        .set("/SSOAdministration/getEmilOTP.htm", late);
    gives("22EE30002", stalled, answer).await.refuses(503);

    let traces = Traces::of(&world).await;
    for place in ["the database", "the write-ahead log", "PostgreSQL's log"] {
        traces.contain(place, roll);
    }
    traces.contain("the log", "a sign-in was refused");
    // ERP's token consists of its two session ids.
    let messages = erp.state().secrets.clone();
    let token = messages.iter().find(|it| it.len() == 140).unwrap();
    // Six digits occur in any memory by chance, but not after the name of their field.
    let codes = [format!("email_otp={code}"), format!("code={code}")];
    let mut secrets = vec![
        &token[..38],
        &token[38..76],
        password,
        answer,
        wrong,
        stalled,
    ];
    secrets.extend(codes.iter().map(String::as_str));
    traces.contain_none_of(&secrets);
}

#[tokio::test]
async fn the_connection_that_carried_a_password_is_closed() {
    let world = World::new().await;
    let browser = world.visitor();

    let form = browser.visits("account/login/").await;
    assert_eq!(form.header("connection"), "");
    let page = form.signs_in("asha", "wrong").await;

    assert_eq!(page.header("connection"), "close");
}

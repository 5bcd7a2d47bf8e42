//! Metrics for operators: the counters, their labels, and who can read them.

use crate::sim::erp::Erp;
use crate::support::World;
use crate::support::scripted_directory::{
    LdapRequest, PASSWORD, Reply, ScriptedDirectory, bind_result, correct_reply,
};
use crate::support::wait::wait_for;
use crate::support::world::Plan;

struct Metrics {
    address: String,
}

impl Metrics {
    /// The world of `plan`, with metrics on their own port.
    async fn of(plan: Plan) -> (World, Self) {
        let plan = plan.set("PROFILES_METRICS_LISTEN", "127.0.0.1:0");
        let world = plan.in_its_own_process().opens().await;
        let address = wait_for(async || {
            let log = world.log();
            let mut lines = log.lines();
            let address = lines.find_map(|line| line.strip_prefix("metrics on "))?;
            Some(address.to_owned())
        });
        let Some(address) = address.await else {
            panic!("nowhere to read: {}", world.log());
        };
        (world, Self { address })
    }

    async fn read(&self) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(&self.address).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let slashed = http.get(format!("{}/", self.address)).send().await.unwrap();
        assert_eq!(slashed.status(), 200);
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        answer.text().await.unwrap()
    }
}

/// The value of the only line of `name` with all these labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let mut lines = text.lines().filter(|line| {
        let is_it = line
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['{', ' ']));
        is_it && labels.iter().all(|label| line.contains(label))
    });
    let line = lines.next()?;
    assert_eq!(lines.next(), None, "{name} {labels:?} in two lines");
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn events_are_counted() {
    let (world, metrics) = Metrics::of(World::plan()).await;
    let asha = world.student("asha").await;
    world.visitor().signs_in("asha", "not hers").await;
    world.connects(&asha, &world.canteen(), "basic").await;
    // Jobs start a little after the listener.
    let runs = [r#"job="mail.deliver""#, r#"outcome="done""#];
    let text = wait_for(async || {
        let text = metrics.read().await;
        value(&text, "profiles_job_runs_total", &runs).map(|_| text)
    });
    let text = text
        .await
        .unwrap_or_else(|| panic!("no mail is ever delivered"));

    let tries = |outcome| {
        value(
            &text,
            "profiles_sign_ins_total",
            &[r#"upstream="password""#, outcome],
        )
    };
    assert_eq!(tries(r#"outcome="success""#), Some(1.0));
    assert_eq!(tries(r#"outcome="refused""#), Some(1.0));
    let tokens = [
        r#"route="/oauth/token""#,
        r#"method="POST""#,
        r#"status="2xx""#,
    ];
    assert_eq!(
        value(&text, "profiles_http_requests_total", &tokens),
        Some(1.0)
    );
    let took = "profiles_http_request_duration_seconds_count";
    assert_eq!(value(&text, took, &tokens[..1]), Some(1.0));
    let most = value(&text, "profiles_database_connections", &[r#"state="most""#]);
    assert!(most.unwrap() >= 1.0);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn labels_contain_no_personal_data_and_no_client_input() {
    let (world, metrics) = Metrics::of(World::plan()).await;
    let asha = world.student("asha").await;
    let canteen = world.canteen();
    let tokens = world.connects(&asha, &canteen, "basic profile").await;
    for number in 0..40 {
        let address = format!("nowhere/{number}/?code={}", tokens.access);
        world.visitor().gets(&address).await;
        let way = format!("account/login/way{number}/");
        world.visitor().gets(&way).await;
    }
    let invented = reqwest::Method::from_bytes(b"BREWCOFFEE").unwrap();
    canteen
        .request(invented, "oauth/token/")
        .send()
        .await
        .unwrap();

    let text = metrics.read().await;

    for secret in [&tokens.access, &tokens.refresh, &canteen.client_id] {
        assert!(!text.contains(secret.as_str()));
    }
    for word in [
        "asha",
        "Canteen",
        "127.0.0.1",
        "way1",
        "nowhere",
        "BREWCOFFEE",
    ] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
    assert!(text.lines().count() < 600);
}

#[tokio::test]
async fn a_closed_connector_is_in_the_metrics() {
    let directory = ScriptedDirectory::that(|id, _, request| match request {
        LdapRequest::Bind { .. } => Reply::Sends(bind_result(id, 0)),
        _ => correct_reply(id, request),
    })
    .await;
    let (world, metrics) = Metrics::of(directory.plan()).await;
    let closed = ["upstream=\"ldap\""];
    let before = metrics.read().await;
    assert_eq!(
        value(&before, "profiles_upstream_closed", &closed),
        Some(0.0)
    );

    let form = world.visitor().visits("account/login/ldap/").await;
    form.signs_in("nandini", PASSWORD).await.refuses(503);

    let after = metrics.read().await;
    assert_eq!(
        value(&after, "profiles_upstream_closed", &closed),
        Some(1.0)
    );
    let changed = [closed[0], r#"outcome="protocol_mismatch""#];
    assert_eq!(
        value(&after, "profiles_sign_ins_total", &changed),
        Some(1.0)
    );
}

#[tokio::test]
async fn unusual_data_of_one_person_is_counted_and_closes_nothing() {
    let erp = Erp::opens().await;
    erp.changes("21CS10001", |asha| {
        for (question, _) in &mut asha.questions {
            *question = "Why? ".repeat(200);
        }
    });
    let plan = World::plan().set("PROFILES_ERP_URL", &erp.site.origin);
    let (world, metrics) = Metrics::of(plan).await;

    let form = world.visitor().visits("account/login/erp/").await;
    let page = form.fills("roll", "21CS10001").presses("Continue").await;
    page.refuses(400);

    let seen = metrics.read().await;
    let erp = "upstream=\"erp\"";
    assert_eq!(value(&seen, "profiles_upstream_closed", &[erp]), Some(0.0));
    let odd = [erp, r#"outcome="unexpected_user_data""#];
    assert_eq!(value(&seen, "profiles_sign_ins_total", &odd), Some(1.0));
    let log = world.log();
    assert!(log.contains("odd about one person"), "{log}");
    assert!(!log.contains("Why?"));
}

#[tokio::test]
async fn metrics_are_on_their_own_port_and_only_if_configured() {
    let (world, metrics) = Metrics::of(World::plan()).await;
    assert_eq!(world.visitor().gets("metrics").await.status, 404);
    // The metrics port serves nothing else.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let login = metrics.address.replace("metrics", "account/login/");
    assert_eq!(http.get(login).send().await.unwrap().status(), 404);

    let silent = World::plan().in_its_own_process().opens().await;
    assert!(!silent.log().contains("metrics on"));
}

#[tokio::test]
async fn metrics_can_be_read_without_a_database() {
    let directory = ScriptedDirectory::that(|id, _, request| correct_reply(id, request)).await;
    let (world, metrics) = Metrics::of(directory.plan().with_database_proxy()).await;
    let closed = "profiles_upstream_closed";
    assert_eq!(value(&metrics.read().await, closed, &[]), Some(0.0));
    world.database_proxy().cut().await;

    let text = metrics.read().await;

    assert!(value(&text, "profiles_database_connections", &[r#"state="most""#]).is_some());
    assert_eq!(value(&text, closed, &[]), None);
}

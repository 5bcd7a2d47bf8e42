//! What is counted while the house is at work, in one place with all its names, for Prometheus to read.
//!
//! Labels come from short lists that the code knows: routes as they are written, ways to sign in, jobs,
//! outcomes. Nothing that a visitor says is a label, so nobody can make them many, and none tells of a
//! person, an app or a secret. Counting is always on; whether anybody may read it is a setting.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// What [`whole`] gives (OpenMetrics 1.0).
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// In seconds: from a page out of memory to a campus system that takes its time.
const ANSWERS: [f64; 11] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
const RUNS: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 60.0, 600.0];

/// How a try to sign in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInOutcome {
    /// Somebody came in.
    In,
    /// What was typed was wrong.
    Refused,
    /// They proved who they are, but cannot come in by it.
    Unknown,
    /// There were too many tries.
    Slowed,
    /// Too many at once.
    Busy,
    /// A campus system did not answer.
    Unanswered,
    /// A campus system said something that nobody knows.
    Changed,
    /// The same, of one person.
    Odd,
}

/// How a mail left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    Sent,
    /// The mail server does not want it.
    Refused,
    /// There was no answer to go by.
    Failed,
}

/// How a job's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    Done,
    Failed,
    Panicked,
}

/// A request was answered. `route` is the pattern and not the address.
pub fn answered(route: &str, method: &Method, status: StatusCode, took: Duration) {
    let route = route.to_owned();
    let answer = ResponseLabels {
        route: route.clone(),
        method: known(method),
        status: class(status),
    };
    COUNTS.answers.get_or_create(&answer).inc();
    let time = COUNTS.answer_time.get_or_create(&RouteLabels { route });
    time.observe(took.as_secs_f64());
}

/// Somebody tried to sign in; `upstream` is the way's name.
pub fn signed_in(upstream: &'static str, outcome: SignInOutcome) {
    let outcome = match outcome {
        SignInOutcome::In => "in",
        SignInOutcome::Refused => "refused",
        SignInOutcome::Unknown => "unknown",
        SignInOutcome::Slowed => "slowed",
        SignInOutcome::Busy => "busy",
        SignInOutcome::Unanswered => "unanswered",
        SignInOutcome::Changed => "changed",
        SignInOutcome::Odd => "odd",
    };
    let labels = SignInLabels { upstream, outcome };
    COUNTS.sign_ins.get_or_create(&labels).inc();
}

/// A mail left, or did not.
pub fn mailed(outcome: MailOutcome) {
    let outcome = match outcome {
        MailOutcome::Sent => "sent",
        MailOutcome::Refused => "refused",
        MailOutcome::Failed => "failed",
    };
    COUNTS.mails.get_or_create(&OutcomeLabels { outcome }).inc();
}

/// An OAuth endpoint refused a request; `cause` is a word of the endpoint's list.
pub fn refused(endpoint: &'static str, cause: &'static str) {
    let labels = RefusalLabels { endpoint, cause };
    COUNTS.refusals.get_or_create(&labels).inc();
}

/// A job ran.
pub fn ran(job: &'static str, outcome: JobOutcome, took: Duration) {
    let outcome = match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Failed => "failed",
        JobOutcome::Panicked => "panicked",
    };
    COUNTS
        .runs
        .get_or_create(&JobRunLabels { job, outcome })
        .inc();
    let time = COUNTS.run_time.get_or_create(&JobLabels { job });
    time.observe(took.as_secs_f64());
}

/// How things stand at the moment of reading.
#[derive(Debug, Clone)]
pub struct Gauges {
    /// Connections to the database that are at work, that rest, and that there may be.
    pub connections: [usize; 3],
    /// Ways to sign in that can close, and whether they have; none where that cannot be found out.
    pub ways: Vec<(&'static str, bool)>,
}

/// Everything counted since the start, and how things stand, in the words of [`MEDIA_TYPE`].
pub fn whole(now: &Gauges) -> Result<String, fmt::Error> {
    let mut written = String::new();
    text::encode_registry(&mut written, &COUNTS.registry)?;
    text::encode_registry(&mut written, &standing(now))?;
    text::encode_eof(&mut written)?;
    Ok(written)
}

fn standing(now: &Gauges) -> Registry {
    let connections = Family::<StateLabels, Gauge>::default();
    let states = ["busy", "idle", "most"].into_iter().zip(now.connections);
    for (state, count) in states {
        let gauge = connections.get_or_create(&StateLabels { state });
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let closed = Family::<ConnectorLabels, Gauge>::default();
    for (upstream, is_closed) in &now.ways {
        let gauge = closed.get_or_create(&ConnectorLabels { upstream });
        gauge.set((*is_closed).into());
    }
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register(
        "database_connections",
        "Connections to the database: at work, at rest, and at most",
        connections,
    );
    registry.register(
        "upstream_closed",
        "1 for a way to sign in that has closed itself: see `profiles check`",
        closed,
    );
    registry
}

/// Measures how long something takes, which is no time of the campus.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long something took is no domain time"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

const PREFIX: &str = "profiles";

static COUNTS: LazyLock<Counters> = LazyLock::new(Counters::new);

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

struct Counters {
    registry: Registry,
    answers: Family<ResponseLabels, Counter>,
    answer_time: Histograms<RouteLabels>,
    sign_ins: Family<SignInLabels, Counter>,
    mails: Family<OutcomeLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    runs: Family<JobRunLabels, Counter>,
    run_time: Histograms<JobLabels>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    route: String,
    method: &'static str,
    status: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignInLabels {
    upstream: &'static str,
    outcome: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    endpoint: &'static str,
    cause: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobRunLabels {
    job: &'static str,
    outcome: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectorLabels {
    upstream: &'static str,
}

impl Counters {
    fn new() -> Self {
        let mut it = Self {
            registry: Registry::with_prefix(PREFIX),
            answers: Family::default(),
            answer_time: Family::new_with_constructor(|| Histogram::new(ANSWERS)),
            sign_ins: Family::default(),
            mails: Family::default(),
            refusals: Family::default(),
            runs: Family::default(),
            run_time: Family::new_with_constructor(|| Histogram::new(RUNS)),
        };
        let registry = &mut it.registry;
        registry.register(
            "http_requests",
            "Requests answered, by route and class of status",
            it.answers.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "How long answers took",
            Unit::Seconds,
            it.answer_time.clone(),
        );
        registry.register(
            "sign_ins",
            "Tries to sign in, by way and outcome",
            it.sign_ins.clone(),
        );
        registry.register("mails", "Mails, by outcome", it.mails.clone());
        registry.register(
            "oauth_refusals",
            "Requests refused by the OAuth endpoints, by endpoint and cause",
            it.refusals.clone(),
        );
        registry.register(
            "job_runs",
            "Runs of periodic jobs, by outcome",
            it.runs.clone(),
        );
        registry.register_with_unit(
            "job_duration",
            "How long runs of periodic jobs took",
            Unit::Seconds,
            it.run_time.clone(),
        );
        it
    }
}

/// Anybody may invent methods.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_read_in_the_words_of_prometheus() {
        signed_in("a way of this test", SignInOutcome::Refused);
        signed_in("a way of this test", SignInOutcome::Refused);
        let odd = Method::from_bytes(b"BREW").unwrap();
        let took = Duration::from_millis(30);
        answered("/of/{this}/test", &odd, StatusCode::IM_A_TEAPOT, took);

        let told = whole(&Gauges {
            connections: [2, 3, 24],
            ways: vec![("ldap", true)],
        });

        let told = told.unwrap();
        for line in [
            r#"profiles_sign_ins_total{upstream="a way of this test",outcome="refused"} 2"#,
            r#"profiles_http_requests_total{route="/of/{this}/test",method="other",status="4xx"} 1"#,
            r#"profiles_http_request_duration_seconds_bucket{le="0.05",route="/of/{this}/test"} 1"#,
            r#"profiles_database_connections{state="busy"} 2"#,
            r#"profiles_upstream_closed{upstream="ldap"} 1"#,
        ] {
            assert!(told.lines().any(|it| it == line), "{line}\n\n{told}");
        }
        assert!(told.ends_with("# EOF\n"));
    }

    #[test]
    fn the_readme_names_what_there_is() {
        signed_in("a way of this test", SignInOutcome::In);
        answered("/", &Method::GET, StatusCode::OK, Duration::ZERO);
        mailed(MailOutcome::Sent);
        refused("token", "a cause of this test");
        ran("a job of this test", JobOutcome::Done, Duration::ZERO);
        let told = whole(&Gauges {
            connections: [0; 3],
            ways: vec![("ldap", false)],
        });
        let told = told.unwrap();
        let readme = include_str!("../../README.md").split('`');
        let named = readme.filter_map(|word| word.strip_prefix("profiles_"));
        let mut named: Vec<_> = named.map(|name| name.trim_end_matches("_total")).collect();
        let types = told
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE profiles_"));
        let mut there: Vec<_> = types.filter_map(|it| it.split(' ').next()).collect();
        named.sort_unstable();
        there.sort_unstable();
        assert_eq!(named, there);
    }
}

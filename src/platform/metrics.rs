//! Metrics for Prometheus: all names and labels.
//!
//! Label values come from fixed lists: route patterns, connectors, jobs, outcomes. Text from a request is never
//! a label, so clients cannot create new time series, and no metric identifies a person or an app. Metrics
//! are always counted; `PROFILES_METRICS_LISTEN` decides whether they can be read.

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

/// The format of [`render`] (OpenMetrics 1.0).
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Histogram buckets in seconds: from a page that needs no query to a slow campus system.
const REQUEST_BUCKETS: [f64; 11] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
const JOB_BUCKETS: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 60.0, 600.0];

/// How a login attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The person was signed in.
    Success,
    /// The password, code or answer was wrong.
    Refused,
    /// The identity was proved, but no account may be opened for it.
    Unknown,
    /// A rate limit was reached.
    RateLimited,
    /// Too many attempts ran at the same time.
    Busy,
    /// A campus system did not answer.
    Unanswered,
    /// A campus system sent a response that the connector does not understand.
    ProtocolMismatch,
    /// A campus system sent unusable data of one person.
    UnexpectedUserData,
}

/// How sending a mail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    Sent,
    /// The mail server refused it.
    Refused,
    /// The mail server could not be reached or did not respond.
    Failed,
}

/// How a job's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    Done,
    Failed,
    Panicked,
}

/// Counts a request. `route` is the pattern and not the address.
pub fn record_request(route: &str, method: &Method, status: StatusCode, elapsed: Duration) {
    let route = route.to_owned();
    let labels = ResponseLabels {
        route: route.clone(),
        method: method_label(method),
        status: status_class(status),
    };
    COUNTERS.requests.get_or_create(&labels).inc();
    let duration = COUNTERS
        .request_duration
        .get_or_create(&RouteLabels { route });
    duration.observe(elapsed.as_secs_f64());
}

/// Counts a login attempt; `upstream` is the slug of the connector.
pub fn record_sign_in(upstream: &'static str, outcome: SignInOutcome) {
    let outcome = match outcome {
        SignInOutcome::Success => "success",
        SignInOutcome::Refused => "refused",
        SignInOutcome::Unknown => "unknown",
        SignInOutcome::RateLimited => "rate_limited",
        SignInOutcome::Busy => "busy",
        SignInOutcome::Unanswered => "unanswered",
        SignInOutcome::ProtocolMismatch => "protocol_mismatch",
        SignInOutcome::UnexpectedUserData => "unexpected_user_data",
    };
    let labels = SignInLabels { upstream, outcome };
    COUNTERS.sign_ins.get_or_create(&labels).inc();
}

/// Counts a mail.
pub fn record_mail(outcome: MailOutcome) {
    let outcome = match outcome {
        MailOutcome::Sent => "sent",
        MailOutcome::Refused => "refused",
        MailOutcome::Failed => "failed",
    };
    COUNTERS
        .mails
        .get_or_create(&OutcomeLabels { outcome })
        .inc();
}

/// Counts a request that an OAuth endpoint refused; `cause` is a word of the endpoint's list.
pub fn record_refusal(endpoint: &'static str, cause: &'static str) {
    let labels = RefusalLabels { endpoint, cause };
    COUNTERS.refusals.get_or_create(&labels).inc();
}

/// Counts the run of a job.
pub fn record_job_run(job: &'static str, outcome: JobOutcome, elapsed: Duration) {
    let outcome = match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Failed => "failed",
        JobOutcome::Panicked => "panicked",
    };
    COUNTERS
        .job_runs
        .get_or_create(&JobRunLabels { job, outcome })
        .inc();
    let duration = COUNTERS.job_duration.get_or_create(&JobLabels { job });
    duration.observe(elapsed.as_secs_f64());
}

/// Values that are read when the metrics are rendered.
#[derive(Debug, Clone)]
pub struct Gauges {
    /// Database connections: busy, idle, and the maximum.
    pub connections: [usize; 3],
    /// Connectors with a circuit breaker, and whether it is open. Empty if the database is not available.
    pub connectors: Vec<(&'static str, bool)>,
}

/// Renders the counters and the gauges in the format [`MEDIA_TYPE`].
pub fn render(gauges: &Gauges) -> Result<String, fmt::Error> {
    let mut text = String::new();
    text::encode_registry(&mut text, &COUNTERS.registry)?;
    text::encode_registry(&mut text, &gauge_registry(gauges))?;
    text::encode_eof(&mut text)?;
    Ok(text)
}

fn gauge_registry(gauges: &Gauges) -> Registry {
    let connections = Family::<StateLabels, Gauge>::default();
    let states = ["busy", "idle", "most"].into_iter().zip(gauges.connections);
    for (state, count) in states {
        let gauge = connections.get_or_create(&StateLabels { state });
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let closed = Family::<ConnectorLabels, Gauge>::default();
    for (upstream, is_closed) in &gauges.connectors {
        let gauge = closed.get_or_create(&ConnectorLabels { upstream });
        gauge.set((*is_closed).into());
    }
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register(
        "database_connections",
        "Database connections: busy, idle, and the maximum",
        connections,
    );
    registry.register(
        "upstream_closed",
        "1 for a connector that has disabled itself: see `profiles check`",
        closed,
    );
    registry
}

/// Measures durations. Not affected by the adjustable clock of tests.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "durations for metrics, not domain time"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

const PREFIX: &str = "profiles";

static COUNTERS: LazyLock<Counters> = LazyLock::new(Counters::new);

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

struct Counters {
    registry: Registry,
    requests: Family<ResponseLabels, Counter>,
    request_duration: Histograms<RouteLabels>,
    sign_ins: Family<SignInLabels, Counter>,
    mails: Family<OutcomeLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    job_runs: Family<JobRunLabels, Counter>,
    job_duration: Histograms<JobLabels>,
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
        let mut counters = Self {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
            sign_ins: Family::default(),
            mails: Family::default(),
            refusals: Family::default(),
            job_runs: Family::default(),
            job_duration: Family::new_with_constructor(|| Histogram::new(JOB_BUCKETS)),
        };
        let registry = &mut counters.registry;
        registry.register(
            "http_requests",
            "HTTP requests, by route and class of status",
            counters.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "How long requests took",
            Unit::Seconds,
            counters.request_duration.clone(),
        );
        registry.register(
            "sign_ins",
            "Login attempts, by connector and outcome",
            counters.sign_ins.clone(),
        );
        registry.register("mails", "Mails, by outcome", counters.mails.clone());
        registry.register(
            "oauth_refusals",
            "Requests refused by the OAuth endpoints, by endpoint and cause",
            counters.refusals.clone(),
        );
        registry.register(
            "job_runs",
            "Runs of periodic jobs, by outcome",
            counters.job_runs.clone(),
        );
        registry.register_with_unit(
            "job_duration",
            "How long runs of periodic jobs took",
            Unit::Seconds,
            counters.job_duration.clone(),
        );
        counters
    }
}

/// Clients may send any method, so unknown ones share a label.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
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
    fn counters_and_gauges_are_rendered_as_openmetrics() {
        record_sign_in("a connector of this test", SignInOutcome::Refused);
        record_sign_in("a connector of this test", SignInOutcome::Refused);
        let method = Method::from_bytes(b"BREW").unwrap();
        let elapsed = Duration::from_millis(30);
        record_request("/of/{this}/test", &method, StatusCode::IM_A_TEAPOT, elapsed);

        let text = render(&Gauges {
            connections: [2, 3, 24],
            connectors: vec![("ldap", true)],
        });

        let text = text.unwrap();
        for line in [
            r#"profiles_sign_ins_total{upstream="a connector of this test",outcome="refused"} 2"#,
            r#"profiles_http_requests_total{route="/of/{this}/test",method="other",status="4xx"} 1"#,
            r#"profiles_http_request_duration_seconds_bucket{le="0.05",route="/of/{this}/test"} 1"#,
            r#"profiles_database_connections{state="busy"} 2"#,
            r#"profiles_upstream_closed{upstream="ldap"} 1"#,
        ] {
            assert!(
                text.lines().any(|rendered| rendered == line),
                "{line}\n\n{text}"
            );
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn the_readme_lists_all_metrics() {
        record_sign_in("a connector of this test", SignInOutcome::Success);
        record_request("/", &Method::GET, StatusCode::OK, Duration::ZERO);
        record_mail(MailOutcome::Sent);
        record_refusal("token", "a cause of this test");
        record_job_run("a job of this test", JobOutcome::Done, Duration::ZERO);
        let text = render(&Gauges {
            connections: [0; 3],
            connectors: vec![("ldap", false)],
        });
        let text = text.unwrap();
        let readme = include_str!("../../README.md").split('`');
        let named = readme.filter_map(|word| word.strip_prefix("profiles_"));
        let mut named: Vec<_> = named.map(|name| name.trim_end_matches("_total")).collect();
        let types = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE profiles_"));
        let mut rendered: Vec<_> = types.filter_map(|name| name.split(' ').next()).collect();
        named.sort_unstable();
        rendered.sort_unstable();
        assert_eq!(named, rendered);
    }
}

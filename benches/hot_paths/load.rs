//! A simple load: so many connections, each of which asks again as soon as it was answered.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use http::{Request, Response, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use profiles::people::fields;
use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinSet;

use super::campus::App;

/// The fields a campus app usually reads.
pub(crate) const FIELDS: &str = "first_name,last_name,email,roll_number,program";

/// What came of one turn.
#[derive(Debug)]
pub(crate) struct Slice {
    pub requests: u32,
    took: Duration,
    pub mean: Duration,
    pub p50: Duration,
    pub p99: Duration,
    /// Of the server.
    pub cpu: Duration,
}

impl Slice {
    fn of(mut each: Vec<Duration>, took: Duration) -> Self {
        each.sort();
        let at = |percent: usize| each[(each.len() - 1) * percent / 100];
        let requests = u32::try_from(each.len()).unwrap();
        Self {
            requests,
            took,
            mean: each.iter().sum::<Duration>() / requests,
            p50: at(50),
            p99: at(99),
            cpu: Duration::ZERO,
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.requests) / self.took.as_secs_f64()
    }
}

/// What one connection does.
pub(crate) trait Worker: Send + 'static {
    /// The next request; none when it is done.
    fn next(&mut self) -> Option<Request<Body>>;

    fn hear(&mut self, answer: &Response<Bytes>);
}

#[derive(Debug, Clone)]
pub(crate) struct Http(Client<HttpConnector, Body>);

impl Default for Http {
    fn default() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }
}

impl Http {
    async fn ask(&self, request: Request<Body>) -> Response<Bytes> {
        let (parts, body) = self.0.request(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX)
            .await
            .unwrap();
        Response::from_parts(parts, body)
    }
}

/// Lets all workers work at once until each is done, and gives them back.
pub(crate) async fn load<W: Worker>(http: &Http, workers: Vec<W>) -> (Slice, Vec<W>) {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(http.clone(), worker));
    }
    let (each, workers): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().unzip();
    (Slice::of(each.concat(), began.elapsed()), workers)
}

/// The same with workers that ask two servers in turns: a slice for each, the first's in front.
pub(crate) async fn load_two<W: Worker>(http: &Http, workers: Vec<W>) -> [Slice; 2] {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(http.clone(), worker));
    }
    let mut sides = [Vec::new(), Vec::new()];
    for (each, _) in tasks.join_all().await {
        for (index, took) in each.into_iter().enumerate() {
            sides[index % 2].push(took);
        }
    }
    let took = began.elapsed();
    sides.map(|each| Slice::of(each, took))
}

async fn work<W: Worker>(http: Http, mut worker: W) -> (Vec<Duration>, W) {
    let mut each = Vec::new();
    while let Some(request) = worker.next() {
        let began = Instant::now();
        let answer = http.ask(request).await;
        each.push(began.elapsed());
        let is_right = answer.status().is_success() || answer.status().is_redirection();
        assert!(is_right, "{answer:?}");
        worker.hear(&answer);
    }
    (each, worker)
}

/// Reads the person behind an access token.
pub(crate) struct Reading {
    address: String,
    token: String,
    left: usize,
}

impl Reading {
    pub(crate) fn new(address: &str, token: &str, left: usize) -> Self {
        Self {
            address: format!("{address}/user/api/user/?fields={FIELDS}"),
            token: format!("Bearer {token}"),
            left,
        }
    }

    /// What is read.
    pub(crate) async fn once(mut self, http: &Http) -> Value {
        let answer = http.ask(self.next().unwrap()).await;
        serde_json::from_slice(answer.body()).unwrap()
    }
}

impl Worker for Reading {
    fn next(&mut self) -> Option<Request<Body>> {
        self.left = self.left.checked_sub(1)?;
        let request = Request::get(&self.address).header(header::AUTHORIZATION, &self.token);
        Some(request.body(Body::empty()).unwrap())
    }

    fn hear(&mut self, _: &Response<Bytes>) {}
}

/// Reads the person from two servers in turns, the same of both and then another set of fields, so that
/// hardly two readings of one server are the same.
pub(crate) struct InTurns {
    addresses: [String; 2],
    token: String,
    asked: usize,
    left: usize,
}

impl InTurns {
    /// `from` is where in the row of sets it begins.
    pub(crate) fn new(addresses: [&str; 2], token: &str, from: usize, readings: usize) -> Self {
        Self {
            addresses: addresses.map(|it| format!("{it}/user/api/user/?fields=")),
            token: format!("Bearer {token}"),
            asked: 2 * from,
            left: 2 * readings,
        }
    }

    /// Each bit of the number a field.
    fn fields(number: usize) -> String {
        let all = fields::FIELDS.iter().enumerate();
        let some = all.filter(|(bit, _)| number >> bit & 1 == 1);
        some.map(|(_, row)| row.name).collect::<Vec<_>>().join(",")
    }
}

impl Worker for InTurns {
    fn next(&mut self) -> Option<Request<Body>> {
        self.left = self.left.checked_sub(1)?;
        let (address, fields) = (
            &self.addresses[self.asked % 2],
            Self::fields(self.asked / 2),
        );
        let request = Request::get(format!("{address}{fields}"));
        self.asked += 1;
        let request = request.header(header::AUTHORIZATION, &self.token);
        Some(request.body(Body::empty()).unwrap())
    }

    fn hear(&mut self, _: &Response<Bytes>) {}
}

/// An answer of the token endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct Pair {
    pub access_token: String,
    pub refresh_token: String,
}

/// Trades codes.
pub(crate) struct Trading {
    address: String,
    credentials: String,
    codes: Vec<String>,
    pub pairs: Vec<Pair>,
}

impl Trading {
    pub(crate) fn new(address: &str, app: &App, codes: Vec<String>) -> Self {
        Self {
            address: format!("{address}/oauth/token/"),
            credentials: app.credentials(),
            codes,
            pairs: Vec::new(),
        }
    }
}

impl Worker for Trading {
    fn next(&mut self) -> Option<Request<Body>> {
        let code = self.codes.pop()?;
        let form = format!(
            "grant_type=authorization_code&code={code}&{}",
            self.credentials
        );
        Some(post(&self.address, form))
    }

    fn hear(&mut self, answer: &Response<Bytes>) {
        self.pairs
            .push(serde_json::from_slice(answer.body()).unwrap());
    }
}

/// Trades its refresh token for the next, on and on.
pub(crate) struct Refreshing {
    address: String,
    credentials: String,
    token: String,
    pub left: usize,
}

impl Refreshing {
    pub(crate) fn new(address: &str, app: &App, token: String) -> Self {
        Self {
            address: format!("{address}/oauth/token/"),
            credentials: app.credentials(),
            token,
            left: 0,
        }
    }
}

impl Worker for Refreshing {
    fn next(&mut self) -> Option<Request<Body>> {
        self.left = self.left.checked_sub(1)?;
        let (token, credentials) = (&self.token, &self.credentials);
        let form = format!("grant_type=refresh_token&refresh_token={token}&{credentials}");
        Some(post(&self.address, form))
    }

    fn hear(&mut self, answer: &Response<Bytes>) {
        let pair: Pair = serde_json::from_slice(answer.body()).unwrap();
        self.token = pair.refresh_token;
    }
}

fn post(address: &str, form: String) -> Request<Body> {
    Request::post(address)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.into())
        .unwrap()
}

/// Asks for codes, in the browser of somebody who has allowed the app before.
pub(crate) struct Asking {
    address: String,
    cookie: String,
    left: usize,
    pub codes: Vec<String>,
}

impl Asking {
    pub(crate) fn new(address: &str, cookie: &str, left: usize) -> Self {
        Self {
            address: address.to_owned(),
            cookie: cookie.to_owned(),
            left,
            codes: Vec::new(),
        }
    }
}

impl Worker for Asking {
    fn next(&mut self) -> Option<Request<Body>> {
        self.left = self.left.checked_sub(1)?;
        let request = Request::get(&self.address).header(header::COOKIE, &self.cookie);
        Some(request.body(Body::empty()).unwrap())
    }

    fn hear(&mut self, answer: &Response<Bytes>) {
        let address = answer.headers()[header::LOCATION].to_str().unwrap();
        self.codes.push(super::campus::code_in(address));
    }
}

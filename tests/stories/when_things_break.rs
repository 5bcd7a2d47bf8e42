//! The program is killed while it exchanges codes; PostgreSQL is down for ten seconds under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{Answer, App, Tokens, World};

const TRADES: usize = 200;

/// An exchange whose response may never arrive.
async fn exchange_code(canteen: &App, code: &str) -> Option<Answer> {
    let request = canteen
        .request(reqwest::Method::POST, "oauth/token/")
        .header("authorization", canteen.basic());
    let response = request
        .form(&[("grant_type", "authorization_code"), ("code", code)])
        .send()
        .await
        .ok()?;
    Answer::of(response).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_program_killed_during_code_exchanges_keeps_every_token_it_issued() {
    let world = World::plan().in_its_own_process().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    for stop_after in [1, 40, 120] {
        let mut codes = Vec::new();
        for _ in 0..TRADES {
            codes.push(world.consents(&asha, &canteen.login_link("basic")).await);
        }
        let answered = Arc::new(AtomicUsize::new(0));
        let mut exchanges = JoinSet::new();
        for code in codes.clone() {
            let (canteen, answered) = (canteen.clone(), Arc::clone(&answered));
            exchanges.spawn(async move {
                let answer = exchange_code(&canteen, &code).await;
                answered.fetch_add(1, Ordering::SeqCst);
                (code, answer.map(|answer| answer.tokens()))
            });
        }
        while answered.load(Ordering::SeqCst) < stop_after {
            sleep(Duration::from_micros(200)).await;
        }
        world.crashes();
        let answers = exchanges.join_all().await;
        world.restarts().await;

        let received: Vec<&(String, Option<Tokens>)> =
            answers.iter().filter(|(_, pair)| pair.is_some()).collect();
        assert!(
            received.len() < TRADES,
            "all {TRADES} were answered before the program died"
        );
        for (_, pair) in &received {
            let pair = pair.as_ref().unwrap();
            canteen.reads(&pair.access, "").await.good();
            canteen.refreshes(pair).await;
        }
        for (code, pair) in &answers {
            let mut worked = usize::from(pair.is_some());
            for _ in 0..2 {
                let answer = canteen.tries_to_exchange(code, &[]).await;
                if answer.status == 200 {
                    worked += 1;
                } else {
                    answer.refuses(400, "invalid_grant");
                }
            }
            assert!(worked <= 1, "a code worked {worked} times");
        }
    }
}

/// The responses to one kind of request during the outage.
#[derive(Debug, Default)]
struct Seen {
    good: usize,
    unavailable: usize,
    slowest: Duration,
}

impl Seen {
    fn note(&mut self, answer: &Answer, took: Duration) {
        self.slowest = self.slowest.max(took);
        if answer.status == 503 {
            let wait = answer.header("retry-after");
            assert!(
                wait.parse::<u32>().is_ok_and(|seconds| seconds > 0),
                "Retry-After: {wait:?}"
            );
            self.unavailable += 1;
        } else {
            assert_eq!(answer.status, 200, "{}", answer.text());
            self.good += 1;
        }
    }
}

/// Retries as the responses say, until there is a new pair.
async fn comes_back(canteen: &App, pair: &Tokens, seen: &mut Seen) -> Tokens {
    loop {
        sleep(Duration::from_millis(200)).await;
        let started = Instant::now();
        let answer = canteen.tries_to_refresh(&pair.refresh, &[]).await;
        seen.note(&answer, started.elapsed());
        if answer.status == 200 {
            return answer.tokens();
        }
    }
}

/// Reads and refreshes until `stop` is set; returns its last tokens.
async fn works(canteen: App, mut pair: Tokens, stop: Arc<AtomicBool>) -> (Tokens, Seen) {
    let mut seen = Seen::default();
    while !stop.load(Ordering::SeqCst) {
        let started = Instant::now();
        seen.note(
            &canteen.reads(&pair.access, "fields=first_name").await,
            started.elapsed(),
        );

        let started = Instant::now();
        let answer = canteen.tries_to_refresh(&pair.refresh, &[]).await;
        seen.note(&answer, started.elapsed());
        if answer.status == 200 {
            pair = answer.tokens();
        } else {
            // The response may have been lost with the connection, and the access token may have ended with the
            // refresh.
            pair = comes_back(&canteen, &pair, &mut seen).await;
        }
        sleep(Duration::from_millis(20)).await;
    }
    (pair, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn without_its_database_the_program_returns_503_and_recovers_when_it_is_back() {
    let plan = World::plan().in_its_own_process().with_database_proxy();
    let world = plan.opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let stop = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let pair = world.connects(&asha, &canteen, "basic profile").await;
        workers.spawn(works(canteen.clone(), pair, Arc::clone(&stop)));
    }

    sleep(Duration::from_secs(1)).await;
    world.database_proxy().cut().await;
    let cut = Instant::now();
    let mut pages = Vec::new();
    while cut.elapsed() < Duration::from_secs(10) {
        for path in [
            "user/settings/",
            "account/login/",
            "oauth/applications/",
            "health/ready",
        ] {
            pages.push(asha.gets(path).await);
        }
        assert_eq!(asha.gets("health/live").await.status, 200);
        sleep(Duration::from_millis(200)).await;
    }
    world.database_proxy().mend().await;
    let mended = Instant::now();
    while asha.gets("health/ready").await.status != 200 {
        assert!(
            mended.elapsed() < Duration::from_secs(10),
            "not ready again"
        );
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::SeqCst);

    for (pair, seen) in workers.join_all().await {
        assert!(seen.good > 0 && seen.unavailable > 0, "{seen:?}");
        assert!(seen.slowest < Duration::from_secs(8), "{seen:?}");
        canteen.reads(&pair.access, "").await.good();
        canteen.refreshes(&pair).await;
    }
    for page in pages {
        let sign_in_needs_no_database = page.url.path() == "/account/login/" && page.status == 200;
        assert!(
            page.status == 503 || sign_in_needs_no_database,
            "{} at {}",
            page.status,
            page.url
        );
        assert!(
            page.status != 503 || !page.header("retry-after").is_empty(),
            "{}",
            page.url
        );
    }
    assert!(world.is_running());
    assert_eq!(
        asha.gets("user/settings/").await.status,
        200,
        "asha is still signed in"
    );
    world.connects(&asha, &canteen, "basic").await;
}

//! What the house costs on the paths that campus apps use all day: the server as it is released against
//! a bare axum and sqlx program that sends the very same statements to the same database. Both run at
//! once and are loaded in turns, so that whatever else the machine does hits both. And what the access log
//! costs the user API: the house with it against the house without, request by request.
//!
//! Arguments: parts of the names of what to measure; none is all.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark lives in real time, prints, and stops at the first surprise"
)]

mod bare;
mod campus;
mod house;
mod load;
mod process;
mod statements;
mod table;

use std::time::{Duration, Instant};

use campus::Campus;
use load::{Http, InTurns, Reading, Refreshing, Trading, load, load_two};
use process::Process;
use profiles::protocol::access_log::AccessLog;
use table::Row;

const CONNECTIONS: usize = 16;
/// Turns of each side, and how long all of one benchmark may take.
const ROUNDS: usize = 15;
const AT_MOST: Duration = Duration::from_secs(40);
/// Requests of one turn. A connection trades few codes, because each has to be asked for first.
const ACCESS_LOG: &str = "access log";
const READS: usize = 200;
const TRADES: usize = 60;
const REFRESHES: usize = 100;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted: Vec<String> = arguments
        .by_ref()
        .filter(|it| !it.starts_with("--"))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match wanted.as_slice() {
        [it] if it == bare::COMMAND => return runtime.block_on(bare::serve()),
        [it] if it == house::ACCESS_LOG_ON => {
            return runtime.block_on(house::serve(AccessLog::new));
        }
        [it] if it == house::ACCESS_LOG_OFF => {
            return runtime.block_on(house::serve(AccessLog::disabled));
        }
        _ => {}
    }
    let campus = Campus::found(&runtime);
    eprintln!("{CONNECTIONS} connections, {ROUNDS} rounds each, in turns");
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let names = ["user API", "code exchange", "refresh"];
    let names: Vec<_> = names.into_iter().filter(|it| is_wanted(it)).collect();
    if !names.is_empty() {
        println!("{}", table::head("profiles", "bare"));
    }
    for name in names {
        let row = runtime.block_on(async {
            match name {
                "user API" => read(&campus).await,
                "refresh" => refresh(&campus).await,
                _ => exchange(&campus).await,
            }
        });
        println!("{}", row.line(name));
    }
    if is_wanted(ACCESS_LOG) {
        println!("{}", table::head("access log on", "access log off"));
        println!("{}", runtime.block_on(access_log(&campus)).line(ACCESS_LOG));
    }
}

async fn read(campus: &Campus) -> Row {
    let http = Http::default();
    let token = campus.trades(&http, 1).await.remove(0).access_token;
    let said = campus
        .servers()
        .map(|server| Reading::new(&server.address, &token, 1).once(&http));
    let [profiles, bare] = said;
    assert_eq!(
        profiles.await,
        bare.await,
        "the two do not do the same work"
    );
    let mut row = Row::default();
    for (round, server) in turns(campus.servers()) {
        let reading = || Reading::new(&server.address, &token, READS);
        let workers = (0..CONNECTIONS).map(|_| reading()).collect();
        let (slice, _) = measured(server, load(&http, workers)).await;
        row.add(round, server.side, slice);
    }
    row
}

/// What noting costs a reading. Both sides are this program, so that they differ in nothing else, and
/// every connection asks one and then the other, so that each moment of the machine is in both.
async fn access_log(campus: &Campus) -> Row {
    let http = Http::default();
    let token = campus.trades(&http, 1).await.remove(0).access_token;
    let houses = campus.houses();
    let addresses = houses.each_ref().map(|it| it.address.as_str());
    let mut row = Row::default();
    for round in 0..=ROUNDS {
        let reading = |number: usize| InTurns::new(addresses, &token, number * READS, READS);
        let workers = (0..CONNECTIONS).map(reading).collect();
        let before = houses.each_ref().map(Process::cpu);
        let slices = load_two(&http, workers).await;
        for ((house, before), mut slice) in houses.iter().zip(before).zip(slices) {
            slice.cpu = house.cpu().saturating_sub(before);
            row.add(round, house.side, slice);
        }
    }
    row
}

async fn exchange(campus: &Campus) -> Row {
    let http = Http::default();
    let mut row = Row::default();
    for (round, server) in turns(campus.servers()) {
        let mut codes = campus.codes(&http, CONNECTIONS * TRADES).await;
        let mut trading = || {
            let some = codes.split_off(codes.len() - TRADES);
            Trading::new(&server.address, &campus.app, some)
        };
        let workers = (0..CONNECTIONS).map(|_| trading()).collect();
        let (slice, _) = measured(server, load(&http, workers)).await;
        row.add(round, server.side, slice);
    }
    row
}

async fn refresh(campus: &Campus) -> Row {
    let http = Http::default();
    let mut row = Row::default();
    let mut workers = Vec::new();
    for server in campus.servers() {
        let pairs = campus.trades(&http, CONNECTIONS).await;
        let refreshing = |token| Refreshing::new(&server.address, &campus.app, token);
        let of_server = pairs.into_iter().map(|pair| refreshing(pair.refresh_token));
        workers.push((server.side, of_server.collect::<Vec<_>>()));
    }
    for (round, server) in turns(campus.servers()) {
        let (_, kept) = workers
            .iter_mut()
            .find(|(side, _)| *side == server.side)
            .unwrap();
        let mut resting = std::mem::take(kept);
        for worker in &mut resting {
            worker.left = REFRESHES;
        }
        let (slice, rested) = measured(server, load(&http, resting)).await;
        *kept = rested;
        row.add(round, server.side, slice);
    }
    row
}

/// Both sides again and again, each as often first, until the rounds are done or the time is up. The
/// first round warms up and is not counted.
fn turns(servers: [&Process; 2]) -> impl Iterator<Item = (usize, &Process)> {
    let began = Instant::now();
    let in_time = move |round: &usize| *round < 2 || began.elapsed() < AT_MOST;
    (0..=ROUNDS).take_while(in_time).flat_map(move |round| {
        let mut servers = servers;
        if round % 2 == 1 {
            servers.reverse();
        }
        servers.map(|server| (round, server))
    })
}

async fn measured<T>(
    server: &Process,
    work: impl Future<Output = (load::Slice, T)>,
) -> (load::Slice, T) {
    let before = server.cpu();
    let (mut slice, rest) = work.await;
    slice.cpu = server.cpu().saturating_sub(before);
    (slice, rest)
}

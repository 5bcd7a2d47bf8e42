//! Delivery of queued mail: by several processes at once, while the mail server is down, and across the crash of a
//! process. No mail is lost and none is sent twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use profiles::platform::jobs::Jobs;
use time::Duration;
use tokio::task::JoinSet;

use crate::support::mail_server::{Mail, MailServer, SmtpMode};
use crate::support::{Browser, World};

const OTHERS: usize = 5;

/// Several processes on one database, with one mail server.
struct Processes {
    world: World,
    /// The job runners of the further processes, beside the one that also serves requests.
    others: Vec<Arc<Jobs>>,
    server: MailServer,
    people: Vec<Browser>,
}

impl Processes {
    async fn open(people: usize) -> Self {
        let server = MailServer::starts(SmtpMode::Plain).await;
        let world = World::plan()
            .set("PROFILES_SMTP_URL", &server.address())
            .set("PROFILES_MAIL_FROM", "no-reply@campus.example")
            .opens()
            .await;
        let mut browsers = Vec::new();
        for person in world.students(people).await {
            browsers.push(world.signed_in(&person).await);
        }
        Self {
            others: (0..OTHERS)
                .map(|_| Arc::new(world.jobs_of_another_process()))
                .collect(),
            world,
            server,
            people: browsers,
        }
    }

    /// Each person adds three addresses, and each address gets a mail.
    async fn write(&self, domain: &str) -> Vec<String> {
        let mut written = Vec::new();
        for (number, person) in self.people.iter().enumerate() {
            let three: Vec<_> = (0..3)
                .map(|it| format!("s{number}-{it}@{domain}"))
                .collect();
            let mut page = person.visits("user/").await;
            let csrf_token = page.attributes("input[name=csrf_token]", "value").remove(0);
            let mut form: Vec<_> = three.iter().map(|it| ("email", it.as_str())).collect();
            form.push(("csrf_token", &csrf_token));
            page = person
                .posts("user/update_email/", &form)
                .await
                .follows()
                .await;
            page.shows("A link is on its way");
            written.extend(three);
        }
        written.sort();
        written
    }

    /// All run their jobs at the same moment.
    async fn do_their_jobs(&self) {
        let mut others = JoinSet::new();
        for other in &self.others {
            let other = Arc::clone(other);
            others.spawn(async move { other.run_once().await.unwrap() });
        }
        self.world.runs_jobs().await;
        others.join_all().await;
    }

    /// Waits for exactly `many` mails and returns the address of each; no address and no `Message-ID` occurs twice.
    async fn deliver(&self, many: usize) -> Vec<String> {
        let mut by_id = BTreeMap::new();
        for _ in 0..many {
            let mail = self.server.gets().await;
            by_id.insert(id_of(&mail), address_of(&mail));
        }
        self.server.got_nothing_else().await;
        let mut addresses: Vec<_> = by_id.into_values().collect();
        addresses.sort();
        addresses
    }
}

fn id_of(mail: &Mail) -> String {
    mail["headers"]["Message-ID"].as_str().unwrap().to_owned()
}

fn address_of(mail: &Mail) -> String {
    assert_eq!(mail["to"].as_array().unwrap().len(), 1);
    mail["to"][0].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn several_processes_deliver_each_mail_once() {
    let processes = Processes::open(8).await;
    let written = processes.write("home.example").await;
    processes.do_their_jobs().await;
    assert_eq!(processes.deliver(24).await, written);

    for _ in 0..5 {
        processes.do_their_jobs().await;
        processes.world.advance_clock(Duration::hours(5));
    }
    processes.server.got_nothing_else().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn mails_wait_for_a_mail_server_that_is_down_and_go_out_when_it_is_back() {
    let processes = Processes::open(4).await;
    // An open connection from before the outage is gone, too.
    processes.write("work.example").await;
    processes.do_their_jobs().await;
    processes.deliver(12).await;
    processes.server.behaves("is gone").await;
    let written = processes.write("home.example").await;
    for _ in 0..6 {
        processes.do_their_jobs().await;
        processes.world.advance_clock(Duration::seconds(10));
    }
    processes.server.got_nothing_else().await;

    processes.server.behaves("well").await;
    processes.world.advance_clock(Duration::minutes(2));
    processes.do_their_jobs().await;
    assert_eq!(processes.deliver(12).await, written);
    processes.world.advance_clock(Duration::hours(3));
    processes.do_their_jobs().await;
    processes.server.got_nothing_else().await;
}

/// A process can die after the mail server accepted a mail and before the outcome is stored. The mail is then sent
/// again with the same `Message-ID`.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_mail_whose_process_died_before_storing_the_outcome_is_sent_again_with_the_same_id() {
    let Processes {
        world,
        mut others,
        server,
        people,
    } = Processes::open(1).await;
    let add = async |address: &str| {
        let page = people[0].visits("user/").await;
        let csrf_token = page.attributes("input[name=csrf_token]", "value").remove(0);
        let form = [("email", address), ("csrf_token", &csrf_token)];
        people[0].posts("user/update_email/", &form).await
    };
    add("s@home.example").await;

    server.behaves("falls silent").await;
    let other = others.remove(0);
    let crashing = tokio::spawn(async move { other.run_once().await });
    let first = server.gets().await;
    crashing.abort();
    assert!(crashing.await.unwrap_err().is_cancelled());
    server.behaves("well").await;

    world.runs_jobs().await;
    server.got_nothing_else().await;
    world.advance_clock(Duration::minutes(6));
    world.runs_jobs().await;
    let again = server.gets().await;
    server.got_nothing_else().await;
    assert_eq!(id_of(&again), id_of(&first));
    assert_eq!(address_of(&again), "s@home.example");

    world.advance_clock(Duration::hours(3));
    world.runs_jobs().await;
    server.got_nothing_else().await;
}

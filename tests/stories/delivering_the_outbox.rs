//! Letters of the house on their way out: from several processes at once, past a mail server that is away for a while, and out
//! of a process that dies at the worst moment. Nothing is lost, nothing comes twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use profiles::platform::jobs::Jobs;
use time::Duration;
use tokio::task::JoinSet;

use crate::support::mail_server::{Mail, MailServer, Speaks};
use crate::support::{Browser, World};

const OTHERS: usize = 5;

/// Processes on one database, in front of one mail server.
struct Houses {
    world: World,
    /// Beside the one that also answers requests.
    others: Vec<Arc<Jobs>>,
    server: MailServer,
    people: Vec<Browser>,
}

impl Houses {
    async fn open(people: usize) -> Self {
        let server = MailServer::starts(Speaks::Plain).await;
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

    /// Everybody adds three addresses, each of which gets a letter.
    async fn write(&self, domain: &str) -> Vec<String> {
        let mut written = Vec::new();
        for (number, person) in self.people.iter().enumerate() {
            let three: Vec<_> = (0..3)
                .map(|it| format!("s{number}-{it}@{domain}"))
                .collect();
            let mut page = person.visits("user/").await;
            let seal = page.attributes("input[name=csrf_token]", "value").remove(0);
            let mut form: Vec<_> = three.iter().map(|it| ("email", it.as_str())).collect();
            form.push(("csrf_token", &seal));
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

    /// All do their jobs, at the same moment.
    async fn do_their_jobs(&self) {
        let mut others = JoinSet::new();
        for other in &self.others {
            let other = Arc::clone(other);
            others.spawn(async move { other.run_once().await.unwrap() });
        }
        self.world.does_its_jobs().await;
        others.join_all().await;
    }

    /// So many mails and no more, by the address each went to; none twice, by address or by `Message-ID`.
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
async fn processes_at_once_deliver_each_letter_once() {
    let houses = Houses::open(8).await;
    let written = houses.write("home.example").await;
    houses.do_their_jobs().await;
    assert_eq!(houses.deliver(24).await, written);

    for _ in 0..5 {
        houses.do_their_jobs().await;
        houses.world.sleeps(Duration::hours(5));
    }
    houses.server.got_nothing_else().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn letters_wait_for_a_mail_server_that_is_gone_and_leave_once_it_is_back() {
    let houses = Houses::open(4).await;
    // A connection waits from before: it is gone too.
    houses.write("work.example").await;
    houses.do_their_jobs().await;
    houses.deliver(12).await;
    houses.server.behaves("is gone").await;
    let written = houses.write("home.example").await;
    for _ in 0..6 {
        houses.do_their_jobs().await;
        houses.world.sleeps(Duration::seconds(10));
    }
    houses.server.got_nothing_else().await;

    houses.server.behaves("well").await;
    houses.world.sleeps(Duration::minutes(2));
    houses.do_their_jobs().await;
    assert_eq!(houses.deliver(12).await, written);
    houses.world.sleeps(Duration::hours(3));
    houses.do_their_jobs().await;
    houses.server.got_nothing_else().await;
}

/// Between the mail server's yes and our note of it there is a moment in which a process can die. Then the letter comes
/// again, and says by its number that it is the same one.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_letter_whose_process_died_before_it_noted_comes_again_under_the_same_number() {
    let Houses {
        world,
        mut others,
        server,
        people,
    } = Houses::open(1).await;
    let add = async |address: &str| {
        let page = people[0].visits("user/").await;
        let seal = page.attributes("input[name=csrf_token]", "value").remove(0);
        let form = [("email", address), ("csrf_token", &seal)];
        people[0].posts("user/update_email/", &form).await
    };
    add("s@home.example").await;

    server.behaves("falls silent").await;
    let other = others.remove(0);
    let dies = tokio::spawn(async move { other.run_once().await });
    let first = server.gets().await;
    dies.abort();
    assert!(dies.await.unwrap_err().is_cancelled());
    server.behaves("well").await;

    world.does_its_jobs().await;
    server.got_nothing_else().await;
    world.sleeps(Duration::minutes(6));
    world.does_its_jobs().await;
    let again = server.gets().await;
    server.got_nothing_else().await;
    assert_eq!(id_of(&again), id_of(&first));
    assert_eq!(address_of(&again), "s@home.example");

    world.sleeps(Duration::hours(3));
    world.does_its_jobs().await;
    server.got_nothing_else().await;
}

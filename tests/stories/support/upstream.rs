//! What every connector guarantees when its portal fails or changes: within the time limit a page that explains it,
//! no sign-in, and no 500.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::world::Plan;
use super::{Browser, Page, World};

/// The time limit for one answer of the portal, as `PROFILES_UPSTREAM_SECONDS`.
pub const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(2);

/// A simulated system through which people sign in.
pub trait Portal: Sized + Send + Sync + 'static {
    /// The name of the connector in addresses.
    const SLUG: &'static str;

    /// A new one without faults, with people in it.
    fn opens() -> impl Future<Output = Self> + Send;

    /// A world whose connector uses it.
    fn plan(&self, plan: Plan) -> Plan;

    /// Goes through the whole sign-in with correct answers while the forms are the expected ones, and returns the
    /// page that follows.
    fn sign_in(&self, browser: &Browser) -> impl Future<Output = Page> + Send;

    /// The same for a sign-in that also needs a mail.
    fn sign_in_with_mail(
        &self,
        world: &World,
        browser: &Browser,
    ) -> impl Future<Output = Page> + Send {
        let _ = world;
        self.sign_in(browser)
    }

    /// The most requests to the portal that the walk makes in sequence.
    const MAX_REQUESTS: u32;
}

/// The expected end of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The portal gave no answer: the page says so, and a retry is possible.
    Unavailable,
    /// The portal gave an unknown answer: the connector is closed until an administrator opens it.
    ConnectorClosed,
    /// The portal refused, and the page has this reason.
    Refused(&'static str),
    /// The change does not matter: the sign-in succeeds.
    SignedIn,
}

/// A change of the portal's behaviour.
pub struct Mutation<P> {
    pub name: &'static str,
    pub changes: fn(&P),
    pub outcome: Outcome,
}

/// Signs in through a portal without faults, and through each of its mutations.
pub async fn check_mutations<P: Portal>(mutations: Vec<Mutation<P>>) {
    assert!(mutations.len() >= 30, "{} mutations", mutations.len());
    run_mutation::<P>("nothing changed", |_| {}, Outcome::SignedIn).await;
    let mut mutations = mutations.into_iter();
    let mut running = JoinSet::new();
    loop {
        // A few at a time: most of them wait for a portal that does not answer.
        while running.len() < 6
            && let Some(it) = mutations.next()
        {
            running.spawn(run_mutation(it.name, it.changes, it.outcome));
        }
        match running.join_next().await {
            Some(ended) => ended.unwrap(),
            None => return,
        }
    }
}

async fn run_mutation<P: Portal>(name: &'static str, change: fn(&P), outcome: Outcome) {
    let portal = P::opens().await;
    let seconds = UPSTREAM_TIMEOUT.as_secs().to_string();
    let plan = World::plan().set("PROFILES_UPSTREAM_SECONDS", &seconds);
    let world = portal.plan(plan).opens().await;
    let browser = world.visitor();
    change(&portal);

    let began = Instant::now();
    let page = portal.sign_in_with_mail(&world, &browser).await;
    let limit = UPSTREAM_TIMEOUT * (P::MAX_REQUESTS + 1);
    assert!(
        began.elapsed() < limit,
        "{name}: took {:?}",
        began.elapsed()
    );

    let context = format!("{name}: {} at {}: {}", page.status, page.url, page.words());
    let is_in = browser.gets("user/").await.status == 200;
    assert_eq!(is_in, outcome == Outcome::SignedIn, "{context}");
    assert_ne!(page.status, 500, "{context}");
    match outcome {
        Outcome::SignedIn => assert_eq!(page.status, 200, "{context}"),
        Outcome::Refused(words) => assert!(page.says(words), "{context}"),
        Outcome::Unavailable => assert!(page.says("not answer"), "{context}"),
        Outcome::ConnectorClosed => {
            assert!(
                page.says("this sign-in method is not available"),
                "{context}"
            );
            // The connector stays closed for the next person, too, though the portal may have recovered.
            let form = world
                .visitor()
                .visits(&format!("account/login/{}/", P::SLUG))
                .await;
            assert!(
                !form.offers("input[type=password]"),
                "{context}: {}",
                form.words()
            );
        }
    }
}

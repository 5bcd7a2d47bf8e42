//! What every way to sign in owes when the system behind it is unwell: within its time limit a page that says so, never a
//! sign-in and never a fault of ours.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::world::Plan;
use super::{Browser, Page, World};

/// How long one answer of the upstream may take in these worlds, as `PROFILES_UPSTREAM_SECONDS`.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A system that people sign in through, simulated.
pub trait Portal: Sized + Send + Sync + 'static {
    /// The adapter's name in addresses.
    const SLUG: &'static str;

    /// A new one, in good health, with people in it.
    fn opens() -> impl Future<Output = Self> + Send;

    /// A world whose adapter asks it.
    fn plan(&self, plan: Plan) -> Plan;

    /// Goes through the whole sign-in with everything right, for as long as there are the forms of somebody who is doing
    /// well, and ends at whichever page comes then.
    fn walk(&self, browser: &Browser) -> impl Future<Output = Page> + Send;

    /// The same where more is needed than a browser: somebody's mails.
    fn walk_in(&self, world: &World, browser: &Browser) -> impl Future<Output = Page> + Send {
        let _ = world;
        self.walk(browser)
    }

    /// How many calls of the upstream the walk makes at most, one after the other.
    const CALLS: u32;
}

/// Where a walk has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The upstream gave no answer: the person is told, and may try again.
    Unavailable,
    /// The upstream said something unknown: this way in is closed for everybody until somebody has looked at it.
    Changed,
    /// The upstream said no, and the person reads why.
    Refused(&'static str),
    /// It is none of our business: the sign-in succeeds all the same.
    SignedIn,
}

/// One way in which the upstream is not what it was.
pub struct Mutation<P> {
    pub name: &'static str,
    pub changes: fn(&P),
    pub ends: Ends,
}

/// Lets somebody sign in through a healthy portal, and through each of its mutations.
pub async fn behaves<P: Portal>(mutations: Vec<Mutation<P>>) {
    assert!(mutations.len() >= 30, "{} mutations", mutations.len());
    rehearse::<P>("nothing changed", |_| {}, Ends::SignedIn).await;
    let mut mutations = mutations.into_iter();
    let mut running = JoinSet::new();
    loop {
        // A few at a time: most of them wait for somebody who does not answer.
        while running.len() < 6
            && let Some(it) = mutations.next()
        {
            running.spawn(rehearse(it.name, it.changes, it.ends));
        }
        match running.join_next().await {
            Some(ended) => ended.unwrap(),
            None => return,
        }
    }
}

async fn rehearse<P: Portal>(name: &'static str, change: fn(&P), ends: Ends) {
    let portal = P::opens().await;
    let seconds = PATIENCE.as_secs().to_string();
    let plan = World::plan().set("PROFILES_UPSTREAM_SECONDS", &seconds);
    let world = portal.plan(plan).opens().await;
    let browser = world.stranger();
    change(&portal);

    let began = Instant::now();
    let page = portal.walk_in(&world, &browser).await;
    let limit = PATIENCE * (P::CALLS + 1);
    assert!(
        began.elapsed() < limit,
        "{name}: took {:?}",
        began.elapsed()
    );

    let told = format!("{name}: {} at {}: {}", page.status, page.url, page.words());
    let is_in = browser.asks("user/").await.status == 200;
    assert_eq!(is_in, ends == Ends::SignedIn, "{told}");
    assert_ne!(page.status, 500, "{told}");
    match ends {
        Ends::SignedIn => assert_eq!(page.status, 200, "{told}"),
        Ends::Refused(words) => assert!(page.says(words), "{told}"),
        Ends::Unavailable => assert!(page.says("not answer"), "{told}"),
        Ends::Changed => {
            assert!(page.says("this sign-in method is not available"), "{told}");
            // Nobody else is led into it, though the portal may look well again.
            let form = world
                .stranger()
                .visits(&format!("account/login/{}/", P::SLUG))
                .await;
            assert!(
                !form.offers("input[type=password]"),
                "{told}: {}",
                form.words()
            );
        }
    }
}

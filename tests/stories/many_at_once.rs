//! Fifty requests at once, repeated: one code makes one token pair, one refresh token has one successor, one free
//! place under the user cap goes to one person.
//!
//! All clients retry: on a slow machine some get 503 with `Retry-After`.

use tokio::task::JoinSet;

use crate::support::campus::Registration;
use crate::support::{Answer, Tokens, World};

const AT_ONCE: usize = 50;
const ROUNDS: usize = 5;

/// The results of all, in the order in which they ended.
async fn at_once<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    tasks.into_iter().collect::<JoinSet<T>>().join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_code_exchanged_by_many_requests_makes_one_token_pair() {
    let world = World::new().await;
    let (asha, canteen) = (
        world.student("asha").await.retrying(),
        world.canteen().retrying(),
    );

    for round in 0..ROUNDS {
        let code = world.consents(&asha, &canteen.login_link("basic")).await;
        let answers = at_once((0..AT_ONCE).map(|_| {
            let (canteen, code) = (canteen.clone(), code.clone());
            async move { canteen.tries_to_exchange(&code, &[]).await }
        }))
        .await;

        let (given, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(given.len(), 1, "round {round}");
        for answer in refused {
            answer.refuses(400, "invalid_grant");
        }
        let pair = given[0].tokens();
        canteen.reads(&pair.access, "").await.good();
        canteen.refreshes(&pair).await;
    }
}

/// D42: all of them get the same pair.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_refresh_token_used_by_many_requests_at_once_has_one_successor() {
    let world = World::new().await;
    let (asha, canteen) = (
        world.student("asha").await.retrying(),
        world.canteen().retrying(),
    );

    for round in 0..ROUNDS {
        let pair = world.connects(&asha, &canteen, "basic").await;
        let answers = at_once((0..AT_ONCE).map(|_| {
            let (canteen, token) = (canteen.clone(), pair.refresh.clone());
            async move { canteen.tries_to_refresh(&token, &[]).await }
        }))
        .await;

        let pairs: Vec<Tokens> = answers.iter().map(Answer::tokens).collect();
        for other in &pairs {
            assert_eq!(other.access, pairs[0].access, "round {round}");
            assert_eq!(other.refresh, pairs[0].refresh, "round {round}");
        }
        canteen.reads(&pairs[0].access, "").await.good();
        canteen.refreshes(&pairs[0]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_last_place_under_the_user_cap_goes_to_one_person() {
    let world = World::plan()
        .set("PROFILES_UNVERIFIED_CAP", "3")
        .opens()
        .await;
    let students = world.students(AT_ONCE + 2).await;
    let mut browsers = Vec::new();
    for student in &students {
        browsers.push(world.signed_in(student).await.retrying());
    }

    for name in ["First", "Second", "Third"] {
        let app = world
            .registers(&Registration {
                owner: "meera",
                name,
                description: "Everybody wants in",
                redirect_uris: &["https://crowded.example/cb"],
                flags: &[],
            })
            .await;
        let link = app.login_link("basic");
        for early in &browsers[AT_ONCE..] {
            world.consents(early, &link).await;
        }
        let mut requests = Vec::new();
        for browser in &browsers[..AT_ONCE] {
            requests.push(browser.visits(&link).await);
        }

        let answers = at_once(
            requests
                .into_iter()
                .map(|page| async move { page.presses("allow").await }),
        )
        .await;

        let let_in = answers
            .iter()
            .filter(|answer| answer.redirect().is_some())
            .count();
        assert_eq!(let_in, 1, "{name}");
        for answer in answers.iter().filter(|answer| answer.redirect().is_none()) {
            assert!(
                !answer.status.is_server_error(),
                "{}: {}",
                answer.status,
                answer.words()
            );
        }
        for early in &browsers[AT_ONCE..] {
            world.consents(early, &link).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_person_who_allows_in_many_tabs_counts_once() {
    let world = World::plan()
        .set("PROFILES_UNVERIFIED_CAP", "1")
        .opens()
        .await;
    let (asha, lost) = (
        world.student("asha").await.retrying(),
        world.lost_and_found().retrying(),
    );
    let link = lost.login_link("basic profile");
    let mut tabs = Vec::new();
    for _ in 0..AT_ONCE {
        tabs.push(asha.visits(&link).await);
    }

    let answers = at_once(
        tabs.into_iter()
            .map(|page| async move { page.presses("allow").await }),
    )
    .await;

    for answer in answers {
        let pair = lost.exchanges_code(&lost.receives(&answer).code()).await;
        lost.reads(&pair.access, "").await.good();
    }
    assert_eq!(
        asha.visits("user/settings/").await.texts("main h2"),
        ["Lost and Found"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn removing_access_also_ends_tokens_issued_at_the_same_moment() {
    let world = World::new().await;
    let (asha, canteen) = (
        world.student("asha").await.retrying(),
        world.canteen().retrying(),
    );

    for round in 0..ROUNDS {
        world.connects(&asha, &canteen, "basic").await;
        let mut codes = Vec::new();
        for _ in 0..20 {
            codes.push(world.consents(&asha, &canteen.login_link("basic")).await);
        }

        let exchanges = codes.into_iter().map(|code| {
            let canteen = canteen.clone();
            async move { canteen.tries_to_exchange(&code, &[]).await }
        });
        let (answers, _) = tokio::join!(
            at_once(exchanges.collect::<Vec<_>>()),
            asha.disconnects("Canteen")
        );

        for answer in answers.iter().filter(|answer| answer.status == 200) {
            canteen.reads(&answer.tokens().access, "").await.detail(401);
            canteen
                .tries_to_refresh(&answer.tokens().refresh, &[])
                .await
                .refuses(400, "invalid_grant");
        }
        assert!(
            answers
                .iter()
                .all(|answer| !answer.status.is_server_error()),
            "round {round}"
        );
    }
}

//! How many database round trips the requests take that campus apps make all day.

use crate::support::World;

/// Requests before counting, so that every connection has its statements prepared.
const WARMING: usize = 30;

#[tokio::test]
async fn reading_a_person_takes_one_round_trip() {
    let world = World::plan().with_database_proxy().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let pair = world
        .connects(&asha, &canteen, "basic profile phone program")
        .await;
    let query = "fields=first_name,mobile,contacts,program";
    for _ in 0..WARMING {
        canteen.reads(&pair.access, query).await.good();
    }

    world.database_proxy().reset();
    canteen.reads(&pair.access, query).await.good();

    assert_eq!(
        world.database_proxy().round_trips(),
        1,
        "{:?}",
        world.database_proxy().statements()
    );
}

#[tokio::test]
async fn exchanging_a_code_takes_three_round_trips_at_most() {
    let world = World::plan().with_database_proxy().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    for _ in 0..WARMING {
        world.connects(&asha, &canteen, "basic profile").await;
    }
    let code = world
        .consents(&asha, &canteen.login_link("basic profile"))
        .await;

    world.database_proxy().reset();
    canteen.exchanges_code(&code).await;

    let count = world.database_proxy().round_trips();
    assert!(
        (1..=3).contains(&count),
        "{count}: {:?}",
        world.database_proxy().statements()
    );
}

#[tokio::test]
async fn a_refresh_takes_three_round_trips_at_most() {
    let world = World::plan().with_database_proxy().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let mut pair = world.connects(&asha, &canteen, "basic profile").await;
    for _ in 0..WARMING {
        pair = canteen.refreshes(&pair).await;
    }

    world.database_proxy().reset();
    canteen.refreshes(&pair).await;

    let count = world.database_proxy().round_trips();
    assert!(
        (1..=3).contains(&count),
        "{count}: {:?}",
        world.database_proxy().statements()
    );
}

/// Two round trips, and one more for the session.
#[tokio::test]
async fn a_remembered_login_takes_two_round_trips_and_one_for_the_session() {
    let world = World::plan().with_database_proxy().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let link = canteen.authorize_url(&[("scope", "basic profile"), ("approval_prompt", "auto")]);
    for _ in 0..WARMING {
        world.consents(&asha, &link).await;
    }

    world.database_proxy().reset();
    canteen.receives(&asha.gets(&link).await).code();

    let count = world.database_proxy().round_trips();
    assert!(
        (1..=3).contains(&count),
        "{count}: {:?}",
        world.database_proxy().statements()
    );
}

/// A refused request must not cost more than a successful one: an attacker who guesses gains no load.
#[tokio::test]
async fn a_refusal_takes_no_more_round_trips_than_a_success() {
    let world = World::plan().with_database_proxy().opens().await;
    let canteen = world.canteen();
    for _ in 0..WARMING {
        canteen.reads("unknown", "").await.detail(401);
        canteen
            .tries_to_refresh("unknown", &[])
            .await
            .refuses(400, "invalid_grant");
    }

    world.database_proxy().reset();
    canteen.reads("unknown", "").await.detail(401);
    let reading = world.database_proxy().round_trips();
    canteen
        .tries_to_refresh("unknown", &[])
        .await
        .refuses(400, "invalid_grant");
    let refreshing = world.database_proxy().round_trips() - reading;

    assert!(
        reading <= 1 && refreshing <= 3,
        "{reading}, {refreshing}: {:?}",
        world.database_proxy().statements()
    );
}

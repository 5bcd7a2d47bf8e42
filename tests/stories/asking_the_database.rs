//! How often the paths that campus apps use all day wait for the database.

use crate::support::World;

/// Once to prepare every statement on the connections in use, then counted.
const WARMING: usize = 30;

#[tokio::test]
async fn reading_a_person_asks_once() {
    let world = World::plan().on_a_wire().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let pair = world
        .connects(&asha, &canteen, "basic profile phone program")
        .await;
    let query = "fields=first_name,mobile,contacts,program";
    for _ in 0..WARMING {
        canteen.reads(&pair.access, query).await.good();
    }

    world.wire().reset();
    canteen.reads(&pair.access, query).await.good();

    assert_eq!(
        world.wire().round_trips(),
        1,
        "{:?}",
        world.wire().statements()
    );
}

#[tokio::test]
async fn trading_a_code_asks_three_times_at_most() {
    let world = World::plan().on_a_wire().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    for _ in 0..WARMING {
        world.connects(&asha, &canteen, "basic profile").await;
    }
    let code = world
        .consents(&asha, &canteen.login_link("basic profile"))
        .await;

    world.wire().reset();
    canteen.trades(&code).await;

    let asked = world.wire().round_trips();
    assert!(
        (1..=3).contains(&asked),
        "{asked}: {:?}",
        world.wire().statements()
    );
}

#[tokio::test]
async fn a_refresh_asks_three_times_at_most() {
    let world = World::plan().on_a_wire().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let mut pair = world.connects(&asha, &canteen, "basic profile").await;
    for _ in 0..WARMING {
        pair = canteen.refreshes(&pair).await;
    }

    world.wire().reset();
    canteen.refreshes(&pair).await;

    let asked = world.wire().round_trips();
    assert!(
        (1..=3).contains(&asked),
        "{asked}: {:?}",
        world.wire().statements()
    );
}

/// Two, and one more for the look-up of the session.
#[tokio::test]
async fn a_remembered_login_asks_twice_at_most() {
    let world = World::plan().on_a_wire().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let link = canteen.asks(&[("scope", "basic profile"), ("approval_prompt", "auto")]);
    for _ in 0..WARMING {
        world.consents(&asha, &link).await;
    }

    world.wire().reset();
    canteen.receives(&asha.asks(&link).await).code();

    let asked = world.wire().round_trips();
    assert!(
        (1..=3).contains(&asked),
        "{asked}: {:?}",
        world.wire().statements()
    );
}

/// What is refused is refused cheaply: a guesser buys no more of the database than an honest client.
#[tokio::test]
async fn a_refusal_asks_no_more_than_a_success() {
    let world = World::plan().on_a_wire().opens().await;
    let canteen = world.canteen();
    for _ in 0..WARMING {
        canteen.reads("unknown", "").await.detail(401);
        canteen
            .tries_to_refresh("unknown", &[])
            .await
            .refuses(400, "invalid_grant");
    }

    world.wire().reset();
    canteen.reads("unknown", "").await.detail(401);
    let reading = world.wire().round_trips();
    canteen
        .tries_to_refresh("unknown", &[])
        .await
        .refuses(400, "invalid_grant");
    let refreshing = world.wire().round_trips() - reading;

    assert!(
        reading <= 1 && refreshing <= 3,
        "{reading}, {refreshing}: {:?}",
        world.wire().statements()
    );
}

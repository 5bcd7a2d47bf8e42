//! What happens when a refresh token comes back that should not: to the tokens, and to the person, who is told.

use crate::support::World;

#[tokio::test]
async fn a_replayed_refresh_token_is_told_to_the_person_it_stands_for() {
    let plan = World::plan()
        .set("PROFILES_REFRESH_GRACE_SECONDS", "0")
        .in_its_own_process();
    let world = plan.opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let stolen = world.connects(&asha, &canteen, "basic profile").await;
    let pair = canteen.refreshes(&stolen).await;

    canteen
        .tries_to_refresh(&stolen.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    canteen.reads(&pair.access, "").await.detail(401);
    let mail = world.first_mail().await;
    assert!(
        mail.contains("asha@campus.example") && mail.contains("Canteen"),
        "{mail}"
    );
    for token in [&stolen.refresh, &pair.refresh, &pair.access] {
        assert!(!mail.contains(token.as_str()), "a token is in the mail");
    }
}

#[tokio::test]
async fn a_login_replayed_on_one_device_leaves_the_others_alone() {
    let world = World::plan()
        .set("PROFILES_REFRESH_GRACE_SECONDS", "0")
        .opens()
        .await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let (phone, laptop) = (
        world.connects(&asha, &canteen, "basic").await,
        world.connects(&asha, &canteen, "basic").await,
    );
    canteen.refreshes(&phone).await;

    canteen
        .tries_to_refresh(&phone.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    canteen.reads(&laptop.access, "").await.good();
    canteen.refreshes(&laptop).await;
    asha.visits("user/settings/").await.shows("Canteen");
}

//! Reuse of a refresh token (RFC 9700 §4.14): the token family ends, and the person gets a mail.

use crate::support::World;

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_token_family_and_the_person_gets_a_mail() {
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
async fn a_refresh_token_used_twice_on_one_device_leaves_other_logins_alone() {
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

//! K42–K47: refreshing tokens.

use time::Duration;

use crate::support::asha_uses_the_canteen;
use crate::support::relying_party::Credentials;

#[tokio::test]
async fn k42_a_refresh_issues_a_new_token_pair_with_the_same_scopes() {
    let (_world, _asha, canteen, mut old) = asha_uses_the_canteen().await;

    for shown in [Credentials::InHeader, Credentials::InBody] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", old.refresh.as_str()),
        ];
        let answer = canteen.calls("oauth/token/", shown, &fields).await;
        let new = answer.tokens();

        assert_ne!(new.access, old.access);
        assert_ne!(new.refresh, old.refresh);
        assert_eq!(new.scopes(), ["basic", "profile"]);
        assert_eq!(
            (&new.json["token_type"], &new.json["expires_in"]),
            (&"Bearer".into(), &36000.into())
        );
        assert!(answer.header("cache-control").contains("no-store"));
        old = new;
    }
}

/// As amended by D42: once its successor was used and the grace period is over, the old refresh token is dead, and its
/// use ends the token family.
#[tokio::test]
async fn k43_a_refresh_ends_the_old_token_pair() {
    let (world, _asha, canteen, old) = asha_uses_the_canteen().await;

    let new = canteen.refreshes(&old).await;
    canteen.reads(&old.access, "").await.detail(401);
    canteen.reads(&new.access, "").await.good();
    world.advance_clock(Duration::seconds(11));
    canteen
        .tries_to_refresh(&old.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    canteen.reads(&new.access, "").await.detail(401);
    canteen
        .tries_to_refresh(&new.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn k44_an_expired_access_token_does_not_stop_a_refresh() {
    let (world, _asha, canteen, old) = asha_uses_the_canteen().await;

    world.advance_clock(Duration::seconds(36_001));
    canteen.reads(&old.access, "").await.detail(401);
    let new = canteen.refreshes(&old).await;

    canteen.reads(&new.access, "").await.good();
}

#[tokio::test]
async fn k45_a_refresh_may_ask_for_less_but_not_for_more() {
    let (_world, _asha, canteen, old) = asha_uses_the_canteen().await;

    canteen
        .tries_to_refresh(&old.refresh, &[("scope", "ldap")])
        .await
        .refuses(400, "invalid_scope");
    let less = canteen
        .tries_to_refresh(&old.refresh, &[("scope", "basic")])
        .await
        .tokens();

    assert_eq!(less.scopes(), ["basic"]);
    let read = canteen
        .reads(&less.access, "fields=first_name")
        .await
        .good();
    assert!(read.get("first_name").is_none(), "{read}");
}

#[tokio::test]
async fn k46_a_refresh_token_does_not_work_for_another_app() {
    let (world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    world
        .library()
        .tries_to_refresh(&pair.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    canteen.refreshes(&pair).await;
}

#[tokio::test]
async fn k47_several_logins_of_one_person_are_independent() {
    let (world, asha, canteen, first) = asha_uses_the_canteen().await;
    let (wasim, library) = (world.student("wasim").await, world.library());
    let elsewhere = world.connects(&asha, &library, "basic").await;
    let his = world.connects(&wasim, &canteen, "basic").await;

    let second = world.connects(&asha, &canteen, "basic profile").await;

    for (app, pair) in [
        (&canteen, &first),
        (&canteen, &second),
        (&canteen, &his),
        (&library, &elsewhere),
    ] {
        app.reads(&pair.access, "").await.good();
        let fresh = app.refreshes(pair).await;
        app.reads(&fresh.access, "").await.good();
    }
}

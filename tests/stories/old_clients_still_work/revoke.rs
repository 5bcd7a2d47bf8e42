//! K48–K52: token revocation by an app.

use crate::support::relying_party::Credentials;
use crate::support::{App, Tokens, asha_uses_the_canteen};

async fn is_dead(app: &App, pair: &Tokens) {
    app.reads(&pair.access, "").await.detail(401);
    app.tries_to_refresh(&pair.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn k48_revoking_the_access_token_ends_the_token_pair() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    let answer = canteen
        .calls(
            "oauth/revoke_token/",
            Credentials::InBody,
            &[("token", &pair.access)],
        )
        .await;

    assert_eq!(
        (answer.status.as_u16(), answer.text().as_str()),
        (200, "{}")
    );
    is_dead(&canteen, &pair).await;
}

#[tokio::test]
async fn k49_revoking_the_refresh_token_ends_the_token_pair_with_any_hint() {
    let (world, asha, canteen, _) = asha_uses_the_canteen().await;

    for hint in [
        None,
        Some("refresh_token"),
        Some("access_token"),
        Some("door_key"),
    ] {
        let pair = world.connects(&asha, &canteen, "basic profile").await;
        let fields = [
            ("token", pair.refresh.as_str()),
            ("token_type_hint", hint.unwrap_or_default()),
        ];
        let reply = if hint.is_some() {
            &fields[..]
        } else {
            &fields[..1]
        };
        let answer = canteen
            .calls("oauth/revoke_token/", Credentials::InHeader, reply)
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str()),
            (200, "{}"),
            "{hint:?}"
        );
        is_dead(&canteen, &pair).await;
    }
}

#[tokio::test]
async fn k50_unknown_tokens_get_200_and_unknown_clients_an_error() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    let unknown = canteen.revokes("unknown").await;
    let missing = canteen
        .calls("oauth/revoke_token/", Credentials::InBody, &[])
        .await;
    let visitor = canteen.with_secret("wrong").revokes(&pair.access).await;
    let anonymous = canteen
        .calls(
            "oauth/revoke_token/",
            Credentials::Nowhere,
            &[("token", &pair.access)],
        )
        .await;

    assert_eq!(
        (unknown.status.as_u16(), unknown.text().as_str()),
        (200, "{}")
    );
    missing.refuses(400, "invalid_request");
    visitor.refuses(401, "invalid_client");
    anonymous.refuses(401, "invalid_client");
    canteen.reads(&pair.access, "").await.good();
}

#[tokio::test]
async fn k51_an_app_cannot_revoke_another_app_s_token() {
    let (world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    for token in [&pair.access, &pair.refresh] {
        assert_eq!(world.library().revokes(token).await.status, 200);
    }

    canteen.reads(&pair.access, "").await.good();
    canteen.refreshes(&pair).await;
}

#[tokio::test]
async fn k52_without_tokens_an_app_leaves_the_list_of_connected_apps() {
    let (world, asha, canteen, first) = asha_uses_the_canteen().await;
    let second = world.connects(&asha, &canteen, "basic profile").await;
    asha.visits("user/settings/").await.shows("Canteen");

    canteen.revokes(&first.access).await;
    asha.visits("user/settings/").await.shows("Canteen");
    canteen.revokes(&second.refresh).await;

    assert!(!asha.visits("user/settings/").await.says("Canteen"));
}

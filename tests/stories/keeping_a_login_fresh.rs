//! Refreshing twice (RFC 9700 §4.14.2): workers of one app that refresh at once and responses that are lost end no
//! login; a replayed token ends its token family, and the person gets a mail.

use time::Duration;

use crate::support::{Tokens, World, asha_uses_the_canteen};

/// How often the dump of the database holds a text. Audit events are in it once each.
fn count(world: &World, text: &str) -> usize {
    world.database.dump().matches(text).count()
}

fn assert_same(one: &Tokens, other: &Tokens) {
    assert_eq!((&one.access, &one.refresh), (&other.access, &other.refresh));
}

#[tokio::test]
async fn two_workers_that_refresh_at_the_same_moment_get_the_same_pair() {
    let (world, _asha, canteen, mut pair) = asha_uses_the_canteen().await;
    for milliseconds in [0, 20, 50, 200, 1_000, 4_000, 9_000] {
        for is_used_between in [false, true] {
            let first = canteen.refreshes(&pair).await;
            if is_used_between {
                canteen.reads(&first.access, "").await.good();
            }
            world.advance_clock(Duration::milliseconds(milliseconds));
            let second = canteen.refreshes(&pair).await;
            assert_same(&first, &second);
            canteen.reads(&second.access, "").await.good();
            let age = milliseconds / 1_000;
            assert_eq!(second.json["expires_in"], 36_000 - age);
            pair = second;
        }
    }
    world.runs_jobs().await;
    assert_eq!(world.mails(), 0);
    assert_eq!(count(&world, "token.replayed"), 0);
}

#[tokio::test]
async fn a_worker_that_is_several_refreshes_behind_gets_the_newest_pair() {
    let (world, _asha, canteen, first) = asha_uses_the_canteen().await;
    let mut newest = canteen.refreshes(&first).await;
    for _ in 0..5 {
        newest = canteen.refreshes(&newest).await;
        world.advance_clock(Duration::seconds(1));
    }
    let late = canteen.refreshes(&first).await;
    assert_same(&late, &newest);
    canteen.reads(&late.access, "").await.good();
    world.advance_clock(Duration::seconds(6));
    canteen
        .tries_to_refresh(&first.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen.reads(&late.access, "").await.detail(401);
}

#[tokio::test]
async fn a_lost_response_can_be_requested_again_as_long_as_nobody_used_the_new_tokens() {
    let (world, _asha, canteen, first) = asha_uses_the_canteen().await;
    let lost = canteen.refreshes(&first).await;
    for hours in [0, 1, 8] {
        world.advance_clock(Duration::hours(hours));
        let again = canteen.refreshes(&first).await;
        assert_same(&again, &lost);
    }
    // The access token of the lost response has expired by now, so the repeated request gets a new one.
    world.advance_clock(Duration::hours(2));
    let fresh = canteen.refreshes(&first).await;
    assert_ne!(fresh.access, lost.access);
    assert_eq!(fresh.json["expires_in"], 36_000);
    canteen.reads(&fresh.access, "").await.good();
    canteen.refreshes(&fresh).await;
    assert_eq!(count(&world, "token.replayed"), 0);
}

#[tokio::test]
async fn a_response_that_was_lost_with_the_process_can_be_requested_again() {
    let world = World::plan().in_its_own_process().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let first = world.connects(&asha, &canteen, "basic").await;
    let lost = canteen.refreshes(&first).await;
    world.crashes();
    world.restarts().await;
    let again = canteen.retrying().refreshes(&first).await;
    assert_same(&again, &lost);
    canteen.reads(&again.access, "").await.good();
}

#[tokio::test]
async fn a_thief_is_found_when_both_have_refreshed() {
    let (world, _asha, canteen, stolen) = asha_uses_the_canteen().await;
    let thief = canteen.refreshes(&stolen).await;
    world.advance_clock(Duration::minutes(1));
    // Nobody has used the new pair, so the app gets it, too.
    let app = canteen.refreshes(&stolen).await;
    assert_same(&app, &thief);

    let thief = canteen.refreshes(&thief).await;
    canteen.reads(&thief.access, "").await.good();
    world.advance_clock(Duration::seconds(11));
    canteen
        .tries_to_refresh(&app.refresh, &[])
        .await
        .refuses(400, "invalid_grant");

    canteen.reads(&thief.access, "").await.detail(401);
    canteen
        .tries_to_refresh(&thief.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    let mail = world.mail_to("asha@campus.example", 1).await;
    assert!(mail.contains("an old token was used again"), "{mail}");
    assert_eq!(count(&world, "token.replayed"), 1);
}

/// A spent token at the revocation endpoint is judged as at the token endpoint, so revoking hides nothing.
#[tokio::test]
async fn revoking_a_spent_token_is_a_replay() {
    let (world, _asha, canteen, _) = asha_uses_the_canteen().await;
    for (round, takes_access_token) in [false, true].into_iter().enumerate() {
        let asha = world.student("asha").await;
        let spent = world.connects(&asha, &canteen, "basic profile").await;
        let newer = canteen.refreshes(&spent).await;
        canteen.reads(&newer.access, "").await.good();
        world.advance_clock(Duration::seconds(11));
        let token = if takes_access_token {
            &spent.access
        } else {
            &spent.refresh
        };
        assert_eq!(canteen.revokes(token).await.status, 200);

        canteen.reads(&newer.access, "").await.detail(401);
        canteen
            .tries_to_refresh(&newer.refresh, &[])
            .await
            .refuses(400, "invalid_grant");
        assert_eq!(count(&world, "token.replayed"), round + 1);
        // Afterwards there is nothing left to replay.
        canteen.revokes(token).await;
        canteen
            .tries_to_refresh(&spent.refresh, &[])
            .await
            .refuses(400, "invalid_grant");
        assert_eq!(count(&world, "token.replayed"), round + 1);
        world.advance_clock(Duration::hours(25));
    }
    world.mail_to("asha@campus.example", 2).await;
}

#[tokio::test]
async fn revoking_ends_the_whole_login_once_and_quietly() {
    let (world, asha, canteen, other) = asha_uses_the_canteen().await;
    let first = world.connects(&asha, &canteen, "basic profile").await;
    let second = canteen.refreshes(&first).await;
    let third = canteen.refreshes(&second).await;
    // A worker that has missed the last refresh revokes.
    for token in [
        &second.access,
        &second.refresh,
        &third.access,
        &first.refresh,
    ] {
        let answer = canteen.revokes(token).await;
        assert_eq!(answer.text(), "{}");
        assert_eq!(answer.header("content-type"), "application/json");
        canteen.reads(&third.access, "").await.detail(401);
    }
    world.advance_clock(Duration::minutes(1));
    for pair in [&first, &second, &third] {
        canteen
            .tries_to_refresh(&pair.refresh, &[])
            .await
            .refuses(400, "invalid_grant");
    }
    assert_eq!(count(&world, "token.revoked"), 1);
    assert_eq!(count(&world, "token.replayed"), 0);
    world.runs_jobs().await;
    assert_eq!(world.mails(), 0);
    // Another login of the same app goes on.
    canteen.reads(&other.access, "").await.good();
    canteen.revokes(&other.refresh).await;
    assert_eq!(count(&world, "grant.revoked_by_app"), 1);
    canteen.revokes(&other.refresh).await;
    assert_eq!(count(&world, "grant.revoked_by_app"), 1);
}

#[tokio::test]
async fn a_person_gets_one_mail_a_day_about_replays_of_one_app() {
    let (world, asha, canteen, _) = asha_uses_the_canteen().await;
    let library = world.library();
    for (app, mails) in [(&canteen, 1), (&canteen, 1), (&library, 2), (&canteen, 2)] {
        let spent = world.connects(&asha, app, "basic").await;
        let newer = app.refreshes(&spent).await;
        app.reads(&newer.access, "").await.good();
        world.advance_clock(Duration::seconds(11));
        app.tries_to_refresh(&spent.refresh, &[])
            .await
            .refuses(400, "invalid_grant");
        world.mail_to("asha@campus.example", mails).await;
    }
    assert_eq!(count(&world, "token.replayed"), 4);
    let spent = world.connects(&asha, &canteen, "basic").await;
    let newer = canteen.refreshes(&spent).await;
    world.advance_clock(Duration::hours(24));
    canteen.refreshes(&newer).await;
    canteen
        .tries_to_refresh(&spent.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    world.mail_to("asha@campus.example", 3).await;
}

/// Codes and tokens are never random twice: only a repeated request has the same tokens.
#[tokio::test]
async fn tokens_of_two_logins_and_of_two_refreshes_differ() {
    let (world, asha, canteen, first) = asha_uses_the_canteen().await;
    let other = world.connects(&asha, &canteen, "basic profile").await;
    let mut seen = vec![first.clone(), other.clone()];
    let (mut first, mut other) = (first, other);
    for _ in 0..3 {
        first = canteen.refreshes(&first).await;
        other = canteen.refreshes(&other).await;
        seen.extend([first.clone(), other.clone()]);
    }
    let tokens: std::collections::BTreeSet<_> = seen
        .iter()
        .flat_map(|pair| [&pair.access, &pair.refresh])
        .collect();
    assert_eq!(tokens.len(), seen.len() * 2);
    for token in tokens {
        assert!(token.len() == 43 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

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

//! K74–K76: signing in, removing access, and the user cap of an unverified app.

use crate::support::World;

#[tokio::test]
async fn k74_next_redirects_on_this_site_only() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let path = format!(
        "/oauth/authorize/?client_id={}&response_type=code&state=s1",
        canteen.client_id
    );
    let entry = |next: &str| {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        format!("account/login/?next={next}")
    };

    let on = asha.gets(&entry(&path)).await;
    assert_eq!(on.status, 302);
    assert_eq!(
        on.location().as_str(),
        format!("{}{}", world.base.trim_end_matches('/'), path)
    );

    for off in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
    ] {
        let signed_in = asha.gets(&entry(off)).await;
        assert!(signed_in.stays_here(), "{off}: {:?}", signed_in.redirect());

        let person = world.person("wasim").await;
        let afterwards = world
            .visitor()
            .visits(&entry(off))
            .await
            .signs_in(&person.username, &person.password)
            .await;
        assert!(
            afterwards.stays_here() && afterwards.url.as_str().starts_with(&world.base),
            "{off}: {}",
            afterwards.url
        );
    }
}

#[tokio::test]
async fn k75_removing_access_revokes_all_tokens_of_the_app() {
    let world = World::new().await;
    let (asha, canteen, library) = (
        world.student("asha").await,
        world.canteen(),
        world.library(),
    );
    let elsewhere = world.connects(&asha, &library, "basic").await;
    let pair = world.connects(&asha, &canteen, "basic profile").await;
    let unused = world.consents(&asha, &canteen.login_link("basic")).await;
    asha.visits("user/settings/")
        .await
        .shows("Canteen")
        .shows("Library");

    let done = asha.disconnects("Canteen").await;

    assert!(!done.says("Canteen"), "{}", done.words());
    canteen.reads(&pair.access, "").await.detail(401);
    canteen
        .tries_to_refresh(&pair.refresh, &[])
        .await
        .refuses(400, "invalid_grant");
    canteen
        .tries_to_exchange(&unused, &[])
        .await
        .refuses(400, "invalid_grant");
    let settings = asha.visits("user/settings/").await;
    assert_eq!(settings.texts("main h2"), ["Library"]);
    assert!(!settings.says("Canteen"), "{}", settings.words());
    library.reads(&elsewhere.access, "").await.good();
    library.refreshes(&elsewhere).await;
}

#[tokio::test]
async fn k76_an_unverified_app_has_a_user_cap() {
    let world = World::plan()
        .set("PROFILES_UNVERIFIED_CAP", "2")
        .opens()
        .await;
    let lost = world.lost_and_found();
    let (asha, vikram, wasim) = (
        world.student("asha").await,
        world.student("vikram").await,
        world.student("wasim").await,
    );
    let owner = world.student("meera").await;
    let link = lost.login_link("basic");
    let seen_in_time = wasim.visits(&link).await;
    assert!(
        seen_in_time.words().to_lowercase().contains("not verified"),
        "{}",
        seen_in_time.words()
    );

    world.consents(&asha, &link).await;
    world.consents(&vikram, &link).await;

    let late = wasim.visits(&link).await;
    let forged = seen_in_time.presses("allow").await;
    let silent = wasim
        .visits(&lost.authorize_url(&[("scope", "basic"), ("approval_prompt", "auto")]))
        .await;
    for refused in [late, forged, silent] {
        assert!(refused.redirect().is_none(), "{:?}", refused.redirect());
        assert!(
            refused.status.is_client_error() || refused.status == 200,
            "{}",
            refused.status
        );
        assert!(
            !refused.offers("button[value=allow]"),
            "{}",
            refused.words()
        );
    }

    world.consents(&asha, &link).await;
    world.consents(&owner, &link).await;
}

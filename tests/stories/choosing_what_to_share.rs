//! The consent page field by field: which values it shows, what unticking grants, and what it remembers for the next
//! time.

use crate::support::World;

#[tokio::test]
async fn a_student_unticks_phone_and_the_app_never_sees_it() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    let consent = asha.visits(&canteen.login_link("basic phone")).await;
    let code = canteen
        .receives(&consent.unticks("phone").presses("allow").await)
        .code();

    let tokens = canteen.exchanges_code(&code).await;
    assert_eq!(tokens.scopes(), ["basic"]);
    assert_eq!(tokens.fields(), ["id"]);
    let read = canteen
        .reads(&tokens.access, "fields=mobile,contacts")
        .await
        .good();
    assert_eq!(read.as_object().unwrap().len(), 1, "{read}");
}

#[tokio::test]
async fn a_student_unticks_one_field_and_the_rest_of_the_scope_goes_through() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    let consent = asha
        .visits(&canteen.login_link("basic profile phone"))
        .await;
    let chosen = consent
        .unticks_field("last_name")
        .unticks_field("mobile")
        .presses("allow")
        .await;
    let tokens = canteen
        .exchanges_code(&canteen.receives(&chosen).code())
        .await;
    let read = canteen
        .reads(
            &tokens.access,
            "fields=first_name,last_name,type,mobile,contacts",
        )
        .await
        .good();

    assert_eq!(tokens.scopes(), ["basic", "phone", "profile"]);
    assert_eq!(
        tokens.fields(),
        ["contacts", "first_name", "id", "is_alumni", "type"]
    );
    assert!(
        read.get("last_name").is_none() && read.get("mobile").is_none(),
        "{read}"
    );
    assert_eq!(
        (
            &read["first_name"],
            read["contacts"].as_array().unwrap().len()
        ),
        (&"Asha".into(), 2)
    );
}

#[tokio::test]
async fn people_see_their_own_values() {
    let world = World::new().await;
    let (asha, vikram) = (world.student("asha").await, world.student("vikram").await);
    let link = world
        .canteen()
        .login_link("basic profile ldap program insti_address secondary_emails phone");

    let hers = asha.visits(&link).await;
    let his = vikram.visits(&link).await;

    for value in [
        "Asha",
        "D’Souza",
        "asha@campus.example",
        "Computer Science & Engineering",
        "Hostel 14",
        "asha@mail.example",
    ] {
        hers.shows(value);
        assert!(!his.says(value), "{value}");
    }
    his.shows("Vikram").shows("not set");
    hers.shows(&world.person("asha").await.id.to_string());
}

#[tokio::test]
async fn what_was_unticked_is_unticked_the_next_time() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let link = canteen.authorize_url(&[
        ("scope", "basic profile phone"),
        ("approval_prompt", "force"),
    ]);
    asha.visits(&link)
        .await
        .unticks("phone")
        .unticks_field("last_name")
        .presses("allow")
        .await;

    let again = asha.visits(&link).await;
    let tokens = canteen
        .exchanges_code(&canteen.receives(&again.presses("allow").await).code())
        .await;

    assert!(!again.scope("phone").ticked && !again.field("last_name").ticked);
    assert!(again.scope("profile").ticked && again.field("first_name").ticked);
    assert_eq!(tokens.fields(), ["first_name", "id", "is_alumni", "type"]);
}

#[tokio::test]
async fn repeated_requests_for_a_refused_scope_show_no_consent_page() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let link = canteen.login_link("basic profile phone");
    asha.visits(&link)
        .await
        .unticks("phone")
        .presses("allow")
        .await;

    let tokens = canteen
        .exchanges_code(&canteen.receives(&asha.gets(&link).await).code())
        .await;

    assert_eq!(tokens.scopes(), ["basic", "profile"]);
}

#[tokio::test]
async fn a_larger_request_shows_what_is_new_and_keeps_earlier_decisions() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    asha.visits(&canteen.login_link("basic profile phone"))
        .await
        .unticks("phone")
        .presses("allow")
        .await;

    let more = asha
        .visits(&canteen.login_link("basic profile phone ldap"))
        .await;

    assert!(
        more.scope("profile").ticked && !more.scope("phone").ticked && more.scope("ldap").ticked
    );
    let tokens = canteen
        .exchanges_code(&canteen.receives(&more.presses("allow").await).code())
        .await;
    assert_eq!(tokens.scopes(), ["basic", "ldap", "profile"]);
}

/// D30: unticking on the consent page also narrows earlier logins; asking for a smaller scope does not.
#[tokio::test]
async fn unticking_narrows_earlier_logins() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let earlier = world.connects(&asha, &canteen, "basic profile phone").await;
    world.connects(&asha, &canteen, "basic").await;
    assert_eq!(
        canteen.reads(&earlier.access, "fields=mobile").await.good()["mobile"],
        "9876543210"
    );

    let again = asha
        .visits(&canteen.authorize_url(&[
            ("scope", "basic profile phone"),
            ("approval_prompt", "force"),
        ]))
        .await;
    again.unticks_field("mobile").presses("allow").await;

    let read = canteen
        .reads(&earlier.access, "fields=mobile,contacts")
        .await
        .good();
    assert!(
        read.get("mobile").is_none() && read["contacts"].is_array(),
        "{read}"
    );
    let fresh = canteen.refreshes(&earlier).await;
    assert!(!fresh.fields().contains(&"mobile"), "{:?}", fresh.fields());
}

#[tokio::test]
async fn denying_withdraws_nothing() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, "basic profile").await;

    let again = asha
        .visits(&canteen.authorize_url(&[("scope", "basic profile"), ("approval_prompt", "force")]))
        .await;
    again.presses("deny").await;

    assert_eq!(
        canteen
            .reads(&tokens.access, "fields=first_name")
            .await
            .good()["first_name"],
        "Asha"
    );
}

#[tokio::test]
async fn a_scope_without_fields_is_granted_by_its_own_tick() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let link = canteen.authorize_url(&[("scope", "basic send_mail"), ("approval_prompt", "force")]);

    let given = canteen
        .exchanges_code(
            &canteen
                .receives(&asha.visits(&link).await.presses("allow").await)
                .code(),
        )
        .await;
    let without = asha
        .visits(&link)
        .await
        .unticks("send_mail")
        .presses("allow")
        .await;
    let kept = canteen
        .exchanges_code(&canteen.receives(&without).code())
        .await;

    assert_eq!(given.scopes(), ["basic", "send_mail"]);
    assert_eq!((kept.scopes(), kept.fields()), (vec!["basic"], vec!["id"]));
}

#[tokio::test]
async fn unticking_every_field_of_a_scope_unticks_the_scope() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());

    let consent = asha.visits(&canteen.login_link("basic ldap")).await;
    let chosen = consent
        .unticks_field("username")
        .unticks_field("email")
        .presses("allow")
        .await;

    assert_eq!(
        canteen
            .exchanges_code(&canteen.receives(&chosen).code())
            .await
            .scopes(),
        ["basic"]
    );
}

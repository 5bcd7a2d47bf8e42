//! Signing in through the campus directory, a real OpenLDAP server with TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::support::directory::{Directory, authority};
use crate::support::scripted_directory::{
    LdapRequest, NANDINI, Reply, ScriptedDirectory, correct_reply, refused_bind,
};
use crate::support::world::Plan;
use crate::support::{Browser, Page, World, campus, command};

const PASSWORD: &str = "walks by the lake";
const WRONG: &str = "Wrong username or password";
const SILENT: &str = "is not answering";
/// An upper limit for one sign-in on a busy machine.
const SOON: Duration = Duration::from_secs(12);

async fn tries(browser: &Browser, username: &str, password: &str) -> Page {
    let form = browser.visits("account/login/ldap/").await;
    form.signs_in(username, password).await
}

async fn comes_in(world: &World, username: &str) -> Browser {
    let browser = world.visitor();
    let page = tries(&browser, username, PASSWORD).await;
    assert!(is_in(&page), "{username}: {}", page.words());
    browser
}

fn is_in(page: &Page) -> bool {
    page.status == 200 && !page.url.path().contains("/account/login")
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.gets("oauth/applications/").await.status == 200
}

/// What an app with every scope reads about the person.
async fn known(world: &World, browser: &Browser) -> Value {
    let canteen = world.canteen();
    let scope = "basic profile ldap phone program";
    let tokens = world.connects(browser, &canteen, scope).await;
    let fields = "fields=username,first_name,last_name,email,type,is_alumni,roll_number,mobile";
    canteen.reads(&tokens.access, fields).await.good()
}

fn without_accidents(page: &Page, username: &str) -> String {
    let token = page.attributes("input[name=csrf_token]", "value");
    let text = token
        .iter()
        .fold(page.text(), |text, token| text.replace(token, ""));
    text.replace(username, "")
}

#[tokio::test]
async fn the_first_sign_in_creates_the_person_from_the_directory() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;

    let nandini = comes_in(&world, "nandini").await;

    let mut known = known(&world, &nandini).await;
    let id = known.as_object_mut().unwrap().remove("id").unwrap();
    assert_eq!(
        known,
        json!({
            "username": "nandini", "first_name": "Nandini", "last_name": "Sen", "email": "nandini@campus.example",
            "type": "ug", "is_alumni": false, "roll_number": "020D0700", "mobile": "98765 43210",
        })
    );
    // A second sign-in finds the same person, whichever case the name is typed in.
    let again = world.visitor();
    assert!(is_in(&tries(&again, " NANDINI ", PASSWORD).await));
    let tokens = world.connects(&again, &world.canteen(), "basic").await;
    assert_eq!(
        world.canteen().reads(&tokens.access, "").await.good()["id"],
        id
    );
}

#[tokio::test]
async fn a_person_below_the_alumni_base_becomes_an_alumnus() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;

    let farhan = comes_in(&world, "farhan").await;

    let known = known(&world, &farhan).await;
    assert_eq!(known["is_alumni"], json!(true));
    assert_eq!(known["type"], Value::Null);
    assert_eq!(known["roll_number"], Value::Null);
}

#[tokio::test]
async fn a_change_in_the_directory_applies_from_the_next_sign_in() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let nandini = comes_in(&world, "nandini").await;
    let before = known(&world, &nandini).await;

    directory
        .changes(
            "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: modify\n\
             replace: sn\nsn: Sen Gupta\n-\nreplace: employeeType\nemployeeType: rs\n-\n\
             delete: mobile\n",
        )
        .await;
    assert_eq!(known(&world, &nandini).await, before);
    let again = comes_in(&world, "nandini").await;

    let after = known(&world, &again).await;
    assert_eq!(after["last_name"], "Sen Gupta");
    assert_eq!(after["type"], "rs");
    assert_eq!(after["id"], before["id"]);
    // The directory may have hidden the attribute, so its value stays.
    assert_eq!(after["mobile"], before["mobile"]);
}

#[tokio::test]
async fn a_removed_attribute_clears_its_value_only_by_setting() {
    let directory = Directory::opens().await;
    let plan = directory.plan().set("PROFILES_LDAP_ABSENT", "clear");
    let world = plan.opens().await;
    comes_in(&world, "nandini").await;

    directory
        .changes(
            "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: modify\n\
             delete: mobile\n-\ndelete: mail\n-\ndelete: givenName\n",
        )
        .await;
    let again = comes_in(&world, "nandini").await;

    let after = known(&world, &again).await;
    assert_eq!(after["mobile"], Value::Null);
    assert_eq!(
        (&after["email"], &after["first_name"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(after["last_name"], "Sen");
}

#[tokio::test]
async fn what_the_directory_hides_later_is_not_lost() {
    let open = Directory::opens().await;
    let plan = open.plan();
    let world = plan.opens().await;
    let nandini = comes_in(&world, "nandini").await;
    let before = known(&world, &nandini).await;

    open.changes(
        "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: modify\n\
         delete: mobile\n-\ndelete: employeeNumber\n-\ndelete: employeeType\n-\n\
         delete: mail\n-\ndelete: givenName\n",
    )
    .await;
    let again = comes_in(&world, "nandini").await;

    assert_eq!(known(&world, &again).await, before);
}

#[tokio::test]
async fn an_account_like_those_of_active_directory_signs_in() {
    let directory = Directory::opens_like_active_directory().await;
    let plan = directory.plan().set(
        "PROFILES_LDAP_ATTRIBUTES",
        "username=sAMAccountName,roll_number=employeeID",
    );
    let plan = plan.set(
        "PROFILES_LDAP_USER_FILTER",
        "(|(sAMAccountName={username})(userPrincipalName={username}))",
    );
    let world = plan.opens().await;

    let nandini = comes_in(&world, "nandini").await;

    let mut before = known(&world, &nandini).await;
    let id = before.as_object_mut().unwrap().remove("id").unwrap();
    assert_eq!(
        before,
        json!({
            "username": "Nandini", "first_name": "Nandini Kumari", "last_name": "Sen",
            "email": "nandini@campus.example", "type": null, "is_alumni": false,
            "roll_number": "020D0700", "mobile": null,
        })
    );
    let by_principal_name = comes_in(&world, "NANDINI@campus.example").await;
    assert_eq!(known(&world, &by_principal_name).await["id"], id);

    // The objectGUID recognises a renamed account, and a name that was given to another person.
    directory
        .changes(
            "dn: cn=Nandini K. Sen,ou=People,dc=campus,dc=example\nchangetype: modify\n\
             replace: sAMAccountName\nsAMAccountName: n.sen\n-\n\
             replace: displayName\ndisplayName: Someone Else\n\n\
             dn: cn=Nandini Das,ou=People,dc=campus,dc=example\nchangetype: add\n\
             objectClass: user\ncn: Nandini Das\nsAMAccountName: nandini\n\
             objectGUID:: AAECAwQFBgcICQoLDA0ODw==\nuserPassword: walks by the lake\n",
        )
        .await;
    let renamed = comes_in(&world, "n.sen").await;
    let after = known(&world, &renamed).await;
    assert_eq!(after["id"], id);
    assert_eq!(after["first_name"], "Nandini Kumari", "known names stay");
    let newcomer = world.visitor();
    let page = tries(&newcomer, "nandini", PASSWORD).await;
    assert!(!is_in(&page) && page.status.is_client_error());
    assert!(!is_signed_in(&newcomer).await);
}

const PASSWORD_PAGE: &str = "https://id.campus.example/password";

/// The page says what the directory says of the account, and links to where a password is changed if that helps.
fn is_told(page: &Page, told: &str, is_cured_by_a_new_password: bool) {
    assert!(page.says(told), "{told}: {}", page.words());
    assert!(!page.says(WRONG) && !page.says(SILENT), "{}", page.words());
    let links = page.attributes("a", "href");
    let has_link = links.iter().any(|link| link == PASSWORD_PAGE);
    assert_eq!(has_link, is_cured_by_a_new_password, "{told}");
}

#[tokio::test]
async fn an_expired_password_and_a_locked_account_are_told_as_what_they_are() {
    let directory = Directory::opens_with_password_policy().await;
    for plan in [directory.plan(), directory.plan_by_name()] {
        let world = plan
            .set("PROFILES_LDAP_PASSWORD_URL", PASSWORD_PAGE)
            .opens()
            .await;
        for (name, told, is_cured) in [
            ("expired", "has expired", true),
            ("reset", "must be changed", true),
            ("locked", "is locked", false),
        ] {
            let visitor = world.visitor();
            let page = tries(&visitor, name, PASSWORD).await;
            is_told(&page, told, is_cured);
            assert!(!is_signed_in(&visitor).await);
        }
        // Somebody without the password learns nothing of it.
        for name in ["expired", "reset"] {
            tries(&world.visitor(), name, "not hers").await.shows(WRONG);
        }
        comes_in(&world, "nandini").await;
    }
}

#[tokio::test]
async fn without_a_page_for_passwords_the_person_is_told_whom_to_ask() {
    let directory = Directory::opens_with_password_policy().await;
    let world = directory.plan().opens().await;

    let page = tries(&world.visitor(), "expired", PASSWORD).await;

    is_told(&page, "has expired", false);
    assert!(page.says("Ask the people who run the campus directory how to change it"));
}

#[tokio::test]
async fn what_active_directory_says_of_an_account_is_told() {
    for (data, told, is_cured) in [
        ("532", "has expired", true),
        ("773", "must be changed", true),
        ("775", "is locked", false),
        ("533", "is disabled", false),
        ("701", "account has expired", false),
        ("530", "may not sign in at this time", false),
    ] {
        let said = format!(
            "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data {data}, v4563\0"
        );
        let directory = ScriptedDirectory::that(move |id, _, request| match request {
            LdapRequest::Bind { dn, password }
                if (dn.as_str(), password.as_str()) == (NANDINI, PASSWORD) =>
            {
                Reply::Sends(refused_bind(id, &said))
            }
            LdapRequest::Bind { dn, .. } if dn == NANDINI => Reply::Sends(refused_bind(
                id,
                "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 52e, v4563\0",
            )),
            _ => correct_reply(id, request),
        });
        let plan = directory.await;
        let world = plan
            .plan()
            .set("PROFILES_LDAP_PASSWORD_URL", PASSWORD_PAGE)
            .opens()
            .await;

        let page = tries(&world.visitor(), "nandini", PASSWORD).await;

        is_told(&page, told, is_cured);
        tries(&world.visitor(), "nandini", "not hers")
            .await
            .shows(WRONG);
    }
}

#[tokio::test]
async fn two_entries_for_a_username_are_told_to_the_person_whose_password_opens_one() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;

    for password in [PASSWORD, "walks by the sea"] {
        let visitor = world.visitor();
        let page = tries(&visitor, "iyer", password).await;

        assert!(page.status.is_client_error());
        assert!(
            page.says("more than one account with your username")
                && page.says("Ask the people who run the campus directory"),
            "{}",
            page.words()
        );
        assert!(!is_signed_in(&visitor).await);
    }
}

#[tokio::test]
async fn a_renamed_entry_is_the_same_person_and_the_old_name_signs_nobody_in() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let nandini = comes_in(&world, "nandini").await;
    let before = known(&world, &nandini).await;

    directory
        .changes(
            "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: modrdn\n\
             newrdn: uid=nandini.sen\ndeleteoldrdn: 1\n\n\
             dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: add\n\
             objectClass: inetOrgPerson\nuid: nandini\ncn: Nandini Das\nsn: Das\n\
             userPassword: walks by the lake\n",
        )
        .await;

    let renamed = comes_in(&world, "nandini.sen").await;
    assert_eq!(known(&world, &renamed).await["id"], before["id"]);
    // The person who has the name now does not get the profile of the earlier one.
    let newcomer = world.visitor();
    let page = tries(&newcomer, "nandini", PASSWORD).await;
    assert!(!is_in(&page) && page.status.is_client_error());
    assert!(!is_signed_in(&newcomer).await);
}

#[tokio::test]
async fn a_username_given_to_another_person_opens_a_new_profile() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    comes_in(&world, "nandini").await;

    directory
        .changes(
            "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: delete\n\n\
             dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: add\n\
             objectClass: inetOrgPerson\nuid: nandini\ncn: Nandini Das\nsn: Das\n\
             userPassword: walks by the lake\n",
        )
        .await;

    let newcomer = world.visitor();
    let page = tries(&newcomer, "nandini", PASSWORD).await;
    assert!(page.says("not the one it was"), "{}", page.words());
    assert!(!is_signed_in(&newcomer).await);
}

#[tokio::test]
async fn an_imported_person_is_matched_by_their_username_in_the_directory() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let list = json!({
        "username": "n.sen", "first_name": "N.", "last_name": "S.", "email": "n@campus.example", "sex": "female",
        "identity": "ldap:nandini",
    });
    let (database, data) = (world.database.clone(), world.data.clone());
    spawn_blocking(move || campus::import(&database, &data, &[list]))
        .await
        .unwrap();

    let nandini = comes_in(&world, "nandini").await;

    let known = known(&world, &nandini).await;
    assert_eq!(known["username"], "n.sen");
    assert_eq!(known["first_name"], "Nandini");
}

#[tokio::test]
async fn an_imported_identity_is_written_as_the_directory_writes_it() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let list = json!({ "username": "n.sen", "identity": "LDAP:  Nandini " });
    let (database, data) = (world.database.clone(), world.data.clone());
    spawn_blocking(move || campus::import(&database, &data, &[list]))
        .await
        .unwrap();

    let nandini = comes_in(&world, "nandini").await;

    assert_eq!(known(&world, &nandini).await["username"], "n.sen");
}

#[tokio::test]
async fn a_username_that_cannot_be_used_here_gets_an_explanation() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    directory
        .changes(
            "dn: uid=nandini,ou=People,dc=campus,dc=example\nchangetype: modrdn\n\
             newrdn: uid=nandini sen\ndeleteoldrdn: 1\n",
        )
        .await;

    let page = tries(&world.visitor(), "Nandini  Sen", PASSWORD).await;

    assert!(page.status.is_client_error());
    assert!(
        page.says("nobody here has that account"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn an_unknown_name_costs_the_directory_as_much_as_a_wrong_password() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let directory = ScriptedDirectory::that(move |id, _, what| {
        counted.fetch_add(1, Ordering::SeqCst);
        correct_reply(id, what)
    });
    let directory = directory.await;
    let world = directory.plan().opens().await;
    let mut costs = Vec::new();
    for name in ["nandini", "nobodyx"] {
        tries(&world.visitor(), name, "not hers").await.shows(WRONG);
        // The unbind may still be on its way.
        tokio::time::sleep(Duration::from_millis(200)).await;
        costs.push(requests.swap(0, Ordering::SeqCst));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0] >= 4);
}

#[tokio::test]
async fn a_malformed_attribute_is_ignored_and_the_sign_in_succeeds() {
    let directory = Directory::opens().await;
    let world = directory.plan().in_its_own_process().opens().await;

    let odd = comes_in(&world, "odd").await;

    let known = known(&world, &odd).await;
    assert_eq!(known["email"], "");
    assert_eq!(known["roll_number"], Value::Null);
    assert_eq!(known["type"], "ug");
    let log = world.log();
    assert!(log.contains("mail employeeNumber"), "{log}");
    assert!(!log.contains("not an address") && !log.contains("0000000000111"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_page() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;

    let wrong = tries(&world.visitor(), "nandini", "not hers").await;
    let unknown = tries(&world.visitor(), "nobodyx", "not hers").await;
    let twice = tries(&world.visitor(), "iyer", "not theirs").await;

    assert_eq!(wrong.status, unknown.status);
    wrong.shows(WRONG);
    assert_eq!(
        without_accidents(&wrong, "nandini"),
        without_accidents(&unknown, "nobodyx")
    );
    // Two entries have this username, and the password opens none.
    assert_eq!(
        without_accidents(&twice, "iyer"),
        without_accidents(&unknown, "nobodyx")
    );
}

#[tokio::test]
async fn a_typed_name_cannot_inject_a_filter_or_a_dn() {
    let directory = Directory::opens().await;
    let attempts = [
        "*",
        "nandin*",
        "*)(uid=*",
        "nandini)(|(uid=*",
        "nandini)(userPassword=*",
        "*))(|(uid=*",
        "nandini)\0",
        "\\2a",
        "\\6eandini",
        "(&(uid=nandini))",
        "nandini,ou=People",
        "nandini+cn=Nandini Sen",
        "uid=nandini,ou=People,dc=campus,dc=example",
        "nandini\\",
        "#6e616e64696e69",
        "\"nandini\"",
        "nandini;ou=People",
        "<nandini>",
        "nobody+cn=here",
        "आशा",
    ];
    for plan in [directory.plan(), directory.plan_by_name()] {
        let world = plan.opens().await;
        for name in attempts {
            let visitor = world.visitor();
            let page = tries(&visitor, name, PASSWORD).await;
            let is_told = page.says(WRONG) || page.status == 429 || page.status == 400;
            assert!(is_told, "{name}: {} {}", page.status, page.words());
            assert!(!is_signed_in(&visitor).await, "{name}");
        }
        // The directory is unchanged.
        comes_in(&world, "nandini").await;
    }
}

#[tokio::test]
async fn an_empty_password_makes_no_request_to_the_directory() {
    let directory = Directory::opens().await;
    for plan in [directory.plan(), directory.plan_by_name()] {
        let world = plan.opens().await;
        let visitor = world.visitor();
        for password in ["", "\0", "\0walks by the lake"] {
            let page = tries(&visitor, "nandini", password).await;
            assert!(!is_in(&page), "{}", page.words());
            assert!(!is_signed_in(&visitor).await);
        }
        // A request that no browser form sends.
        let token = visitor.visits("account/login/ldap/").await;
        let token = token
            .attributes("input[name=csrf_token]", "value")
            .remove(0);
        let fields = [("csrf_token", token.as_str()), ("username", "nandini")];
        let page = visitor.posts("account/login/ldap/", &fields).await;
        assert!(page.redirect().is_none() && !page.status.is_server_error());
        assert!(!is_signed_in(&visitor).await);
    }
}

#[tokio::test]
async fn sign_in_works_with_a_dn_template_and_no_service_account() {
    let directory = Directory::opens().await;
    let world = directory.plan_by_name().opens().await;

    let nandini = comes_in(&world, "Nandini").await;

    assert_eq!(known(&world, &nandini).await["roll_number"], "020D0700");
    tries(&world.visitor(), "nandini", "not hers")
        .await
        .shows(WRONG);
    tries(&world.visitor(), "nobodyx", "not hers")
        .await
        .shows(WRONG);
    // Outside of the configured base DN.
    tries(&world.visitor(), "farhan", PASSWORD)
        .await
        .shows(WRONG);
}

#[tokio::test]
async fn an_existing_username_is_linked_by_its_owner_only() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let visitor = world.visitor();

    let refused = tries(&visitor, "asha", PASSWORD).await;

    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert!(refused.says("link"), "{}", refused.words());
    assert!(!is_signed_in(&visitor).await);
    // asha links the directory account; then it signs her in.
    let asha = world.student("asha").await;
    let ways = asha.visits("user/ways-in/").await;
    let form = ways.clicks("Campus account").await;
    let linked = form.signs_in("asha", PASSWORD).await;
    assert!(linked.says("Sign-in method added"), "{}", linked.words());
    let again = comes_in(&world, "asha").await;
    // Linking changes nothing else: her name stays as it was.
    assert_eq!(known(&world, &again).await["last_name"], "D’Souza");
}

/// The page reports that the directory did not answer, within the time limit, and nobody is signed in.
async fn is_silent(world: &World) {
    let visitor = world.visitor();
    let began = Instant::now();
    let page = tries(&visitor, "nandini", PASSWORD).await;
    page.refuses(503);
    assert!(page.says(SILENT), "{}", page.words());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert!(!page.header("retry-after").is_empty());
    assert!(!is_signed_in(&visitor).await);
}

#[tokio::test]
async fn a_directory_that_is_down_is_reported() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    comes_in(&world, "nandini").await;

    directory.crashes();

    is_silent(&world).await;
    // A local password still signs in.
    world.student("asha").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_dies_during_a_request_is_reported() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;
    let form = world.visitor().visits("account/login/ldap/").await;

    directory.freezes();
    let pending = tokio::spawn(form.signs_in("nandini", PASSWORD));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!pending.is_finished());
    directory.crashes();

    let page = pending.await.unwrap();
    page.refuses(503);
    assert!(page.says(SILENT));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_stalls_is_given_up_in_time_and_used_again_later() {
    let directory = Directory::opens().await;
    let world = directory.plan().opens().await;

    directory.freezes();
    is_silent(&world).await;
    directory.thaws();

    comes_in(&world, "nandini").await;
}

#[tokio::test]
async fn an_untrusted_certificate_gets_no_password() {
    let directory = Directory::opens().await;
    let visitor = &authority().other;
    for address in [directory.tls_address(), directory.address()] {
        let plan = Directory::plan_at(&address);
        let world = plan.set("PROFILES_LDAP_CA_FILE", visitor).opens().await;
        is_silent(&world).await;
    }
    // A valid certificate for another host name.
    let port = directory
        .tls_address()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let world = Directory::plan_at(&format!("ldaps://localhost:{port}"));
    is_silent(&world.opens().await).await;
}

#[tokio::test]
async fn without_tls_from_the_start_starttls_is_required() {
    let directory = Directory::opens().await;
    let world = Directory::plan_at(&directory.address()).opens().await;
    comes_in(&world, "nandini").await;

    let plain = Directory::opens_without_tls().await;
    let world = Directory::plan_at(&plain.address()).opens().await;
    is_silent(&world).await;
}

async fn checks(plan: Plan) -> (bool, String) {
    let settings = plan.settings();
    let world = World::new().await;
    let mut check = command::profiles(&world.database.url(), &world.data);
    check.arg("check").envs(settings);
    let output = spawn_blocking(move || command::run(check, ""))
        .await
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    let line = errors
        .lines()
        .find_map(|line| line.strip_prefix("directory: "));
    let line = line.unwrap_or_else(|| panic!("{errors}")).to_owned();
    (output.status.success(), line)
}

#[tokio::test]
async fn the_check_command_reports_what_is_wrong_with_the_directory() {
    let directory = Directory::opens().await;
    let plain = Directory::opens_without_tls().await;

    for good in [directory.plan(), directory.plan_by_name()] {
        let (is_well, output) = checks(good).await;
        assert!(is_well && output.starts_with("ok: it answers"), "{output}");
    }
    // It reads entries and says which attributes they do not show.
    let (is_well, output) = checks(directory.plan()).await;
    assert!(
        is_well && output.contains("show every attribute"),
        "{output}"
    );
    let hiding = Directory::opens_with_hidden_attributes().await;
    let (is_well, output) = checks(hiding.plan()).await;
    assert!(
        is_well && output.contains("employeeNumber, mobile"),
        "{output}"
    );
    assert!(!output.contains("givenName"), "{output}");
    let other_name = "username=sAMAccountName";
    let other_name = directory.plan().set("PROFILES_LDAP_ATTRIBUTES", other_name);
    let other_name = other_name.set("PROFILES_LDAP_USER_FILTER", "(uid={username})");
    let (is_well, output) = checks(other_name).await;
    assert!(
        !is_well && output.contains("do not show sAMAccountName"),
        "{output}"
    );
    let nobody = directory
        .plan()
        .set("PROFILES_LDAP_USER_FILTER", "(title={username})");
    let (is_well, output) = checks(nobody).await;
    assert!(!is_well && output.contains("finds nobody"), "{output}");
    let visitor = &authority().other;
    for (wrong, advice) in [
        (
            directory.plan().set("PROFILES_LDAP_BIND_PASSWORD", "guess"),
            "PROFILES_LDAP_BIND_PASSWORD",
        ),
        (
            directory
                .plan()
                .set("PROFILES_LDAP_BASE_DN", "dc=elsewhere"),
            "PROFILES_LDAP_BASE_DN",
        ),
        (
            directory
                .plan()
                .set("PROFILES_LDAP_USER_FILTER", "uid{username}"),
            "PROFILES_LDAP_USER_FILTER",
        ),
        (
            directory.plan().set("PROFILES_LDAP_CA_FILE", visitor),
            "PROFILES_LDAP_CA_FILE",
        ),
        (
            directory
                .plan()
                .set("PROFILES_LDAP_CA_FILE", "/nowhere.pem"),
            "PROFILES_LDAP_CA_FILE",
        ),
        (Directory::plan_at(&plain.address()), "StartTLS"),
        (
            Directory::plan_at("ldaps://127.0.0.1:1"),
            "PROFILES_LDAP_URL",
        ),
    ] {
        let (is_well, output) = checks(wrong).await;
        assert!(!is_well && output.starts_with("wrong: "), "{output}");
        assert!(output.contains(advice), "{output}");
        assert!(!output.contains("guess") && !output.contains("correct horse"));
    }
}

//! The server is not alone: sister sites set cookies for the same domain, other programs run on other ports of
//! `localhost`, and proxies and poolers stand in between.

use futures_util::future::join_all;
use tokio::task::spawn_blocking;

use crate::support::database::cluster;
use crate::support::pgbouncer::PgBouncer;
use crate::support::{Browser, Page, World, command, parameter};

/// Cookies that other sites of a domain set, with bytes that a parser may stumble over.
const FOREIGN_COOKIES: [&[u8]; 5] = [
    b"city=K\xc3\xb6ln",
    b"city=K\xf6ln",
    b"name=\"a b\"; =; nothing",
    b"session=eyJjc3JmIjoiYSJ9.Zx.y",
    b"profiles_session=\xff",
];

#[tokio::test]
async fn cookies_of_sister_sites_do_not_sign_anybody_out() {
    let world = World::new().await;
    let (asha, canteen) = (world.person("asha").await, world.canteen());
    for foreign in FOREIGN_COOKIES {
        let browser = world.visitor().with_foreign_cookies(foreign);
        browser
            .signs_in(&asha.username, &asha.password)
            .await
            .shows("Asha");
        let tokens = world.connects(&browser, &canteen, "basic").await;
        assert_eq!(tokens.scopes(), ["basic"]);
        // A form after the sign-in, and a message that a cookie carries to the next page.
        let gone = browser.disconnects("Canteen").await;
        assert!(gone.offers(".notice"), "{}", gone.words());
        browser.visits("account/logout/").await.confirms().await;
        assert!(!browser.visits("user/").await.says("Asha"));
    }
}

/// Cookies know no ports (RFC 6265 §8.5), and `session` is the default of Flask and others, whose apps developers run
/// beside Profiles as the documentation recommends.
#[tokio::test]
async fn on_localhost_every_cookie_has_a_name_of_our_own() {
    let world = World::new().await;
    let asha = world.person("asha").await;
    let browser = world.visitor();
    let home = browser.signs_in(&asha.username, &asha.password).await;
    let cookies = home.set_cookies();
    assert!(cookies.iter().any(|it| it.starts_with("profiles_session=")));
    for cookie in cookies {
        assert!(cookie.starts_with("profiles_"), "{cookie}");
    }
    browser.sets_cookies("session=of-flask; connect.sid=s%3Aof-express; visitor=x; flash=y");
    browser.visits("user/").await.shows("Asha");
}

/// What nginx takes of a response's headers by default (`proxy_buffer_size`), on a machine with small pages, without
/// what TLS adds: HSTS, and attributes of cookies.
const HEADER_BUFFER: usize = 4096 - 300;

/// Follows redirects on this site, each of which must fit into the buffer.
async fn follows_through_a_proxy(mut page: Page, browser: &Browser) -> Page {
    loop {
        let lines = page.headers.iter();
        let lines = lines.map(|(name, value)| format!("{name}: {value:?}\r\n").len());
        let bytes = "HTTP/1.1 302 Found\r\n\r\n".len() + lines.sum::<usize>();
        assert!(bytes <= HEADER_BUFFER, "{bytes} bytes: {:?}", page.headers);
        let Some(to) = page.redirect().filter(|_| page.stays_here()) else {
            return page;
        };
        page = browser.gets(to.as_str()).await;
    }
}

#[tokio::test]
async fn redirects_with_a_long_state_fit_into_the_buffer_of_a_proxy() {
    let world = World::new().await;
    let app = world.canteen();
    let people = world.students(4).await;
    for (length, person) in [104, 1_000, 2_000, 3_000].into_iter().zip(people) {
        let state = "aB3-_.0x".repeat(length / 8);
        let link = app.authorize_url(&[("scope", "basic"), ("state", &state)]);
        let browser = world.visitor();

        let first = browser.gets(&link).await;
        let next = parameter(first.location().as_str(), "next").unwrap();
        // A short request travels as it is, as old links to the sign-in page have it.
        assert_eq!(next.contains(&state), length == 104, "{next}");
        let form = follows_through_a_proxy(first, &browser).await;
        form.shows("Canteen");
        let form = form
            .fills("username", &person.username)
            .fills("password", &person.password);
        let sent = form.sends(form.would_enter("password")).await;
        let consent = follows_through_a_proxy(sent, &browser).await;
        consent.shows("Canteen");

        // “Use another account” leads back to the same request.
        let sent = consent
            .sends(consent.would_send("Use another account"))
            .await;
        let form = follows_through_a_proxy(sent, &browser).await;
        form.shows("Canteen");
        let consent = form.signs_in(&person.username, &person.password).await;

        let answer = consent.presses("allow").await;
        let answer = follows_through_a_proxy(answer, &browser).await;
        let callback = app.receives(&answer);
        assert_eq!(callback.get("state").unwrap(), state);
        app.exchanges_code(&callback.code()).await;
    }
}

#[tokio::test]
async fn a_kept_request_expires_and_says_so() {
    let world = World::new().await;
    let (asha, canteen) = (world.person("asha").await, world.canteen());
    let state = "s".repeat(2_000);
    let link = canteen.authorize_url(&[("scope", "basic"), ("state", &state)]);
    let browser = world.visitor();
    let form = browser.visits(&link).await;
    world.advance_clock(time::Duration::minutes(61));
    let gone = form.signs_in(&asha.username, &asha.password).await;
    gone.refuses(400);
    assert!(gone.says("Go back to the app"), "{}", gone.words());

    // Anybody can make up a name.
    browser
        .visits("oauth/authorize/kept/AAAA/")
        .await
        .refuses(400);
}

#[tokio::test]
async fn long_addresses_of_pages_do_not_make_long_redirects() {
    let world = World::new().await;
    let browser = world.visitor();
    let long = "x".repeat(3_500);
    for address in ["user/", "oauth/applications/", "user/settings/"] {
        let first = browser.gets(&format!("{address}?a={long}")).await;
        let form = follows_through_a_proxy(first, &browser).await;
        let next = form.attributes("input[name=next]", "value");
        assert!(next[0].ends_with(address), "{next:?}");
    }
    let canteen = world.canteen();
    let endless = canteen.authorize_url(&[("state", &"x".repeat(40_000))]);
    browser.gets(&endless).await.refuses(400);
}

/// RFC 6749 §4.1.2: the exact value. Some clients put raw bytes into it.
#[tokio::test]
async fn s7_state_that_is_not_utf8_comes_back_byte_for_byte() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    for state in ["%FF%FE%80", "caf%E9", "%C3%A9%F0%9F%98%80", "a+b%2Bc%26"] {
        let long = format!("{state}{}", "%FF".repeat(600));
        for state in [state, &long] {
            let link = format!("{}&state={state}", canteen.login_link("basic"));
            let denied = asha.visits(&link).await.presses("deny").await;
            let allowed = asha.visits(&link).await.presses("allow").await;
            // The canteen is verified, so consent is remembered and no page is shown.
            let remembered = asha.visits(&link).await;
            asha.disconnects("Canteen").await;
            for answer in [denied, allowed, remembered] {
                let location = answer.location();
                let pairs = location.query().unwrap().split('&');
                let mut pairs = pairs.filter_map(|pair| pair.strip_prefix("state="));
                assert_eq!(pairs.next(), Some(state), "{location}");
            }
        }
    }
}

/// The database behind PgBouncer in transaction mode, which gives each transaction another session: as it is delivered,
/// and when it is told to ignore what it does not know.
#[tokio::test]
async fn everything_works_behind_pgbouncer() {
    for settings in ["", "ignore_startup_parameters = options,extra_float_digits"] {
        let world = World::plan().with_pgbouncer(settings).opens().await;
        let canteen = world.canteen();
        let people = world.students(12).await;
        let logins = people.iter().map(async |person| {
            let browser = world.signed_in(person).await;
            let mut tokens = world.connects(&browser, &canteen, "basic profile").await;
            for _ in 0..3 {
                tokens = canteen.refreshes(&tokens).await;
                canteen.reads(&tokens.access, "").await.good();
            }
            browser.disconnects("Canteen").await;
            assert_eq!(canteen.reads(&tokens.access, "").await.status, 401);
        });
        join_all(logins).await;

        // Jobs take their locks.
        let meera = world.student("meera").await;
        let apps = meera.visits("oauth/applications/").await;
        let form = apps
            .clicks("Lost and Found")
            .await
            .clicks("Create a new secret")
            .await;
        form.presses("Create secret").await;
        assert!(world.first_mail().await.contains("Lost and Found"));
        assert!(
            !world.log().to_lowercase().contains("prepared statement"),
            "{}",
            world.log()
        );
        assert!(!world.log().contains("a job failed"), "{}", world.log());

        world.crashes();
        world.restarts().await;
        world
            .student("asha")
            .await
            .visits("user/")
            .await
            .shows("Asha");
    }
}

#[tokio::test]
async fn several_processes_migrate_an_empty_database_behind_pgbouncer() {
    let folder = crate::support::campus::folder("pgbouncer-migrations");
    let (database, results) = spawn_blocking(move || {
        std::fs::create_dir_all(&folder).unwrap();
        let database = cluster().create(None);
        let bouncer = PgBouncer::start(&database.url(), &folder, "");
        let url = database.url_through(bouncer.port());
        let runs = [["migrate"], ["migrate"], ["check"], ["migrate"]].map(|arguments| {
            let (url, folder) = (url.clone(), folder.clone());
            std::thread::spawn(move || {
                let mut profiles = command::profiles(&url, &folder);
                profiles.args(arguments);
                (arguments, command::run(profiles, ""))
            })
        });
        (database, runs.map(|run| run.join().unwrap()))
    })
    .await
    .unwrap();
    for (arguments, output) in &results {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() || arguments == &["check"],
            "{arguments:?}: {errors}"
        );
    }
    cluster().discard(&database);
}

//! The login button on a page of another site (K78–K80): in Chromium and Firefox, on real origins with TLS, with the
//! cookies of other sites blocked and allowed.

mod accounts;
mod button;
mod choosing;
mod docs;
mod firefox;
mod frame;

use serde_json::json;
use url::Url;

use crate::support::campus::{Person, Registration};
use crate::support::chromium::Chromium;
use crate::support::tls_proxy::{Site, TlsProxy};
use crate::support::{App, Browser, Tokens, World, parameter};

const PROFILES: &str = "profiles.campus.example";
/// On the campus' own registrable domain, so that the session cookie reaches a frame there.
const HOSTEL: &str = "hostel.campus.example";
/// On another domain.
const MESS: &str = "mess.example";

const MESS_MENU: Registration<'_> = Registration {
    owner: "meera",
    name: "Mess Menu",
    description: "Dinner",
    redirect_uris: &[
        "https://mess.example/cb",
        "https://hostel.campus.example/cb",
    ],
    flags: &["--verified"],
};

/// A world and its sites, with names and TLS.
struct Campus {
    tls_proxy: TlsProxy,
    world: World,
    asha: Person,
    base: String,
}

impl Campus {
    async fn opens() -> Self {
        Self::opens_under("/").await
    }

    /// With a path in the public address.
    async fn opens_under(path: &str) -> Self {
        let tls_proxy = TlsProxy::opens().await;
        let base = format!("https://{PROFILES}{path}");
        let world = World::plan()
            .set("PROFILES_PUBLIC_URL", &base)
            .opens()
            .await;
        let port = Url::parse(&world.base).unwrap().port().unwrap();
        tls_proxy.names(PROFILES, port);
        let asha = world.person("asha").await;
        Self {
            tls_proxy,
            world,
            asha,
            base,
        }
    }

    /// A verified app with redirect URIs on both sites.
    async fn mess_menu(&self) -> App {
        self.world.registers(&MESS_MENU).await
    }

    async fn site(&self, name: &str) -> Site {
        Site::opens(&self.tls_proxy, name).await
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The registrable domain serves the web-identity file, as the documentation says.
    async fn is_known_to_browsers(&self) -> Site {
        let apex = self.site("campus.example").await;
        let known = json!({
            "provider_urls": [self.at("fedcm/config.json")],
            "accounts_endpoint": self.at("fedcm/accounts/"),
            "login_url": self.at("fedcm/login/"),
        });
        let headers = ["content-type: application/json"];
        apex.shows("/.well-known/web-identity", &headers, &known.to_string());
        apex
    }

    /// A browser without scripts that reaches the sites through the proxy.
    fn browser(&self) -> Browser {
        Browser::behind(&self.tls_proxy, &self.base)
    }

    async fn asha_signs_in(&self, browser: &Chromium) {
        browser.visits(&self.at("account/login/")).await;
        let asha = &self.asha;
        browser.signs_in(&asha.username, &asha.password).await;
    }

    /// asha allows the app this scope, in another browser.
    async fn asha_has_allowed(&self, app: &App, scope: &str) {
        let browser = self.browser();
        browser
            .signs_in(&self.asha.username, &self.asha.password)
            .await;
        let link = app.login_link(scope);
        let query = Url::parse(&link).unwrap().query().unwrap().to_owned();
        let form = browser
            .visits(&self.at(&format!("oauth/authorize/?{query}")))
            .await;
        form.presses("allow").await.location();
    }
}

/// A page with the button as documented today.
fn page(button: &str) -> String {
    page_with(button, "static/widget/js/login.min.js")
}

fn page_with(button: &str, script: &str) -> String {
    format!(
        "<!doctype html><html lang=en><title>Mess Menu</title><link rel=icon href=data:,>\
         <meta name=viewport content=width=device-width><main><h1>Mess Menu</h1>\
         <div id=sso-root></div></main>\
         <script src=https://{PROFILES}/{script}></script><script>{button}</script>"
    )
}

/// The same page with a stopped clock: the button never gives up its frame, and does not take the browser's slow
/// refusal for a person's.
fn page_at_once(button: &str) -> String {
    let stopped = "<script>Date.now = () => 0, later = setTimeout, setTimeout = () => 0</script>";
    page(&format!("{button}; setTimeout = later")).replace("<main>", &format!("{stopped}<main>"))
}

/// The call that draws the button, with further configuration.
fn button(app: &App, more: &str) -> String {
    let client_id = &app.client_id;
    format!(
        "new SSO_JS({{ config: {{ client_id: '{client_id}', scope: ['basic', 'profile'], \
         state: 'a b&c=é', {more} }} }}).init()"
    )
}

const TO_MESS: &str = "redirect_uri: 'https://mess.example/cb'";
const TO_HOSTEL: &str = "redirect_uri: 'https://hostel.campus.example/cb'";

/// The frame over the button, once it is shown.
const SHOWN: &str = "#sso-root iframe[data-shown]";

/// Clicks the button once it is settled: the frame where it covers the link, else the link.
async fn clicks_the_button(browser: &Chromium) {
    browser
        .waits_for("#sso-root > span:not(:has(iframe:not([data-shown])))")
        .await;
    if browser
        .evaluates("!!document.querySelector('#sso-root iframe')")
        .await
        == true
    {
        browser.enters_frame("#sso-root iframe").await;
        browser.clicks("a.login").await;
        browser.leaves_frame().await;
    } else {
        browser.clicks("#sso-root a").await;
    }
}

/// The code at a site's callback; the other parameters are checked.
fn code_at(site: &Site) -> String {
    let back = site.visits("/cb");
    let [back] = back.as_slice() else {
        panic!("{back:?}");
    };
    assert_eq!(parameter(back.as_str(), "state").unwrap(), "a b&c=é");
    let issuer = parameter(back.as_str(), "iss").unwrap();
    assert_eq!(issuer, format!("https://{PROFILES}"));
    parameter(back.as_str(), "code").unwrap_or_else(|| panic!("no code in {back}"))
}

/// Exchanges the code with the redirect URI it came to.
async fn exchange_code(app: &App, code: &str, site: &Site) -> Tokens {
    exchanges_code_at(app, code, &site.at("/cb")).await
}

async fn exchanges_code_at(app: &App, code: &str, back: &str) -> Tokens {
    app.tries_to_exchange(code, &[("redirect_uri", back)])
        .await
        .tokens()
}

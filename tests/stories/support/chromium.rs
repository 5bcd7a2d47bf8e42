//! Chromium without a window, driven over the `WebDriver` protocol.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::{SinkExt as _, StreamExt as _};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use url::{ParseError, Url};

use super::tls_proxy::TlsProxy;
use super::wait::{becomes_true, wait_for};
use super::{campus, database};

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox", // root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

pub struct Chromium {
    driver: Child,
    port: u16,
    session: String,
    window: Client,
}

/// The screens on which pages are looked at.
const SCREENS: [(&str, u32, f64, bool); 2] =
    [("phone", 390, 844.0, true), ("desktop", 1280, 800.0, false)];

impl Chromium {
    /// A new browser profile, with or without JavaScript.
    pub async fn opens(scripts: bool) -> Self {
        let block_scripts = json!({ "profile.managed_default_content_settings.javascript": 2 });
        let preferences = if scripts { json!({}) } else { block_scripts };
        Self::opens_with(preferences, &[]).await
    }

    /// A new browser profile that reaches sites through the proxy. The test answers the browser's own sign-in dialog
    /// (FedCM). Third-party cookies are allowed or blocked.
    pub async fn opens_behind(proxy: &TlsProxy, third_party_cookies: bool) -> Self {
        let mode = u8::from(!third_party_cookies);
        let preferences = json!({
            "profile.cookie_controls_mode": mode,
            "profile.block_third_party_cookies": !third_party_cookies,
        });
        let arguments = [
            format!("--proxy-server=http://127.0.0.1:{}", proxy.port),
            format!(
                "--ignore-certificate-errors-spki-list={}",
                proxy.authority_fingerprint()
            ),
        ];
        Self::opens_with(preferences, &arguments).await
    }

    async fn opens_with(preferences: Value, more: &[String]) -> Self {
        let port = database::free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|problem| panic!("chromedriver: {problem}: run script/setup test"));
        let answers = becomes_true(async || database::answers(port)).await;
        assert!(answers, "chromedriver does not answer");

        let profile =
            tokio::task::spawn_blocking(move || campus::folder(&format!("chromium-{port}")))
                .await
                .unwrap();
        let mut arguments: Vec<_> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        arguments.extend_from_slice(more);
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
            "fedcm:accounts": true,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let window = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let session = window.session_id().await.unwrap().unwrap();
        Self {
            driver,
            port,
            session,
            window,
        }
    }

    pub async fn visits(&self, address: &str) {
        self.window.goto(address).await.unwrap();
    }

    pub async fn address(&self) -> Url {
        self.window.current_url().await.unwrap()
    }

    /// The visible text, as laid out.
    pub async fn words(&self) -> String {
        self.one("body").await.text().await.unwrap()
    }

    /// The visible text of the page's only frame.
    pub async fn words_in_frame(&self) -> String {
        self.one("iframe").await.enter_frame().await.unwrap();
        let words = self.words().await;
        self.window.enter_parent_frame().await.unwrap();
        words
    }

    pub async fn source(&self) -> String {
        self.window.source().await.unwrap()
    }

    pub async fn one(&self, css: &str) -> Element {
        let found = self.window.find(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(problem) => panic!("{css} at {}: {problem}", self.address().await),
        }
    }

    pub async fn types(&self, css: &str, text: &str) {
        let field = self.one(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks once the element is enabled: the consent page enables its button after a moment.
    pub async fn clicks(&self, css: &str) {
        let element = self.one(css).await;
        let enabled = becomes_true(async || element.is_enabled().await.unwrap()).await;
        assert!(enabled, "{css} stays disabled");
        element.click().await.unwrap();
    }

    /// Clicks an element that leads to another page, and waits for that page.
    pub async fn follows(&self, css: &str) {
        let before = self.one("html").await;
        self.clicks(css).await;
        // An element of a page that was left gives an error.
        assert!(
            becomes_true(async || before.tag_name().await.is_err()).await,
            "{css} leads nowhere: {}",
            self.words().await
        );
        self.window
            .wait()
            .for_element(Locator::Css("body"))
            .await
            .unwrap();
    }

    /// Waits until `css` matches.
    pub async fn waits_for(&self, css: &str) {
        let there = async || self.window.find(Locator::Css(css)).await.is_ok();
        assert!(
            becomes_true(there).await,
            "no {css} at {}: {}",
            self.address().await,
            self.words().await
        );
    }

    /// Waits until the browser has left this address, and returns the new one.
    pub async fn leaves(&self, address: &Url) -> Url {
        let elsewhere = async || Some(self.address().await).filter(|here| here != address);
        let here = wait_for(elsewhere).await;
        here.unwrap_or_else(|| panic!("still at {address}"))
    }

    /// Waits until the browser is at an address of this host.
    pub async fn leaves_for(&self, host: &str) {
        let there = async || self.address().await.host_str() == Some(host);
        assert!(
            becomes_true(there).await,
            "still at {}: {}",
            self.address().await,
            self.words().await
        );
    }

    pub async fn is_ticked(&self, css: &str) -> bool {
        self.one(css).await.is_selected().await.unwrap()
    }

    pub async fn signs_in(&self, username: &str, password: &str) {
        self.types("input[name=username]", username).await;
        self.types("input[name=password]", password).await;
        self.follows("form:has(input[name=password]) button:not([type=button])")
            .await;
    }

    /// The messages in the browser's console: blocked by policy, failed to load, thrown by a script.
    pub async fn console_messages(&self) -> Vec<String> {
        let log = self
            .sends_command("se/log", json!({ "type": "browser" }))
            .await;
        let worse = log
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == "SEVERE");
        worse
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Checks that nothing overflows sideways on a phone and on a desktop. With `PROFILES_SCREENSHOTS` set, keeps
    /// screenshots in both colour schemes as `target/screenshots/<name>-<screen>-<light>.png`.
    pub async fn looks_at(&self, name: &str) {
        for (screen, width, height, mobile) in SCREENS {
            let wide = |height: f64| json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
            self.devtools("Emulation.setDeviceMetricsOverride", wide(height))
                .await;
            let layout = self.devtools("Page.getLayoutMetrics", json!({})).await;
            let content = |side: &str| layout["cssContentSize"][side].as_f64().unwrap();
            assert!(
                content("width") <= f64::from(width),
                "{name} is {} pixels wide on a {screen}",
                content("width")
            );
            if std::env::var_os("PROFILES_SCREENSHOTS").is_some() {
                self.devtools(
                    "Emulation.setDeviceMetricsOverride",
                    wide(height.max(content("height")).ceil()),
                )
                .await;
                self.saves_screenshots(name, screen).await;
            }
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
    }

    /// Checks with axe (WCAG 2.2 AA and best practices), in both colour schemes, on a narrow phone (which is also a
    /// desktop at 400 %) and on a desktop; and that nothing overflows sideways. Axe is a script, so the browser must
    /// have JavaScript.
    pub async fn can_be_used(&self, name: &str) {
        for (width, mobile) in [(320, true), (1280, false)] {
            let size =
                json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": mobile });
            self.devtools("Emulation.setDeviceMetricsOverride", size)
                .await;
            let layout = self.devtools("Page.getLayoutMetrics", json!({})).await;
            let content = layout["cssContentSize"]["width"].as_f64().unwrap();
            assert!(
                content <= f64::from(width),
                "{name} is {content} pixels wide on {width}"
            );
            for light in ["light", "dark"] {
                let message = self.axe_violations(light).await;
                assert_eq!(
                    message,
                    Vec::<String>::new(),
                    "{name}, {light}, {width} pixels"
                );
            }
            if std::env::var_os("PROFILES_SCREENSHOTS").is_some() {
                let height = layout["cssContentSize"]["height"].as_f64().unwrap();
                let size = json!({ "width": width, "height": height.max(800.0), "deviceScaleFactor": 1, "mobile": mobile });
                self.devtools("Emulation.setDeviceMetricsOverride", size)
                    .await;
                self.saves_screenshots(&name.replace(['/', ' '], "-"), &width.to_string())
                    .await;
            }
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
        self.reaches_everything_by_tab(name).await;
    }

    /// Tab reaches every interactive element, and the focus is visible on each.
    async fn reaches_everything_by_tab(&self, name: &str) {
        let ahead = self.evaluates(TAB_STOPS).await.as_u64().unwrap();
        for _ in 0..=ahead {
            self.presses_keys("\u{e004}").await;
            let seen = self.evaluates(FOCUS_IS_VISIBLE).await;
            assert!(seen == true, "{name}: the focus is not seen: {seen}");
            self.evaluates("ahead.delete(document.activeElement)").await;
        }
        let missed = self.evaluates("[...ahead].map(it => it.outerHTML)").await;
        assert_eq!(missed, json!([]), "{name}: Tab does not lead there");
        // Restores the focus. After the last element Tab leaves the page, which then gets no key events.
        while self
            .evaluates("document.activeElement === document.body")
            .await
            == true
        {
            self.presses_keys("\u{e004}").await;
        }
        let back = "document.activeElement.blur(), before.focus(), scrollTo(0, 0)";
        self.evaluates(back).await;
    }

    /// The violations that axe finds, a line for each.
    pub async fn axe_violations(&self, light: &str) -> Vec<String> {
        // Colours in transition would be judged half-way.
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": light },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        // Evaluated through the developer tools, since the page's policy blocks foreign scripts.
        if self.evaluates("typeof axe").await != "object" {
            self.evaluates(axe()).await;
        }
        let found = self.evaluates(ASK_AXE).await;
        let found = found
            .as_array()
            .unwrap_or_else(|| panic!("axe says {found}"));
        found
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect()
    }

    /// The value of a JavaScript expression, awaited.
    pub async fn evaluates(&self, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.devtools("Runtime.evaluate", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{answer}");
        answer["result"]["value"].clone()
    }

    /// Presses keys one after the other on the focused element: characters, or key codes of `WebDriver` (§17.4.2).
    pub async fn presses_keys(&self, keys: &str) {
        let presses =
            keys.chars()
                .fold(KeyActions::new("keyboard".to_owned()), |actions, value| {
                    actions
                        .then(KeyAction::Down { value })
                        .then(KeyAction::Up { value })
                });
        self.window.perform_actions(presses).await.unwrap();
    }

    /// Presses Tab until the focus is on what `css` matches, and checks that it is visible on the way.
    pub async fn tabs_to(&self, css: &str) {
        for _ in 0..100 {
            let here = format!("document.activeElement.matches({})", json!(css));
            if self.evaluates(&here).await == true {
                return;
            }
            self.presses_keys("\u{e004}").await;
            let seen = self.evaluates(FOCUS_IS_VISIBLE).await;
            assert!(seen == true, "the focus is not seen: {seen}");
        }
        panic!("Tab does not lead to {css}");
    }

    async fn saves_screenshots(&self, name: &str, screen: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        for light in ["light", "dark"] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": light }] });
            self.devtools("Emulation.setEmulatedMedia", media).await;
            // Colours have a transition.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let picture = self.devtools("Page.captureScreenshot", json!({})).await;
            let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
            std::fs::write(folder.join(format!("{name}-{screen}-{light}.png")), bytes).unwrap();
        }
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.sends_command(
            "goog/cdp/execute",
            json!({ "cmd": command, "params": parameters }),
        )
        .await
    }

    async fn sends_command(&self, path: &'static str, body: Value) -> Value {
        self.window
            .issue_cmd(DriverCommand { path, body })
            .await
            .unwrap()
    }

    /// Waits for the browser's own sign-in dialog (FedCM), and returns its type: `AccountChooser`, `ConfirmIdpLogin`,
    /// `Error`.
    pub async fn dialog(&self) -> String {
        if let Some(kind) = wait_for(async || self.open_dialog().await).await {
            return kind;
        }
        panic!(
            "no dialog at {}: {:?}",
            self.address().await,
            self.console_messages().await
        );
    }

    async fn open_dialog(&self) -> Option<String> {
        let command = DriverCommand {
            path: "fedcm/getdialogtype",
            body: Value::Null,
        };
        match self.window.issue_cmd(command).await {
            Ok(Value::String(kind)) => Some(kind),
            _ => None,
        }
    }

    /// Waits until the dialog has this type.
    pub async fn sees_dialog(&self, kind: &str) {
        let is_seen =
            becomes_true(async || self.open_dialog().await.as_deref() == Some(kind)).await;
        assert!(is_seen, "no {kind}: {:?}", self.open_dialog().await);
    }

    /// Whether a dialog or a window opens.
    pub async fn opens_something(&self) -> bool {
        becomes_true(async || {
            self.open_dialog().await.is_some() || self.window.windows().await.unwrap().len() > 1
        })
        .await
    }

    /// Whether a dialog is open after half a second.
    pub async fn has_dialog(&self) -> bool {
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.open_dialog().await.is_some()
    }

    /// The accounts in the dialog.
    pub async fn dialog_accounts(&self) -> Value {
        self.sends_command("fedcm/accountlist", Value::Null).await
    }

    /// The title of the dialog.
    pub async fn dialog_title(&self) -> String {
        self.sends_command("fedcm/gettitle", Value::Null)
            .await
            .to_string()
    }

    pub async fn chooses_account(&self, index: u32) {
        self.sends_command("fedcm/selectaccount", json!({ "accountIndex": index }))
            .await;
    }

    pub async fn closes_dialog(&self) {
        self.sends_command("fedcm/canceldialog", json!({})).await;
    }

    pub async fn presses_in_dialog(&self, button: &str) {
        self.sends_command("fedcm/clickdialogbutton", json!({ "dialogButton": button }))
            .await;
    }

    /// Connects to the developer tools, to close the next dialog with a cooldown as a person's click does. (The
    /// driver's own command closes it without one.)
    pub async fn opens_dev_tools(&self) -> DevTools {
        let all = self.window.capabilities().unwrap();
        let address = all["goog:chromeOptions"]["debuggerAddress"]
            .as_str()
            .unwrap();
        let pages = reqwest::get(format!("http://{address}/json/list"))
            .await
            .unwrap();
        let pages: Value = serde_json::from_str(&pages.text().await.unwrap()).unwrap();
        let mut pages = pages.as_array().unwrap().iter();
        let page = pages.find(|page| page["type"] == "page").unwrap();
        let address = page["webSocketDebuggerUrl"].as_str().unwrap();
        let (address, _) = tokio_tungstenite::connect_async(address).await.unwrap();
        let mut dev_tools = DevTools(address);
        dev_tools.send("FedCm.enable", json!({})).await;
        dev_tools
    }

    /// Resets the cooldown after a closed dialog.
    pub async fn forgets_dialogs(&self) {
        self.sends_command("fedcm/resetcooldown", json!({})).await;
    }

    /// Switches to the window that has opened, once its page is loaded.
    pub async fn enters_new_window(&self) {
        let here = self.window.window().await.unwrap();
        let new = wait_for(async || {
            let all = self.window.windows().await.unwrap();
            all.into_iter().find(|handle| *handle != here)
        });
        let Some(new) = new.await else {
            panic!("no window opens: {:?}", self.console_messages().await);
        };
        self.window.switch_to_window(new).await.unwrap();
        let there = "location.protocol !== 'about:' && document.readyState === 'complete'";
        let is_there = becomes_true(async || self.evaluates(there).await == true).await;
        assert!(is_there, "the new window stays empty");
    }

    /// Waits until the current window has closed, and switches to the remaining one.
    pub async fn returns(&self) {
        let only = wait_for(async || {
            let all = self.window.windows().await.unwrap();
            <[_; 1]>::try_from(all).ok()
        });
        let [only] = only
            .await
            .unwrap_or_else(|| panic!("the window does not close"));
        self.window.switch_to_window(only).await.unwrap();
    }

    pub async fn enters_frame(&self, css: &str) {
        self.one(css).await.enter_frame().await.unwrap();
    }

    pub async fn leaves_frame(&self) {
        self.window.enter_parent_frame().await.unwrap();
    }
}

/// The source of axe, as npm installed it.
fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        let file = "tests/clients/node/node_modules/axe-core/axe.min.js";
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
        let axe = std::fs::read_to_string(path);
        // The value of the last expression is not needed.
        let axe = axe.unwrap_or_else(|problem| panic!("{file}: {problem}: run script/setup test"));
        format!("{axe}; true")
    })
}

const ASK_AXE: &str = r#"
    axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        resultTypes: ["violations"],
    }).then(result => result.violations.flatMap(it =>
        it.nodes.map(node => `${it.id}: ${it.help}: ${node.html}: ${node.failureSummary}`)))
"#;

/// Collects the interactive elements in `ahead` and counts them. Tab reaches one radio button of each name.
const TAB_STOPS: &str = r#"
    globalThis.ahead = new Set([...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary"
    )].filter(it => {
        const radios = it.type === "radio" ? [...it.form.elements[it.name]] : [it];
        const one = radios.find(it => it.checked) ?? radios[0];
        const acts = !it.matches(":disabled") && !it.closest("[inert]");
        return it === one && acts && it.checkVisibility({ visibilityProperty: true });
    })), globalThis.before = document.activeElement, before.blur(), ahead.size
"#;

/// The element's outline, or the outline of the page's frame.
const FOCUS_IS_VISIBLE: &str = r#"
    (() => {
        const focused = document.activeElement;
        // The focus inside a frame is visible there only.
        if (focused === document.body || focused.localName === "iframe") return true;
        const box = focused.getBoundingClientRect(), style = getComputedStyle(focused);
        const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        const there = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
        return outlined && there ? true : focused.outerHTML;
    })()
"#;

/// A connection to the developer tools.
pub struct DevTools(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl DevTools {
    /// Closes the dialog that opens, with a cooldown.
    pub async fn closes_dialog_for_a_while(mut self) {
        let shown = self
            .receive(|message| message["method"] == "FedCm.dialogShown")
            .await;
        let close = json!({ "dialogId": shown["params"]["dialogId"], "triggerCooldown": true });
        self.send("FedCm.dismissDialog", close).await;
        self.receive(|message| message["id"] == 1 && message["result"].is_object())
            .await;
    }

    async fn send(&mut self, method: &str, parameters: Value) {
        let message = json!({ "id": 1, "method": method, "params": parameters });
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn receive(&mut self, what: impl Fn(&Value) -> bool) -> Value {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(10), self.0.next());
            let message = next.await.unwrap().unwrap().unwrap();
            let message = serde_json::from_str(message.to_text().unwrap()).unwrap();
            if what(&message) {
                return message;
            }
        }
    }
}

/// A command of Chromium beyond `WebDriver`'s own.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        if self.body.is_null() {
            return (Method::GET, None);
        }
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Drop for Chromium {
    /// The driver has to end the browser. A killed driver would leave it running.
    fn drop(&mut self) {
        if let Ok(mut driver) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = driver.set_read_timeout(Some(Duration::from_secs(5)));
            let request = format!(
                "DELETE /session/{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
                self.session
            );
            let _ = driver.write_all(request.as_bytes());
            let _ = driver.read_to_end(&mut Vec::new());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

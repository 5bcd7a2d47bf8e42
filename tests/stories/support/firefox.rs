//! Firefox without a window, driven over its own protocol (Marionette: JSON over TCP with `WebDriver`'s commands),
//! which needs no driver process.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use url::Url;

use super::tls_proxy::TlsProxy;
use super::wait::{becomes_true, wait_for};
use super::{campus, database};

pub struct Firefox {
    process: Child,
    connection: Mutex<Connection>,
}

struct Connection {
    stream: TcpStream,
    request: u64,
}

/// The key under which `WebDriver` names an element (§12.3).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Firefox {
    /// A new browser profile that reaches sites through the proxy.
    pub async fn opens_behind(proxy: &TlsProxy) -> Self {
        let port = database::free_port();
        let profile =
            tokio::task::spawn_blocking(move || campus::folder(&format!("firefox-{port}")))
                .await
                .unwrap();
        let preferences = [
            ("marionette.port", json!(port)),
            ("network.proxy.type", json!(1)),
            ("network.proxy.http", json!("127.0.0.1")),
            ("network.proxy.http_port", json!(proxy.port)),
            ("network.proxy.ssl", json!("127.0.0.1")),
            ("network.proxy.ssl_port", json!(proxy.port)),
            ("datareporting.policy.dataSubmissionEnabled", json!(false)),
            ("app.normandy.enabled", json!(false)),
        ];
        let lines =
            preferences.map(|(name, value)| format!("user_pref({}, {value});\n", json!(name)));
        std::fs::write(profile.join("user.js"), lines.concat()).unwrap();
        let names = ["firefox-esr", "firefox"];
        let is_there = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
        let name = names.iter().find(is_there);
        let name = name.unwrap_or_else(|| panic!("no Firefox: run script/setup test"));
        let process = Command::new(name)
            .args([
                "--headless",
                "--marionette",
                "--remote-allow-system-access",
                "--no-remote",
            ])
            .arg("--profile")
            .arg(&profile)
            .env("HOME", &profile)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stream = wait_for(async || TcpStream::connect(("127.0.0.1", port)).await.ok());
        let stream = stream
            .await
            .unwrap_or_else(|| panic!("Firefox does not answer"));
        let mut connection = Connection { stream, request: 0 };
        connection.receive().await;
        let firefox = Self {
            process,
            connection: Mutex::new(connection),
        };
        firefox
            .sends_command("WebDriver:NewSession", json!({}))
            .await;
        firefox.trusts(proxy).await;
        firefox
    }

    async fn trusts(&self, proxy: &TlsProxy) {
        let trust = "Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB)
            .addCertFromBase64(arguments[0], 'C,,')";
        self.runs_privileged(trust, json!([proxy.authority()]))
            .await;
        // Messages from its start do not count.
        self.runs_privileged("Services.console.reset()", json!([]))
            .await;
    }

    pub async fn visits(&self, address: &str) {
        self.sends_command("WebDriver:Navigate", json!({ "url": address }))
            .await;
    }

    pub async fn address(&self) -> Url {
        let address = self
            .sends_command("WebDriver:GetCurrentURL", json!({}))
            .await;
        Url::parse(address["value"].as_str().unwrap()).unwrap()
    }

    pub async fn words(&self) -> String {
        let words = self.evaluates("document.body.innerText").await;
        words.as_str().unwrap().to_owned()
    }

    /// The value of a JavaScript expression.
    pub async fn evaluates(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.sends_command("WebDriver:ExecuteScript", script).await["value"].clone()
    }

    pub async fn types(&self, css: &str, text: &str) {
        let id = self.one(css).await;
        self.sends_command(
            "WebDriver:ElementSendKeys",
            json!({ "id": id, "text": text }),
        )
        .await;
    }

    /// Clicks once the element is enabled.
    pub async fn clicks(&self, css: &str) {
        let id = self.one(css).await;
        let enabled = becomes_true(async || {
            let answer = self.sends_command("WebDriver:IsElementEnabled", json!({ "id": id }));
            answer.await["value"] == true
        });
        assert!(enabled.await, "{css} stays disabled");
        self.sends_command("WebDriver:ElementClick", json!({ "id": id }))
            .await;
    }

    /// Clicks an element that leads to another address, and waits until the browser is there.
    pub async fn follows(&self, css: &str) {
        let before = self.address().await;
        self.clicks(css).await;
        let there = becomes_true(async || {
            self.address().await != before
                && self.evaluates("document.readyState").await == "complete"
        });
        assert!(there.await, "{css} leads nowhere: {}", self.words().await);
    }

    pub async fn signs_in(&self, username: &str, password: &str) {
        self.types("input[name=username]", username).await;
        self.types("input[name=password]", password).await;
        self.follows("form:has(input[name=password]) button:not([type=button])")
            .await;
    }

    /// Waits until `css` matches.
    pub async fn waits_for(&self, css: &str) {
        let there = format!("document.querySelector({}) !== null", json!(css));
        assert!(
            becomes_true(async || self.evaluates(&there).await == true).await,
            "no {css} at {}: {}",
            self.address().await,
            self.words().await
        );
    }

    pub async fn enters_frame(&self, css: &str) {
        let id = self.one(css).await;
        self.sends_command("WebDriver:SwitchToFrame", json!({ "element": id }))
            .await;
    }

    pub async fn leaves_frame(&self) {
        self.sends_command("WebDriver:SwitchToParentFrame", json!({}))
            .await;
    }

    /// Errors and warnings of pages in the browser's console, without those of the browser's own parts.
    pub async fn console_messages(&self) -> Vec<String> {
        let all = "return Services.console.getMessageArray()
            .filter(it => it instanceof Ci.nsIScriptError && /^https?:/.test(it.sourceName || ''))
            .map(it => `${it.errorMessage} (${it.sourceName}:${it.lineNumber})`)";
        let all = self.runs_privileged(all, json!([])).await;
        let all = all.as_array().unwrap().iter();
        all.map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    async fn one(&self, css: &str) -> Value {
        let request = json!({ "using": "css selector", "value": css });
        self.sends_command("WebDriver:FindElement", request).await["value"][ELEMENT].clone()
    }

    /// Runs a script with the privileges of the browser (chrome context).
    async fn runs_privileged(&self, script: &str, args: Value) -> Value {
        self.sends_command("Marionette:SetContext", json!({ "value": "chrome" }))
            .await;
        let request = json!({ "script": script, "args": args });
        let answer = self.sends_command("WebDriver:ExecuteScript", request).await["value"].clone();
        self.sends_command("Marionette:SetContext", json!({ "value": "content" }))
            .await;
        answer
    }

    async fn sends_command(&self, command: &str, parameters: Value) -> Value {
        let mut connection = self.connection.lock().await;
        connection.request += 1;
        let request = json!([0, connection.request, command, parameters]).to_string();
        let line = format!("{}:{request}", request.len());
        connection.stream.write_all(line.as_bytes()).await.unwrap();
        let answer = connection.receive().await;
        assert!(answer[2].is_null(), "{command} {parameters}: {}", answer[2]);
        answer[3].clone()
    }
}

impl Connection {
    /// One message: its length, a colon, JSON.
    async fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            match self.stream.read_u8().await.unwrap() {
                b':' => break,
                digit => length = length * 10 + usize::from(digit - b'0'),
            }
        }
        let mut message = vec![0; length];
        self.stream.read_exact(&mut message).await.unwrap();
        serde_json::from_slice(&message).unwrap()
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! The simulated JIIT portal, called with hand-made requests: the numbered statements about the portal itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use time::{Date, Duration};

use super::{ASHA, Jiit, today};
use crate::sim::jiit;
use crate::sim::jiit::envelope;

/// A client that sends exactly what a test passes.
struct RawClient {
    jiit: Jiit,
    http: reqwest::Client,
}

impl RawClient {
    async fn opens() -> Self {
        let jiit = Jiit::opens().await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem(jiit.authority.pem().as_bytes());
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(authority);
        Self {
            http: http.build().unwrap(),
            jiit,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.jiit.base());
        self.http.request(method, address)
    }

    fn posts(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let call = self.request(Method::POST, path).body(body);
        call.header("LocalName", local_name(today()))
    }

    async fn send(&self, call: RequestBuilder) -> (StatusCode, String) {
        let answer = call.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn send_for_json(&self, call: RequestBuilder) -> Value {
        let (_, text) = self.send(call).await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    async fn reads_a_picture(&self) -> (String, String) {
        let reply = self
            .send_for_json(self.request(Method::GET, "/token/getcaptcha"))
            .await;
        let hidden = reply["response"]["captcha"]["hidden"].as_str().unwrap();
        let origin = &self.jiit.site.origin;
        let encoded: String = url::form_urlencoded::byte_serialize(hidden.as_bytes()).collect();
        let switch = format!("{origin}/__sim/captcha?hidden={encoded}");
        (self.send(self.http.get(switch)).await.1, hidden.to_owned())
    }

    /// Sends the first phase with these captcha characters.
    async fn first_phase(&self, (letters, hidden): (&str, &str)) -> Value {
        let plain = json!({
            "username": ASHA.number, "usertype": "S",
            "captcha": { "captcha": letters, "hidden": hidden },
        });
        let sealed = encrypts(&plain);
        self.send_for_json(self.posts("/token/pretoken-check", sealed))
            .await
    }

    async fn second_phase(&self, begun: &Value, password: &str) -> Value {
        let mut plain = begun["response"].clone();
        let members = plain.as_object_mut().unwrap();
        members.remove("rejectedData");
        members.insert("Modulename".to_owned(), "STUDENTMODULE".into());
        members.insert("passwordotpvalue".to_owned(), password.into());
        let sealed = encrypts(&plain);
        self.send_for_json(self.posts("/token/generatewebtoken", sealed))
            .await
    }

    async fn signs_in(&self) -> Value {
        let (letters, hidden) = self.reads_a_picture().await;
        let begun = self.first_phase((&letters, &hidden)).await;
        self.second_phase(&begun, ASHA.password).await
    }
}

fn encrypts(plain: &Value) -> String {
    envelope::seal(today(), &plain.to_string())
}

fn local_name(day: Date) -> String {
    envelope::seal(day, &format!("abcd{}EFGHI", envelope::sequence(day)))
}

fn error(said: &Value) -> &str {
    said["status"]["errors"][0].as_str().unwrap_or_default()
}

#[test]
fn j04_the_portal_decrypts_what_clients_encrypt() {
    let day = |text: &str| {
        let format = time::macros::format_description!("[year]-[month]-[day]");
        Date::parse(text, &format).unwrap()
    };
    for (date, plain, sealed) in [
        (
            "2024-10-27",
            r#"{"username":"22000001","usertype":"S","captcha":{"captcha":"phw5n","hidden":"gmBctEffdSg="}}"#,
            "3SgYOV8yRg+7zYb0Yie5voe9kFQiX29eL3UdahOQl0uuWRcZer0JYPFwblrJU4Lc0hHa+vRfPjtEg5R6Bcj/AcS4wB/rpfXVzul83JBa5niB5goeH04/jRJ2klfsWxho",
        ),
        (
            "2026-09-30",
            r#"{"otppwd":"PWD","username":"22000001","passwordotpvalue":"S3cr3t!pass","Modulename":"STUDENTMODULE","random":"RANDOM-0001"}"#,
            "WsSMnQTrVm4f9tljD6YySgHPWVbolOpZhv/yGIRoKtqVanOyqqEh/FwLD72S75lL8U3M38PRhGdFBuQDKqgrU9PtXPvJdor3WEhltfMiYGpE0IdjZbKKWkrYqH2cabuM15lfVCAdpe5eRviVY5tt4NKuXYyTF2BW+AGDUgnRhzc=",
        ),
        (
            "2026-09-30",
            r#"{"passwordotpvalue":"p\u00e4ssw\u00f6rd"}"#,
            "MD7M9bLirC7kbgAsAodayBCzdSL+/bWZ4EO9/1PZRYKJw6YNj7a8Z1QFlH2Zi2px",
        ),
    ] {
        let opened = envelope::open(day(date), sealed).unwrap();
        assert_eq!(String::from_utf8(opened).unwrap(), plain);
        assert_eq!(envelope::seal(day(date), plain), sealed);
        assert_eq!(envelope::open(day("2026-10-01"), sealed), None);
    }
}

#[tokio::test]
async fn j06_a_request_without_todays_local_name_gets_no_answer() {
    let client = RawClient::opens().await;
    let (letters, hidden) = client.reads_a_picture().await;
    let begun = client.first_phase((&letters, &hidden)).await;
    assert_eq!(begun["status"]["responseStatus"], "Success");

    let yesterday = local_name(today() - Duration::days(1));
    for name in [None, Some(yesterday.as_str()), Some("AAAA"), Some("")] {
        let call = client
            .request(Method::POST, "/token/pretoken-check")
            .body("AAAA");
        let call = match name {
            Some(name) => call.header("LocalName", name),
            None => call,
        };
        let nothing = (StatusCode::OK, String::new());
        assert_eq!(client.send(call).await, nothing, "{name:?}");
    }
}

#[tokio::test]
async fn j07_a_captcha_is_a_name_and_a_picture_without_its_characters() {
    let client = RawClient::opens().await;

    let reply = client
        .send_for_json(client.request(Method::GET, "/token/getcaptcha"))
        .await;

    let captcha = &reply["response"]["captcha"];
    assert_eq!(captcha["captcha"], "");
    let decoded = |name: &str| STANDARD.decode(captcha[name].as_str().unwrap()).unwrap();
    assert_eq!(decoded("hidden").len(), 8);
    assert!(decoded("image").starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[tokio::test]
async fn j11_the_old_key_pair_works_where_the_portal_accepts_it() {
    let client = RawClient::opens().await;
    let pair = ("phw5n", "gmBctEffdSg=");
    let refused = client.first_phase(pair).await;
    assert_eq!(error(&refused), "Invalid captcha submitted..");

    client
        .jiit
        .portal
        .set(&json!({ "captcha_mode": "legacy_default" }));
    let begun = client.first_phase(pair).await;
    let reply = client.second_phase(&begun, ASHA.password).await;
    assert_eq!(reply["response"]["regdata"]["enrollmentno"], ASHA.number);
}

#[tokio::test]
async fn j15_the_token_that_links_the_phases_is_valid_once() {
    let client = RawClient::opens().await;
    let (letters, hidden) = client.reads_a_picture().await;
    let begun = client.first_phase((&letters, &hidden)).await;
    let first = client.second_phase(&begun, ASHA.password).await;
    assert_eq!(first["status"]["responseStatus"], "Success");
    let second = client.second_phase(&begun, ASHA.password).await;
    assert_eq!(error(&second), "Invalid Login Credential!");

    // A captcha is valid once.
    let again = client.first_phase((&letters, &hidden)).await;
    assert_eq!(error(&again), "Invalid captcha submitted..");

    // Three wrong passwords use up a token; on a stricter portal one does.
    let tries = async |knob: &str| {
        client
            .jiit
            .portal
            .set(&json!({ "random_on_failure": knob }));
        let (letters, hidden) = client.reads_a_picture().await;
        let begun = client.first_phase((&letters, &hidden)).await;
        let mut tries = 0;
        while error(&client.second_phase(&begun, "a guess").await) == "Invalid Password" {
            tries += 1;
        }
        tries
    };
    assert_eq!(tries("keep").await, 3);
    assert_eq!(tries("burn").await, 1);
}

#[tokio::test]
async fn j18_a_token_names_its_expiry() {
    let client = RawClient::opens().await;

    let reply = client.signs_in().await;

    let token = reply["response"]["regdata"]["token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    // pyjiit decodes the payload as if it were padded.
    let claims: Value = serde_json::from_slice(&STANDARD.decode(claims).unwrap()).unwrap();
    let lives_for = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lives_for, 90_000);
    assert_eq!(claims["iss"], "http://campuslynx.com");
}

#[tokio::test]
async fn j19_a_token_reads_the_record_of_its_owner_only() {
    const RECORD: &str = "/studentpersinfo/getstudent-personalinformation";
    let client = RawClient::opens().await;
    let reply = client.signs_in().await;
    let regdata = &reply["response"]["regdata"];
    let institute = regdata["institutelist"][0]["value"].as_str().unwrap();
    let token = regdata["token"].as_str().unwrap();
    let request = |token: &str, body: Value| {
        let call = client.posts(RECORD, body.to_string());
        call.header("Content-Type", "application/json")
            .bearer_auth(token)
    };

    let page = client
        .send_for_json(request(token, json!({ "instituteid": institute })))
        .await;
    let record = &page["response"]["generalinformation"];
    assert_eq!(record["registrationno"], ASHA.number);
    let (status, _) = client
        .send(request("forged", json!({ "instituteid": institute })))
        .await;
    assert_eq!(status, 401);
    let (status, _) = client
        .send(request(token, json!({ "instituteid": "another" })))
        .await;
    assert_eq!(status, 417);
    client.jiit.portal.set(&json!({ "need_clinetid": true }));
    let (status, _) = client
        .send(request(token, json!({ "instituteid": institute })))
        .await;
    assert_eq!(status, 500);
    // The token has expired after 25 hours.
    client
        .jiit
        .portal
        .set(&json!({ "need_clinetid": false, "clock_offset_s": 90_001 }));
    let late = client.request(Method::POST, RECORD).bearer_auth(token);
    let day = jiit::today(client.jiit.portal.now());
    let late = late.header("LocalName", local_name(day));
    assert_eq!(client.send(late.body("{}")).await.0, 401);
}

#[tokio::test]
async fn j21_a_request_with_a_foreign_origin_is_refused() {
    let client = RawClient::opens().await;
    let request = |origin: &str| {
        client
            .request(Method::GET, "/token/getcaptcha")
            .header("Origin", origin)
    };

    let (status, text) = client.send(request("https://evil.example")).await;
    assert_eq!(
        (status.as_u16(), text.as_str()),
        (403, "Invalid CORS request")
    );
    let (status, _) = client.send(request(&client.jiit.site.origin)).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn malformed_bodies_get_the_answers_of_the_real_portal() {
    const FIRST: &str = "/token/pretoken-check";
    let client = RawClient::opens().await;
    let quoted = format!("\"{}\"", encrypts(&json!({})));
    let (status, text) = client.send(client.posts(FIRST, quoted.clone())).await;
    assert_eq!(status, 400);
    assert!(text.contains("HttpMessageNotReadableException"));
    client.jiit.portal.set(&json!({ "accept_quoted": true }));
    let reply = client.send_for_json(client.posts(FIRST, quoted)).await;
    assert_eq!(error(&reply), "Invalid captcha submitted..");
    let no_object = envelope::seal(today(), "no object");
    let reply = client.send_for_json(client.posts(FIRST, no_object)).await;
    assert_eq!(error(&reply), "Inavlid Input Supplied (@BODY)");
    let form = client.posts(FIRST, "AAAA");
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(client.send(form).await, (StatusCode::OK, String::new()));
    for retired in ["/token/generate-token1", "/token/generatetoken"] {
        let (status, text) = client
            .send(client.posts(retired, encrypts(&json!({}))))
            .await;
        assert_eq!(status, 404);
        assert!(text.contains("\"status\":404"), "{text}");
    }
}

#[tokio::test]
async fn the_further_endpoints_of_the_portal_exist() {
    let client = RawClient::opens().await;
    let reply = client.signs_in().await;
    let token = reply["response"]["regdata"]["token"].as_str().unwrap();
    let refresh = |date: &str| {
        let body = json!({ "username": ASHA.number, "tokendate": date });
        let call = client.posts("/token/refreshTokenRequest", body.to_string());
        call.bearer_auth(token)
    };
    let page = client.send_for_json(refresh("21/11/2026")).await;
    assert_eq!(page["status"]["responseStatus"], "Success");
    let (status, text) = client.send(refresh("2026-11-21")).await;
    assert!(status == 500 && text.contains("IllegalArgumentException"));

    let meta = "/StudentClassAttendance/getstudentInforegistrationforattendence";
    let body = json!({ "clientid": "JAYPEE", "instituteid": "11IN1902J000001", "membertype": "S" });
    let page = client
        .send_for_json(client.posts(meta, body.to_string()).bearer_auth(token))
        .await;
    assert_eq!(page["response"]["headerlist"][0]["branchdesc"], "ECE");

    let google = || {
        let body = json!({ "googleToken": "sim-google:22000001", "modulename": "studentportal" });
        client.posts("/token/generatetokengooglesignin", body.to_string())
    };
    assert_eq!(client.send(google()).await.0, 404);
    client.jiit.portal.set(&json!({ "google": true }));
    let page = client.send_for_json(google()).await;
    assert_eq!(page["response"]["Username"], "22000001@mail.jiit.ac.in");
}

#[tokio::test]
async fn the_control_endpoints_set_all_or_nothing_and_show_names_only() {
    let client = RawClient::opens().await;
    let switch = |name: &str| format!("{}/__sim/{name}", client.jiit.site.origin);
    let turns = |knobs: Value| client.http.post(switch("config")).json(&knobs);
    let (status, _) = client
        .send(turns(json!({ "latency_ms": 1, "no_such_knob": true })))
        .await;
    assert_eq!(status, 400);
    let (status, _) = client
        .send(turns(json!({ "fail": { "/token/getcaptcha": "513" } })))
        .await;
    assert_eq!(status, 204);
    let (status, _) = client
        .send(client.request(Method::GET, "/token/getcaptcha"))
        .await;
    assert_eq!(status, 513);
    client.send(client.http.post(switch("reset"))).await;
    client.signs_in().await;

    let (_, shown) = client.send(client.http.get(switch("requests"))).await;
    assert!(shown.contains("passwordotpvalue") && shown.contains("localname"));
    for secret in client.jiit.portal.secrets().made {
        assert!(!shown.contains(&secret));
    }
    assert!(!shown.contains(ASHA.password));
}

//! What the simulators share: a server on a loopback port, optionally with TLS, a log of requests, and
//! faults that can be set for each path.
//!
//! A simulator is an [`axum::Router`] that behaves correctly; every malfunction is a [`Fault`].

pub mod authority;
pub mod command;
pub mod fault;
pub mod requests;
pub mod site;

/// What a simulator's control routes read and set. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    pub requests: requests::Requests,
    pub faults: fault::Faults,
}

/// A response extension: closes the connection instead of sending the response.
#[derive(Debug, Clone, Copy)]
pub struct HangUp;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use authority::Authority;
    use axum::Router;
    use axum::http::header;
    use axum::routing::post;
    use fault::Fault;
    use site::Site;

    use super::*;

    async fn echo(authority: Option<&Authority>) -> Site {
        let router = Router::new().route("/echo", post(async |body: String| body));
        Site::opens(
            "127.0.0.1:0".parse().unwrap(),
            authority,
            Watch::default(),
            router,
        )
        .await
    }

    fn client(authority: Option<&Authority>) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(1));
        let roots =
            authority.map(|it| reqwest::Certificate::from_pem(it.pem().as_bytes()).unwrap());
        client.tls_certs_only(roots).build().unwrap()
    }

    async fn reads(site: &Site) -> reqwest::Result<String> {
        asks(site).await?.text().await
    }

    async fn asks(site: &Site) -> reqwest::Result<reqwest::Response> {
        let form = [("user_id", "21CS10001"), ("password", "hunter2")];
        let asked = client(None)
            .post(format!("{}/echo?a=b", site.origin))
            .form(&form);
        asked.send().await
    }

    #[tokio::test]
    async fn the_log_has_names_and_no_values() {
        let site = echo(None).await;
        let text = asks(&site).await.unwrap().text().await.unwrap();
        assert_eq!(text, "user_id=21CS10001&password=hunter2");

        let asked = site.watch.requests.all();
        assert_eq!(asked.len(), 1);
        assert_eq!(
            (asked[0].method.as_str(), asked[0].path.as_str()),
            ("POST", "/echo")
        );
        assert_eq!(asked[0].fields, ["a", "user_id", "password"]);
        assert!(!serde_json::to_string(&asked).unwrap().contains("hunter2"));
    }

    #[tokio::test]
    async fn with_tls_only_who_trusts_its_authority_is_served() {
        let (authority, other) = (Authority::new(), Authority::new());
        let site = echo(Some(&authority)).await;
        let address = format!("{}/echo", site.origin);
        assert!(address.starts_with("https://127.0.0.1:"));

        let heard = client(Some(&authority))
            .post(&address)
            .body("hello")
            .send()
            .await
            .unwrap();
        assert_eq!(heard.text().await.unwrap(), "hello");
        assert!(client(Some(&other)).post(&address).send().await.is_err());
    }

    #[tokio::test]
    async fn a_fault_lasts_until_it_is_mended() {
        let site = echo(None).await;
        site.watch.faults.set("/echo", Fault::Status(503));
        assert_eq!(asks(&site).await.unwrap().status(), 503);
        assert_eq!(asks(&site).await.unwrap().status(), 503);
        site.watch.faults.mend();
        assert_eq!(asks(&site).await.unwrap().status(), 200);
        site.watch.faults.set("/elsewhere", Fault::Close);
        assert_eq!(asks(&site).await.unwrap().status(), 200);
        site.watch.faults.set("", Fault::Close);
        assert!(asks(&site).await.is_err());
    }

    #[tokio::test]
    async fn faults_are_what_their_names_say() {
        let site = echo(None).await;
        let set = |fault: &str| site.watch.faults.set("/echo", fault.parse().unwrap());

        set("html");
        let heard = asks(&site).await.unwrap();
        assert_eq!(
            heard.headers()[header::CONTENT_TYPE],
            "text/html;charset=UTF-8"
        );
        assert!(heard.text().await.unwrap().contains("<html"));
        set("garbage");
        assert!(
            String::from_utf8(asks(&site).await.unwrap().bytes().await.unwrap().to_vec()).is_err()
        );
        set("empty");
        assert_eq!(asks(&site).await.unwrap().text().await.unwrap(), "");
        for slow in ["late", "drip"] {
            set(slow);
            assert!(reads(&site).await.unwrap_err().is_timeout(), "{slow}");
        }
        set("cut");
        assert!(!reads(&site).await.unwrap_err().is_timeout());
        set("loop");
        assert_eq!(
            asks(&site).await.unwrap().headers()[header::LOCATION],
            "/echo?a=b"
        );
        site.watch
            .faults
            .set("/echo", Fault::replace("hunter2", "*"));
        assert!(
            asks(&site)
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
                .ends_with("password=*")
        );
        assert!("broken".parse::<Fault>().is_err());
    }
}

//! OAuth client libraries from their registries sign a student in, and so do clients as campus apps have them.
//!
//! The programs are in `tests/clients`. Each prints the address to open, reads the callback address, and prints what
//! it got.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::support::World;

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

fn installed(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/clients")
        .join(name);
    assert!(
        path.exists(),
        "{} is missing: run script/setup test",
        path.display()
    );
    path
}

pub fn python(program: &str) -> Command {
    let mut command = Command::new(installed("python/bin/python"));
    command.arg(clients().join("python").join(program));
    command
}

fn node(program: &str) -> Command {
    assert!(
        clients().join("node/node_modules").exists(),
        "the libraries for Node are missing: run script/setup test"
    );
    let mut command = Command::new("node");
    command.arg(clients().join("node").join(program));
    command
}

/// Runs the program through a sign-in; `on_the_way` may change the callback address. Returns its output.
async fn plays(
    world: &World,
    mut command: Command,
    on_the_way: impl Fn(String) -> String,
) -> Result<Value, String> {
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let mut program = command
        .env("ISSUER", world.base.trim_end_matches('/'))
        .env("CLIENT_ID", &canteen.client_id)
        .env("CLIENT_SECRET", canteen.client_secret.as_ref().unwrap())
        .env("REDIRECT_URI", &canteen.redirect_uris[0])
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|problem| panic!("{command:?}: {problem}: run script/setup test"));
    let mut says = BufReader::new(program.stdout.take().unwrap()).lines();

    if let Some(line) = says.next_line().await.unwrap() {
        let link: Value = serde_json::from_str(&line).unwrap();
        let consent = asha.visits(link["authorize"].as_str().unwrap()).await;
        let back = consent.presses("allow").await.location();
        let mut hears = program.stdin.take().unwrap();
        hears
            .write_all(format!("{}\n", on_the_way(back.into())).as_bytes())
            .await
            .unwrap();
    }

    let end = says.next_line().await.unwrap();
    let ended = program.wait_with_output().await.unwrap();
    let problem = String::from_utf8_lossy(&ended.stderr).into_owned();
    end.filter(|_| ended.status.success())
        .map(|line| serde_json::from_str(&line).unwrap())
        .ok_or(problem)
}

/// Signs in, reads, refreshes and revokes. The outcome is checked at the server as well as in the output.
async fn signs_in(command: Command) {
    let world = World::new().await;
    let canteen = world.canteen();

    let run = plays(&world, command, |back| back).await.unwrap();

    let id = world.person("asha").await.id;
    assert_eq!(
        run["person"],
        serde_json::json!({ "id": id, "first_name": "Asha", "last_name": "D’Souza" })
    );
    assert_eq!(run["revoked"], true);
    let token = |pair: &str, name: &str| {
        run[pair][name]
            .as_str()
            .unwrap_or_else(|| panic!("{pair} {name}: {run}"))
            .to_owned()
    };
    assert_ne!(
        token("tokens", "access_token"),
        token("refreshed", "access_token")
    );
    assert_ne!(
        token("tokens", "refresh_token"),
        token("refreshed", "refresh_token")
    );
    for pair in ["tokens", "refreshed"] {
        canteen
            .reads(&token(pair, "access_token"), "")
            .await
            .detail(401);
    }
    canteen
        .tries_to_refresh(&token("refreshed", "refresh_token"), &[])
        .await
        .refuses(400, "invalid_grant");
}

#[tokio::test]
async fn requests_oauthlib_for_python_signs_in() {
    signs_in(python("requests_oauthlib_client.py")).await;
}

#[tokio::test]
async fn authlib_for_python_signs_in() {
    signs_in(python("authlib_client.py")).await;
}

#[tokio::test]
async fn openid_client_for_node_signs_in() {
    signs_in(node("openid-client.mjs")).await;
}

#[tokio::test]
async fn simple_oauth2_for_node_signs_in() {
    signs_in(node("simple-oauth2.mjs")).await;
}

#[tokio::test]
async fn x_oauth2_for_go_signs_in() {
    signs_in(Command::new(installed("go-client"))).await;
}

#[tokio::test]
async fn a_client_without_escaping_signs_in() {
    signs_in(python("unescaped_client.py")).await;
}

/// RFC 9207: a response of another authorization server (mix-up) has another issuer, and the library refuses it.
#[tokio::test]
async fn openid_client_refuses_a_response_of_another_issuer() {
    let world = World::new().await;
    let issuer: String =
        url::form_urlencoded::byte_serialize(world.base.trim_end_matches('/').as_bytes()).collect();
    let swap = |back: String| {
        let swapped = back.replace(&issuer, "https%3A%2F%2Fevil.example");
        assert_ne!(swapped, back);
        swapped
    };

    let problem = plays(&world, node("openid-client.mjs"), swap)
        .await
        .unwrap_err();

    assert!(problem.contains("iss"), "{problem}");
}

#[tokio::test]
async fn oauth2_for_rust_signs_in() {
    use oauth2::basic::BasicClient;
    use oauth2::*;

    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    // The library revokes tokens over https only: like a TLS proxy, this name leads to the server.
    let https = world.base.replace("http://", "https://");
    let app = BasicClient::new(ClientId::new(canteen.client_id.clone()))
        .set_client_secret(ClientSecret::new(canteen.client_secret.clone().unwrap()))
        .set_auth_uri(AuthUrl::new(format!("{}oauth/authorize/", world.base)).unwrap())
        .set_token_uri(TokenUrl::new(format!("{https}oauth/token/")).unwrap())
        .set_revocation_url(RevocationUrl::new(format!("{https}oauth/revoke_token/")).unwrap())
        .set_redirect_uri(RedirectUrl::new(canteen.redirect_uris[0].clone()).unwrap());
    let carry = |request: HttpRequest| {
        let (parts, body) = request.into_parts();
        let address = parts.uri.to_string().replace("https://", "http://");
        let sent = canteen
            .request(parts.method, &address)
            .headers(parts.headers)
            .body(body)
            .send();
        async move {
            let answer = sent.await?;
            let mut response = HttpResponse::new(Vec::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?.to_vec();
            Ok::<_, reqwest::Error>(response)
        }
    };

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scopes = ["basic", "profile"].map(|scope| Scope::new(scope.to_owned()));
    let (link, state) = app
        .authorize_url(CsrfToken::new_random)
        .add_scopes(scopes)
        .set_pkce_challenge(challenge)
        .url();
    let back = canteen.receives(&asha.visits(link.as_str()).await.presses("allow").await);
    assert_eq!(back.get("state").as_ref(), Some(state.secret()));
    let code = AuthorizationCode::new(back.code());
    let first = app
        .exchange_code(code)
        .set_pkce_verifier(verifier)
        .request_async(&carry)
        .await
        .unwrap();
    let read = canteen
        .reads(first.access_token().secret(), "fields=first_name")
        .await
        .good();
    let second = app
        .exchange_refresh_token(first.refresh_token().unwrap())
        .request_async(&carry)
        .await
        .unwrap();
    canteen
        .reads(second.access_token().secret(), "")
        .await
        .good();
    let kept = StandardRevocableToken::from(second.refresh_token().unwrap());
    app.revoke_token(kept)
        .unwrap()
        .request_async(&carry)
        .await
        .unwrap();

    assert_eq!(read["first_name"], "Asha");
    assert_eq!(first.expires_in().unwrap().as_secs(), 36_000);
    canteen
        .reads(second.access_token().secret(), "")
        .await
        .detail(401);
}

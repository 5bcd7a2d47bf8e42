//! Malformed input of every kind gets a clear refusal, never a 500, and the next request is served.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Answer, App, World, asha_uses_the_canteen};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn is_still_served(world: &World) {
    assert_eq!(world.visitor().gets("health/ready").await.status, 200);
}

/// The host and port of the server.
fn host(world: &World) -> &str {
    let address = world.base.trim_start_matches("http://");
    address.trim_end_matches('/')
}

/// Sends these bytes and returns what comes back within five seconds.
async fn raw(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(host(world)).await.unwrap();
    // The server may close the connection before everything is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn posts(canteen: &App, body: Vec<u8>) -> Answer {
    let request = canteen
        .request(Method::POST, "oauth/token/")
        .header("authorization", canteen.basic());
    Answer::to(request.header(FORM.0, FORM.1).body(body)).await
}

#[tokio::test]
async fn no_query_or_path_causes_a_500() {
    let (world, asha, canteen, pair) = asha_uses_the_canteen().await;
    let odd = [
        "%00",
        "%FF%FE",
        "%",
        "%zz",
        "%E2%80%AE",
        "%0d%0aSet-Cookie:%20a=b",
        "'%3B--",
        "..%2f..%2f",
        "%F0%9F%8D%9B",
        &"x".repeat(4000),
    ];

    for word in odd {
        for address in [
            format!("oauth/authorize/?client_id={word}&response_type=code"),
            format!(
                "oauth/authorize/?client_id={}&response_type=code&state={word}",
                canteen.client_id
            ),
            format!(
                "oauth/authorize/?client_id={}&response_type=code&scope={word}",
                canteen.client_id
            ),
            format!(
                "oauth/authorize/?client_id={}&response_type={word}",
                canteen.client_id
            ),
            format!(
                "oauth/authorize/?client_id={}&response_type=code&redirect_uri={word}",
                canteen.client_id
            ),
            format!(
                "oauth/authorize/?client_id={}&response_type=code&code_challenge={word}&code_challenge_method=S256",
                canteen.client_id
            ),
            format!("oauth/authorize/{word}"),
            format!("oauth/applications/{word}/"),
            format!("account/login/?next={word}"),
            format!("account/login/{word}/"),
            format!("doc/{word}/"),
            format!("static/{word}"),
            format!("media/profile_picture/{word}"),
            word.to_owned(),
        ] {
            let answer = raw_get(&world, &address, &asha.cookies(), "").await;
            assert!(
                !answer.starts_with("HTTP/1.1 5") && answer.starts_with("HTTP/1.1 "),
                "{address}: {answer}"
            );
            let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
            assert!(!head.contains("\nset-cookie: a=b"), "{address}: {head}");
        }
        let bearer = format!("authorization: Bearer {}\r\n", pair.access);
        let answer = raw_get(
            &world,
            &format!("user/api/user/?fields={word}"),
            "",
            &bearer,
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 200"),
            "{word}: {answer}"
        );
    }
    is_still_served(&world).await;
}

async fn raw_get(world: &World, path: &str, cookies: &str, more: &str) -> String {
    let request = format!(
        "GET /{path} HTTP/1.1\r\nhost: x\r\ncookie: {cookies}\r\n{more}connection: close\r\n\r\n"
    );
    raw(world, request.as_bytes()).await
}

#[tokio::test]
async fn no_request_body_causes_a_500() {
    let (world, _asha, canteen, _) = asha_uses_the_canteen().await;
    let many: Vec<_> = (0..100_000).map(|number| format!("p{number}=1")).collect();

    for body in [
        b"grant_type=authorization_code&code=%00".to_vec(),
        b"grant_type=authorization_code&code=\xff\xfe".to_vec(),
        b"grant_type=refresh_token&refresh_token=%00%00".to_vec(),
        b"grant_type=refresh_token&refresh_token=x&scope=%00".to_vec(),
        b"grant_type=authorization_code&code=x&redirect_uri=%00&code_verifier=%00".to_vec(),
        b"grant_type=refresh_token&refresh_token=x&refresh_token=y".to_vec(),
        format!("grant_type=authorization_code&code={}", "x".repeat(100_000)).into_bytes(),
        format!("grant_type=authorization_code&{}&code=x", many.join("&")).into_bytes(),
        vec![b'x'; 10 * 1024 * 1024],
        vec![0; 1000],
    ] {
        let size = body.len();
        let answer = posts(&canteen, body).await;
        assert!(
            answer.status.is_client_error(),
            "{size} bytes: {}",
            answer.status
        );
    }
    is_still_served(&world).await;
}

#[tokio::test]
async fn a_repeated_parameter_at_the_token_endpoint_is_refused() {
    let (_world, _asha, canteen, pair) = asha_uses_the_canteen().await;

    let twice = format!(
        "grant_type=refresh_token&refresh_token={}&refresh_token={0}",
        pair.refresh
    );

    posts(&canteen, twice.into_bytes())
        .await
        .refuses(400, "invalid_request");
    canteen.refreshes(&pair).await;
}

#[tokio::test]
async fn a_compressed_body_is_not_decompressed() {
    let (world, _asha, canteen, _) = asha_uses_the_canteen().await;

    let request = canteen
        .request(Method::POST, "oauth/token/")
        .header("authorization", canteen.basic());
    let request = request
        .header("content-encoding", "gzip")
        .header(FORM.0, FORM.1)
        .body(vec![0x1f, 0x8b, 8, 0, 0]);
    let answer = Answer::to(request).await;

    assert!(answer.status.is_client_error(), "{}", answer.status);
    is_still_served(&world).await;
}

#[tokio::test]
async fn any_name_and_password_is_refused_like_a_wrong_one() {
    let world = World::new().await;

    for odd in [
        "\0",
        "asha\0",
        "' or 1=1 --",
        "*)(uid=*",
        "\u{202e}ahsa",
        "asha\n[2026] forged log line",
        &"x".repeat(50_000),
    ] {
        let form = world.visitor().visits("account/login/").await;
        let answer = form.signs_in(odd, odd).await;
        assert!(
            !answer.status.is_server_error(),
            "{odd:?}: {}",
            answer.status
        );
        assert!(
            answer.status != 200 || answer.offers("input[name=password]"),
            "{odd:?}: {}",
            answer.words()
        );
    }
    is_still_served(&world).await;
}

#[tokio::test]
async fn any_text_of_an_app_is_stored_unchanged_or_refused() {
    let world = World::new().await;
    let meera = world.student("meera").await;

    for odd in [
        "\0",
        "a\0b",
        "\u{202e}",
        "   ",
        &"x".repeat(50_000),
        "line\nbreak",
    ] {
        for field in [
            "name",
            "description",
            "website",
            "privacy_policy",
            "redirect_uris",
        ] {
            let form = meera.visits("oauth/applications/register/").await;
            let filled = form
                .fills("name", "Odd")
                .fills("description", "Odd")
                .fills("redirect_uris", "https://odd.example/cb")
                .fills(field, odd);
            let answer = filled.enters("redirect_uris").await;
            assert!(
                !answer.status.is_server_error(),
                "{field} {odd:?}: {}",
                answer.status
            );
        }
    }
    is_still_served(&world).await;
}

#[tokio::test]
async fn a_file_that_is_not_a_picture_is_refused_as_a_logo() {
    let world = World::new().await;
    let meera = world.student("meera").await;

    for (file, bytes) in [
        ("logo.png", b"<script>alert(1)</script>".to_vec()),
        (
            "logo.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(),
        ),
        ("logo.png", huge_png()),
        (
            "logo.png",
            include_bytes!("../support/asha.png")[..100].to_vec(),
        ),
        ("../../etc/passwd", vec![0; 3 * 1024 * 1024]),
    ] {
        let form = meera.visits("oauth/applications/register/").await;
        let answer = form
            .fills("name", "Painter")
            .fills("description", "Paints")
            .fills("redirect_uris", "https://painter.example/cb")
            .attaches("logo", file, bytes)
            .enters("redirect_uris")
            .await;
        assert!(
            !answer.status.is_server_error(),
            "{file}: {}",
            answer.status
        );
        assert!(
            answer.url.path().ends_with("/register/"),
            "{file}: {}",
            answer.url
        );
    }
    is_still_served(&world).await;
}

#[tokio::test]
async fn an_oversized_request_gets_a_response_before_the_connection_closes() {
    let world = World::new().await;
    for path in ["oauth/token/", "account/login/", "nowhere/"] {
        let mut stream = TcpStream::connect(host(&world)).await.unwrap();
        let body = vec![b'x'; 24 * 1024 * 1024];
        let head = format!(
            "POST /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );

        // Like a browser: sends everything before it reads.
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();

        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
    is_still_served(&world).await;
}

/// A small file that claims to be fifty thousand pixels square.
fn huge_png() -> Vec<u8> {
    let mut bytes = include_bytes!("../support/asha.png").to_vec();
    bytes[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    bytes
}

#[tokio::test]
async fn a_request_with_two_lengths_is_not_smuggled() {
    let world = World::new().await;

    let smuggled = "POST /oauth/token/ HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let twice = "POST /oauth/token/ HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde";
    let (smuggled, twice) = (
        raw(&world, smuggled.as_bytes()).await,
        raw(&world, twice.as_bytes()).await,
    );

    // RFC 9112 §6.1: the server may refuse, or read the chunks and close. It must not answer the second request
    // (request smuggling).
    assert!(
        smuggled.matches("HTTP/1.1 ").count() <= 2 && !smuggled.starts_with("HTTP/1.1 5"),
        "{smuggled}"
    );
    assert!(
        twice.is_empty() || twice.starts_with("HTTP/1.1 400"),
        "{twice}"
    );
    is_still_served(&world).await;
}

#[tokio::test]
async fn an_endless_header_is_cut_off() {
    let world = World::new().await;
    let endless = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-endless: {}\r\n\r\n",
        "x".repeat(5_000_000)
    );

    let answer = raw(&world, endless.as_bytes()).await;

    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    is_still_served(&world).await;
}

#[tokio::test]
async fn slow_clients_do_not_block_others() {
    let world = World::new().await;

    let mut dawdlers = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(host(&world)).await.unwrap();
        stream
            .write_all(
                b"POST /oauth/token/ HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\ngrant",
            )
            .await
            .unwrap();
        dawdlers.push(stream);
    }

    let asha = world.student("asha").await;
    world.connects(&asha, &world.canteen(), "basic").await;
    drop(dawdlers);
}

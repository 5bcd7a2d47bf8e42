// Signs a person in and reads who it is.
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::HashMap, error::Error};
use url::Url;

const BASE: &str = {{ base }};
const CLIENT_ID: &str = {{ client_id }};
const REDIRECT_URI: &str = {{ redirect_uri }};

type Answer = ureq::http::Response<ureq::Body>;

// A 4xx answer is an error.
fn post(path: &str, form: &[(&str, &str)]) -> Result<Answer, Box<dyn Error>> {
{%- if is_public %}
    let app = [("client_id", CLIENT_ID)];
{%- else %}
    let secret = std::env::var("CLIENT_SECRET")?;
    let app = [("client_id", CLIENT_ID), ("client_secret", &secret)];
{%- endif %}
    let form = app.iter().chain(form).copied();
    Ok(ureq::post(format!("{BASE}{path}")).send_form(form)?)
}

fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_default().to_owned()
}

fn random() -> String {
    BASE64URL.encode(rand::random::<[u8; 32]>())
}

fn main() -> Result<(), Box<dyn Error>> {
    // 1. Send the person here. Keep state and verifier in their session.
    let (state, verifier) = (random(), random());
    let challenge = BASE64URL.encode(Sha256::digest(&verifier));
    let link = Url::parse_with_params(
        &format!("{BASE}/oauth/authorize/"),
        [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", REDIRECT_URI),
            ("scope", {{ scope }}),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    )?;
    println!("Open this, then paste the address you come back to:\n{link}");

    // 2. They come back. Is it the answer to this question, and from here?
    let line = std::io::stdin().lines().next().ok_or("no address")??;
    let address = Url::parse(&line)?;
    let back: HashMap<_, _> = address.query_pairs().collect();
    let parameter = |name: &str| back.get(name).map(|value| &**value);
    if parameter("state") != Some(&state) || parameter("iss") != Some(BASE) {
        return Err("This is not the answer to my question.".into());
    }
    let Some(code) = parameter("code") else {
        return Err(parameter("error").unwrap_or("no code").into());
    };

    // 3. Trade the code for tokens, once.
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", &verifier),
    ];
    let tokens: Value = post("/oauth/token/", &form)?.body_mut().read_json()?;

    // 4. Read the person. What they did not allow is left out.
    let bearer = format!("Bearer {}", token(&tokens, "access_token"));
    let mut person = ureq::get(format!("{BASE}/user/api/user/"))
        .query("fields", {{ fields }})
        .header("Authorization", bearer)
        .call()?;
    println!("Signed in: {}", person.body_mut().read_to_string()?);

    // 5. Later: a fresh pair for the old one. Keep the new refresh token.
    let old = token(&tokens, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &old)];
    let tokens: Value = post("/oauth/token/", &form)?.body_mut().read_json()?;

    // 6. At the end: give it back.
    let last = token(&tokens, "refresh_token");
    post("/oauth/revoke_token/", &[("token", &last)])?;
    println!("Signed out.");
    Ok(())
}

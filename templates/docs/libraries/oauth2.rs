use oauth2::{basic::BasicClient, reqwest, *};

const BASE: &str = {{ base }};
const CLIENT_ID: &str = {{ client_id }};
const REDIRECT_URI: &str = {{ redirect_uri }};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let campus = BasicClient::new(ClientId::new(CLIENT_ID.into()))
{%- if not is_public %}
        .set_client_secret(ClientSecret::new(std::env::var("CLIENT_SECRET")?))
{%- endif %}
        .set_auth_uri(AuthUrl::new(format!("{BASE}/oauth/authorize/"))?)
        .set_token_uri(TokenUrl::new(format!("{BASE}/oauth/token/"))?)
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into())?);
    let http = reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;

    // Send the person to this address; keep state and verifier in their session.
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (link, state) = campus
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new({{ scope }}.into()))
        .set_pkce_challenge(challenge)
        .url();
    println!("{link}");
    let line = std::io::stdin().lines().next().ok_or("no address")??;
    let address = reqwest::Url::parse(&line)?;
    let back: std::collections::HashMap<_, _> = address.query_pairs().collect();
    let parameter = |name: &str| back.get(name).map(|value| &**value);
    if parameter("state") != Some(state.secret()) || parameter("iss") != Some(BASE) {
        return Err("This is not the answer to my question.".into());
    }

    let code = parameter("code").ok_or("The person said no.")?;
    let tokens = campus
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(verifier)
        .request(&http)?;
    let person = http
        .get(format!("{BASE}/user/api/user/?fields={}", {{ fields }}))
        .bearer_auth(tokens.access_token().secret())
        .send()?;
    println!("{}", person.text()?);
    Ok(())
}

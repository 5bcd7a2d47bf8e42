# Signs a person in and reads who it is.
import base64, hashlib, json, os, secrets
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

BASE = {{ base }}
REDIRECT_URI = {{ redirect_uri }}
{% if is_public -%}
APP = {"client_id": {{ client_id }}}
{%- else -%}
APP = {
    "client_id": {{ client_id }},
    "client_secret": os.environ["CLIENT_SECRET"],
}
{%- endif %}


def post(path, form):  # a 4xx answer raises HTTPError
    return urlopen(BASE + path, urlencode({**APP, **form}).encode()).read()


# 1. Send the person here. Keep state and verifier in their session.
state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
digest = hashlib.sha256(verifier.encode()).digest()
print("Open this, then paste the address you come back to:")
print(BASE + "/oauth/authorize/?" + urlencode({
    "response_type": "code",
    "client_id": APP["client_id"],
    "redirect_uri": REDIRECT_URI,
    "scope": {{ scope }},
    "state": state,
    "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
}), flush=True)

# 2. They come back. Is it the answer to this question, and from here?
back = {k: v[0] for k, v in parse_qs(urlsplit(input().strip()).query).items()}
if back.get("state") != state or back.get("iss") != BASE:
    raise SystemExit("This is not the answer to my question.")
if "error" in back:
    raise SystemExit(back["error"])

# 3. Trade the code for tokens, once.
tokens = json.loads(post("/oauth/token/", {
    "grant_type": "authorization_code",
    "code": back["code"],
    "redirect_uri": REDIRECT_URI,
    "code_verifier": verifier,
}))

# 4. Read the person. What they did not allow is left out.
user = BASE + "/user/api/user/?" + urlencode({"fields": {{ fields }}})
bearer = {"Authorization": "Bearer " + tokens["access_token"]}
print("Signed in:", urlopen(Request(user, headers=bearer)).read().decode())

# 5. Later: a fresh pair for the old one. Keep the new refresh token.
tokens = json.loads(post("/oauth/token/", {
    "grant_type": "refresh_token",
    "refresh_token": tokens["refresh_token"],
}))

# 6. At the end: give it back.
post("/oauth/revoke_token/", {"token": tokens["refresh_token"]})
print("Signed out.")

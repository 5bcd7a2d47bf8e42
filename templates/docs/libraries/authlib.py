import os
from authlib.integrations.requests_client import OAuth2Session

BASE = {{ base }}
VERIFIER = os.urandom(32).hex()  # a new one for each sign-in

app = OAuth2Session(
    {{ client_id }},
{%- if not is_public %}
    os.environ["CLIENT_SECRET"],
{%- endif %}
    redirect_uri={{ redirect_uri }},
    scope={{ scope }},
    code_challenge_method="S256",
{%- if is_public %}
    token_endpoint_auth_method="none",
{%- endif %}
    token_endpoint=BASE + "/oauth/token/",  # so that it refreshes by itself
)

# Send the person to this address; keep state and verifier in their session.
link, state = app.create_authorization_url(
    BASE + "/oauth/authorize/", code_verifier=VERIFIER)
print(link, flush=True)
address = input().strip()

# It refuses an answer with another state.
app.fetch_token(authorization_response=address, state=state, code_verifier=VERIFIER)
person = app.get(BASE + "/user/api/user/", params={"fields": {{ fields }}})
print(person.json())

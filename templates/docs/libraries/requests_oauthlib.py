import os
from requests_oauthlib import OAuth2Session

BASE = {{ base }}
{% if is_public -%}
SECRET = {"client_secret": None, "include_client_id": True}
{%- else -%}
SECRET = {"client_secret": os.environ["CLIENT_SECRET"]}
{%- endif %}

app = OAuth2Session(
    {{ client_id }},
    redirect_uri={{ redirect_uri }},
    scope={{ scope }},
    pkce="S256",
)

# Send the person to this address; keep app until they are back.
link, state = app.authorization_url(BASE + "/oauth/authorize/")
print(link, flush=True)
address = input().strip()

# The person may have unticked something: less than you asked for is no error.
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"
app.fetch_token(BASE + "/oauth/token/", authorization_response=address, **SECRET)
person = app.get(BASE + "/user/api/user/", params={"fields": {{ fields }}})
print(person.json())

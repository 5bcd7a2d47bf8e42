"""Signs a person in with requests-oauthlib, reads the user API, refreshes and revokes."""

import json
import os
import sys

# The library requires https; the server on this machine has no TLS.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from requests_oauthlib import OAuth2Session

issuer, client_id, secret = os.environ["ISSUER"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
app = OAuth2Session(client_id, redirect_uri=os.environ["REDIRECT_URI"], scope=["basic", "profile"])

# Print the authorization request, and read the callback address.
address, state = app.authorization_url(f"{issuer}/oauth/authorize/")
print(json.dumps({"authorize": address}), flush=True)
back = sys.stdin.readline().strip()

# Exchange the code and read the user API.
tokens = app.fetch_token(f"{issuer}/oauth/token/", authorization_response=back, client_secret=secret)
person = app.get(f"{issuer}/user/api/user/?fields=first_name,last_name").json()

# Refresh the tokens, then revoke them.
refreshed = app.refresh_token(f"{issuer}/oauth/token/", auth=(client_id, secret))
url, headers, body = app._client.prepare_token_revocation_request(
    f"{issuer}/oauth/revoke_token/", refreshed["refresh_token"], token_type_hint="refresh_token"
)
revoked = requests.post(url, headers=headers, data=body, auth=(client_id, secret))

print(json.dumps({"tokens": tokens, "person": person, "refreshed": refreshed, "revoked": revoked.ok}))

"""Signs a person in with Authlib, reads the user API, refreshes and revokes."""

import json
import os
import sys

# The library requires https; the server on this machine has no TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

issuer = os.environ["ISSUER"]
app = OAuth2Session(
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    redirect_uri=os.environ["REDIRECT_URI"],
    scope="basic profile",
    code_challenge_method="S256",
    revocation_endpoint_auth_method="client_secret_basic",
)

# Print the authorization request, and read the callback address.
verifier = generate_token(48)
address, state = app.create_authorization_url(f"{issuer}/oauth/authorize/", code_verifier=verifier)
print(json.dumps({"authorize": address}), flush=True)
back = sys.stdin.readline().strip()

# Exchange the code and read the user API.
tokens = app.fetch_token(f"{issuer}/oauth/token/", authorization_response=back, state=state, code_verifier=verifier)
person = app.get(f"{issuer}/user/api/user/?fields=first_name,last_name").json()

# Refresh the tokens, then revoke them.
refreshed = app.refresh_token(f"{issuer}/oauth/token/")
revoked = app.revoke_token(f"{issuer}/oauth/revoke_token/", refreshed["refresh_token"], token_type_hint="refresh_token")

print(json.dumps({"tokens": tokens, "person": person, "refreshed": refreshed, "revoked": revoked.ok}))

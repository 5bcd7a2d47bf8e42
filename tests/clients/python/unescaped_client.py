"""Signs a person in as old campus apps do: addresses and bodies are concatenated without escaping."""

import base64
import http.client
import json
import os
import sys
from urllib.parse import urlsplit

issuer, client_id, secret = os.environ["ISSUER"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
redirect_uri = os.environ["REDIRECT_URI"]
basic = "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(urlsplit(issuer).netloc)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def post(path, body):
    form = {"Authorization": basic, "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return call("POST", path, body, form)


# Print the authorization request, and read the callback address.
address = f"{issuer}/oauth/authorize/?client_id={client_id}&response_type=code&scope=basic profile&redirect_uri={redirect_uri}"
print(json.dumps({"authorize": address}), flush=True)
code = sys.stdin.readline().strip().split("code=")[1].split("&")[0]

# Exchange the code and read the user API.
status, text = post("/sso/oauth/token/", "code=" + code + "&redirect_uri=" + redirect_uri + "&grant_type=authorization_code")
tokens = json.loads(text)
if "access_token" not in tokens:
    sys.exit(tokens["error"])
bearer = {"Authorization": "Bearer " + tokens["access_token"], "Content-Type": "application/json"}
status, text = call("GET", "/profiles/user/api/user/?fields=first_name,last_name", headers=bearer)
person = json.loads(text)

# Refresh the tokens, then revoke them.
status, text = post("/profiles/oauth/token", "grant_type=refresh_token&refresh_token=" + tokens["refresh_token"])
refreshed = json.loads(text)
status, text = post(
    "/sso/oauth/revoke_token/", "token=" + refreshed["access_token"] + "&client_id=" + client_id + "&client_secret=" + secret
)

print(json.dumps({"tokens": tokens, "person": person, "refreshed": refreshed, "revoked": status == 200}))

# Signs a person in and reads who it is.
set -eu
base={{ base }}
client_id={{ client_id }}
redirect_uri={{ redirect_uri }}
base_encoded={{ base_encoded }}
redirect_uri_encoded={{ redirect_uri_encoded }}

post() { # path, then name=value pairs; a 4xx answer ends the program
  path=$1; shift
  for pair do set -- "$@" --data-urlencode "$pair"; shift; done
{%- if is_public %}
  curl --silent --show-error --fail-with-body "$base$path" "$@" \
    --data-urlencode "client_id=$client_id"
{%- else %}
  # The secret goes in through a pipe: command lines can be read by others.
  printf 'data-urlencode = "client_secret=%s"\n' "$CLIENT_SECRET" |
    curl --silent --show-error --fail-with-body "$base$path" "$@" \
      --data-urlencode "client_id=$client_id" --config -
{%- endif %}
}
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
parameter() { printf '%s' "${back#*\?}" | tr '&' '\n' | sed -n "s/^$1=//p"; }
member() { printf '%s' "$tokens" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# 1. Send the person here. Keep state and verifier in their session.
state=$(openssl rand -hex 32)
verifier=$(openssl rand -hex 32)
challenge=$(printf '%s' "$verifier" | openssl dgst -sha256 -binary | base64url)
echo 'Open this, then paste the address you come back to:'
printf '%s' "$base/oauth/authorize/?response_type=code&client_id=$client_id" \
  "&redirect_uri=$redirect_uri_encoded" '&scope='{{ scope_encoded }} \
  "&state=$state&code_challenge=$challenge&code_challenge_method=S256"
echo

# 2. They come back. Is it the answer to this question, and from here?
read -r back
if [ "$(parameter state)" != "$state" ] ||
  [ "$(parameter iss)" != "$base_encoded" ]; then
  echo 'This is not the answer to my question.' >&2
  exit 1
fi
if [ -n "$(parameter error)" ]; then parameter error >&2; exit 1; fi

# 3. Trade the code for tokens, once.
tokens=$(post /oauth/token/ grant_type=authorization_code "code=$(parameter code)" \
  "redirect_uri=$redirect_uri" "code_verifier=$verifier")

# 4. Read the person. What they did not allow is left out.
curl --silent --show-error --fail-with-body --get "$base/user/api/user/" \
  --data-urlencode fields={{ fields }} \
  --header "Authorization: Bearer $(member access_token)"
echo

# 5. Later: a fresh pair for the old one. Keep the new refresh token.
tokens=$(post /oauth/token/ grant_type=refresh_token \
  "refresh_token=$(member refresh_token)")

# 6. At the end: give it back.
post /oauth/revoke_token/ "token=$(member refresh_token)"
echo 'Signed out.'

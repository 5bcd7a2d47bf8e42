<?php
// Signs a person in and reads who it is.
$base = {{ base }};
$redirect_uri = {{ redirect_uri }};
{% if is_public -%}
$app = ['client_id' => {{ client_id }}];
{%- else -%}
$app = [
    'client_id' => {{ client_id }},
    'client_secret' => getenv('CLIENT_SECRET'),
];
{%- endif %}

function ask(string $url, array $http): string
{
    $context = stream_context_create(['http' => $http + ['ignore_errors' => true]]);
    $body = file_get_contents($url, false, $context);
    if (!str_contains($http_response_header[0] ?? '', ' 200')) {
        throw new RuntimeException("$url: $body");
    }
    return $body;
}

function post(string $path, array $form): string
{
    global $base, $app;
    return ask($base . $path, [
        'method' => 'POST',
        'header' => 'Content-Type: application/x-www-form-urlencoded',
        'content' => http_build_query($app + $form),
    ]);
}

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

// 1. Send the person here. Keep state and verifier in their session.
$state = base64url(random_bytes(32));
$verifier = base64url(random_bytes(32));
echo "Open this, then paste the address you come back to:\n";
echo "$base/oauth/authorize/?", http_build_query([
    'response_type' => 'code',
    'client_id' => $app['client_id'],
    'redirect_uri' => $redirect_uri,
    'scope' => {{ scope }},
    'state' => $state,
    'code_challenge' => base64url(hash('sha256', $verifier, true)),
    'code_challenge_method' => 'S256',
]), "\n";

// 2. They come back. Is it the answer to this question, and from here?
parse_str(parse_url(trim(fgets(STDIN)), PHP_URL_QUERY) ?? '', $back);
if (($back['state'] ?? '') !== $state || ($back['iss'] ?? '') !== $base) {
    throw new RuntimeException('This is not the answer to my question.');
}
if (isset($back['error'])) {
    throw new RuntimeException($back['error']);
}

// 3. Trade the code for tokens, once.
$tokens = json_decode(post('/oauth/token/', [
    'grant_type' => 'authorization_code',
    'code' => $back['code'],
    'redirect_uri' => $redirect_uri,
    'code_verifier' => $verifier,
]));

// 4. Read the person. What they did not allow is left out.
$fields = http_build_query(['fields' => {{ fields }}]);
$bearer = "Authorization: Bearer $tokens->access_token";
echo 'Signed in: ', ask("$base/user/api/user/?$fields", ['header' => $bearer]), "\n";

// 5. Later: a fresh pair for the old one. Keep the new refresh token.
$tokens = json_decode(post('/oauth/token/', [
    'grant_type' => 'refresh_token',
    'refresh_token' => $tokens->refresh_token,
]));

// 6. At the end: give it back.
post('/oauth/revoke_token/', ['token' => $tokens->refresh_token]);
echo "Signed out.\n";

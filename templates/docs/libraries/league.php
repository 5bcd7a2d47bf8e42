<?php
require 'vendor/autoload.php';
session_start();

$base = {{ base }};
$fields = {{ fields }};
$campus = new League\OAuth2\Client\Provider\GenericProvider([
    'clientId' => {{ client_id }},
{%- if not is_public %}
    'clientSecret' => getenv('CLIENT_SECRET'),
{%- endif %}
    'redirectUri' => {{ redirect_uri }},
    'urlAuthorize' => "$base/oauth/authorize/",
    'urlAccessToken' => "$base/oauth/token/",
    'urlResourceOwnerDetails' => "$base/user/api/user/?fields=$fields",
    'scopes' => {{ scope }},
    'scopeSeparator' => ' ',
    'pkceMethod' => 'S256',
]);

if (!isset($_GET['code'])) {
    // Send the person off; state and verifier stay in their session.
    $link = $campus->getAuthorizationUrl();
    $_SESSION['state'] = $campus->getState();
    $_SESSION['verifier'] = $campus->getPkceCode();
    header("Location: $link");
    exit;
}
$known = $_SESSION['state'] ?? '';
if ($known === '' || $_GET['state'] !== $known || $_GET['iss'] !== $base) {
    exit('This is not the answer to my question.');
}
$campus->setPkceCode($_SESSION['verifier']);
$tokens = $campus->getAccessToken('authorization_code', ['code' => $_GET['code']]);
print_r($campus->getResourceOwner($tokens)->toArray());

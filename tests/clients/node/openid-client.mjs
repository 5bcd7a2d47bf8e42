// Signs a person in with openid-client, which reads the server's metadata.

import { webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline/promises'

// Debian's Node has this API behind a flag.
globalThis.crypto ??= webcrypto
const client = await import('openid-client')

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env
const server = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests], // the server on this machine has no TLS
})

// Print the authorization request, and read the callback address.
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const address = client.buildAuthorizationUrl(server, {
  redirect_uri: REDIRECT_URI,
  scope: 'basic profile',
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
console.log(JSON.stringify({ authorize: address }))
const lines = createInterface({ input: process.stdin })
const back = await new Promise((resolve) => lines.once('line', resolve))
lines.close()

// Exchange the code and read the user API.
const tokens = await client.authorizationCodeGrant(server, new URL(back), { pkceCodeVerifier, expectedState })
const user = new URL('/user/api/user/?fields=first_name,last_name', ISSUER)
const person = await (await client.fetchProtectedResource(server, tokens.access_token, user, 'GET')).json()

// Refresh the tokens, then revoke them.
const refreshed = await client.refreshTokenGrant(server, tokens.refresh_token)
await client.tokenRevocation(server, refreshed.refresh_token)

console.log(JSON.stringify({ tokens, person, refreshed, revoked: true }))

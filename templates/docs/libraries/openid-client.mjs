import { createInterface } from 'node:readline/promises'
import * as client from 'openid-client'

const base = new URL({{ base }})
const campus = await client.discovery(
  base,
  {{ client_id }},
  {% if is_public %}undefined{% else %}process.env.CLIENT_SECRET{% endif %},
  {% if is_public %}client.None(){% else %}undefined{% endif %},
  {
    algorithm: 'oauth2',
    // Only while you try things out on your own machine:
    execute: base.protocol === 'http:' ? [client.allowInsecureRequests] : [],
  },
)

// Send the person to this address; keep state and verifier in their session.
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const link = client.buildAuthorizationUrl(campus, {
  redirect_uri: {{ redirect_uri }},
  scope: {{ scope }},
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
console.log(link.href)
const lines = createInterface({ input: process.stdin })
const address = new URL(await lines.question(''))
lines.close()

// It refuses an answer with another state or iss.
const checks = { pkceCodeVerifier, expectedState }
const tokens = await client.authorizationCodeGrant(campus, address, checks)
const user = new URL(base.href.replace(/\/?$/, '/user/api/user/'))
user.searchParams.set('fields', {{ fields }})
const answer = await client.fetchProtectedResource(
  campus, tokens.access_token, user, 'GET')
console.log(await answer.json())

// Signs a person in with simple-oauth2, reads the user API, refreshes and revokes.

import { createInterface } from 'node:readline/promises'
import { AuthorizationCode } from 'simple-oauth2'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env
const app = new AuthorizationCode({
  client: { id: CLIENT_ID, secret: CLIENT_SECRET },
  auth: {
    tokenHost: ISSUER,
    tokenPath: '/oauth/token/',
    authorizePath: '/oauth/authorize/',
    revokePath: '/oauth/revoke_token/',
  },
  http: { json: 'force' }, // a revocation is answered with an empty body (RFC 7009), which has no type
})

// Print the authorization request, and read the callback address.
const authorize = app.authorizeURL({ redirect_uri: REDIRECT_URI, scope: ['basic', 'profile'], state: 's1' })
console.log(JSON.stringify({ authorize }))
const lines = createInterface({ input: process.stdin })
const back = new URL(await new Promise((resolve) => lines.once('line', resolve)))
lines.close()

// Exchange the code and read the user API.
const first = await app.getToken({ code: back.searchParams.get('code'), redirect_uri: REDIRECT_URI })
const user = new URL('/user/api/user/?fields=first_name,last_name', ISSUER)
const headers = { authorization: `Bearer ${first.token.access_token}` }
const person = await (await fetch(user, { headers })).json()

// Refresh the tokens, then revoke them.
const second = await first.refresh()
await second.revokeAll()

console.log(JSON.stringify({ tokens: first.token, person, refreshed: second.token, revoked: true }))

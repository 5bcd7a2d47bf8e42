// Signs a person in and reads who it is.
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'

const base = {{ base }}
const redirectUri = {{ redirect_uri }}
{% if is_public -%}
const app = { client_id: {{ client_id }} }
{%- else -%}
const app = {
  client_id: {{ client_id }},
  client_secret: process.env.CLIENT_SECRET,
}
{%- endif %}

async function post(path, form) {
  const body = new URLSearchParams({ ...app, ...form })
  const answer = await fetch(base + path, { method: 'POST', body })
  if (!answer.ok) throw new Error(await answer.text())
  return answer
}

// 1. Send the person here. Keep state and verifier in their session.
const state = randomBytes(32).toString('base64url')
const verifier = randomBytes(32).toString('base64url')
const link = new URL(base + '/oauth/authorize/')
link.search = new URLSearchParams({
  response_type: 'code',
  client_id: app.client_id,
  redirect_uri: redirectUri,
  scope: {{ scope }},
  state,
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
})
console.log('Open this, then paste the address you come back to:')
console.log(link.href)

// 2. They come back. Is it the answer to this question, and from here?
const lines = createInterface({ input: process.stdin })
const back = new URL(await lines.question('')).searchParams
lines.close()
if (back.get('state') !== state || back.get('iss') !== base) {
  throw new Error('This is not the answer to my question.')
}
if (back.has('error')) throw new Error(back.get('error'))

// 3. Trade the code for tokens, once.
let answer = await post('/oauth/token/', {
  grant_type: 'authorization_code',
  code: back.get('code'),
  redirect_uri: redirectUri,
  code_verifier: verifier,
})
let tokens = await answer.json()

// 4. Read the person. What they did not allow is left out.
const user = new URL(base + '/user/api/user/')
user.searchParams.set('fields', {{ fields }})
const headers = { authorization: `Bearer ${tokens.access_token}` }
answer = await fetch(user, { headers })
if (!answer.ok) throw new Error(await answer.text())
console.log('Signed in:', await answer.json())

// 5. Later: a fresh pair for the old one. Keep the new refresh token.
answer = await post('/oauth/token/', {
  grant_type: 'refresh_token',
  refresh_token: tokens.refresh_token,
})
tokens = await answer.json()

// 6. At the end: give it back.
await post('/oauth/revoke_token/', { token: tokens.refresh_token })
console.log('Signed out.')

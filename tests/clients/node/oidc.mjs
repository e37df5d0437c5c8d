// openid-client (unmodified, from npm) against a running suite: discovery, PAR, code + PKCE, `acr_values`, two sectors.
//   SIEGEL_ORIGIN=http://localhost:8080 SIEGEL_CREDENTIALS=siegel-data/demo.toml node --test oidc.mjs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oc from 'openid-client'
import { Browser } from './forms.mjs'
import { authorize, demo, fetchUserInfo, login } from './login.mjs'

const refused = (error) => error.error === 'invalid_grant'

test('a stock client gets the level it asked for, when the login was, and a subject of its own', async () => {
  const browser = new Browser(demo.origin)
  const wishes = { acr: 'substantial', maxAge: 3600 }
  const first = await login(demo.portal, browser, { ...wishes, dpop: true })

  const inUrl = [...first.start.searchParams.keys()].sort()
  assert.deepEqual(inUrl, ['client_id', 'request_uri'], 'PAR leaves only the handle in the URL')
  assert.equal(first.url.searchParams.get('iss'), first.config.serverMetadata().issuer, 'RFC 9207 iss')
  assert.equal(first.claims.acr, 'substantial', 'acr is spoken in the alias asked for')
  assert.equal(typeof first.claims.auth_time, 'number')
  assert.ok(Math.abs(Date.now() / 1000 - first.claims.auth_time) < 300, 'auth_time is the time of this login')
  assert.match(first.claims.sub, /^[\x21-\x3f\x41-\x7e]{1,255}$/, 'sub is ASCII and no mail address')
  assert.equal(first.tokens.token_type, 'dpop')
  assert.equal((await fetchUserInfo(first)).sub, first.claims.sub, 'userinfo names the same subject')

  const again = await login(demo.portal, browser, { ...wishes, dpop: true })
  assert.equal(again.claims.sub, first.claims.sub, 'the same client meets the same subject')
  assert.equal(again.claims.auth_time, first.claims.auth_time, 'a second visit in the session proves nothing new')

  const other = await login(demo.other_portal, browser, wishes)
  assert.notEqual(other.claims.sub, first.claims.sub, 'a client of another sector cannot tell it is the same person')
  assert.equal(other.claims.acr, 'substantial')
})

test('a code is worth one token', async () => {
  const { redeem } = await authorize(demo.portal, new Browser(demo.origin))
  assert.ok((await redeem()).access_token)
  await assert.rejects(redeem(), refused)
})

test('a code is worth nothing with a foreign verifier', async () => {
  const { redeem } = await authorize(demo.portal, new Browser(demo.origin))
  await assert.rejects(redeem({ pkceCodeVerifier: oc.randomPKCECodeVerifier() }), refused)
})

// openid-client (unmodified, from npm) against a running suite: discovery, PAR, code + PKCE, `acr_values`, two sectors;
// then both kinds of client of ../../fixtures/seed.json through log-in, refresh, introspection, revocation and log-out.
//   SIEGEL_ORIGIN=http://localhost:8080 SIEGEL_CREDENTIALS=siegel-data/demo.toml node --test oidc.mjs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oc from 'openid-client'
import { Browser } from './forms.mjs'
import { authorize, demo, fetchUserInfo, login } from './login.mjs'
import { basic, fapi, logIn, logOut } from './seeded.mjs'

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

test('a client with a secret and no more than that logs a person in', async () => {
  const portal = await basic()
  const wish = JSON.stringify({ userinfo: { email: { essential: true } } })
  const { tokens, claims } = await logIn(portal, new Browser(demo.origin), { claims: wish })
  assert.equal(tokens.token_type, 'bearer')
  assert.equal(claims.aud, 'node-basic')
  const about = await oc.fetchUserInfo(portal.config, tokens.access_token, claims.sub)
  assert.equal(about.email, 'node@people.example')
})

test('a FAPI 2.0 client pushes its request and gets tokens bound to its key', async () => {
  const portal = await fapi()
  const { tokens, claims, start } = await logIn(portal, new Browser(demo.origin))
  assert.deepEqual([...start.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  assert.equal(tokens.token_type, 'dpop')
  const { DPoP, config } = portal
  assert.equal((await oc.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })).sub, claims.sub)
  // Without its key the token is worth nothing.
  await assert.rejects(oc.fetchUserInfo(config, tokens.access_token, claims.sub))
})

for (const [name, portal] of Object.entries({ basic, fapi })) {
  test(`a refresh gives the same person a new access token (${name})`, async () => {
    const { config, DPoP, ...rest } = await portal()
    const first = await logIn({ config, DPoP, ...rest }, new Browser(demo.origin))
    const next = await oc.refreshTokenGrant(config, first.tokens.refresh_token, {}, { DPoP })
    assert.notEqual(next.access_token, first.tokens.access_token)
    assert.equal(next.claims().sub, first.claims.sub)
    assert.equal(next.claims().auth_time, first.claims.auth_time)
    assert.equal((await oc.fetchUserInfo(config, next.access_token, first.claims.sub, { DPoP })).sub, first.claims.sub)
  })

  test(`introspection tells a client of its tokens, and revocation ends them (${name})`, async () => {
    const { config, DPoP, ...rest } = await portal()
    const { tokens, claims } = await logIn({ config, DPoP, ...rest }, new Browser(demo.origin))
    const before = await oc.tokenIntrospection(config, tokens.access_token)
    assert.equal(before.active, true)
    assert.equal(before.sub, claims.sub)
    await oc.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' })
    assert.deepEqual(await oc.tokenIntrospection(config, tokens.access_token), { active: false })
    await assert.rejects(oc.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP }), refused)
  })

  test(`a log-out ends the session and leads back (${name})`, async () => {
    const client = await portal()
    const browser = new Browser(demo.origin)
    const { tokens } = await logIn(client, browser)
    assert.ok((await logIn(client, browser, { prompt: 'none' })).tokens.access_token, 'the session stands')
    const [bye] = client.client.post_logout_redirect_uris
    const ask = { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'zurück' }
    const left = await logOut(browser, oc.buildEndSessionUrl(client.config, ask), bye)
    assert.equal(left.url.searchParams.get('state'), 'zurück')
    await assert.rejects(logIn(client, browser, { prompt: 'none' }), (error) => error.error === 'login_required')
  })
}

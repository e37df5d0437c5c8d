// The clients and the person of tests/fixtures/seed.json, which `siegel up --seed` registered.
import { readFileSync } from 'node:fs'
import * as oc from 'openid-client'
import { buttons, defaults, walk } from './forms.mjs'
import { demo, signingKey } from './login.mjs'

const fixture = (name) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
const seed = JSON.parse(fixture('seed.json'))
const [person] = seed.persons
const registered = (id) => seed.clients.find((client) => client.client_id === id)
const plain = { execute: [oc.allowInsecureRequests] } // http on loopback

// A stock confidential client: secret in the header, tokens as bearer.
export async function basic() {
  const client = registered('node-basic')
  const proof = oc.ClientSecretBasic(client.client_secret)
  const config = await oc.discovery(new URL(demo.origin), client.client_id, undefined, proof, plain)
  return { client, config }
}

// A client of the FAPI 2.0 Security Profile: PAR, `private_key_jwt`, DPoP.
export async function fapi() {
  const client = registered('node-fapi')
  const proof = oc.PrivateKeyJwt({ key: await signingKey(fixture('client-for-tests.pem')), kid: client.jwks.keys[0].kid })
  const config = await oc.discovery(new URL(demo.origin), client.client_id, undefined, proof, plain)
  return { client, config, DPoP: oc.getDPoPHandle(config, await oc.randomDPoPKeyPair('ES256')), pushed: true }
}

// One log-in in this browser. Answers the tokens and how often the person had to do something.
export async function logIn({ client, config, DPoP, pushed }, browser, more = {}) {
  const checks = { pkceCodeVerifier: oc.randomPKCECodeVerifier(), expectedState: oc.randomState(), expectedNonce: oc.randomNonce() }
  const parameters = {
    redirect_uri: client.redirect_uris[0],
    scope: 'openid',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  }
  const start = pushed
    ? await oc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
    : oc.buildAuthorizationUrl(config, parameters)
  const { url, pages } = await walk(browser, start, person, (at) => at.href.startsWith(parameters.redirect_uri))
  const tokens = await oc.authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true }, undefined, { DPoP })
  return { tokens, claims: tokens.claims(), pages, start }
}

// Follows a log-out to the client's address, and says yes where a page asks.
export async function logOut(browser, url, bye) {
  const stop = (at) => at.href.startsWith(bye)
  const at = await browser.open(url, { stop })
  if (!at.page) return at
  const form = at.page.querySelectorAll('form').find((f) => /logout/.test(f.getAttribute('action') ?? ''))
  if (!form) throw new Error(`no question on ${at.url}`)
  return browser.submit(at.url, form, defaults(form), buttons(form)[0], { stop })
}

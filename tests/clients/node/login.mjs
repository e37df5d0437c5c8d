// One login with openid-client, as a portal does it: PAR, code + PKCE, `private_key_jwt`.
import { readFileSync } from 'node:fs'
import { webcrypto } from 'node:crypto'
import * as oc from 'openid-client'
import { parse as parseToml } from 'smol-toml'
import { walk } from './forms.mjs'

// The file that `siegel up` wrote.
export const demo = parseToml(readFileSync(process.env.SIEGEL_CREDENTIALS ?? 'siegel-data/demo.toml', 'utf8'))
demo.origin = process.env.SIEGEL_ORIGIN ?? demo.origin
export const persona = demo.persona[0]

// Node's own Web Crypto reads PKCS#8; openid-client wants the key imported.
export function signingKey(pem) {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

export async function discover(client) {
  const key = await signingKey(client.private_key_pem)
  return oc.discovery(new URL(demo.origin), client.client_id, undefined, oc.PrivateKeyJwt(key), {
    execute: [oc.allowInsecureRequests], // plain http on loopback; a client of a real installation leaves this out
  })
}

// Goes as far as the redirect that carries the code. `claims`: names asked for in the ID token and at userinfo;
// `dpop`: tokens bound to a key pair, this one or a new one.
export async function authorize(client, browser, { acr, maxAge, claims, scope = 'openid', dpop = false } = {}) {
  const config = await discover(client)
  const handle = dpop ? oc.getDPoPHandle(config, dpop === true ? await oc.randomDPoPKeyPair('ES256') : dpop) : undefined
  const checks = { pkceCodeVerifier: oc.randomPKCECodeVerifier(), expectedState: oc.randomState(), expectedNonce: oc.randomNonce() }
  const parameters = {
    redirect_uri: client.redirect_uri,
    scope,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  }
  if (acr) parameters.acr_values = acr
  if (maxAge) parameters.max_age = String(maxAge)
  if (claims) {
    const wanted = Object.fromEntries(claims.map((name) => [name, null]))
    parameters.claims = JSON.stringify({ id_token: wanted, userinfo: wanted })
  }
  const start = await oc.buildAuthorizationUrlWithPAR(config, parameters, handle && { DPoP: handle })
  const stop = (url) => url.href.startsWith(client.redirect_uri)
  const { url, pages } = await walk(browser, start, persona, stop)
  const redeem = (changed = {}) =>
    oc.authorizationCodeGrant(config, new URL(url), { ...checks, maxAge, ...changed }, undefined, handle && { DPoP: handle })
  return { config, handle, start, url, pages, redeem }
}

export async function login(client, browser, wishes) {
  const way = await authorize(client, browser, wishes)
  const tokens = await way.redeem({ idTokenExpected: true })
  return { ...way, tokens, claims: tokens.claims() }
}

export function fetchUserInfo({ config, tokens, claims, handle }) {
  return oc.fetchUserInfo(config, tokens.access_token, claims.sub, handle && { DPoP: handle })
}

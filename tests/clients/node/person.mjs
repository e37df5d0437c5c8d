// Logs the first persona in at the demo portal and prints, as JSON, an access token for the postbox, the private key
// it is bound to, and the handle that she released.
import { webcrypto } from 'node:crypto'
import * as oc from 'openid-client'
import { Browser } from './forms.mjs'
import { demo, login } from './login.mjs'

const keys = await oc.randomDPoPKeyPair('ES256', { extractable: true })
const wishes = { acr: 'substantial', scope: 'openid postbox postbox.read offline_access', dpop: keys }
const { config, handle, tokens, claims } = await login(demo.portal, new Browser(demo.origin), wishes)
const more = { resource: 'urn:siegel:postbox' }
const fresh = await oc.refreshTokenGrant(config, tokens.refresh_token, more, { DPoP: handle })
const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
console.log(JSON.stringify({ token: fresh.access_token, pkcs8, handle: claims.postbox_handle }))

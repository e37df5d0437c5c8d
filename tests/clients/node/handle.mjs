// Logs the first persona in at the demo portal and prints the postbox handle that she released to it.
import { login, demo, fetchUserInfo } from './login.mjs'
import { Browser } from './forms.mjs'

const result = await login(demo.portal, new Browser(demo.origin), { acr: 'substantial', scope: 'openid postbox' })
const handle = result.claims.postbox_handle ?? (await fetchUserInfo(result)).postbox_handle
if (!handle) throw new Error('the login released no postbox_handle')
console.log(handle)

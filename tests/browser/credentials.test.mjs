// How people log in, in a real Chromium with its virtual authenticator: a passkey and an authenticator app are added
// and used; every page works without script and is accessible.
//   SIEGEL_ORIGIN=http://localhost:8080 SIEGEL_CREDENTIALS=siegel-data/demo.toml node --test credentials.test.mjs
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { accessible, launch, origin, visitor } from './chromium.mjs'
import { logIn, register } from './people.mjs'

const HOME = `${origin}/login/credentials`
const newPerson = () => ({
  email: `kim.${randomBytes(6).toString('hex')}@journey.example`,
  password: randomBytes(18).toString('base64url'),
})

let browser
before(async () => {
  browser = await launch()
})
after(() => browser?.close())

// A device in the person's hand (WebAuthn §11): it has the keys, and verifies the person.
async function device(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  }
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options })
  return { session, authenticatorId }
}

// What an authenticator app shows (RFC 6238).
function code(key, at = Date.now()) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...key].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('')
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)))
  const mac = createHmac('sha1', secret).update(step).digest()
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff
  return String(number % 1e6).padStart(6, '0')
}

// Registers, and comes to the own credentials.
async function arrive(how) {
  const visit = await visitor(browser, how)
  const { page } = visit
  const person = newPerson()
  const look = how?.script === false ? async () => {} : accessible
  await page.goto(HOME)
  await register(page, person, look)
  await page.waitForURL(HOME)
  await look(page)
  return { ...visit, person, look }
}

test('a passkey is created and used in Chromium', async () => {
  const { page, context, person, look, strangers, complaints } = await arrive()
  const { session, authenticatorId } = await device(page)
  await page.locator('main a[href="/login/credentials/passkey"]').click()
  await look(page)
  await page.locator('input[name=label]').fill('Laptop')
  await page.locator('main form button[type=submit].kern-btn--primary').click()
  await page.waitForURL(`${HOME}/passkey/confirm`)
  await look(page)
  await page.locator('form[data-passkey] button[type=submit]').click()
  await page.waitForURL(`${HOME}?done=added`)
  await look(page)
  assert.ok((await page.locator('main').innerText()).includes('Passkey: Laptop'))
  const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
  assert.equal(credentials.length, 1)
  assert.equal(credentials[0].isResidentCredential, true)

  // --- log in with it, without a word typed
  await context.clearCookies()
  await page.goto(HOME)
  await look(page)
  await page.locator('form[action$="/passkey/start"] button').click()
  await page.waitForURL(/\/passkey$/)
  await look(page)
  await page.locator('form[data-passkey] button[type=submit]').click()
  await page.waitForURL(HOME)
  // The session is low: what needs that level opens without a further proof.
  await page.goto(`${HOME}/passkey`)
  assert.equal(page.url(), `${HOME}/passkey`)

  // --- raise a session of the password with it
  await context.clearCookies()
  await page.goto(`${HOME}/passkey`)
  await logIn(page, person)
  await page.waitForURL(/\/step-up$/)
  await look(page)
  await page.locator('form[action$="/passkey/start"] button').click()
  await page.locator('form[data-passkey] button[type=submit]').click()
  await page.waitForURL(`${HOME}/passkey`)
  assert.deepEqual(strangers, [])
  assert.deepEqual(complaints, [])
})

test('a device that does not verify the person is refused', async () => {
  const { page, context } = await arrive()
  const { session, authenticatorId } = await device(page)
  await page.goto(`${HOME}/passkey`)
  await page.locator('main form button[type=submit].kern-btn--primary').click()
  await page.locator('form[data-passkey] button[type=submit]').click()
  await page.waitForURL(`${HOME}?done=added`)
  await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await context.clearCookies()
  await page.goto(HOME)
  await page.locator('form[action$="/passkey/start"] button').click()
  await page.locator('form[data-passkey] button[type=submit]').click()
  await page.locator('[data-passkey-failed]').waitFor({ state: 'visible' })
  assert.match(page.url(), /\/passkey$/)
})

for (const script of [true, false]) {
  test(`an authenticator app and recovery codes are added and used ${script ? 'with' : 'without'} script`, async () => {
    const { page, context, person, look, complaints } = await arrive({ script })
    await page.locator('form[action="/login/credentials/totp"] button').click()
    await page.waitForURL(`${HOME}/totp`)
    await look(page)
    const image = page.locator('main img')
    if (script) assert.ok((await image.evaluate((img) => img.naturalWidth)) > 0, 'the QR code is shown')
    const key = (await page.locator('main code').innerText()).replaceAll(' ', '')
    await page.locator('input[name=code]').fill(code(key))
    await page.locator('main form button[type=submit].kern-btn--primary').click()
    await page.waitForURL(`${HOME}?done=added`)

    await page.locator('form[action="/login/credentials/recovery"] button').click()
    await look(page)
    const codes = await page.locator('main code').allInnerTexts()
    assert.equal(codes.length, 10)

    // --- the app raises a session of the password
    await context.clearCookies()
    await page.goto(`${HOME}/email`)
    await logIn(page, person)
    await page.waitForURL(/\/step-up$/)
    await look(page)
    await page.locator('main a[href$="/totp"]').click()
    await look(page)
    // Codes are accepted once: the next one is accepted a step early.
    await page.locator('input[name=code]').fill(code(key, Date.now() + 30000))
    await page.locator('main form button[type=submit].kern-btn--primary').click()
    await page.waitForURL(`${HOME}/email`)
    await look(page)

    // --- a recovery code logs in, and no higher
    await context.clearCookies()
    await page.goto(HOME)
    await page.locator('main a[href$="/recovery"]').click()
    await look(page)
    await page.locator('input[name=email]').fill(person.email)
    await page.locator('input[name=code]').fill(codes[0])
    await page.locator('main form button[type=submit].kern-btn--primary').click()
    await page.waitForURL(HOME)
    await page.goto(`${HOME}/email`)
    assert.match(page.url(), /\/step-up$/)
    await page.goto(`${HOME}/password`)
    await look(page)
    assert.deepEqual(complaints, [])
  })
}

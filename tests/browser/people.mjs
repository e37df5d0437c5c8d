// What a person does at the log-in pages: register, log in, show a card, consent.
import assert from 'node:assert/strict'
import { login, demo } from '../clients/node/login.mjs'
import { origin } from './chromium.mjs'

// Valid cards of the simulation that neither the demo nor its personas use; one belongs to one account.
const CARDS = ['anna', 'joerg', 'maximiliana', 'amara', 'chloe', 'suhartini']
const used = new Set()

const path = (page) => new URL(page.url()).pathname
const present = async (locator) => (await locator.count()) > 0

// The latest code that was mailed to this address.
async function mailedCode(address) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const mails = await (await fetch(`${origin}/sandbox/mail.json?to=${encodeURIComponent(address)}`)).json()
    const code = mails.map((mail) => /\b\d{6}\b/.exec(mail.text)?.[0]).find(Boolean)
    if (code) return code
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('no mail with a code came')
}

// Registers at the log-in page that is open. `look` sees each page.
export async function register(page, person, look) {
  await look(page)
  await page.locator('main a[href$="/register"]').click()
  await look(page)
  await page.locator('input[name=email]').fill(person.email)
  await page.locator('input[name=password]').fill(person.password)
  await send(page)
  await look(page)
  await page.locator('input[name=code]').fill(await mailedCode(person.email))
  await send(page)
}

const send = (page) => page.locator('main form button[type=submit].kern-btn--primary').first().click()

export async function logIn(page, person) {
  await page.locator('input[name=email]').fill(person.email)
  await page.locator('input[name=password]').fill(person.password)
  await send(page)
}

// From the step-up page through the simulated card and back; takes the next card while one is somebody else's.
export async function showCard(page, { until, look, again }) {
  for (const card of CARDS.filter((name) => !used.has(name))) {
    used.add(card)
    await page.waitForURL(/\/login\/.*step-up|\/login\/int_/)
    await look(page)
    await page.locator('button[name=method][value=eid]').click()
    await page.waitForURL(/\/eid\//)
    await look(page)
    await page.locator('select[name=persona]').selectOption(card)
    await page.locator('input[name=pin]').fill('123456')
    await page.locator('button[name=action][value=identify]').click()
    if (path(page) === until) return card
    await page.goto(again)
  }
  throw new Error('no card was accepted: are all of them bound in this sandbox already?')
}

// A browser for `login.mjs` that is really Chromium: walks through the pages until the client's redirect URI,
// where nobody listens: the address is enough.
class Way {
  constructor(page, person) {
    Object.assign(this, { page, person })
  }

  async open(url, { stop }) {
    // A page of its own: what breaks off at the end must not break off what is opened next.
    const page = await this.page.context().newPage()
    let found
    // Playwright's routes do not see redirects; the request itself is seen.
    const watch = (request) => {
      if (stop(new URL(request.url()))) found = request.url()
    }
    page.on('request', watch)
    await page.goto(url.href).catch(() => {})
    for (let step = 0; step < 8 && !found; step += 1) {
      if (await present(page.locator('input[name=password]'))) await logIn(page, this.person).catch(() => {})
      else if (await present(page.locator('button[value=allow]'))) {
        for (const box of await page.locator('main form input[type=checkbox]').all()) await box.check()
        await page.locator('button[value=allow]').click().catch(() => {})
      } else throw new Error(`no way on from ${path(page)}`)
    }
    await page.close()
    assert.ok(found, 'the demo portal never got its answer')
    return { url: new URL(found) }
  }
}

// Logs the person in at the demo portal and answers the postbox handle that she released to it.
export async function releaseHandle(page, person) {
  const { claims } = await login(demo.portal, new Way(page, person), { scope: 'openid postbox' })
  assert.ok(claims.postbox_handle, 'the login released no postbox_handle')
  return claims.postbox_handle
}

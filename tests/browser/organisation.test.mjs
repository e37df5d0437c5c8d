// What an organisation arranges in the portal: units, contacts, legal form, programs; and for whom a person acts.
//   SIEGEL_ORIGIN=http://localhost:8080 SIEGEL_CREDENTIALS=siegel-data/demo.toml node --test organisation.test.mjs
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { accessible, launch, origin, visitor } from './chromium.mjs'
import { register, showCard } from './people.mjs'

const WORDS = {
  'de-DE': { self: 'sich selbst', actsFor: 'Sie handeln für', privateKey: 'Das ist ein privater Schlüssel', ended: 'Widerrufen am', chosen: 'gewählt' },
  'en-GB': { self: 'yourself', actsFor: 'You act for', privateKey: 'This is a private key', ended: 'Revoked on', chosen: 'chosen' },
}

const newPerson = () => ({
  email: `org.${randomBytes(6).toString('hex')}@journey.example`,
  password: randomBytes(18).toString('base64url'),
})

let browser
before(async () => {
  browser = await launch()
})
after(() => browser?.close())

// What the browser said about these pages: not about cards that are somebody else's, and a form that was refused.
const about = (complaints) => complaints.filter((line) => !line.startsWith(`${origin}/login/`) && !line.includes('422'))

// Accessible, one h1, nothing wider than the screen.
function looker(script) {
  return async (page) => {
    assert.equal(await page.locator('h1').count(), 1, `${page.url()}: one h1`)
    if (!script) return
    await accessible(page)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(wide <= 0, `${page.url()} is ${wide} px wider than the screen`)
  }
}

// Registers somebody, and shows a card.
async function identified(page) {
  const raise = `${origin}/account/login?level=high&return=/account`
  await page.goto(`${origin}/account`)
  await register(page, newPerson(), async () => {})
  await page.waitForURL(`${origin}/account`)
  await page.goto(raise)
  await showCard(page, { until: '/account', look: async () => {}, again: raise })
}

// There are few cards: whoever founds is one person in all visits.
let cookies
async function signedIn(page, context) {
  if (cookies) return context.addCookies(cookies)
  await identified(page)
  cookies = await context.cookies()
}

// Signs in, and founds an organisation.
async function founder(how) {
  const visit = await visitor(browser, how)
  const { page, context } = visit
  const look = looker(how.script !== false)
  await signedIn(page, context)
  await page.goto(`${origin}/organisation/new`)
  const name = `Musterbau <${randomBytes(3).toString('hex')}>`
  await page.locator('input[name=name]').fill(name)
  await page.locator('select[name=legal_form]').selectOption('other')
  await page.locator('input[name=other_form]').fill('GmbH')
  await page.locator('main form button[type=submit]').click()
  await page.waitForURL(/\/organisation\/org_/)
  return { ...visit, look, name, home: page.url() }
}

async function arrange(how) {
  const { page, context, look, name, home, strangers, complaints } = await founder(how)
  const words = WORDS[how.locale]
  const main = page.locator('main')
  const does = (what) => page.locator(`main button[name=what][value=${what}]`).first().click()
  const says = async (text) => assert.ok((await main.innerText()).includes(text), `${page.url()} does not say "${text}"`)

  // --- the legal form, by its text
  await page.goto(`${home}/record`)
  await look(page)
  await page.locator('select[name=legal_form]').selectOption('350')
  await page.locator('form[action$="/legal-form"] button').click()
  await page.waitForURL(`${home}/record`)
  await says('350')

  // --- units, one below the other
  await page.goto(`${home}/units`)
  await look(page)
  await does('create')
  assert.equal(await page.locator('#name-error').count(), 1, 'the mistake is shown beside its field')
  await look(page)
  await page.locator('input[name=name]').fill('Bau & Betrieb')
  await does('create')
  await page.locator('input[name=name]').fill('Hochbau')
  await page.locator('select[name=parent]').selectOption({ label: 'Bau & Betrieb' })
  await does('create')
  await look(page)
  assert.equal(await page.locator('main li li a').innerText(), 'Hochbau')
  await page.locator('main li li a').click()
  await page.waitForURL(/\/units\/unt_/)
  await look(page)
  await page.locator('input[type=checkbox][name^=member-]').check()
  await does('members')
  assert.equal(await page.locator('input[type=checkbox][name^=member-]').isChecked(), true)
  await page.locator('input[name=value]').fill('hochbau@muster.example')
  await does('add')
  await says('hochbau@muster.example')
  await look(page)
  await does('remove')
  await page.locator('input[name=name]').fill('Tiefbau')
  await page.locator('select[name=parent]').selectOption('')
  await does('change')
  assert.equal(await page.locator('h1').innerText(), 'Tiefbau')
  await page.goBack()
  await page.goto(`${home}/units`)
  await page.getByRole('link', { name: 'Tiefbau' }).click()
  await does('close')
  await page.waitForURL(`${home}/units`)
  assert.equal(await page.getByRole('link', { name: 'Tiefbau' }).count(), 0)

  // --- mailboxes for a task and a unit, who may do what in them, where letters go, the end of one
  await page.goto(`${home}/mailboxes`)
  await look(page)
  await page.locator('input[name=name]').fill('Rechnungen')
  await does('function')
  await page.locator('select[name=unit]').selectOption({ label: 'Bau & Betrieb' })
  await does('unit')
  await look(page)
  const titles = await page.locator('main h2').allInnerTexts()
  assert.ok(titles.includes('Rechnungen') && titles.some((title) => title.endsWith('Bau & Betrieb')), `${titles}`)
  await page.locator('main a[href*="/rights?mailbox=omb_"]').first().click()
  await page.locator('main a[href*="holder=member"]').click()
  await look(page)
  await page.locator('select[name=member]').selectOption({ index: 0 })
  await page.locator('input[name=r1]').check()
  await does('set')
  await look(page)
  await page.goto(`${home}/substitutions`)
  await look(page)
  await page.goto(`${home}/letters`)
  await look(page)
  await page.goto(`${home}/mailboxes`)
  await page.locator('main a[href$="/close"]').first().click()
  await look(page)
  await page.locator('form[action$="/close"] button').click()
  await page.waitForURL(`${home}/mailboxes`)
  assert.equal(await page.locator('main a[href$="/close"]').count(), 1, 'one of two is left')

  // --- a program: never by a private key, then by a public one, then no more
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await page.goto(`${home}/programs`)
  await look(page)
  await page.locator('input[name=name]').fill('Poststelle')
  await page.locator('textarea[name=jwk]').fill(JSON.stringify(pair.privateKey.export({ format: 'jwk' })))
  await page.locator('form[action$="/programs"] button').click()
  await says(words.privateKey)
  await look(page)
  assert.equal(await page.locator('textarea[name=jwk]').inputValue(), '')
  await page.locator('textarea[name=jwk]').fill(JSON.stringify(pair.publicKey.export({ format: 'jwk' })))
  await page.locator('form[action$="/programs"] button').click()
  await page.waitForURL(/\/programs\/sys_[0-9a-f]{32}$/)
  await look(page)
  await says(new URL(page.url()).pathname.split('/').pop())
  await page.locator('main a[href$="/revoke"]').click()
  await look(page)
  await page.locator('form[action$="/revoke"] button').click()
  await page.waitForURL(`${home}/programs`)
  await says(words.ended)

  // --- for whom one acts: on every page, and changed in one place
  const id = home.split('/').pop()
  const header = page.locator('.siegel-acting')
  const acts = async (whom) => assert.ok((await header.innerText()).startsWith(`${words.actsFor} ${whom}`), await header.innerText())
  await acts(name)
  await page.goto(`${origin}/account/consents`)
  await acts(words.self)
  await header.locator('a').click()
  await look(page)
  await page.locator(`button[name=party][value=${id}]`).click()
  await page.waitForURL(`${origin}/account/consents`)
  await page.goto(`${origin}/verify`)
  await acts(name)
  await page.locator('.siegel-nav a[href^="/postbox"]').click()
  await page.waitForURL(/\/postbox\?organisation=org_/)
  await look(page)
  await acts(name)
  await header.locator('a').click()
  assert.ok((await page.locator(`button[name=party][value=${id}]`).innerText()).includes(words.chosen))
  await page.locator('button[name=party][value=self]').click()
  await page.waitForURL(`${origin}/postbox`)
  await acts(words.self)

  assert.deepEqual(strangers, [])
  assert.deepEqual(about(complaints), [])
  await context.close()
}

test('an organisation is arranged in German', async () => {
  await arrange({ locale: 'de-DE' })
})

test('on a phone in English', async () => {
  await arrange({ locale: 'en-GB', phone: true })
})

test('without script', async () => {
  await arrange({ locale: 'de-DE', script: false })
})

test('who accepted a mandate switches to the postbox of the person who gave it', async () => {
  const giver = await visitor(browser, { locale: 'de-DE' })
  await signedIn(giver.page, giver.context)
  await giver.page.goto(`${origin}/account/mandates/new`)
  await giver.page.locator('input[name=to_name]').fill('Max Beispiel')
  await giver.page.locator('input[name=from_name]').fill('Erika Mustermann')
  await giver.page.locator('main form button.kern-btn--primary').click()
  const code = await giver.page.locator('main code').innerText()
  await giver.context.close()

  const { page, context, strangers, complaints } = await visitor(browser, { locale: 'de-DE' })
  const look = looker(true)
  await identified(page)
  await page.goto(`${origin}/account/mandates`)
  await page.locator('input[name=code]').fill(code)
  await page.locator('button[name=answer][value=accept]').click()
  await page.waitForURL(/\/account\/mandates\/mnd_/)
  await page.goto(`${origin}/postbox`)
  await page.locator('.siegel-acting a').click()
  await page.locator('button[name=party][value^=acc_]').click()
  await page.waitForURL(/\/postbox\?principal=acc_[0-9a-f]{32}$/)
  await look(page)
  assert.ok((await page.locator('.siegel-acting').innerText()).startsWith('Sie handeln für Erika Mustermann'))
  assert.ok((await page.locator('main').innerText()).includes('Postfach von Erika Mustermann'))
  assert.deepEqual(strangers, [])
  assert.deepEqual(about(complaints), [])
  await context.close()
})

// A person in a real Chromium: registers, identifies, opens a letter, verifies the receipt, leaves.
//   SIEGEL_ORIGIN=http://localhost:8080 SIEGEL_CREDENTIALS=siegel-data/demo.toml node --test journey.test.mjs
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deliver, fixture, sha256 } from './authority.mjs'
import { accessible, launch, origin, visitor } from './chromium.mjs'
import { logIn, register, releaseHandle, showCard } from './people.mjs'

const WORDS = {
  'de-DE': {
    signIn: 'Anmelden oder Konto anlegen',
    self: 'selbst eingetragen',
    card: 'Quelle: Online-Ausweis',
    important: 'Wichtig',
    genuine: 'Der Beleg ist echt und unverändert',
    unconfirmed: 'Nicht unabhängig bestätigt ist, wem der Schlüssel gehört.',
    broken: 'Der Beleg hält der Prüfung nicht stand',
    notProven: 'Das ist nicht nachgewiesen',
  },
  'en-GB': {
    signIn: 'Sign in or create an account',
    self: 'entered by yourself',
    card: 'Source: online ID',
    important: 'Important',
    genuine: 'The receipt is genuine and unchanged',
    unconfirmed: 'Whose key it is has not been independently confirmed.',
    broken: 'The receipt does not hold',
    notProven: 'This is not proven',
  },
}

const LETTER = {
  sender_reference: '63.2-2026-00417',
  subject: 'Ihre Baugenehmigung <b>Nr. 417</b>',
  bodies: [
    { language: 'de', plain_text: 'Guten Tag,\n\nIhre Baugenehmigung <script>document.title="!"</script> liegt bei.' },
    { language: 'en', plain_text: 'Hello,\n\nyour building permit is attached.' },
  ],
  importance: 'IMPORTANCE_IMPORTANT',
  delivery_type: 'DELIVERY_TYPE_DECISION',
  files: { 'bescheid.pdf': 'application/pdf', 'bescheid.xml': 'application/xml' },
}

const newPerson = () => ({
  email: `ada.${randomBytes(6).toString('hex')}@journey.example`,
  password: randomBytes(18).toString('base64url'),
})

let browser
let dir
before(async () => {
  browser = await launch()
  dir = mkdtempSync(join(tmpdir(), 'siegel-journey-'))
})
after(async () => {
  await browser?.close()
  rmSync(dir, { recursive: true, force: true })
})

// Sees every page once: accessible, nothing wider than the screen, one h1, the language named.
function looker({ script, locale }) {
  const seen = new Set()
  return async (page) => {
    const place = new URL(page.url()).pathname.replace(/[a-z]{3}_[0-9a-f]{32}/g, 'ID')
    const key = `${place} ${await page.locator('h1').first().innerText()}`
    if (seen.has(key)) return
    seen.add(key)
    assert.equal(await page.locator('h1').count(), 1, `${place}: one h1`)
    assert.equal(await page.locator('html').getAttribute('lang'), locale.slice(0, 2), place)
    if (!script) return
    await accessible(page)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide <= 0) return
    const widest = await page.evaluate(() => {
      const sticksOut = (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth
      return [...document.querySelectorAll('body *')].filter(sticksOut).map((e) => `${e.tagName}.${e.className}`)
    })
    assert.fail(`${place} is ${wide} px wider than the screen: ${widest.slice(0, 12).join(', ')}`)
  }
}

async function journey({ raiseAt, ...how }) {
  const visit = await visitor(browser, how)
  const { page, strangers, complaints } = visit
  const words = WORDS[how.locale]
  const look = looker({ script: true, ...how })
  const person = newPerson()
  const open = async (target) => {
    await page.goto(origin + target)
    await look(page)
  }
  const main = page.locator('main')
  const says = async (text) => assert.ok((await main.innerText()).includes(text), `${page.url()} does not say "${text}"`)

  // --- register
  await open('/')
  await page.getByRole('link', { name: words.signIn }).click()
  await register(page, person, look)
  await page.waitForURL(`${origin}/account`)
  await look(page)
  await says(person.email)

  // --- own details, and the other pages of the account
  await open('/account/edit')
  await page.locator('input[name=country]').fill('Deutschland')
  await page.locator('main form button[type=submit]').click()
  await look(page)
  assert.equal(await page.locator('#country-error').count(), 1, 'the mistake is shown beside its field')
  await page.locator('input[name=country]').fill('DE')
  await page.locator('main form button[type=submit]').click()
  await page.waitForURL(`${origin}/account`)
  await says(words.self)
  for (const target of ['/account/consents', '/account/disclosures', '/account/security', '/organisation', '/postbox']) {
    await open(target)
  }
  await open('/organisation/new') // refused at level basic, with the way up

  // --- raise the level at the account, or only when a letter asks for it
  const raise = async (again, until) => {
    await page.locator('main a[href*="level="]').click()
    await showCard(page, { until, look, again: `${origin}${again}` })
    assert.equal(new URL(page.url()).pathname, until)
    await look(page)
  }
  if (raiseAt === 'account') {
    await open('/account')
    await raise('/account/login?level=high&return=/account', '/account')
    await says(words.card)
    await open('/organisation/new')
    await page.locator('input[name=name]').fill('Musterbau <GmbH>')
    await page.locator('select[name=legal_form]').selectOption({ index: 1 })
    await page.locator('main form button[type=submit]').click()
    await page.waitForURL(/\/organisation\/org_/)
    await look(page)
    await page.locator('main a[href^="/postbox?organisation="]').click()
    await look(page)
  }

  // --- an authority delivers a letter, to the handle that the person released to its portal
  const handle = await releaseHandle(page, person)
  const sent = await deliver(handle, { ...LETTER, required_level: 'TRUST_LEVEL_SUBSTANTIAL' })
  const letter = `/postbox/${sent.letter_id}`
  await open('/account/consents')
  await open('/account/disclosures')

  // --- the letter
  await open('/postbox')
  await says(words.important)
  await page.getByRole('link', { name: LETTER.subject }).click()
  await page.waitForURL(origin + letter)
  await look(page)
  if (raiseAt === 'letter') {
    await raise(`/account/login?level=substantial&return=${letter}`, letter)
  }
  await page.locator(`main form[action="${letter}/open"] button`).click()
  await page.waitForURL(`${origin}${letter}/read`)
  await look(page)
  const inGerman = how.locale === 'de-DE'
  await says(inGerman ? 'Ihre Baugenehmigung <script>document.title="!"</script> liegt bei.' : 'your building permit is attached.')
  await says(words.notProven)
  for (const name of Object.keys(LETTER.files)) {
    const file = await download(page, main.getByRole('link', { name, exact: true }))
    assert.equal(file.name, name)
    assert.deepEqual(sha256(file.content), sha256(readFileSync(fixture(name))), `${name} came whole`)
  }

  // --- back and again: the same page, no second opening
  await page.goBack()
  await open(letter)
  assert.equal(await page.locator(`main form[action="${letter}/open"]`).count(), 0)
  await page.locator(`main a[href="${letter}/read"]`).click()
  await page.waitForURL(`${origin}${letter}/read`)

  // --- the receipt, on the page, as a file, on the public page, and by the program
  const receipt = await download(page, main.locator(`a[href^="${letter}/receipts/"]:not([href$="/pdf"])`))
  assert.match(receipt.name, /^receipt-opened-.*\.json$/)
  await open(`${letter}/accesses`)
  await open('/postbox?show=archive')
  await open(`${letter}/receipts`)
  const keys = await download(page, main.locator('a[href="/log/keys.json"]'))
  if (how.script === false) {
    await page.goto(`${origin}/verify`)
    await look(page)
    await says('siegel receipt verify receipt.json --keys keys.json')
    assert.equal(await page.locator('#verify-form').isVisible(), false)
  } else {
    await verify(page, look, { receipt: receipt.file, keys: keys.file })
    await says(words.genuine)
    await verify(page, look, { receipt: receipt.file })
    await says(words.unconfirmed)
    const bent = join(dir, 'receipt-bent.json')
    writeFileSync(bent, JSON.stringify(flipped(JSON.parse(receipt.content))))
    await verify(page, look, { receipt: bent, keys: keys.file })
    await says(words.broken)
  }
  if (process.env.SIEGEL_BIN) {
    const command = ['receipt', 'verify', receipt.file, '--keys', keys.file, '--json']
    const report = JSON.parse(execFileSync(process.env.SIEGEL_BIN, command, { encoding: 'utf8' }))
    assert.deepEqual([report.valid, report.trusted_keys, report.letter_id], [true, true, sent.letter_id])
  }

  // --- leave
  await page.locator('form[action="/account/logout"] button').click()
  await page.waitForURL(`${origin}/`)
  await page.goto(`${origin}${letter}/read`)
  assert.match(new URL(page.url()).pathname, /^\/login\//, 'signed out here, and asked to log in again there')

  assert.deepEqual(strangers, [], 'the pages asked nobody else')
  const refused = /Failed to load resource|net::ERR_FAILED/ // pages that refuse, and the demo portal where nobody listens
  assert.deepEqual(complaints.filter((c) => !refused.test(c)), [])
  await visit.context.close()
  return person
}

async function download(page, link) {
  const [started] = await Promise.all([page.waitForEvent('download'), link.click()])
  const file = join(dir, `${randomBytes(4).toString('hex')}-${started.suggestedFilename()}`)
  await started.saveAs(file)
  return { name: started.suggestedFilename(), file, content: readFileSync(file) }
}

// Nothing leaves the device: once the page is there, it does without a network.
async function verify(page, look, files) {
  await page.goto(`${origin}/verify`)
  await look(page)
  await page.locator('#verify-form').waitFor()
  await page.context().setOffline(true)
  for (const [name, file] of Object.entries(files)) await page.locator(`input[name=${name}]`).setInputFiles(file)
  await page.locator('#verify-form button[type=submit]').press('Enter')
  await page.locator('#verify-result .kern-alert').waitFor()
  await look(page)
  assert.equal(await page.evaluate(() => document.activeElement.id), 'verify-result')
  await page.context().setOffline(false)
}

// One bit of the signature.
function flipped(receipt) {
  const parts = receipt.jws.split('.')
  const bytes = Buffer.from(parts[2], 'base64url')
  bytes[20] ^= 1
  return { ...receipt, jws: [parts[0], parts[1], bytes.toString('base64url')].join('.') }
}

let person
test('on a desktop in German, from registration to proof', async () => {
  person = await journey({ locale: 'de-DE', raiseAt: 'account' })
})

test('on a phone in English, stepping up where the letter asks for it', async () => {
  await journey({ locale: 'en-GB', phone: true, raiseAt: 'letter' })
})

test('without script, in German', async () => {
  await journey({ locale: 'de-DE', script: false, raiseAt: 'letter' })
})

test('logging in takes a keyboard only, and the page asked for comes back in the other language', async () => {
  const { context, page } = await visitor(browser, { locale: 'de-DE' })
  await page.goto(`${origin}/account/security`)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '#main', 'the skip link comes first')
  for (const name of ['email', 'password']) {
    for (let n = 0; n < 20; n += 1) {
      if ((await page.evaluate(() => document.activeElement.getAttribute('name'))) === name) break
      await page.keyboard.press('Tab')
    }
    const seen = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement)
      return style.outlineStyle !== 'none' || style.boxShadow !== 'none'
    })
    assert.ok(seen, `one sees where the focus is (${name})`)
    await page.keyboard.type(person[name])
  }
  await page.keyboard.press('Enter')
  await page.waitForURL(`${origin}/account/security`)
  await page.getByRole('link', { name: 'English' }).click()
  await page.waitForURL(`${origin}/account/security`)
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  assert.equal(await page.locator('h1').innerText(), 'Security')
  await context.close()
})

test('a browser without cookies is told so instead of being sent in circles', async () => {
  const { context, page } = await visitor(browser, { locale: 'de-DE' })
  await page.goto(`${origin}/account`)
  await context.clearCookies()
  await logIn(page, person)
  assert.equal(await page.locator('h1').count(), 1)
  assert.notEqual(new URL(page.url()).pathname, '/account')
  await context.close()
})

// A real Chromium for the journeys: headless, own profile, nothing but the suite's origin.
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const origin = process.env.SIEGEL_ORIGIN ?? 'http://localhost:8080'

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    // Chromium's sandbox refuses root; only our own pages are opened.
    args: process.getuid() === 0 ? [...QUIET, '--no-sandbox'] : QUIET,
  })
}

// A person at a browser of their own. `strangers` collects what the pages asked of other origins,
// `complaints` what the browser's console said (a blocked script, a broken policy).
export async function visitor(browser, { locale = 'de-DE', script = true, phone = false } = {}) {
  const context = await browser.newContext({
    locale,
    javaScriptEnabled: script,
    viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 900 },
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15000)
  const strangers = []
  const complaints = []
  await context.route(
    (url) => url.origin !== origin && url.protocol.startsWith('http'),
    (route) => {
      strangers.push(route.request().url())
      return route.abort()
    },
  )
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`))
  return { context, page, strangers, complaints }
}

// Fails with the rules broken on this page (WCAG 2.2 A and AA, as BITV 2.0 wants).
export async function accessible(page) {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze()
  const found = violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).join(', ')})`)
  assert.deepEqual(found, [], `${page.url()} is not accessible`)
}

// The page that verifies receipts. The files never leave the device: nothing here asks anybody,
// and the page's policy (`default-src 'none'`) would not let it.

import { complaint, explain } from './receipt-words.mjs'
import { Refused, verify } from './receipt.mjs'

const LARGEST = 256 * 1024
const language = document.documentElement.lang === 'de' ? 'de' : 'en'
const form = document.getElementById('verify-form')
const result = document.getElementById('verify-result')
const published = document.getElementById('verify-keys')?.content.textContent.trim() ?? ''
const texts = document.getElementById('verify-texts').content

const text = (name) => texts.querySelector(`[data-text="${name}"]`).textContent
const part = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true)

function element(name, content, className) {
  const made = document.createElement(name)
  made.textContent = content
  made.className = className
  return made
}

async function bytesOf(file) {
  if (file.size > LARGEST) throw new Refused('FORMAT', 'larger than any receipt')
  return new Uint8Array(await file.arrayBuffer())
}

/** The key set to verify with, and where it came from. */
async function chosenKeys() {
  const [file] = form.elements.keys.files
  const thumbprint = form.elements.thumbprint.value.trim() || undefined
  const bytes = file ? await bytesOf(file) : new TextEncoder().encode(published)
  return { bytes, trust: { source: file ? 'given' : 'receipt_address', thumbprint } }
}

async function check() {
  const [file] = form.elements.receipt.files
  const { bytes, trust } = await chosenKeys()
  return verify(await bytesOf(file), bytes, trust)
}

function list(title, sentences) {
  const items = element('ul', '', 'kern-list')
  for (const sentence of sentences) items.append(element('li', sentence[language], 'siegel-value'))
  return [element('h3', title, 'kern-heading-small'), items]
}

function holding(verified) {
  const { title, proven, not_proven: missing } = explain(verified)
  const key = element('p', `${text('thumbprint')} `, 'kern-body')
  key.append(element('code', verified.key_thumbprint, 'siegel-mono'), ` ${text(`source-${verified.key_source}`)}`)
  return [
    part(verified.trusted_keys ? 'verify-holds' : 'verify-holds-unconfirmed'),
    element('h2', title[language], 'kern-heading-medium'),
    ...list(text('proves'), proven),
    ...list(text('proves-not'), missing),
    key,
  ]
}

function broken({ code }) {
  const alert = part('verify-broken')
  const body = element('div', '', 'kern-alert__body')
  const reason = code === 'UNSUPPORTED' ? text('unsupported') : complaint(code)[language]
  body.append(element('p', `${reason} (${code})`, 'kern-body'))
  alert.append(body)
  return [alert]
}

async function show() {
  let parts
  try {
    parts = holding(await check())
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    parts = broken(error)
  }
  result.replaceChildren(...parts)
  result.focus()
}

// Without WebCrypto (an old browser, or http) the page says how to verify without it.
if (globalThis.crypto?.subtle && 'isWellFormed' in String.prototype) {
  form.elements.keys.required = published === ''
  form.hidden = false
  document.getElementById('verify-without').hidden = true
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    show()
  })
}

// Verifies receipts with WebCrypto, after docs/receipt-format.md and nothing else: the second
// implementation beside libs/receipt. Asks nobody, and runs in a browser and in Node.

import { checkBody, KINDS } from './receipt-claims.mjs'
import { checkPlace, logKey } from './receipt-log.mjs'
import { readJson } from './strict-json.mjs'

const FORMAT = 'siegel-receipt/1'
const ALGORITHMS = {
  ES256: { kty: 'EC', crv: 'P-256', key: 32, signature: 64, use: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } },
  ES384: { kty: 'EC', crv: 'P-384', key: 48, signature: 96, use: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', key: 32, signature: 64, use: { name: 'Ed25519' } },
}
const utf8 = new TextEncoder()

/** What does not hold; `code` is one of docs/receipt-format.md § 9, or `UNSUPPORTED`. */
export class Refused extends Error {
  constructor(code, what) {
    super(what)
    this.code = code
  }
}

export const refuse = (code, what) => {
  throw new Refused(code, what)
}

/**
 * Verifies a receipt file with a key set, both as bytes. `source` says where the keys came from;
 * only `given` and a `thumbprint` are independent of the receipt. Throws `Refused`.
 */
export async function verify(receipt, keySet, { source = 'given', thumbprint } = {}) {
  const file = readFile(receipt)
  const keys = await readKeys(keySet)
  const { key, found, payload } = await checkToken(file, keys, thumbprint)
  const claims = readClaims(payload)
  const body = Object.values(claims.events)[0]
  checkConsistent(claims, body)
  if (!signedAt(key, instant(body.recorded_time))) refuse('KEY_OUT_OF_TIME', body.recorded_time)
  const salt = base64url(file.leaf_salt)
  if (salt?.length !== 32) refuse('FORMAT', 'leaf_salt')
  const leaf = await sha256(salt, utf8.encode(file.jws))
  const place = await checkPlace(file.log ?? undefined, leaf, keys.logs)
  const disclosed = await checkDisclosed(file.disclosed ?? {}, body.commitments)
  const result = {
    valid: true,
    trusted_keys: source === 'given' || thumbprint !== undefined,
    key_thumbprint: found,
    key_source: thumbprint === undefined ? source : 'thumbprint',
    kind: body.kind,
    receipt_id: claims.jti,
    letter_id: claims.sub,
    issuer: claims.iss,
    event_time: body.event_time,
    recorded_time: body.recorded_time,
    clock_moved: body.clock_moved,
    disclosed,
    leaf: toBase64url(leaf),
    log: place.state,
    body,
  }
  if (body.legal_effect) result.legal_day = body.legal_effect.day
  if (place.entry) result.log_entry = place.entry
  return result
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value) => typeof value === 'string'

/** Reads JSON from outside the signature: a byte order mark in front is passed over. */
function outside(bytes, code) {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  try {
    return readJson(marked ? bytes.subarray(3) : bytes, { nulls: true })
  } catch {
    return refuse(code, 'not strict JSON')
  }
}

function readFile(bytes) {
  const file = outside(bytes, 'FORMAT')
  if (!isObject(file) || file.format !== FORMAT) refuse('FORMAT', 'another format')
  const { jws, leaf_salt, jwks_uri, disclosed } = file
  if (![jws, leaf_salt, jwks_uri].every(isText)) refuse('FORMAT', 'jws, leaf_salt, jwks_uri')
  const isDisclosure = (value) => isObject(value) && isText(value.salt) && isText(value.value)
  const fits = disclosed === undefined || (isObject(disclosed) && Object.values(disclosed).every(isDisclosure))
  return fits ? file : refuse('FORMAT', 'disclosed')
}

async function readKeys(bytes) {
  const set = outside(bytes, 'KEYS')
  if (!Array.isArray(set?.keys)) refuse('KEYS', 'no keys')
  const keys = set.keys.map(readKey).filter(Boolean)
  const logs = set.siegel_log_keys ?? []
  if ('siegel_log_keys' in set && !Array.isArray(set.siegel_log_keys)) refuse('KEYS', 'siegel_log_keys')
  const read = await Promise.all(logs.map(logKey))
  return { keys, logs: read.every(Boolean) ? read : refuse('KEYS', 'a key of a log') }
}

/** One key; nothing for one that cannot have signed receipts. */
function readKey(entry) {
  if (!isObject(entry) || !isText(entry.kid)) return undefined
  const fits = ([, kind]) => kind.kty === entry.kty && kind.crv === entry.crv
  const [alg, kind] = Object.entries(ALGORITHMS).find(fits) ?? []
  if (!kind || (entry.alg ?? alg) !== alg || (entry.use ?? 'sig') !== 'sig') return undefined
  if (entry.alg === null || entry.use === null) return undefined
  const members = kind.kty === 'EC' ? ['x', 'y'] : ['x']
  const jwk = { crv: kind.crv, kty: kind.kty }
  for (const member of members) {
    if (!isText(entry[member]) || base64url(entry[member])?.length !== kind.key) return undefined
    jwk[member] = entry[member]
  }
  const date = (name) => {
    if (!(name in entry)) return undefined
    return (isText(entry[name]) ? instant(entry[name]) : undefined) ?? refuse('KEYS', name)
  }
  return { kid: entry.kid, alg, kind, jwk, from: date('siegel_valid_from'), to: date('siegel_valid_to') }
}

const signedAt = (key, at) => (key.from === undefined || key.from <= at) && (key.to === undefined || at <= key.to)

async function checkToken(file, { keys }, wanted) {
  const parts = file.jws.split('.')
  if (parts.length !== 3) refuse('TOKEN', 'not three parts')
  const header = readHeader(parts[0])
  const key = keys.find((one) => one.kid === header.kid) ?? refuse('UNKNOWN_KEY', header.kid)
  // RFC 7638 § 3: the members in this order, without blanks.
  const found = toBase64url(await sha256(utf8.encode(JSON.stringify(key.jwk))))
  if (wanted !== undefined && wanted !== found) refuse('OTHER_THUMBPRINT', found)
  if (header.alg !== key.alg) refuse('TOKEN', 'not the algorithm of its key')
  const signature = base64url(parts[2])
  if (signature?.length !== key.kind.signature) refuse('SIGNATURE', 'damaged')
  const message = utf8.encode(`${parts[0]}.${parts[1]}`)
  if (!(await holds(key, signature, message))) refuse('SIGNATURE', 'does not hold')
  return { key, found, payload: base64url(parts[1]) ?? refuse('PAYLOAD', 'not base64url') }
}

async function holds({ jwk, kind }, signature, message) {
  try {
    const key = await crypto.subtle.importKey('jwk', jwk, kind.use, false, ['verify'])
    return await crypto.subtle.verify(kind.use, key, signature, message)
  } catch (error) {
    if (error.name === 'NotSupportedError') refuse('UNSUPPORTED', 'this program lacks the algorithm')
    return false // no point of the curve
  }
}

function readHeader(part) {
  let header
  try {
    header = readJson(base64url(part) ?? refuse('TOKEN', 'header'), { nulls: false })
  } catch {
    refuse('TOKEN', 'header')
  }
  const members = isObject(header) ? Object.keys(header).sort().join() : ''
  const fits = members === 'alg,kid,typ' && header.typ === 'secevent+jwt' && isText(header.kid)
  return fits && isText(header.alg) && Object.hasOwn(ALGORITHMS, header.alg) ? header : refuse('TOKEN', 'header')
}

function readClaims(payload) {
  let claims
  try {
    claims = readJson(payload, { nulls: false })
  } catch {
    refuse('PAYLOAD', 'not strict JSON')
  }
  return checkBody(claims) ? claims : refuse('PAYLOAD', 'not the claims of a receipt')
}

function checkConsistent(claims, body) {
  const wrong = (what) => refuse('CONTRADICTION', what)
  const names = Object.keys(claims.events)
  if (names.length !== 1) wrong('not one event')
  if (names[0] !== `urn:siegel:event:${body.kind}`) wrong('kind')
  const etsi = KINDS[body.kind] && `http://uri.etsi.org/19522/Event/${KINDS[body.kind]}`
  if ((body.etsi_event ?? '') !== etsi) wrong('etsi_event')
  const second = (text) => Math.floor((instant(text) ?? wrong('a time')) / 1e6)
  if (second(body.recorded_time) !== claims.iat) wrong('iat')
  if (second(body.event_time) !== claims.toe) wrong('toe')
  if (body.number === 0 || (body.number === 1) !== (body.previous === undefined)) wrong('previous')
}

async function checkDisclosed(disclosed, commitments) {
  const values = {}
  for (const name of Object.keys(disclosed).sort()) {
    const { salt, value } = disclosed[name]
    const bytes = base64url(salt) ?? refuse('DISCLOSURE', name)
    const made = toBase64url(await sha256(bytes, utf8.encode(value)))
    if (!Object.hasOwn(commitments, name) || commitments[name] !== made) refuse('DISCLOSURE', name)
    values[name] = value
  }
  return values
}

/** Microseconds since 1970 of `2025-03-06T10:15:00.123456Z`; the fraction may be missing. */
export function instant(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z$/.exec(text)
  if (!found) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number)
  const at = new Date(0)
  at.setUTCFullYear(year, month - 1, day)
  at.setUTCHours(hour, minute, second)
  const real = at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  if (!real || hour > 23 || minute > 59 || second > 59) return undefined
  return at.getTime() * 1000 + Number((found[7] ?? '').padEnd(6, '0'))
}

/** SHA-256 over the parts, one behind the other. */
export async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole))
}

const binary = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
export const toBase64 = (bytes) => btoa(binary(bytes))
export const toBase64url = (bytes) => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

/** Base64 with padding; nothing unless it is the one spelling of its bytes. */
export function base64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return toBase64(bytes) === text ? bytes : undefined
}

/** Base64url without padding (RFC 4648 § 5); nothing unless it is the one spelling of its bytes. */
export function base64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  return base64(text.replaceAll('-', '+').replaceAll('_', '/').padEnd(Math.ceil(text.length / 4) * 4, '='))
}

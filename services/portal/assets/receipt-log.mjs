// A receipt's place in the public log (docs/receipt-format.md § 7): a signed note, a checkpoint in
// it, and a proof that leads from the leaf to its root.

import { base64, base64url, refuse, sha256 } from './receipt.mjs'

const ED25519 = 1
const MOST_SIGNATURES = 100
const utf8 = new TextEncoder()
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at])
const isName = (text) => /^[^\p{White_Space}\p{Cc}+]+$/u.test(text)

/** Reads `name+id+key`; nothing when it is no Ed25519 key of a note. */
export async function logKey(text) {
  const [, name, id, key] = (typeof text === 'string' && /^([^+]*)\+([0-9a-fA-F]{8})\+(.*)$/s.exec(text)) || []
  const bytes = key === undefined ? undefined : base64(key)
  if (bytes?.length !== 33 || bytes[0] !== ED25519 || !isName(name)) return undefined
  const made = (await sha256(utf8.encode(`${name}\n`), bytes)).subarray(0, 4)
  const said = Uint8Array.from(id.match(/../g), (byte) => Number.parseInt(byte, 16))
  return same(made, said) ? { name, id: made, public: bytes.subarray(1) } : undefined
}

/** Says whether the place holds: `absent`, `not_checked`, or `included` with the entry. */
export async function checkPlace(place, leaf, keys) {
  if (place === undefined) return { state: 'absent' }
  if (keys.length === 0) return { state: 'not_checked' }
  const { origin, index, checkpoint, proof } = readPlace(place)
  const known = keys.filter((key) => key.name === origin)
  let head
  try {
    head = (await opened(checkpoint, known)) ?? refuse('LOG', 'checkpoint')
  } catch (error) {
    if (error.name === 'NotSupportedError') return { state: 'not_checked' } // a browser without Ed25519
    throw error
  }
  if (head.origin !== origin) refuse('LOG', 'another log')
  const root = await climb(leaf, BigInt(index), head.size, proof)
  if (!root || !same(root, head.root)) refuse('LOG', 'proof')
  return { state: 'included', entry: { origin, index, size: Number(head.size) } }
}

function readPlace(place) {
  const text = (value) => typeof value === 'string'
  const { origin, index, checkpoint, proof } = place ?? {}
  const fits = text(origin) && Number.isInteger(index) && index >= 0 && text(checkpoint) && Array.isArray(proof) && proof.every(text)
  if (!fits) refuse('LOG', 'not described as it should be')
  const hashes = proof.map(base64url)
  if (hashes.some((hash) => hash?.length !== 32)) refuse('LOG', 'a step is no hash')
  return { origin, index, checkpoint, proof: hashes }
}

/** The checkpoint, when one of the keys signed it. */
async function opened(checkpoint, keys) {
  const note = readNote(checkpoint)
  const head = note && readHead(note.text)
  if (!head) return undefined
  for (const key of keys) {
    const mine = note.signatures.filter((line) => line.name === key.name && same(line.id, key.id))
    const held = await Promise.all(mine.map((line) => holds(key.public, line.bytes, utf8.encode(note.text))))
    if (mine.length > 0 && held.every(Boolean)) return head
  }
  return undefined
}

async function holds(bytes, signature, message) {
  try {
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'Ed25519' }, false, ['verify'])
    return await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message)
  } catch (error) {
    if (error.name === 'NotSupportedError') throw error
    return false
  }
}

/** C2SP signed-note: a text, an empty line, lines of signatures. */
function readNote(note) {
  const at = note.lastIndexOf('\n\n')
  const text = note.slice(0, at + 1)
  const rest = note.slice(at + 2)
  // eslint-disable-next-line no-control-regex
  if (at < 0 || !rest.endsWith('\n') || /[\x00-\x09\x0b-\x1f\x7f]/.test(text)) return undefined
  const lines = rest.slice(0, -1).split('\n')
  const signatures = lines.slice(0, MOST_SIGNATURES + 1).map(readSignature)
  const fits = signatures.length <= MOST_SIGNATURES && signatures.every(Boolean)
  return fits ? { text, signatures } : undefined
}

function readSignature(line) {
  const [, name, encoded] = /^\u2014 ([^ ]*) (.*)$/s.exec(line) ?? []
  const bytes = name !== undefined && isName(name) ? base64(encoded) : undefined
  return bytes?.length > 4 ? { name, id: bytes.subarray(0, 4), bytes: bytes.subarray(4) } : undefined
}

/** C2SP tlog-checkpoint: origin, size, root; further lines mean nothing here. */
function readHead(text) {
  const [origin, size, root, ...more] = text.slice(0, -1).split('\n')
  if (root === undefined || !isName(origin) || !/^(?:0|[1-9][0-9]{0,19})$/.test(size)) return undefined
  const [count, hash] = [BigInt(size), base64(root)]
  const fits = count < 1n << 64n && hash?.length === 32 && more.every((line) => line !== '')
  return fits ? { origin, size: count, root: hash } : undefined
}

/** The root to which a proof leads (RFC 9162 § 2.1.3.2); nothing when it has another length. */
async function climb(leaf, index, size, proof) {
  if (index >= size) return undefined
  let [place, last] = [index, size - 1n]
  let found = await sha256([0], leaf)
  for (const step of proof) {
    if (last === 0n) return undefined
    if (place & 1n || place === last) {
      found = await sha256([1], step, found)
      while (!(place & 1n) && place !== 0n) {
        place >>= 1n
        last >>= 1n
      }
    } else {
      found = await sha256([1], found, step)
    }
    place >>= 1n
    last >>= 1n
  }
  return last === 0n ? found : undefined
}

// Two verifiers, one verdict: the portal's script (WebCrypto) is asked about every case of the
// corpus that libs/receipt makes, and must say what the Rust library says, word for word.
//   cargo run -p siegel-receipt --example corpus > corpus.json
//   SIEGEL_CORPUS=corpus.json node --test tests/clients/node/receipts.mjs

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import test from 'node:test'

import { explain } from '../../../services/portal/assets/receipt-words.mjs'
import { Refused, verify } from '../../../services/portal/assets/receipt.mjs'
import { readJson } from '../../../services/portal/assets/strict-json.mjs'

const { cases } = JSON.parse(readFileSync(process.env.SIEGEL_CORPUS, 'utf8'))
const utf8 = new TextEncoder()

async function verdict({ receipt, keys, thumbprint }) {
  try {
    const trust = thumbprint === null ? {} : { thumbprint }
    const verified = await verify(utf8.encode(receipt), utf8.encode(keys), trust)
    // Through JSON, because objects read from a receipt have no prototype.
    return JSON.parse(JSON.stringify({ ...verified, explanation: explain(verified) }))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { valid: false, code: error.code }
  }
}

test('the script says about every case what the library says', async () => {
  assert.ok(cases.length >= 400, `${cases.length} cases`)
  const differing = []
  for (const one of cases) {
    const said = await verdict(one)
    try {
      assert.deepEqual(said, one.verdict)
    } catch (error) {
      differing.push(`${one.name}: ${error.message}`)
    }
  }
  assert.equal(differing.length, 0, differing.slice(0, 20).join('\n'))
})

test('the corpus holds every kind, every reason and every algorithm', () => {
  const sound = cases.map(({ verdict }) => verdict).filter(({ valid }) => valid)
  assert.equal(new Set(sound.map(({ kind }) => kind)).size, 19)
  const codes = new Set(cases.map(({ verdict }) => verdict.code))
  const wanted = ['FORMAT', 'KEYS', 'TOKEN', 'UNKNOWN_KEY', 'OTHER_THUMBPRINT', 'KEY_OUT_OF_TIME', 'SIGNATURE', 'PAYLOAD', 'CONTRADICTION', 'DISCLOSURE', 'LOG']
  for (const code of wanted) assert.ok(codes.has(code), code)
})

test('a file that is not UTF-8 is no receipt', async () => {
  const sound = cases.find(({ verdict }) => verdict.valid)
  const bytes = utf8.encode(sound.receipt.replace('https', '@ttps')).map((byte) => (byte === 0x40 ? 0xff : byte))
  await assert.rejects(verify(bytes, utf8.encode(sound.keys)), { code: 'FORMAT' })
})

test('keys that came with the receipt are not called independent', async () => {
  const sound = cases.find(({ verdict }) => verdict.valid)
  const verified = await verify(utf8.encode(sound.receipt), utf8.encode(sound.keys), { source: 'beside_receipt' })
  assert.equal(verified.trusted_keys, false)
  assert.ok(explain(verified).not_proven.some(({ en }) => en.includes('not independently confirmed')))
})

test('the reader of JSON takes what JSON.parse takes, but for what it refuses', () => {
  for (const text of ['{"a":[1,-2,0,true,false,"\\u00e4\\n"],"b":{}}', ' [ ] ', '"\\ud83d\\ude00"', '9007199254740991']) {
    const read = JSON.parse(JSON.stringify(readJson(utf8.encode(text), { nulls: true })))
    assert.deepEqual(read, JSON.parse(text))
  }
  for (const text of ['', '{', '{"a"}', '[1,]', '01', '+1', '.5', '1.', 'tru', '"\\u12"', '"', '{"a":1,"a":1}', 'nul', '[1 2]', '{"a":1 "b":2}', '\u00a0[]', 'truefalse']) {
    assert.throws(() => readJson(utf8.encode(text), { nulls: true }), SyntaxError, text)
  }
})

test('a receipt is verified in milliseconds', async () => {
  const sound = cases.find(({ name }) => name === 'entry 0 of 300')
  const began = performance.now()
  for (let times = 0; times < 50; times += 1) await verdict(sound)
  const each = (performance.now() - began) / 50
  console.log(`${each.toFixed(2)} ms each`)
  assert.ok(each < 100)
})

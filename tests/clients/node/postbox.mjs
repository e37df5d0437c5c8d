// An authority's back-office system without gRPC: JSON with openid-client's own DPoP, and gRPC-Web with Connect's
// client, both unmodified from npm, against a running suite.
//   SIEGEL_ORIGIN=… SIEGEL_CREDENTIALS=… SIEGEL_HANDLE=… SIEGEL_DESCRIPTORS=file.binpb node --test postbox.mjs
// SIEGEL_DESCRIPTORS is what `buf build proto -o file.binpb` writes.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-web'
import * as oc from 'openid-client'
import { demo, discover } from './login.mjs'

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(process.env.SIEGEL_DESCRIPTORS)))
const handle = process.env.SIEGEL_HANDLE
let office

before(async () => {
  const config = await discover(demo.authority)
  const DPoP = oc.getDPoPHandle(config, await oc.randomDPoPKeyPair('ES256'))
  const parameters = { scope: 'postbox.deliver', resource: 'urn:siegel:postbox' }
  const tokens = await oc.clientCredentialsGrant(config, parameters, { DPoP })
  assert.equal(tokens.token_type, 'dpop')
  office = (url, { method = 'POST', body, headers } = {}) =>
    oc.fetchProtectedResource(config, tokens.access_token, new URL(url, demo.origin), method, body, new Headers(headers), { DPoP })
})

const json = (method, message) =>
  office(`/v1/postbox/SenderService/${method}`, { body: JSON.stringify(message), headers: { 'content-type': 'application/json' } })

// The transport of Connect with the proofs of openid-client. gRPC-Web answers 200 whatever happened, so that a
// challenge shows in `grpc-status` only: the second try knows the nonce.
const transport = createGrpcWebTransport({
  baseUrl: demo.origin,
  fetch: async (url, init) => {
    const first = await office(url, init)
    const challenged = first.headers.get('grpc-status') === '16' && first.headers.has('dpop-nonce')
    const { body, status, headers } = challenged ? await office(url, init) : first
    // openid-client has no signal of ours: what is aborted stops here.
    return new Response(body?.pipeThrough(new TransformStream(), { signal: init.signal }), { status, headers })
  },
})
const service = (name) => createClient(registry.getService(`siegel.postbox.v1.${name}`), transport)

function letter(subject) {
  return { handle, subject, bodies: [{ language: 'de', plainText: 'Guten Tag.' }], requiredLevel: 'TRUST_LEVEL_SUBSTANTIAL', deliveryType: 'DELIVERY_TYPE_INFORMATION' }
}

test('a stock OpenID client sends a letter as JSON, nonce challenge and all', async () => {
  const content = readFileSync(new URL('../../fixtures/bescheid.pdf', import.meta.url))
  const declaration = {
    name: 'Bescheid.pdf',
    mediaType: 'application/pdf',
    sha256: createHash('sha256').update(content).digest('base64'),
    sizeBytes: String(content.length),
  }
  const request = { requestId: randomUUID(), letter: letter('Als JSON'), attachments: [{ declaration, content: content.toString('base64') }] }
  const answer = await json('Submit', request)
  assert.equal(answer.status, 200)
  const sent = await answer.json()
  assert.deepEqual(sent.receipts.map((receipt) => receipt.kind), ['accepted', 'provided'])
  assert.equal((await (await json('Submit', request)).json()).letterId, sent.letterId, 'the same request is the same letter')

  const reused = await json('Submit', { ...request, letter: letter('Etwas anderes') })
  assert.equal(reused.status, 409)
  assert.equal(reused.headers.get('content-type'), 'application/problem+json')
  assert.equal((await reused.json()).reason, 'REQUEST_ID_REUSED')

  const found = await (await json('GetSentLetter', { letterId: sent.letterId })).json()
  assert.equal(found.state, 'DELIVERY_STATE_PROVIDED')
})

test('events arrive as Server-Sent Events and go on behind the last id', async () => {
  const { letterId } = await (await json('Submit', { requestId: randomUUID(), letter: letter('Ereignisse') })).json()
  const kinds = []
  let last
  const watch = async (headers, each) => {
    const answer = await office('/v1/postbox/SenderService/WatchEvents', { method: 'GET', headers })
    assert.equal(answer.status, 200)
    let text = ''
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + part).split('\n\n')
      text = blocks.pop()
      for (const block of blocks) if (each(block)) return
    }
  }
  await watch({}, (block) => {
    const event = block.split('\n').find((line) => line.startsWith('data: '))
    last = /^id: (.*)$/m.exec(block)?.[1] ?? last
    const read = event ? JSON.parse(event.slice(6)).event : undefined
    if (read?.letterId === letterId) kinds.push(read.kind)
    return kinds.includes('provided')
  })
  assert.deepEqual(kinds, ['accepted', 'provided'])
  await watch({ 'last-event-id': last }, (block) => {
    assert.ok(!block.includes(letterId), 'nothing is told twice')
    return block.startsWith(': heartbeat')
  })
})

test('an unmodified gRPC-Web client reads keys, sends a letter and is refused with a reason', async () => {
  const keys = await service('EvidenceService').listSigningKeys({})
  assert.ok(JSON.parse(keys.jwks).keys.length > 0)

  const { fields } = registry.getMessage('siegel.postbox.v1.Letter')
  assert.ok(fields.length > 10, 'descriptors are read')
  const request = { requestId: randomUUID(), letter: { ...letter('Über gRPC-Web'), requiredLevel: 3, deliveryType: 1 } }
  const sent = await service('SenderService').submit(request)
  assert.deepEqual(sent.receipts.map((receipt) => receipt.kind), ['accepted', 'provided'])

  await assert.rejects(service('SenderService').getSentLetter({ letterId: 'ltr_00000000000000000000000000000000' }), (error) => {
    assert.ok(error instanceof ConnectError)
    assert.equal(error.code, Code.NotFound)
    return true
  })
  const stop = new AbortController()
  for await (const message of service('SenderService').watchEvents({}, { signal: stop.signal })) {
    if (message.event?.letterId === sent.letterId) break
  }
  stop.abort()
})

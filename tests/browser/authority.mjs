// A back-office system (Fachverfahren): a token bound to a key (RFC 7523, RFC 9449), one gRPC call.
import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { demo } from '../clients/node/login.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const fixture = (name) => `${root}tests/fixtures/${name}`
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest()

const postbox = grpc.loadPackageDefinition(
  loadSync('siegel/postbox/v1/postbox.proto', {
    includeDirs: [`${root}proto`],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  }),
).siegel.postbox.v1

function jwt(key, header, claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'ES256', ...header })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const now = () => Math.floor(Date.now() / 1000)

class Prover {
  constructor() {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.key = pair.privateKey
    const { kty, crv, x, y } = pair.publicKey.export({ format: 'jwk' })
    this.jwk = { kty, crv, x, y }
  }

  proof(url, { token, nonce } = {}) {
    const claims = { jti: randomUUID(), htm: 'POST', htu: url, iat: now(), nonce }
    if (token) claims.ath = createHash('sha256').update(token).digest('base64url')
    return jwt(this.key, { typ: 'dpop+jwt', jwk: this.jwk }, claims)
  }
}

async function accessToken(prover) {
  const { client_id, private_key_pem } = demo.authority
  const url = `${demo.origin}/token`
  let nonce
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const assertion = { iss: client_id, sub: client_id, aud: demo.origin, jti: randomUUID(), iat: now(), exp: now() + 60 }
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: jwt(createPrivateKey(private_key_pem), { typ: 'JWT' }, assertion),
      resource: 'urn:siegel:postbox',
      scope: 'postbox.deliver',
    })
    const answer = await fetch(url, { method: 'POST', body: form, headers: { dpop: prover.proof(url, { nonce }) } })
    const body = await answer.json()
    if (answer.ok) return body.access_token
    if (body.error !== 'use_dpop_nonce') throw new Error(`the token endpoint said ${answer.status} ${body.error}`)
    nonce = answer.headers.get('dpop-nonce')
  }
  throw new Error('the token endpoint goes on asking for nonces')
}

function call(stub, request, token, proof) {
  const metadata = new grpc.Metadata()
  metadata.set('authorization', `DPoP ${token}`)
  metadata.set('dpop', proof)
  return new Promise((resolve, reject) => {
    const started = stub.Submit(request, metadata, { deadline: Date.now() + 30000 }, (error, answer) => {
      if (!error) return resolve(answer)
      error.nonce = error.metadata?.get('dpop-nonce')[0] ?? started.nonce
      return reject(error)
    })
    started.on('metadata', (head) => {
      started.nonce = head.get('dpop-nonce')[0]
    })
  })
}

// Delivers a letter to the holder of `handle`; `files` are names in tests/fixtures with media types.
export async function deliver(handle, { files = {}, ...letter }) {
  const prover = new Prover()
  const token = await accessToken(prover)
  const attachments = Object.entries(files).map(([name, media_type]) => {
    const content = readFileSync(fixture(name))
    return { declaration: { name, media_type, sha256: sha256(content), size_bytes: content.length }, content }
  })
  const request = { request_id: randomUUID(), letter: { handle, ...letter }, attachments }
  const stub = new postbox.SenderService(new URL(demo.origin).host, grpc.credentials.createInsecure())
  const url = `${demo.origin}/siegel.postbox.v1.SenderService/Submit`
  try {
    try {
      return await call(stub, request, token, prover.proof(url, { token }))
    } catch (error) {
      if (error.code !== grpc.status.UNAUTHENTICATED || !error.nonce) throw error
      return await call(stub, request, token, prover.proof(url, { token, nonce: error.nonce }))
    }
  } finally {
    stub.close()
  }
}

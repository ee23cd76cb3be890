/** TURN passwords that a node makes, at Debian's coturn: good ones, wrong ones, and those whose time is over. */

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { iceServersOf, TURN_LIFETIME_S } from '../../gateway/api/ice-servers.ts'
import { startCoturn, TURN_SECRET, writeTurnConfiguration } from '../helpers/coturn.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

interface Password {
  username: string
  credential: string
}

/** @see https://www.rfc-editor.org/rfc/rfc8489 (STUN) and https://www.rfc-editor.org/rfc/rfc8656 (TURN) */
const METHOD = { allocate: 0x0003, refresh: 0x0004 }
const ATTRIBUTE = { username: 0x0006, integrity: 0x0008, error: 0x0009, realm: 0x0014, nonce: 0x0015, transport: 0x0019 }
const COOKIE = 0x2112a442

function attribute(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.byteLength, 2)
  return Buffer.concat([head, value, Buffer.alloc(-value.byteLength & 3)])
}

function message(method: number, attributes: Buffer, further = 0): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(method, 0)
  head.writeUInt16BE(attributes.byteLength + further, 2)
  head.writeUInt32BE(COOKIE, 4)
  return Buffer.concat([head, randomBytes(12), attributes])
}

function attributeOf(answer: Buffer, wanted: number): Buffer {
  for (let at = 20; at < answer.byteLength; ) {
    const [type, size] = [answer.readUInt16BE(at), answer.readUInt16BE(at + 2)]
    if (type === wanted) return answer.subarray(at + 4, at + 4 + size)
    at += 4 + size + (-size & 3)
  }
  return Buffer.alloc(0)
}

/** A client that asks coturn to relay for it. Each call resolves with 0, or with the number of the error. */
async function createTurnClient(port: number, { username, credential }: Password) {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  const transport = attribute(ATTRIBUTE.transport, Uint8Array.of(17, 0, 0, 0))
  const ask = async (bytes: Buffer): Promise<Buffer> => {
    socket.send(bytes, port, '127.0.0.1')
    const [answer] = await once(socket, 'message')
    return answer
  }
  // The first answer is a refusal, which names the realm and a nonce.
  const refusal = await ask(message(METHOD.allocate, transport))
  const [realm, nonce] = [attributeOf(refusal, ATTRIBUTE.realm), attributeOf(refusal, ATTRIBUTE.nonce)]
  const key = createHash('md5').update(`${username}:${realm}:${credential}`).digest()
  return async (name: keyof typeof METHOD): Promise<number> => {
    const proofs = [
      attribute(ATTRIBUTE.username, Buffer.from(username)),
      attribute(ATTRIBUTE.realm, realm),
      attribute(ATTRIBUTE.nonce, nonce),
    ]
    const bytes = message(METHOD[name], Buffer.concat([...(name === 'allocate' ? [transport] : []), ...proofs]), 24)
    const answer = await ask(Buffer.concat([bytes, attribute(ATTRIBUTE.integrity, createHmac('sha1', key).update(bytes).digest())]))
    const error = attributeOf(answer, ATTRIBUTE.error)
    return error.byteLength === 0 ? 0 : error.readUInt8(2) * 100 + error.readUInt8(3)
  }
}

test('coturn relays for a tab’s password until its hour is over, and after it for what is open', async () => {
  const { port } = await startCoturn('127.0.0.1')
  const node = await startNodeProcess({ args: ['--config', await writeTurnConfiguration(`turn:127.0.0.1:${port}`)] })
  const { iceServers } = (await (await fetch(`${node.url}/api/v1/status`)).json()) as { iceServers: Password[] }
  const own = iceServers[0] as Password
  expect(await (await createTurnClient(port, own))('allocate')).toBe(0)
  expect(await (await createTurnClient(port, { ...own, credential: own.credential.replace(/./, '*') }))('allocate')).toBe(401)

  const endsAtMs = Date.now() + 3_000
  const short = passwordOf(endsAtMs - TURN_LIFETIME_S * 1_000)
  const [early, late] = [await createTurnClient(port, short), await createTurnClient(port, short)]
  expect(await early('allocate')).toBe(0)
  await waitFor(() => Date.now() > endsAtMs + 1_500, 10_000, 'its time is over')
  expect([await late('allocate'), await early('refresh')]).toEqual([401, 0])
})

/** A password that a node made then. */
function passwordOf(nowMs: number): Password {
  const [server] = iceServersOf({ iceServers: ['turn:a.example'], turnSecret: TURN_SECRET }, nowMs)
  return server as Password
}

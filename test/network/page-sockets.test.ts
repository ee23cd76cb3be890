/** The dialler of tabs, against a real websocket server: what it sends as one message, and how it leaves. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { MultiaddrConnection } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { pageSockets } from '../../node/network/page-sockets.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** The dialler's connection, before anything is encrypted, and the server's end of its socket. */
async function dialServer() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => {
    server.close()
  })
  await once(server, 'listening')
  const served = once(server, 'connection') as Promise<[WebSocket]>
  const dialled = Promise.withResolvers<MultiaddrConnection>()
  const upgrader = { upgradeOutbound: async (connection: MultiaddrConnection) => dialled.resolve(connection) }
  const { port } = server.address() as AddressInfo
  await pageSockets({ logger: defaultLogger() }).dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/ws`), { upgrader } as never)
  const [socket] = await served
  const messages: Buffer[] = []
  socket.on('message', (data: Buffer) => messages.push(data))
  return { connection: await dialled.promise, socket, messages }
}

const LONGEST = 65_537

test.each([
  [
    'a length and what it is of',
    [
      [2, 1],
      [100, 2],
    ],
    [102],
  ],
  ['one part', [[7, 1]], [7]],
  [
    'the longest message of Noise, twice',
    [
      [2, 1],
      [65_535, 2],
      [2, 3],
      [65_535, 4],
    ],
    [LONGEST, LONGEST],
  ],
  [
    'more than the longest message',
    [
      [2, 1],
      [140_000, 2],
    ],
    [LONGEST, LONGEST, 140_002 - 2 * LONGEST],
  ],
])('page sockets: %s: goes in as few messages as there may be, byte for byte', async (_what, parts, sizes) => {
  const { connection, messages } = await dialServer()
  const sent = new Uint8ArrayList(...parts.map(([size, byte]) => new Uint8Array(size as number).fill(byte as number)))
  connection.send(sent.sublist())
  const bytes = (all: readonly Uint8Array[]) => all.reduce((sum, { byteLength }) => sum + byteLength, 0)
  await waitFor(() => bytes(messages) === sent.byteLength, 5_000, 'all of it')
  expect(messages.map(({ byteLength }) => byteLength)).toEqual(sizes)
  expect(Buffer.concat(messages).equals(sent.subarray())).toBe(true)
})

test('page sockets: an abort closes the socket, with a code that a page may send', async () => {
  const { connection, socket } = await dialServer()
  const closed = once(socket, 'close')
  connection.abort(new Error('away'))
  expect((await closed)[0]).toBe(4_000)
})

/** A websocket below libp2p: what it answers by itself is bounded. Small amounts, and small limits. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { FrameAllowanceOptions } from '../../../node/network/frame-allowance.ts'
import { WebSocketConnection } from '../../../node/server/port/websocket-connection.ts'
import { waitFor } from '../../helpers/wait-for.ts'

/** The connection at the server's end of a real websocket, and the client that talks to it. */
async function connectStranger(allowance: FrameAllowanceOptions) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false })
  await once(server, 'listening')
  const served = once(server, 'connection') as Promise<[WebSocket]>
  const stranger = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  stranger.on('error', () => {})
  onTestFinished(() => {
    stranger.terminate()
    server.close()
  })
  const [socket] = await served
  const connection = new WebSocketConnection({
    socket,
    remoteAddr: multiaddr('/ip4/127.0.0.1/tcp/1/ws'),
    direction: 'inbound',
    log: defaultLogger().forComponent('test'),
    allowance,
  })
  if (stranger.readyState !== WebSocket.OPEN) await once(stranger, 'open')
  return { stranger, connection, socket }
}

test.each([
  ['pings', (socket: WebSocket) => socket.ping()],
  ['pongs that nobody asked for', (socket: WebSocket) => socket.pong()],
  ['messages of no bytes', (socket: WebSocket) => socket.send('')],
  ['messages of single bytes', (socket: WebSocket) => socket.send(new Uint8Array(1))],
])('websocket connection: %s: a peer that sends them on and on is slowed, then cut', async (_what, send) => {
  const { stranger, connection } = await connectStranger({ burst: 32, perSecond: 20, maxSlowedMs: 200 })
  while (connection.status === 'open') {
    if (stranger.readyState === WebSocket.OPEN) send(stranger)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(connection.status).toBe('aborted')
})

test('websocket connection: pings within the allowance are answered, and messages behind many of them come', async () => {
  const { stranger, connection } = await connectStranger({ burst: 8, perSecond: 100, maxSlowedMs: 60_000 })
  let pongs = 0
  let bytes = 0
  stranger.on('pong', () => pongs++)
  connection.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
  })
  for (let i = 0; i < 24; i++) stranger.ping()
  stranger.send(new Uint8Array(100))
  await waitFor(() => pongs === 24 && bytes === 100, 5_000, 'all of it')
  expect(connection.status).toBe('open')
})

test('websocket connection: a length in a message of its own before each message, as @libp2p/websockets sends it, costs nothing', async () => {
  const { stranger, connection } = await connectStranger({ burst: 2, perSecond: 1, maxSlowedMs: 10 })
  let bytes = 0
  connection.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
  })
  for (let i = 0; i < 500; i++) {
    stranger.send(new Uint8Array(2))
    stranger.send(new Uint8Array(28))
  }
  await waitFor(() => bytes === 500 * 30, 5_000, 'all of it')
  expect(connection.status).toBe('open')
})

test('websocket connection: one of the longest messages of Noise, with its length, goes as one message', async () => {
  const { stranger, connection } = await connectStranger({})
  const sizes: number[] = []
  stranger.on('message', (data: Buffer) => sizes.push(data.byteLength))
  connection.send(new Uint8Array(65_537))
  await waitFor(() => sizes.length > 0, 5_000, 'the message')
  expect(sizes).toEqual([65_537])
})

test('websocket connection: a socket whose messages take long is read on in the next turn', async () => {
  const { connection, socket } = await connectStranger({})
  connection.addEventListener('message', () => {
    const until = performance.now() + 10
    while (performance.now() < until);
  })
  socket.emit('message', Buffer.alloc(1_024))
  expect(socket.isPaused).toBe(true)
  await waitFor(() => !socket.isPaused, 5_000, 'the socket is read on')
  socket.emit('message', Buffer.alloc(1_024))
  connection.pause()
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(socket.isPaused).toBe(true)
})

test('websocket connection: a long message in parts arrives as one, and the bytes behind it as the next', async () => {
  const { stranger, connection } = await connectStranger({})
  const messages: Buffer[] = []
  stranger.on('message', (data: Buffer) => messages.push(data))
  const parts = [new Uint8Array(2).fill(1), new Uint8Array(65_519).fill(2), new Uint8Array(16).fill(3), new Uint8Array(40).fill(4)]
  connection.send(new Uint8ArrayList(...parts))
  await waitFor(() => messages.length === 2, 5_000, 'both of them')
  expect(messages.map(({ byteLength }) => byteLength)).toEqual([65_537, 40])
  expect(Buffer.concat(messages).equals(Buffer.concat(parts))).toBe(true)
})

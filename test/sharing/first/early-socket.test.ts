/** The websocket that the first script of a document opens, and its page takes over. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws'
import { openEarlySocket, SHARE_SUBPROTOCOL } from '../../../node/sharing/first/early-socket.ts'
import { encodeFirstKey, type FirstKeys } from '../../../node/sharing/first/first-keys.ts'
import { createSocketCarrier } from '../../../node/sharing/first/socket-carrier.ts'
import { receiveEarly } from '../../../node/sharing/receiver/early-share.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const WAIT_MS = 20_000
const [ID, OTHER] = ['a'.repeat(52), 'q'.repeat(52)]

let server: WebSocketServer
let gateway: string
/** Paths that were asked for, each with its socket, and what came on it. */
let visits: { path: string | undefined; socket: ServerSocket; messages: Buffer[] }[]
beforeEach(async () => {
  visits = []
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => SHARE_SUBPROTOCOL })
  server.on('connection', (socket, { url }) => {
    const messages: Buffer[] = []
    socket.on('message', (message) => messages.push(message as Buffer))
    visits.push({ path: url, socket, messages })
    socket.send(Uint8Array.of(1))
  })
  await once(server, 'listening')
  gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  globalThis.mayflyFirstSocket?.socket.close()
  globalThis.mayflyFirstSocket = undefined
  server.close()
  for (const { socket } of visits) socket.terminate()
})

const pathsOf = () => visits.map(({ path }) => path)

/** A page, and what it hears: the first bytes of messages, and the end. */
function take(id: string) {
  const heard: (number | string)[] = []
  const carrier = createSocketCarrier(gateway, id)
  carrier.onMessage(async ([first = -1]) => void heard.push(first))
  carrier.onEnd((reason) => heard.push(reason?.message ?? 'end'))
  return { carrier, heard }
}

test('the page goes on with the socket of its document: what came before, and what comes', async () => {
  openEarlySocket(gateway, ID)
  await waitFor(() => globalThis.mayflyFirstSocket?.messages.length === 1, WAIT_MS, 'the first message')
  await waitFor(() => visits[0]?.messages.length === 1, WAIT_MS, 'the key of this end')
  const { carrier, heard } = take(ID)
  expect(visits[0]?.messages).toEqual([Buffer.from(encodeFirstKey((await carrier.keys) as FirstKeys))])
  carrier.send(Uint8Array.of(2))
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'a message of the page')
  visits[0]?.socket.send(visits[0].messages[1] as Buffer)
  await waitFor(() => heard.length === 2, WAIT_MS, 'both messages')
  expect(heard).toEqual([1, 2])
  expect(pathsOf()).toEqual([`/s/${ID}/first`])
  carrier.close()
})

test('it is taken over once, also while it is being opened; the next visit opens its own', async () => {
  openEarlySocket(gateway, ID)
  const visitors = [take(ID), take(ID)]
  await waitFor(() => visitors.every(({ heard }) => heard.length === 1), WAIT_MS, 'each has a message')
  expect(pathsOf()).toEqual([`/s/${ID}/first`, `/s/${ID}/first`])
  for (const { carrier } of visitors) carrier.close()
})

test('one of another share is closed', async () => {
  openEarlySocket(gateway, OTHER)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  const closed = once(visits[0]?.socket as ServerSocket, 'close')
  const { carrier, heard } = take(ID)
  await closed
  await waitFor(() => heard.length === 1, WAIT_MS, 'the own one')
  expect(pathsOf()).toEqual([`/s/${OTHER}/first`, `/s/${ID}/first`])
  carrier.close()
})

test('one that the gateway has ended ends the visit at once: the page makes its peer', async () => {
  openEarlySocket(gateway, ID)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  visits[0]?.socket.close(4_404)
  await waitFor(() => globalThis.mayflyFirstSocket?.socket.readyState === WebSocket.CLOSED, WAIT_MS, 'it is closed')
  const { heard } = take(ID)
  await waitFor(() => heard.length > 0, WAIT_MS, 'the end')
  expect([heard, visits.length]).toEqual([['end'], 1])
})

test('a gateway that says more than a sharer does before the page is here is left', async () => {
  openEarlySocket(gateway, ID)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  for (let n = 0; n < 8; n++) visits[0]?.socket.send(Uint8Array.of(n))
  await once(visits[0]?.socket as ServerSocket, 'close')
  expect(globalThis.mayflyFirstSocket?.messages.length).toBeLessThan(8)
})

test('a mistyped link closes it: the sharer is not kept waiting', async () => {
  openEarlySocket(gateway, ID)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  const closed = once(visits[0]?.socket as ServerSocket, 'close')
  const parts = { openCarrier: (id: string) => createSocketCarrier(gateway, id), openSharing: () => Promise.reject(new Error('unused')) }
  expect(() => receiveEarly(`/s/${ID}#cut`, {}, parts)).toThrow(expect.objectContaining({ code: 'ERR_SHARE_WRONG' }))
  await closed
  expect(globalThis.mayflyFirstSocket).toBeUndefined()
})

test('a node of before, which takes the websocket for one of its overlay, is sent no key', async () => {
  server.options.handleProtocols = () => false
  openEarlySocket(gateway, ID)
  const early = globalThis.mayflyFirstSocket
  await early?.keys
  const { heard } = take(ID)
  await waitFor(() => heard.length > 0, WAIT_MS, 'the end')
  expect([visits.flatMap(({ messages }) => messages), heard.length, early?.socket.protocol]).toEqual([[], 1, ''])
})

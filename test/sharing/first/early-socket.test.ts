/** The websocket that the first script of a document opens and says hello on, and its page takes over. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws'
import { greetedAs, receiverIdOf } from '../../../browser/visit/receiver-id.ts'
import { decodeFrame } from '../../../node/network/index.ts'
import { openEarlySocket, SHARE_SUBPROTOCOL } from '../../../node/sharing/first/early-socket.ts'
import type { FirstVisitor } from '../../../node/sharing/first/first-hello.ts'
import { createFirstKeys, encodeFirstKey, type FirstKeys } from '../../../node/sharing/first/first-keys.ts'
import { decodeFirstKey, openFirstSession } from '../../../node/sharing/first/session.ts'
import { createSocketCarrier } from '../../../node/sharing/first/socket-carrier.ts'
import { decodeShareFrame } from '../../../node/sharing/format/share-frames.ts'
import { isHelloProof } from '../../../node/sharing/format/share-keys.ts'
import { secretText } from '../../../node/sharing/format/share-link.ts'
import { receiveEarly } from '../../../node/sharing/receiver/early-share.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const WAIT_MS = 20_000
const [ID, OTHER] = ['a'.repeat(52), `${'a'.repeat(51)}q`]
const LINK = { id: new Uint8Array(32), secret: new Uint8Array(16).fill(2) }
const SECRET = secretText(LINK)
const NOTHING = new Uint8Array()
const VISITOR = { receiver: new Uint8Array(16).fill(6), label: 'early' }

let server: WebSocketServer
let gateway: string
/** Paths that were asked for, each with its socket, and what came on it. */
let visits: { path: string | undefined; socket: ServerSocket; messages: Buffer[]; closed: Promise<unknown> }[]
let sharerKeys: FirstKeys
/** The sharer's key, unless a test changes it. */
let firstMessage: Uint8Array
beforeEach(async () => {
  visits = []
  sharerKeys = await createFirstKeys()
  firstMessage = encodeFirstKey(sharerKeys)
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => SHARE_SUBPROTOCOL })
  server.on('connection', (socket, { url }) => {
    const messages: Buffer[] = []
    socket.on('message', (message) => messages.push(message as Buffer))
    visits.push({ path: url, socket, messages, closed: once(socket, 'close') })
    socket.send(firstMessage)
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

/** The first script. */
const openEarly = (id: string, findVisitor: () => FirstVisitor = () => VISITOR) => openEarlySocket(gateway, id, SECRET, findVisitor)

/** A page, and what it hears: the first bytes of messages, and the end. */
function take(id: string, visitor: { receiver?: Uint8Array; label: string } = VISITOR) {
  const heard: (number | string)[] = []
  const carrier = createSocketCarrier(gateway, id, visitor)
  carrier.onMessage(async ([first = -1]) => void heard.push(first))
  carrier.onEnd((reason) => heard.push(reason?.message ?? 'end'))
  return { carrier, heard }
}

test('the page goes on with the socket of its document: what came before, and what comes', async () => {
  openEarly(ID)
  await waitFor(() => globalThis.mayflyFirstSocket?.messages.length === 1, WAIT_MS, 'the first message')
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'the key of this end, and its hello')
  const { carrier, heard } = take(ID)
  expect(visits[0]?.messages[0]).toEqual(Buffer.from(encodeFirstKey((await carrier.keys) as FirstKeys)))
  carrier.send(Uint8Array.of(2))
  await waitFor(() => visits[0]?.messages.length === 3, WAIT_MS, 'a message of the page')
  visits[0]?.socket.send(visits[0].messages[2] as Buffer)
  await waitFor(() => heard.length === 2, WAIT_MS, 'both messages')
  expect(heard).toEqual([1, 2])
  expect(pathsOf()).toEqual([`/s/${ID}/first`])
  carrier.close()
})

test('its hello proves the link, and says the receiver and the label of the page, which goes on with its session', async () => {
  openEarly(ID)
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'its hello')
  const [key = NOTHING, hello = NOTHING] = (visits[0]?.messages ?? []).map((message) => new Uint8Array(message))
  const session = await openFirstSession('sharer', sharerKeys, decodeFirstKey(key), LINK)
  const frame = decodeShareFrame(decodeFrame(await session.open(hello)))
  if (frame.type !== 'hello') throw new Error(`a ${frame.type}`)
  expect(isHelloProof('s', LINK, session.ends, frame.proof)).toBe(true)
  expect(frame).toMatchObject(VISITOR)
  const { carrier } = take(ID, { label: VISITOR.label }) // any receiver will do
  const own = await carrier.greeting?.session
  carrier.send((await own?.seal(Uint8Array.of(7))) as Uint8Array)
  await waitFor(() => visits[0]?.messages.length === 3, WAIT_MS, 'the second record')
  expect([...(await session.open(new Uint8Array(visits[0]?.messages[2] ?? [])))]).toEqual([7])
  expect(carrier.greeting?.receiver).toEqual(VISITOR.receiver)
  carrier.close()
})

test.each([
  ['receiver', { ...VISITOR, receiver: new Uint8Array(16) }],
  ['label', { ...VISITOR, label: 'late' }],
])('a page that has another %s than the hello opens its own', async (_, visitor) => {
  openEarly(ID)
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'its hello')
  const { carrier, heard } = take(ID, visitor)
  await visits[0]?.closed
  await waitFor(() => heard.length === 1, WAIT_MS, 'the own one')
  expect([carrier.greeting, visits.length]).toEqual([undefined, 2])
  carrier.close()
})

test('a link whose secret is mistyped says no hello', async () => {
  openEarlySocket(gateway, ID, `${SECRET.slice(0, -2)}aa`, () => VISITOR)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  await visits[0]?.closed
  expect(visits[0]?.messages.length).toBeLessThan(2)
})

test('it is taken over once, also while it is being opened; the next visit opens its own', async () => {
  openEarly(ID)
  const visitors = [take(ID), take(ID)]
  await waitFor(() => visitors.every(({ heard }) => heard.length === 1), WAIT_MS, 'each has a message')
  expect(pathsOf()).toEqual([`/s/${ID}/first`, `/s/${ID}/first`])
  for (const { carrier } of visitors) carrier.close()
})

test('one of another share is closed', async () => {
  openEarly(OTHER)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  const { carrier, heard } = take(ID)
  await visits[0]?.closed
  await waitFor(() => heard.length === 1, WAIT_MS, 'the own one')
  expect(pathsOf()).toEqual([`/s/${OTHER}/first`, `/s/${ID}/first`])
  carrier.close()
})

test('one that the gateway has ended ends the visit at once: the page makes its peer', async () => {
  openEarly(ID)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  visits[0]?.socket.close(4_404)
  await waitFor(() => globalThis.mayflyFirstSocket?.socket.readyState === WebSocket.CLOSED, WAIT_MS, 'it is closed')
  const { heard } = take(ID)
  await waitFor(() => heard.includes('end'), WAIT_MS, 'the end')
  expect([heard, visits.length]).toEqual([[1, 'end'], 1])
})

test('a gateway that says anything but a key is left', async () => {
  firstMessage = Uint8Array.of(1)
  openEarly(ID)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  for (let n = 0; n < 8; n++) visits[0]?.socket.send(Uint8Array.of(n))
  await visits[0]?.closed
  expect(globalThis.mayflyFirstSocket?.messages.length).toBeLessThan(8)
})

test('a gateway that says more than a sharer does before the page is here is left', async () => {
  openEarly(ID)
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'its hello')
  for (let n = 0; n < 100; n++) visits[0]?.socket.send(Uint8Array.of(n))
  await visits[0]?.closed
  expect(globalThis.mayflyFirstSocket?.messages.length).toBeLessThan(100)
})

test('a list that is longer than what is kept for the page: the page opens its own, and hears it from its beginning', async () => {
  openEarly(ID)
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'its hello')
  for (let n = 0; n < 100; n++) visits[0]?.socket.send(Uint8Array.of(n))
  await visits[0]?.closed
  const { carrier, heard } = take(ID)
  await waitFor(() => heard.length > 0, WAIT_MS, 'the own one')
  expect([heard, visits.length, carrier.greeting]).toEqual([[1], 2, undefined])
  carrier.close()
})

test('a browser that stores nothing goes on as the receiver that has said hello, and at another share it is another', async () => {
  openEarly(ID, () => ({ ...VISITOR, receiver: receiverIdOf(undefined, ID) }))
  await waitFor(() => visits[0]?.messages.length === 2, WAIT_MS, 'its hello')
  const receiver = receiverIdOf(undefined, ID, greetedAs(ID))
  expect(greetedAs(OTHER)).toBeUndefined()
  const { carrier } = take(ID, { ...VISITOR, receiver })
  expect([carrier.greeting?.receiver, visits.length]).toEqual([receiver, 1])
  carrier.close()
})

test('a mistyped link closes it: the sharer is not kept waiting', async () => {
  openEarly(ID)
  await waitFor(() => visits.length === 1, WAIT_MS, 'it is open')
  const parts = {
    openCarrier: (id: string) => createSocketCarrier(gateway, id, VISITOR),
    openSharing: () => Promise.reject(new Error('unused')),
  }
  expect(() => receiveEarly(`/s/${ID}#cut`, {}, parts)).toThrow(expect.objectContaining({ code: 'ERR_SHARE_WRONG' }))
  await visits[0]?.closed
  expect(globalThis.mayflyFirstSocket).toBeUndefined()
})

test('a node of before, which takes the websocket for one of its overlay, is sent no key', async () => {
  server.options.handleProtocols = () => false
  openEarly(ID)
  const early = globalThis.mayflyFirstSocket
  await early?.keys
  const { heard } = take(ID)
  await waitFor(() => heard.length > 0, WAIT_MS, 'the end')
  expect([visits.flatMap(({ messages }) => messages), heard.length, early?.socket.protocol]).toEqual([[], 1, ''])
})

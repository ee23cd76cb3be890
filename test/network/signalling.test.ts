/** Offers of direct connections over a stream that is there already, with a transport that does as @libp2p/webrtc: it finds the stream, and speaks over it. */

import type { Connection, Stream, Transport, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createDirectUses } from '../../node/network/direct-uses.ts'
import { createSignallings, SIGNALLING_LIMITS, type SignallingComponents } from '../../node/network/signalling.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const TIMEOUT_MS = 8_000

let other: SeededPeer
beforeAll(async () => {
  other = await createSeededPeer(1)
})
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Carrier = Pick<Connection, 'newStream' | 'remotePeer'>

interface Parts extends SignallingComponents {
  connectionManager: { getConnections(): Carrier[] }
  registrar: { handle(protocol: string, handler: (stream: Stream, connection: Carrier) => void): Promise<void> }
}

/** One tab. `heard` has what comes over its signalling stream, and what has become of it. */
function createTab() {
  const heard: string[] = []
  const sent: string[] = []
  let onOpen: ((event: { detail: unknown }) => void) | undefined
  const listen = (stream: Stream, name: string) => {
    stream.addEventListener('message', ({ data }) => void heard.push(new TextDecoder().decode(data.subarray())))
    stream.addEventListener('close', () => void heard.push(`${name} closed`))
  }
  const webRTC = ({ connectionManager, registrar, upgrader }: Parts) =>
    ({
      async start() {
        await registrar.handle('', (stream, { remotePeer }) => {
          heard.push(`asked by ${remotePeer.toString() === other.id}`)
          upgrader.createInboundAbortSignal(new AbortController().signal).addEventListener('abort', () => heard.push('answer aborted'))
          listen(stream, 'answer')
        })
      },
      async dial(_: unknown, { signal }: { signal: AbortSignal }) {
        const [carrier] = connectionManager.getConnections()
        const stream = (await carrier?.newStream('')) as Stream
        listen(stream, 'offer')
        stream.send(new TextEncoder().encode('an offer'))
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    }) as unknown as Transport
  const uses = createDirectUses(4, TIMEOUT_MS)
  const signallings = createSignallings(webRTC as never, uses, TIMEOUT_MS)
  const upgrader = { upgradeInbound() {} } as unknown as Upgrader
  signallings.transport({ logger: defaultLogger(), upgrader, connectionManager: {}, registrar: { async handle() {} } } as never)
  signallings.attach({ addEventListener: (_: string, listener: never) => (onOpen = listener) } as never)
  return {
    ...{ heard, sent, signallings },
    send: (bytes: Uint8Array) => void sent.push(new TextDecoder().decode(bytes)),
    open: () => onOpen?.({ detail: { remotePeer: other.peer, remoteAddr: addressOfKind('direct') } }),
    places: () => uses.places([]),
  }
}

const bytesOf = (words: string) => new TextEncoder().encode(words)

/** True once nothing is under way with the peer. */
async function isReady({ signallings }: ReturnType<typeof createTab>): Promise<boolean> {
  let isDone = false
  signallings.ready(other.peer, new AbortController().signal).then(() => (isDone = true))
  await vi.advanceTimersByTimeAsync(0)
  return isDone
}

test('signalling: an offer goes over what carries it, and takes a place until the connection is there', async () => {
  const tab = createTab()
  const offer = tab.signallings.offer(other.peer, tab.send)
  await vi.advanceTimersByTimeAsync(0)
  expect([tab.sent, tab.places(), await isReady(tab)]).toEqual([['an offer'], 1, false])
  expect(tab.signallings.offer(other.peer, tab.send)).toBeUndefined() // one at a time
  offer?.take(bytesOf('an answer'))
  expect(tab.heard).toEqual(['an answer'])
  tab.open()
  expect(await isReady(tab)).toBe(true)
  offer?.end() // too late to end anything
  expect(tab.heard).toEqual(['an answer'])
})

test('signalling: the end that answers hears what came before it listened, and keeps a place for the connection', async () => {
  const tab = createTab()
  const answer = tab.signallings.answer(other.peer, tab.send)
  answer?.take(bytesOf('an offer'))
  await vi.advanceTimersByTimeAsync(0)
  expect([tab.heard, tab.places(), await isReady(tab)]).toEqual([['asked by true', 'an offer'], 1, false])
})

test('signalling: an attempt ends when its carrier ends or nothing comes of it in time, and gives its place back', async () => {
  const [one, two] = [createTab(), createTab()]
  one.signallings.offer(other.peer, one.send)?.end()
  two.signallings.answer(other.peer, two.send)
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
  expect([await isReady(one), await isReady(two)]).toEqual([true, true])
  expect([one.places(), two.places()]).toEqual([0, 0])
  expect(two.heard).toEqual(['asked by true', 'answer aborted', 'answer closed'])
  expect(one.signallings.offer(other.peer, one.send)).toBeDefined()
})

test('signalling: more bytes than an offer has end the attempt', async () => {
  const tab = createTab()
  const offer = tab.signallings.offer(other.peer, tab.send)
  await vi.advanceTimersByTimeAsync(0)
  offer?.take(new Uint8Array(SIGNALLING_LIMITS.maxBytes))
  expect(await isReady(tab)).toBe(false)
  offer?.take(new Uint8Array(1))
  expect(await isReady(tab)).toBe(true)
  expect(tab.heard.at(-1)).toBe('offer closed')
})

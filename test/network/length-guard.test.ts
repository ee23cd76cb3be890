/** The guard in front of libp2p's own readers, by streams in memory and between real peers. */

import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { expect, onTestFinished, test } from 'vitest'
import { KAD_PROTOCOL } from '../../node/network/dht.ts'
import { withLength } from '../../node/network/frames.ts'
import { guardStream, type LengthGuardOptions, STOCK_PROTOCOLS } from '../../node/network/length-guard.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const text = (line: string) => withLength(new TextEncoder().encode(`${line}\n`))
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const LONG_LENGTH = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01)

/** A stranger's stream, and what its guarded end hands on. */
async function openGuarded(options: LengthGuardOptions = {}) {
  const [stranger, stream] = await streamPair({ delay: 0 })
  const received: number[][] = []
  let turn = 0
  const turns: number[] = []
  const tick = () => {
    turn++
    if (stream.status === 'open') setImmediate(tick)
  }
  tick()
  guardStream(stream, (name) => STOCK_PROTOCOLS.has(name), options)
  stream.addEventListener('message', ({ data }) => {
    received.push([...data.subarray()])
    turns.push(turn)
  })
  onTestFinished(() => {
    stream.abort(new Error('the test is over'))
    stranger.abort(new Error('the test is over'))
  })
  return { stranger, stream, received, turns, bytes: () => received.flat() }
}
const isEnded = (stream: Stream) => stream.status === 'aborted'

test('length guard: a length of more bytes than one needs ends the stream, before and behind the choice of a protocol', async () => {
  for (const before of [new Uint8Array(), text('/multistream/1.0.0'), join(text('/multistream/1.0.0'), text(KAD_PROTOCOL))]) {
    const { stranger, stream, bytes } = await openGuarded()
    stranger.send(join(before, LONG_LENGTH))
    await waitFor(() => isEnded(stream), 5_000, 'the stream is ended')
    expect(bytes().length).toBeLessThanOrEqual(before.byteLength)
  }
})

test('length guard: a length that comes byte by byte is no other', async () => {
  const { stranger, stream, bytes } = await openGuarded()
  for (const byte of LONG_LENGTH) if (stranger.status === 'open') stranger.send(Uint8Array.of(byte))
  await waitFor(() => isEnded(stream), 5_000, 'the stream is ended')
  expect(bytes()).toEqual([])
})

test('length guard: maxMessageBytes: a longer message ends the stream at its length', async () => {
  const { stranger, stream } = await openGuarded({ maxMessageBytes: 100 })
  stranger.send(join(text(KAD_PROTOCOL), withLength(new Uint8Array(101))))
  await waitFor(() => isEnded(stream), 5_000, 'the stream is ended')
})

test('length guard: maxProposals: a peer that proposes on and on is cut', async () => {
  const { stranger, stream } = await openGuarded({ maxProposals: 4 })
  stranger.send(join(...Array.from({ length: 3 }, () => text('/none/1.0.0'))))
  await new Promise((resolve) => setImmediate(resolve))
  expect(isEnded(stream)).toBe(false)
  stranger.send(text('/none/1.0.0'))
  await waitFor(() => isEnded(stream), 5_000, 'the stream is ended')
})

test('length guard: maxWaitingBytes bounds the messages that wait for their turn', async () => {
  const { stranger, stream } = await openGuarded({ maxWaitingBytes: 500 })
  stranger.send(join(text(KAD_PROTOCOL), ...Array.from({ length: 20 }, () => withLength(new Uint8Array(100)))))
  await waitFor(() => isEnded(stream), 5_000, 'the stream is ended')
})

test('length guard: many messages in one are handed on whole, one in each turn, and the end behind them', async () => {
  const { stranger, stream, received, turns } = await openGuarded()
  const ended = new Promise<number>((resolve) => stream.addEventListener('remoteCloseWrite', () => resolve(received.length)))
  const messages = Array.from({ length: 50 }, (_, i) => withLength(new Uint8Array(i + 1).fill(i)))
  stranger.send(join(text(KAD_PROTOCOL), ...messages))
  await stranger.close()
  expect(await ended).toBe(51)
  expect(received.slice(1)).toEqual(messages.map((message) => [...message]))
  expect(new Set(turns).size).toBeGreaterThan(20)
})

test('length guard: a message in single bytes is handed on in one piece', async () => {
  const { stranger, received } = await openGuarded()
  stranger.send(text(KAD_PROTOCOL))
  const message = withLength(new Uint8Array(300).fill(7))
  for (const byte of message) stranger.send(Uint8Array.of(byte))
  await waitFor(() => received.length === 2, 5_000, 'the message')
  expect(received[1]).toEqual([...message])
})

test.each([
  ['/ipfs/ping/1.0.0', new Uint8Array()],
  ['/libp2p/circuit/relay/0.2.0/stop', withLength(new Uint8Array(10))],
  ['/mayfly/presence/1.0.0', new Uint8Array()],
])('length guard: %s: bytes without a length pass as they are', async (protocol, first) => {
  const [stranger, stream] = await streamPair({ delay: 0 })
  guardStream(stream, (name) => name === protocol)
  const received: number[] = []
  stream.addEventListener('message', ({ data }) => void received.push(...data.subarray()))
  const bytes = join(text('/multistream/1.0.0'), text(protocol), first, new Uint8Array(500).fill(0xff))
  stranger.send(bytes)
  await waitFor(() => received.length === bytes.byteLength, 5_000, 'all of it')
  expect(received).toEqual([...bytes])
})

test('length guard: every protocol that libp2p serves at a node or a tab is known to it', async () => {
  for (const role of ['node', 'tab'] as const) {
    const peer = await startRawPeer({ role, join: [] })
    onTestFinished(() => peer.stop())
    const unknown = peer.libp2p.getProtocols().filter((name) => !name.startsWith('/mayfly/') && !STOCK_PROTOCOLS.has(name))
    expect(unknown).toEqual([])
  }
  expect(STOCK_PROTOCOLS.has(KAD_PROTOCOL)).toBe(true)
})

test('length guard: a real node ends the stream of such a length, and serves the same connection on', async () => {
  const node = await startRawPeer({ role: 'node', join: [] })
  const tab = await startRawPeer({ role: 'tab', join: [] })
  onTestFinished(async () => {
    await tab.stop()
    await node.stop()
  })
  const connection = await tab.libp2p.dial(node.libp2p.getMultiaddrs())
  for (const protocol of [KAD_PROTOCOL, '/libp2p/circuit/relay/0.2.0/hop']) {
    const stream = await connection.newStream(protocol)
    stream.send(LONG_LENGTH)
    await waitFor(() => stream.status === 'reset', 5_000, `${protocol}: the stream is reset`)
  }
  const ping = await connection.newStream('/ipfs/ping/1.0.0')
  let echoed = 0
  ping.addEventListener('message', ({ data }) => {
    echoed += data.byteLength
  })
  ping.send(new Uint8Array(32))
  await waitFor(() => echoed === 32, 5_000, 'the ping comes back')
  expect(connection.status).toBe('open')
})

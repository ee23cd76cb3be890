/** The choice of a protocol in one message, between real peers, and with peers that send it in any other way. */

import type { Connection, Stream } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { withLength } from '../../node/network/frames.ts'
import { type RawPeer, startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PROTOCOL = '/mayfly/echo/1.0.0'
const line = (text: string) => withLength(new TextEncoder().encode(`${text}\n`))
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const HEADER = line('/multistream/1.0.0')
const CHOICE = join(HEADER, line(PROTOCOL))

/** A node that answers whatever comes by the same bytes, and the streams of a stranger to it, of which no protocol is chosen yet. */
async function connect() {
  const node = await startRawPeer({ role: 'node', join: [], keepsPresence: false })
  const tab = await startRawPeer({ role: 'tab', join: [], keepsPresence: false })
  onTestFinished(async () => {
    await tab.stop()
    await node.stop()
  })
  const served: Stream[] = []
  await node.libp2p.handle(PROTOCOL, (stream) => {
    served.push(stream)
    stream.addEventListener('message', ({ data }) => void stream.send(data))
  })
  const connection = await tab.libp2p.dial(node.libp2p.getMultiaddrs())
  const { muxer } = connection as Connection & { muxer: { createStream(): Promise<Stream> } }
  async function open() {
    const stream = await muxer.createStream()
    const messages: number[][] = []
    // In front of this end's guard, which hands on each line by itself.
    const reader = stream as unknown as { onData(data: Uint8Array): void }
    const take = reader.onData.bind(stream)
    reader.onData = (data) => {
      messages.push([...data.subarray()])
      take(data)
    }
    return { stream, messages, bytes: () => messages.flat() }
  }
  return { node, served, connection, open }
}

/** The stream of which the node at its end knows no protocol yet. */
async function unchosenAt(node: RawPeer): Promise<Stream> {
  const find = () => node.libp2p.getConnections()[0]?.streams.find(({ protocol }) => !protocol)
  await waitFor(() => find() !== undefined, 5_000, 'the stream is there')
  return find() as Stream
}

test('quick choice: both lines are answered by one message, and what comes behind them belongs to the protocol', async () => {
  const { served, open } = await connect()
  const { stream, messages, bytes } = await open()
  stream.send(join(CHOICE, Uint8Array.of(2, 8, 9))) // a length and its bytes: this end's guard reads on
  await waitFor(() => bytes().length === CHOICE.byteLength + 3, 5_000, 'the answer')
  expect(messages[0]).toEqual([...CHOICE])
  expect(served.map(({ protocol }) => protocol)).toEqual([PROTOCOL])
  stream.send(Uint8Array.of(1, 4))
  await waitFor(() => bytes().at(-1) === 4, 5_000, 'the next bytes')
  expect(bytes()).toEqual([...CHOICE, 2, 8, 9, 1, 4])
})

test.each([
  ['in single bytes', [...CHOICE].map((byte) => Uint8Array.of(byte))],
  ['line by line', [HEADER, line(PROTOCOL)]],
  ['after one that is not served', [join(HEADER, line('/none/1.0.0')), line(PROTOCOL)]],
])('quick choice: a choice that comes %s is made by libp2p', async (_, parts) => {
  const { served, open } = await connect()
  const { stream } = await open()
  for (const part of parts) {
    stream.send(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await waitFor(() => served.length === 1, 5_000, 'it is served')
  expect(served[0]?.protocol).toBe(PROTOCOL)
})

test('quick choice: a stream on which nothing comes is ended, and the connection serves on', async () => {
  const { served, connection, open } = await connect()
  const { stream } = await open()
  await waitFor(() => stream.status !== 'open', 15_000, 'the silent stream is ended')
  await connection.newStream(PROTOCOL)
  expect(served.length).toBe(1)
})

test('quick choice: a choice that comes once this end has closed the stream ends the stream, and the connection serves on', async () => {
  const { node, served, connection, open } = await connect()
  const { stream } = await open()
  const theirs = await unchosenAt(node)
  await theirs.close()
  expect(theirs.status).toBe('open')
  stream.send(CHOICE)
  await waitFor(() => theirs.status !== 'open', 5_000, 'the stream is ended')
  await connection.newStream(PROTOCOL)
  expect(served.length).toBe(1)
})

test('quick choice: a length that is none ends the stream, also where a choice came before it', async () => {
  const { open } = await connect()
  const { stream } = await open()
  stream.send(join(line('/multistream/1.0.0'), Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01)))
  await waitFor(() => stream.status !== 'open', 5_000, 'the stream is ended')
  const kad = await open()
  kad.stream.send(join(HEADER, line('/mayfly/kad/1.0.0'), Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01)))
  await waitFor(() => kad.stream.status !== 'open', 5_000, 'the stream is ended')
})

import { generateKeyPair } from '@libp2p/crypto/keys'
import type { MessageStream } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, test } from 'vitest'
import { createEndToEnd } from '../../../node/people/way/end-to-end.ts'
import { createTrunks, PEOPLE_PROTOCOL, type TRUNK_DEFAULTS, type Trunks } from '../../../node/people/way/trunks.ts'
import { createMuxedStreams } from '../../helpers/muxed-streams.ts'
import { waitFor } from '../../helpers/wait-for.ts'

interface Side {
  id: string
  trunks: Trunks
  /** Opens a stream to the other side. */
  open(): Promise<MessageStream>
  /** Streams that the other side has opened; each sends back what it gets. */
  taken: MessageStream[]
}

const forever = new AbortController().signal

/** Two peers that open relayed streams to each other, without the homes between them. */
async function startSides(options: Partial<typeof TRUNK_DEFAULTS> = {}, onAccepting: (side: Side) => void = () => {}) {
  const keys = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')] as const
  const relay = createMuxedStreams()
  /** One for each relayed stream: both ends have made a handshake. */
  const handshakes: MessageStream[] = []
  const make = (own: 0 | 1): Side => {
    const peer = peerIdFromPrivateKey(keys[own])
    const other = (1 - own) as 0 | 1
    const taken: MessageStream[] = []
    const onStream = (_peer: string, stream: MessageStream) => {
      taken.push(stream)
      stream.addEventListener('message', ({ data }) => stream.send(data.subarray()))
    }
    const trunks = createTrunks(onStream, options)
    const open = () =>
      trunks.open(
        sides[other].id,
        async (signal) => {
          const [here, there] = await relay.open()
          const inbound = ends[other].secureInbound(there, sides[own].id, PEOPLE_PROTOCOL, signal)
          const accepted = sides[other].trunks.accept(sides[own].id, inbound)
          onAccepting(sides[other])
          const secured = await ends[own].secureOutbound(here, sides[other].id, PEOPLE_PROTOCOL, signal)
          await accepted
          handshakes.push(secured.connection)
          return secured
        },
        forever,
      )
    return { id: peer.toString(), trunks, open, taken }
  }
  const ends = keys.map((key) => createEndToEnd({ peerId: peerIdFromPrivateKey(key), logger: defaultLogger() }, key)) as unknown as [
    ReturnType<typeof createEndToEnd>,
    ReturnType<typeof createEndToEnd>,
  ]
  const sides: [Side, Side] = [make(0), make(1)]
  return { sides, handshakes, relay }
}

async function echoOf(stream: MessageStream, text: string): Promise<string> {
  const heard = new Promise<string>((resolve) =>
    stream.addEventListener('message', ({ data }) => resolve(new TextDecoder().decode(data.subarray())), { once: true }),
  )
  stream.send(new TextEncoder().encode(text))
  return heard
}

test('all ways between two peers, whoever opens them, share one handshake', async () => {
  const { sides, handshakes } = await startSides()
  const [ann, ben] = sides
  const streams = await Promise.all([ann.open(), ann.open(), ann.open()])
  expect(await Promise.all(streams.map((stream, i) => echoOf(stream, `${i}`)))).toEqual(['0', '1', '2'])
  expect(await echoOf(await ben.open(), 'back')).toBe('back')
  expect([ben.taken.length, ann.taken.length, handshakes.length]).toEqual([3, 1, 1])
})

test('both open one at the same time: each of the two carries streams', async () => {
  const { sides, handshakes } = await startSides()
  const [fromAnn, fromBen] = await Promise.all(sides.map((side) => side.open()))
  expect(await echoOf(fromAnn as MessageStream, 'a')).toBe('a')
  expect(await echoOf(fromBen as MessageStream, 'b')).toBe('b')
  expect(handshakes).toHaveLength(2)
})

test('the other end has begun a handshake: it is waited for, and no second one is begun', async () => {
  const answers: Promise<MessageStream>[] = []
  const { sides, handshakes } = await startSides({}, (accepting) => answers.push(accepting.open()))
  const [ann] = sides
  expect(await echoOf(await ann.open(), 'a')).toBe('a')
  expect(await echoOf((await answers[0]) as MessageStream, 'b')).toBe('b')
  expect([answers.length, handshakes.length]).toEqual([1, 1])
})

test('a trunk ends when nothing has gone over it for a while, and not before; the next stream opens another one', async () => {
  const { sides, handshakes } = await startSides({ idleMs: 50 })
  const [ann, ben] = sides
  const stream = await ann.open()
  await echoOf(stream, 'a')
  const [trunk] = handshakes
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(trunk?.status).toBe('open')
  stream.abort(new Error('done'))
  await waitFor(() => trunk?.status !== 'open', 5_000, 'the end of the trunk')
  expect(await echoOf(await ben.open(), 'b')).toBe('b')
  expect(handshakes).toHaveLength(2)
})

test('the way is cut: all streams in the trunk end, and the next one opens another trunk', async () => {
  const { sides, handshakes } = await startSides()
  const [ann, ben] = sides
  const stream = await ann.open()
  await echoOf(stream, 'a')
  const ends: string[] = []
  stream.addEventListener('close', () => ends.push('here'))
  ben.taken[0]?.addEventListener('close', () => ends.push('there'))
  handshakes[0]?.abort(new Error('the network is gone'))
  await waitFor(() => ends.length === 2, 5_000, 'both ends hear it')
  expect(await echoOf(await ann.open(), 'b')).toBe('b')
  expect(handshakes).toHaveLength(2)
})

test('a peer opens no more trunks here than it may', async () => {
  const { sides, relay } = await startSides({ maxInboundPerPeer: 1 })
  const [ann, ben] = sides
  await echoOf(await ann.open(), 'a')
  const [here] = await relay.open()
  const streamMuxer = { protocol: '', createStreamMuxer: () => expect.fail('it was taken') }
  await ben.trunks.accept(ann.id, Promise.resolve({ connection: here, streamMuxer }))
  expect(here.status).toBe('aborted')
})

test('the other end is of a version without trunks: each way is a relayed stream of its own, in both directions', async () => {
  const { sides, relay } = await startSides()
  const [ann, ben] = sides
  const opened: MessageStream[] = []
  const secure = async () => {
    const [connection] = await relay.open()
    opened.push(connection)
    return { connection }
  }
  const ways = await Promise.all([1, 2].map(() => ann.trunks.open(ben.id, secure, forever)))
  expect(new Set(ways)).toEqual(new Set(opened))
  expect(opened).toHaveLength(2)
  const [here] = await relay.open()
  await ben.trunks.accept(ann.id, Promise.resolve({ connection: here }))
  expect(ben.taken).toEqual([here])
})

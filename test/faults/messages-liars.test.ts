/** Record nodes that lie: made to be the nearest to an end, so that they are asked first. */

import { peerIdFromString } from '@libp2p/peer-id'
import { describe, expect, it } from 'vitest'
import { encodeKeyHex, positionOf, sha256, sha256AtOnce } from '../../node/keys/index.ts'
import { signDecline } from '../../node/messages/format/decline.ts'
import { createMessageSecret, decodeEnvelope, hashnameOf, parseEnd, publicKeyOf, signReceipt } from '../../node/messages/index.ts'
import type { FrameOf, MessageFrame } from '../../node/messages/protocol/wire.ts'
import { compareDistance } from '../../node/network/index.ts'
import { grindKeysNear } from '../helpers/denier.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { startMessagePeer } from '../helpers/message-peer.ts'
import { createNetwork, type Network, type NodeTuple } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

type Lie = (frame: FrameOf<'post'>, send: (frame: MessageFrame) => void) => void

const taken = { type: 'taken', taps: 0, keepers: 0, nodes: 0, untilMs: 0, refusal: undefined } as const
const stranger = createMessageSecret()
const idOf = ({ envelope }: FrameOf<'post'>) => decodeEnvelope(envelope).id

const LIES: Record<'drops' | 'keeps' | 'many' | 'endless' | 'refuses' | 'declines' | 'receipt', Lie> = {
  drops: () => {},
  keeps: ({ sequence }, send) => send({ ...taken, sequence, nodes: 1_000, untilMs: 8e15 }),
  many: ({ sequence }, send) => send({ ...taken, sequence, taps: 1_000 }),
  endless: ({ sequence }, send) => send({ ...taken, sequence, taps: 2 ** 53 - 1, keepers: 2 ** 53 - 1 }),
  refuses: ({ sequence }, send) => send({ ...taken, sequence, refusal: { reason: 'expired', retryAfterMs: 2 ** 53 - 1 } }),
  declines(post, send) {
    send({ ...taken, sequence: post.sequence, taps: 1, keepers: 1 })
    send({ type: 'decline', decline: signDecline(stranger, idOf(post), 'muted', Date.now()).bytes })
  },
  receipt(post, send) {
    send({ ...taken, sequence: post.sequence, taps: 1, keepers: 1 })
    send({ type: 'receipt', receipt: signReceipt(stranger, [idOf(post)], Date.now()).bytes })
  },
}

/** Answers with one lie after the other; the same for the same message. */
function createLies() {
  /** By id, hex. Bounded by the test. */
  const told = new Map<string, Lie>()
  let lies: Lie[] = []
  return {
    told,
    use(next: Lie[]) {
      lies = next
      told.clear()
    },
    answer(frame: MessageFrame, send: (frame: MessageFrame) => void) {
      if (frame.type !== 'post') return
      const id = encodeKeyHex(idOf(frame))
      const lie = told.get(id) ?? lies[told.size % lies.length]
      if (lie === undefined) return
      told.set(id, lie)
      lie(frame, send)
    },
  }
}

/** A peer that is nearer to the end than any honest node. */
async function startNearest(network: Network<NodeTuple<4>>, end: Uint8Array, answer: ReturnType<typeof createLies>['answer']) {
  const [first] = network.nodes
  const honest = network.nodes.map(({ peer }) => peerIdFromString(peer.id).toMultihash().bytes)
  const [privateKey] = await grindKeysNear(end, 1, honest)
  const known = network.nodes.map(({ peer }) => peer.status().counts.servers)
  const liar = await startMessagePeer({ role: 'node', join: first.address, ...(privateKey && { privateKey }), answer })
  await waitFor(
    () => network.nodes.every(({ peer }, i) => peer.status().counts.servers > (known[i] ?? 0)),
    20_000,
    'the liar is in every table',
  )
  return liar
}

/** Secret of a receiver whose hashname has the liar as its nearest record node as well. */
async function secretNear(liar: string, network: Network): Promise<Uint8Array> {
  const position = async (id: string) => sha256(peerIdFromString(id).toMultihash().bytes)
  const lying = await position(liar)
  const honest = await Promise.all(network.nodes.map(({ peer }) => position(peer.id)))
  for (;;) {
    const secret = createMessageSecret()
    const end = await positionOf(sha256AtOnce(publicKeyOf(secret)))
    if (honest.every((other) => compareDistance(end, lying, other) < 0)) return secret
  }
}

describe('a lying record node, the nearest one', () => {
  it('keeps nobody from receiving, and no sender from the truth: stored where somebody is, queued where nobody is', async () => {
    const network = await createNetwork({ nodes: 4 })
    const [first, second] = network.nodes
    const lies = createLies()
    const liar = await startNearest(network, parseEnd('#lied-about').key, lies.answer)
    const secret = await secretNear(liar.id, network)
    const end = hashnameOf(publicKeyOf(secret))
    const keeper = createMessageKeeper()
    const receiver = await network.addTab(first, { messageSecret: secret })
    const tapAll = () => [end, '#lied-about'].map((name) => receiver.messages.tap(name, { keep: keeper.keep }))
    const taps = tapAll()
    await Promise.all(taps.map(({ ready }) => ready))
    const sender = await network.addTab(second)
    const all = Object.values(LIES)
    const post = (to: string, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => sender.messages.post(to, { body: `${i}` }).then(({ outcome }) => outcome)))

    lies.use(all)
    for (const outcome of await post(end, all.length)) {
      expect(outcome).toMatchObject({ state: 'stored', receipts: [{ receiver: publicKeyOf(secret) }] })
    }
    await post('#lied-about', all.length)
    await waitFor(
      () => keeper.stored.size === 2 * all.length,
      10_000,
      () => `all are stored: ${keeper.stored.size}`,
    )
    expect(keeper.again).toBe(0)
    expect(lies.told.size).toBe(2 * all.length)

    for (const tap of taps) await tap.close()
    lies.use(all)
    const away = await post(end, all.length)
    for (const outcome of away) expect(outcome.state).toBe('queued')
    expect(away.map((outcome) => (outcome as { nodes: number }).nodes).sort()).toEqual([2, 2, 2, 2, 2, 2, 3])
    for (const outcome of away) expect((outcome as { untilMs: number }).untilMs).toBeLessThan(Date.now() + 90_000_000)
    // Every peer may be a receiver of an open end, the liar too: its receipts are as good as any.
    lies.use(all.filter((lie) => lie !== LIES.receipt))
    for (const outcome of await post('#lied-about', all.length - 1)) expect(outcome).toMatchObject({ state: 'queued', nodes: 0 })

    tapAll()
    await waitFor(
      () => [...keeper.stored.values()].filter(({ isSealed }) => isSealed).length === 2 * all.length,
      10_000,
      'the messages are stored',
    )
  })
})

/** Senders over their limits beside senders within them. */

import { describe, expect, it } from 'vitest'
import type { MessageSecret, Peer, PostOutcome } from '../../node/index.ts'
import { createMessageSecret } from '../../node/messages/index.ts'
import { type MessageFrame, TASK } from '../../node/messages/protocol/wire.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { startMessagePeer } from '../helpers/message-peer.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { signMadeUp, signOpen } from '../helpers/signed-messages.ts'
import { waitFor } from '../helpers/wait-for.ts'

const LIMITS = {
  messageBurst: 100,
  messagesPerSecond: 50,
  maxMailBytes: 262_144,
  maxMailBytesPerEnd: 65_536,
  maxMailBytesPerSender: 16_384,
}
const HONEST = 20
const POSTS = 4

const postFrame = (envelope: Uint8Array, sequence: number): MessageFrame => ({
  type: 'post',
  sequence,
  task: TASK.route,
  rank: 0,
  envelope,
})

/** The 95th percentile. */
const p95 = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * 0.95)] ?? 0

/** Each sender posts one after the other, all of them at once. Resolves with how many of others' messages were stored while each was on its way. */
async function postAll(senders: { peer: Peer; secret: MessageSecret }[], flooded: () => number): Promise<number[]> {
  const overtaken = senders.map(async ({ peer, secret }, sender) => {
    const own: number[] = []
    for (let i = 0; i < POSTS; i++) {
      const before = flooded()
      const { outcome } = await peer.messages.post('#wall', { body: `honest ${sender} ${i}` }, { secret, waitMs: 30_000 })
      expect(outcome.state).toBe('stored')
      own.push(flooded() - before)
    }
    return own
  })
  return (await Promise.all(overtaken)).flat()
}

describe('floods', () => {
  it('from one sender at a hundred times its quota and from a hundred throw-away senders hurt themselves', async () => {
    const network = await createNetwork({ nodes: 3, limits: LIMITS })
    const nodes = network.nodes
    const [first, second, third] = nodes
    const keeper = createMessageKeeper()
    const receiver = await network.addTab(third)
    await receiver.messages.tap('#wall', { keep: keeper.keep }).ready
    const tabs = await Promise.all([first, first, second, second].map((node) => network.addTab(node)))
    const senders = Array.from({ length: HONEST }, (_, i) => ({ peer: tabs[i % tabs.length] as Peer, secret: createMessageSecret() }))
    const floodStored = () => keeper.texts().filter((text) => text.startsWith('flood')).length
    const loud = createMessageSecret()
    // As many messages as it may send in fifty seconds, sent within half a second.
    const flood = Array.from({ length: 50 * LIMITS.messagesPerSecond }, (_, i) =>
      signOpen('#wall', { body: `flood ${i}` }, { secret: loud }),
    )
    const throwAway = Array.from({ length: 100 }, createMessageSecret)
    const made = throwAway.flatMap((secret) => Array.from({ length: 10 }, () => signMadeUp({ secret })))
    const attackers = await Promise.all([first, first, second, third].map((node) => startMessagePeer({ role: 'tab', join: node.address })))
    const streams = await Promise.all(attackers.map((peer, i) => peer.open(([first, first, second, third][i] as TestNode).address)))
    let mostMail = 0
    const flooding = (async () => {
      for (let at = 0; at < flood.length; at += 50) {
        for (const [i, { bytes }] of flood.slice(at, at + 50).entries()) streams[0]?.send(postFrame(bytes, at + i))
        for (const [i, { bytes }] of made.slice((at / 50) * 20, (at / 50 + 1) * 20).entries()) {
          streams[1 + (i % 3)]?.send(postFrame(bytes, at + i))
        }
        mostMail = Math.max(mostMail, ...nodes.map(({ peer }) => peer.status().counts.mailBytes))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await waitFor(() => floodStored() > 0, 10_000, 'the flood has come')
    const overtaken = await postAll(senders, floodStored)
    await flooding
    const honest = keeper.texts().filter((text) => text.startsWith('honest'))
    expect(new Set(honest).size).toBe(HONEST * POSTS)
    // All that it may send at once was there before, and a few of it go before anybody else's: not most of it.
    expect(p95(overtaken)).toBeLessThan(LIMITS.messageBurst / 2)
    // Some get a refusal; the stream of a sender that goes on is not read.
    const isRefused = () => streams[0]?.received.some((answer) => answer.type === 'taken' && answer.refusal?.reason === 'sender-rate')
    await waitFor(() => isRefused() === true, 30_000, 'the flood is told that it is one')
    expect(floodStored()).toBeLessThan(flood.length / 2)
    expect(mostMail).toBeGreaterThan(0)
    expect(Math.max(mostMail, ...nodes.map(({ peer }) => peer.status().counts.mailBytes))).toBeLessThanOrEqual(LIMITS.maxMailBytes)
  })

  it("fill a sender's share, then an end's, then the memory, each refused with its reason; a proved receiver is not crowded out", async () => {
    const limits = { ...LIMITS, maxMailBytes: 24_000, maxMailBytesPerEnd: 8_000, maxMailBytesPerSender: 4_000 }
    const network = await createNetwork({ nodes: 3, limits })
    const [first, second, third] = network.nodes
    const receiver = await network.addTab(first)
    const keeper = createMessageKeeper()
    const { hashname } = receiver.messages
    const tap = receiver.messages.tap(hashname, { keep: keeper.keep })
    await tap.ready
    expect((await second.peer.messages.post(hashname, { body: 'met' })).outcome.state).toBe('stored')
    await tap.close()

    const stranger = await startMessagePeer({ role: 'tab', join: third.address })
    const streams = await Promise.all(network.nodes.map(({ address }) => stranger.open(address)))
    for (let i = 0; i < 90; i++) streams[i % 3]?.send({ ...postFrame(signMadeUp().bytes, i), task: TASK.record } as MessageFrame)
    await Promise.all(Array.from({ length: 90 }, (_, i) => streams[i % 3]?.answer(i)))
    const last = streams.map(({ received }) => received.at(-1))
    for (const answer of last) expect(answer).toMatchObject({ type: 'taken', nodes: 0, refusal: { reason: 'full' } })
    const mail = () => network.nodes.map(({ peer }) => peer.status().counts.mailBytes)
    for (const bytes of mail()) expect(bytes).toBeLessThanOrEqual(limits.maxMailBytes)

    /** Resolves with the outcome of the first attempt. */
    const post = async (secret: MessageSecret, body: string): Promise<PostOutcome> => {
      const tried = Promise.withResolvers<PostOutcome>()
      const off = second.peer.messages.onOutbox(({ outcome }) => outcome && tried.resolve(outcome))
      await second.peer.messages.post(hashname, { body }, { secret, waitMs: 0 })
      const outcome = await tried.promise
      off()
      return outcome
    }
    const until = async (secret: MessageSecret, name: string) => {
      let kept = 0
      for (;;) {
        const outcome = await post(secret, `${name} ${kept}`)
        if (outcome.state === 'refused') return { reason: outcome.reason, kept, retryAfterMs: outcome.retryAfterMs }
        expect(outcome).toMatchObject({ state: 'queued', nodes: 3 })
        kept++
      }
    }
    const one = await until(createMessageSecret(), 'sender-share')
    expect(one).toMatchObject({ reason: 'sender-share', kept: expect.any(Number), retryAfterMs: expect.any(Number) })
    expect(one.kept).toBeGreaterThan(0)
    let { reason, kept } = one
    while (reason === 'sender-share') {
      const next = await until(createMessageSecret(), 'end-full')
      reason = next.reason
      kept += next.kept
    }
    expect(reason).toBe('end-full')
    for (const bytes of mail()) expect(bytes).toBeLessThanOrEqual(limits.maxMailBytes)

    receiver.messages.tap(hashname, { keep: keeper.keep })
    await waitFor(() => keeper.stored.size >= 1 + kept, 10_000, 'all that was kept comes')
    await waitFor(
      async () => (await second.peer.messages.outbox()).every(({ outcome }) => outcome?.state === 'stored'),
      20_000,
      'and then what was refused',
    )
    expect(keeper.again).toBe(0)
  })
})

/** The same message again: on other connections, from other peers, after restarts, in another order. It is stored once. */

import { describe, expect, it } from 'vitest'
import type { Message, MessageSecret } from '../../node/index.ts'
import { createMessageSecret, hashnameOf, publicKeyOf } from '../../node/messages/index.ts'
import { TASK } from '../../node/messages/protocol/wire.ts'
import { createMessageKeeper, type MessageKeeper } from '../helpers/message-keeper.ts'
import { startMessagePeer } from '../helpers/message-peer.ts'
import { createNetwork, type Network, type TestNode } from '../helpers/network.ts'
import { signOpen, signSealed } from '../helpers/signed-messages.ts'
import { waitFor } from '../helpers/wait-for.ts'

const COUNT = 40

/** As many open messages as sealed ones, all of one sender. */
async function signMessages(secret: MessageSecret, receiver: Uint8Array): Promise<Uint8Array[]> {
  const drafts = Array.from({ length: COUNT }, (_, i) => ({ body: `message ${i}` }))
  const envelopes = drafts.map((draft, i) =>
    i % 2 === 1 ? signSealed(receiver, draft, { secret }) : signOpen('#replayed', draft, { secret }),
  )
  return (await Promise.all(envelopes)).map(({ bytes }) => bytes)
}

/** Sends each, and waits until all are answered. */
async function postAll(node: TestNode, envelopes: Uint8Array[], task: (typeof TASK)[keyof typeof TASK], home = node): Promise<void> {
  const peer = await startMessagePeer({ role: 'tab', join: home.address })
  const stream = await peer.open(node.address)
  for (const [sequence, envelope] of envelopes.entries()) stream.send({ type: 'post', sequence, task, rank: 0, envelope })
  await Promise.all(envelopes.map((_, sequence) => stream.answer(sequence)))
  await peer.stop()
}

async function startReceiver(network: Network, home: TestNode, secret: MessageSecret, stored?: Map<string, Message>) {
  const keeper: MessageKeeper = createMessageKeeper(stored)
  const peer = await network.addTab(home, { messageSecret: secret })
  const taps = ['#replayed', hashnameOf(publicKeyOf(secret))].map((end) => peer.messages.tap(end, { keep: keeper.keep }))
  await Promise.all(taps.map(({ ready }) => ready))
  return { keeper, peer }
}

describe('messages that are replayed', () => {
  it('are stored once: from another connection, another peer, after a restart of the receiver, out of order, by a record node', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [first, second, third] = network.nodes
    const secret = createMessageSecret()
    const receiver = await startReceiver(network, first, secret)
    const envelopes = await signMessages(createMessageSecret(), publicKeyOf(secret))
    await postAll(second, envelopes, TASK.route)
    const { stored } = receiver.keeper
    await waitFor(
      () => stored.size === COUNT,
      10_000,
      () => `all are stored: ${stored.size}`,
    )
    const texts = receiver.keeper.texts().sort()

    await postAll(second, envelopes, TASK.route)
    await postAll(third, envelopes, TASK.route, second)
    await postAll(first, envelopes.toReversed(), TASK.copy)
    await postAll(second, envelopes.toReversed(), TASK.record)
    expect(receiver.keeper.again).toBe(0)

    await receiver.peer.stop()
    const back = await startReceiver(network, first, secret, stored)
    await postAll(third, envelopes.toReversed(), TASK.route)
    await postAll(second, envelopes, TASK.record)
    const marker = await second.peer.messages.post(hashnameOf(publicKeyOf(secret)), { body: 'the end' })
    expect(marker.outcome.state).toBe('stored')
    expect(stored.size).toBe(COUNT + 1)
    expect(back.keeper.texts().slice(0, COUNT).sort()).toEqual(texts)
  })

  it('are given to a listener once, though it stores nothing', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [first, second, third] = network.nodes
    const listener = await network.addTab(first)
    const tap = listener.messages.tap('#replayed')
    await tap.ready
    const heard: string[] = []
    const reading = (async () => {
      for await (const { body } of tap) heard.push(new TextDecoder().decode(body))
    })()
    const envelopes = (await signMessages(createMessageSecret(), publicKeyOf(createMessageSecret()))).filter((_, i) => i % 2 === 0)
    for (const node of [second, third, first, second]) await postAll(node, envelopes, TASK.route)
    await postAll(first, envelopes, TASK.copy, second)
    await second.peer.messages.post('#replayed', { body: 'the end' })
    await waitFor(() => heard.includes('the end'), 10_000, 'the last one')
    await tap.close()
    await reading
    expect(heard).toHaveLength(COUNT / 2 + 1)
    expect(new Set(heard).size).toBe(COUNT / 2 + 1)
  })
})

/** Stored messages for absent receivers: the nodes that keep them, and the time. */

import { describe, expect, it } from 'vitest'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('stored messages', () => {
  it('is kept by nobody once its receiver has it, though it sits where the sender does', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [home] = network.nodes
    const receiver = await network.addTab(home)
    const keeper = createMessageKeeper()
    const tap = receiver.messages.tap(receiver.messages.hashname, { keep: keeper.keep })
    await tap.ready
    for (const sender of [home.peer, await network.addTab(home)]) {
      const { outcome } = await sender.messages.post(receiver.messages.hashname, { body: 'from a neighbour' })
      expect(outcome.state).toBe('stored')
    }
    const mail = () => network.nodes.map(({ peer }) => peer.status().counts.mail)
    await waitFor(
      () => mail().every((count) => count === 0),
      5_000,
      () => `all is gone: ${mail()}`,
    )
    expect(keeper.stored.size).toBe(2)
  })

  it('comes again to a receiver that could not store it for a while, when its sender has gone', async () => {
    const network = await createNetwork({ nodes: 3, messages: { collectAgainMs: 2_100 } })
    const [first, second] = network.nodes
    const { hashname } = first.peer.messages
    const keeper = createMessageKeeper()
    let isFull = true
    const keep: typeof keeper.keep = async (messages) => (isFull ? messages.map(() => 'not-stored' as const) : keeper.keep(messages))
    await first.peer.messages.tap(hashname, { keep }).ready
    const sender = await network.addTab(second)
    const { outcome } = await sender.messages.post(hashname, { body: 'when you can' })
    expect(outcome).toMatchObject({ state: 'queued' })
    await sender.stop()
    isFull = false
    await waitFor(() => keeper.stored.size === 1, 20_000, 'the mail comes again')
  })
})

/** Mail for absent receivers: who keeps it, and for how long. */

import { describe, expect, it } from 'vitest'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { createNetwork, type TestNode, waitFor } from '../helpers/network.ts'

describe('mail', () => {
  it('is kept by nobody once its receiver has it, though it sits where the sender does', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [home] = network.nodes as [TestNode]
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
})

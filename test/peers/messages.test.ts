import { describe, expect, it } from 'vitest'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('messages', () => {
  it('a post to an open end is stored once by each receiver, on nodes and in tabs, and the sender has their receipts', async () => {
    const network = await createNetwork({ nodes: 4 })
    const [first, second, third, fourth] = network.nodes
    const tab = await network.addTab(third)
    const keepers = [first.peer, second.peer, fourth.peer, tab].map((peer) => {
      const keeper = createMessageKeeper()
      return { keeper, tap: peer.messages.tap('#wall', { keep: keeper.keep }) }
    })
    await Promise.all(keepers.map(({ tap }) => tap.ready))
    const sender = await network.addTab(second)
    for (const peer of [sender, third.peer, first.peer]) {
      const { outcome } = await peer.messages.post('#wall', { body: 'hello' })
      expect(outcome.state).toBe('stored')
    }
    await waitFor(
      () => keepers.every(({ keeper }) => keeper.stored.size === 3),
      5_000,
      () => `each has three: ${keepers.map(({ keeper }) => keeper.stored.size)}`,
    )
    for (const { keeper } of keepers) expect(keeper.again).toBe(0)
    expect(keepers[0]?.keeper.texts()).toEqual(['hello', 'hello', 'hello'])
  })

  it('a sealed message is kept for a receiver that is away, and delivered once when it comes', async () => {
    const network = await createNetwork({ nodes: 4 })
    const [first, second, third] = network.nodes
    const receiver = await network.addTab(first)
    const { hashname } = receiver.messages
    const keeper = createMessageKeeper()
    const tap = receiver.messages.tap(hashname, { keep: keeper.keep })
    await tap.ready
    const here = await second.peer.messages.post(hashname, { body: 'while you are here' })
    expect(here.outcome.state).toBe('stored')
    await tap.close()
    const away = await second.peer.messages.post(hashname, { body: 'while you are away' })
    expect(away.outcome).toMatchObject({ state: 'queued', nodes: 3 })
    await second.stop()
    network.nodes.splice(1, 1)
    const back = await network.addTab(third, {})
    void back
    receiver.messages.tap(hashname, { keep: keeper.keep })
    await waitFor(() => keeper.stored.size === 2, 5_000, 'the mail comes')
    expect(keeper.texts()).toEqual(['while you are here', 'while you are away'])
    expect(keeper.again).toBe(0)
  })
})

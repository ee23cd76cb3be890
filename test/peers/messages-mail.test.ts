/** Stored messages for absent receivers: the nodes that keep them, and the time. */

import { describe, expect, it } from 'vitest'
import { createMessageSecret, hashnameOf, parseEnd, publicKeyOf } from '../../node/index.ts'
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

  it('comes to the first of two peers with one address, which both receive what is sent while they are there', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [first, second, third] = network.nodes
    const secret = createMessageSecret()
    const hashname = hashnameOf(publicKeyOf(secret))
    const sender = await network.addTab(third)
    const [early, late] = [createMessageKeeper(), createMessageKeeper()]
    const [earlyTab, lateTab] = [await network.addTab(first), await network.addTab(second)]
    const tap = (tab: typeof earlyTab, { keep }: typeof early) => tab.messages.tap(hashname, { secret, keep })
    const before = tap(earlyTab, early) // the sender must learn the key of the address
    await before.ready
    expect(await sender.messages.post(hashname, { body: 'one' })).toMatchObject({ outcome: { state: 'stored' } })
    await before.close()
    expect(await sender.messages.post(hashname, { body: 'waits' }, { waitMs: 2_000 })).toMatchObject({ outcome: { state: 'queued' } })

    await tap(earlyTab, early).ready
    await waitFor(() => early.stored.size === 2, 20_000, 'the message that waited')
    // The mail is deleted a moment after it was stored: until then it comes to the other peer, too.
    await waitFor(() => network.nodes.every(({ peer }) => peer.status().counts.mail === 0), 20_000, 'the mail is deleted')
    await tap(lateTab, late).ready
    for await (const holders of third.peer.rendezvous.watch(parseEnd(hashname).key)) if (holders === 2) break
    const { outcome } = await sender.messages.post(hashname, { body: 'to both' })
    expect(outcome.state === 'stored' && outcome.receipts.length).toBe(1) // one receiver: one address
    await waitFor(
      () => early.stored.size === 3 && late.stored.size === 1,
      20_000,
      () => `both have the last one: ${early.stored.size} ${late.stored.size}`,
    )
  })
})

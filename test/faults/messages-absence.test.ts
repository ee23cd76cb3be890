/** Receivers, senders, homes and record nodes that leave while messages are on their way. Nodes are processes, tabs are peers of this one. */

import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPeer, type Peer, type PeerOptions } from '../../node/index.ts'
import { openOutboxStore } from '../../node/server/store/outbox-store.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { createNetwork, untilJoined } from '../helpers/network.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

async function startTab(addresses: string[], options: PeerOptions = {}): Promise<Peer> {
  const tab = await createPeer({ join: addresses, ...options })
  onTestFinished(() => tab.stop())
  await tab.start()
  await untilJoined(tab)
  return tab
}

async function startProcesses(count: number): Promise<NodeProcess[]> {
  const first = await startNodeProcess()
  const others = await Promise.all(Array.from({ length: count - 1 }, () => startNodeProcess({ join: [first.url] })))
  const nodes = [first, ...others]
  await waitFor(
    async () => {
      const answers = await Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/api/v1/status`)).json()))
      return answers.every(({ counts }) => counts.servers >= count - 1)
    },
    30_000,
    'each knows all others',
  )
  return nodes
}

describe('messages, when somebody is gone', () => {
  it('a receiver and its sender: sent messages are there once when the receiver comes back', async () => {
    const network = await createNetwork({ nodes: 4 })
    const [first, second, third] = network.nodes
    const messageSecret = crypto.getRandomValues(new Uint8Array(32))
    const keeper = createMessageKeeper()
    const before = await network.addTab(first, { messageSecret })
    const { hashname } = before.messages
    await before.messages.tap(hashname, { keep: keeper.keep }).ready
    const sender = await network.addTab(second)
    expect((await sender.messages.post(hashname, { body: 'met' })).outcome.state).toBe('stored')
    await before.stop()
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => sender.messages.post(hashname, { body: `away ${i}` })))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(outcomes.map(() => expect.objectContaining({ state: 'queued', nodes: 3 })))
    await sender.stop()
    const after = await network.addTab(third, { messageSecret })
    after.messages.tap(hashname, { keep: keeper.keep })
    await waitFor(
      () => keeper.stored.size === 21,
      10_000,
      () => `all come: ${keeper.stored.size}`,
    )
    await waitFor(() => network.nodes.every(({ peer }) => peer.status().counts.mail === 0), 10_000, 'nobody keeps them any more')
    expect(keeper.again).toBe(0)
  })

  it("a message in a sender's outbox is delivered once the sender is back", async () => {
    const path = join(await createTemporaryDirectory(), 'outbox.db')
    const network = await createNetwork({ nodes: 3 })
    const [first, second] = network.nodes
    const keeper = createMessageKeeper()
    const receiver = await network.addTab(first)
    const { hashname } = receiver.messages
    const tap = receiver.messages.tap(hashname, { keep: keeper.keep })
    await tap.ready
    const before = await network.addTab(second, { outboxStore: openOutboxStore(path) })
    expect((await before.messages.post(hashname, { body: 'met' })).outcome.state).toBe('stored')
    await before.stop()

    // Without a network: written down, and nothing more.
    const offline = await createPeer({ outboxStore: openOutboxStore(path) })
    await offline.start()
    const posts = await Promise.all(
      [hashname, '#wall'].map((end) => offline.messages.post(end, { body: `to ${end.length}` }, { waitMs: 50 })),
    )
    for (const { outcome } of posts) expect(['queued', 'refused']).toContain(outcome.state)
    await offline.stop()
    const wall = createMessageKeeper()
    await receiver.messages.tap('#wall', { keep: wall.keep }).ready
    const back = await network.addTab(second, { outboxStore: openOutboxStore(path) })
    await waitFor(() => keeper.stored.size === 2 && wall.stored.size === 1, 15_000, 'what waited in the outbox comes')
    await waitFor(
      async () => (await back.messages.outbox()).every(({ outcome }) => outcome?.state === 'stored'),
      10_000,
      'its sender knows',
    )
    expect([keeper.again, wall.again]).toEqual([0, 0])
  })

  it('the bootstrap node and a record node: posts arrive, open ones and sealed ones', async () => {
    // Three of four keep each end's records: at least one of those that go.
    const nodes = await startProcesses(4)
    const [bootstrap, record, third, fourth] = nodes as [NodeProcess, NodeProcess, NodeProcess, NodeProcess]
    const keeper = createMessageKeeper()
    const receiver = await startTab([third.url])
    const { hashname } = receiver.messages
    await Promise.all([hashname, '#wall'].map((end) => receiver.messages.tap(end, { keep: keeper.keep }).ready))
    const sender = await startTab([fourth.url])
    await Promise.all([hashname, '#wall'].map((end) => sender.messages.post(end, { body: 'before' })))
    await Promise.all([bootstrap.kill('SIGKILL'), record.kill('SIGKILL')])
    for (let i = 0; i < 10; i++) {
      for (const end of [hashname, '#wall']) expect((await sender.messages.post(end, { body: `after ${i}` })).outcome.state).toBe('stored')
    }
    expect(keeper.stored.size).toBe(22)
    expect(keeper.again).toBe(0)
  })

  it('the home of a receiver, killed under load: its tab taps again elsewhere, and what was acknowledged is there, once', async () => {
    const nodes = await startProcesses(4)
    const [, home, third, fourth] = nodes as [NodeProcess, NodeProcess, NodeProcess, NodeProcess]
    const keeper = createMessageKeeper()
    const receiver = await startTab([home.url, third.url])
    const { hashname } = receiver.messages
    await Promise.all([hashname, '#wall'].map((end) => receiver.messages.tap(end, { keep: keeper.keep }).ready))
    const sender = await startTab([fourth.url])
    const acknowledged = new Set<string>()
    const homes = nodes.filter(({ id }) => id === receiver.status().home)
    let posted = 0
    const posting = (async () => {
      for (; posted < 60; posted++) {
        const end = posted % 2 === 0 ? hashname : '#wall'
        const { outcome } = await sender.messages.post(end, { body: `${posted}` })
        if (outcome.state === 'stored') acknowledged.add(`${posted}`)
      }
    })()
    await waitFor(() => posted >= 20, 20_000, 'the first third')
    await homes[0]?.kill('SIGKILL')
    await posting
    await waitFor(
      () => keeper.stored.size === 60,
      20_000,
      () => `all come: ${keeper.stored.size}`,
    )
    const texts = keeper.texts()
    expect(new Set(texts).size).toBe(60)
    for (const text of acknowledged) expect(texts).toContain(text)
    expect(acknowledged.size).toBeGreaterThan(20)
    expect(receiver.status().home).not.toBe(homes[0]?.id)
  })
})

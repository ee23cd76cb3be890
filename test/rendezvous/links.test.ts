import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createLinks, type LinksOptions } from '../../node/rendezvous/links.ts'
import { createRawNetwork } from '../helpers/raw-network.ts'
import { PRESENCE_CODEC } from '../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4].map(createSeededPeer))
})

const opened: { stop(): void }[] = []
afterEach(() => {
  for (const links of opened.splice(0)) links.stop()
})

/** Links over a network in memory; its far ends answer the hello, and no beat. */
function createLinked({ role = 'node', ...options }: Partial<LinksOptions> & { role?: 'tab' | 'node' } = {}) {
  const { libp2p, streams, aborted } = createRawNetwork(PRESENCE_CODEC, {
    onStream: ({ send }) => void send({ type: 'welcome', addresses: [], nowMs: 0, servers: [] }),
  })
  const events = { onWelcome: vi.fn(), onCount: vi.fn(), onRefused: vi.fn(), onOpen: vi.fn(), onEnd: vi.fn() }
  const context = { libp2p, role, addresses: () => [], isWanted: () => true, random: Math.random }
  const links = createLinks(context, events, {
    beatMs: 60_000,
    silentMs: 60_000,
    openTimeoutMs: 1_000,
    maxLinks: 10,
    isNeeded: () => false,
    ...options,
  })
  opened.push(links)
  return { links, aborted, streams, events }
}

test('links: one that has ended is gone, and opened anew when needed', async () => {
  const { links, streams, events } = createLinked()
  const [peer] = peers as [SeededPeer]
  const first = await links.open(peer.peer)
  await first.welcomed
  streams[0]?.frames.close()
  await waitFor(() => events.onEnd.mock.calls.length === 1, 1_000, 'the end')
  expect(links.get(peer.peer)).toBeUndefined()
  expect(links.all()).toEqual([])
  expect(await links.open(peer.peer)).not.toBe(first)
})

test('links: a tab leaves the connection of a home that answers no more; a node leaves it to the pings', async () => {
  const [peer] = peers as [SeededPeer]
  for (const [role, expected] of [
    ['tab', [peer.id]],
    ['node', []],
  ] as const) {
    const { links, aborted, events } = createLinked({ role, beatMs: 10, silentMs: 30 })
    await (await links.open(peer.peer)).welcomed
    await waitFor(() => events.onEnd.mock.calls.length === 1, 2_000, 'the end')
    expect(aborted).toEqual(expected)
  }
})

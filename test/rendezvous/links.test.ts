import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createFrameStream, type FrameStream } from '../../node/network/index.ts'
import { createLinks, type LinksOptions } from '../../node/rendezvous/links.ts'

import { encodePresence } from '../../node/rendezvous/wire.ts'
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

/** Links over a network of the test's making; its far ends answer the hello, and no beat. */
function createLinked({ role = 'node', ...options }: Partial<LinksOptions> & { role?: 'tab' | 'node' } = {}) {
  const abortedConnections: string[] = []
  const remotes = new Map<string, FrameStream>()
  const libp2p = {
    getConnections: () => [],
    dial: async (peer: PeerId) =>
      ({
        status: 'open',
        async newStream() {
          const [outbound, inbound] = await streamPair({ delay: 0 })
          const remote = createFrameStream(inbound, { maxFrameBytes: 65_536, maxUnsentBytes: 65_536, onFrame: () => {}, onEnd: () => {} })
          remotes.set(peer.toString(), remote)
          remote.send(encodePresence({ type: 'welcome', addresses: [], nowMs: 0, servers: [] }))
          return outbound
        },
        abort: () => abortedConnections.push(peer.toString()),
      }) as unknown as Connection,
  } as unknown as Libp2p
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
  return { links, abortedConnections, remotes, events }
}

test('links: one that has ended is gone, and opened anew when needed', async () => {
  const { links, remotes, events } = createLinked()
  const [peer] = peers as [SeededPeer]
  const first = await links.open(peer.peer)
  await first.welcomed
  remotes.get(peer.id)?.close()
  await waitFor(() => events.onEnd.mock.calls.length === 1, 1_000, 'the end')
  expect(links.get(peer.peer)).toBeUndefined()
  expect(links.all()).toEqual([])
  expect(await links.open(peer.peer)).not.toBe(first)
})

test('links: a tab leaves the connection of a home that answers no more; a node leaves it to the pings', async () => {
  const [peer] = peers as [SeededPeer]
  for (const [role, aborted] of [
    ['tab', [peer.id]],
    ['node', []],
  ] as const) {
    const { links, abortedConnections, events } = createLinked({ role, beatMs: 10, silentMs: 30 })
    await (await links.open(peer.peer)).welcomed
    await waitFor(() => events.onEnd.mock.calls.length === 1, 2_000, 'the end')
    expect(abortedConnections).toEqual(aborted)
  }
})

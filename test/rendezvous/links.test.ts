import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createFrameStream, type FrameStream } from '../../node/network/index.ts'
import { createLinks, type Links, type LinksOptions } from '../../node/rendezvous/links.ts'
import { encodePresence } from '../../node/rendezvous/wire.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4].map(createSeededPeer))
})

const opened: Links[] = []
afterEach(() => {
  for (const links of opened.splice(0)) links.stop()
})

interface LinkedOptions extends Partial<LinksOptions> {
  role?: 'tab' | 'node'
  needed?: string[]
  /** What becomes of each dial, before the stream is there. */
  dial?: () => Promise<void>
}

/** Links over a network of the test's making; its far ends answer beats when they are told to. */
function createLinked({ role = 'node', needed = [], dial = async () => {}, ...options }: LinkedOptions = {}) {
  const dialled: string[] = []
  const abortedConnections: string[] = []
  const remotes = new Map<string, FrameStream>()
  const libp2p = {
    getConnections: () => [],
    async dial(peer: PeerId) {
      dialled.push(peer.toString())
      await dial()
      return {
        status: 'open',
        async newStream() {
          const [outbound, inbound] = await streamPair({ delay: 0 })
          const remote = createFrameStream(inbound, { maxFrameBytes: 65_536, maxUnsentBytes: 65_536, onFrame: () => {}, onEnd: () => {} })
          remotes.set(peer.toString(), remote)
          remote.send(encodePresence({ type: 'welcome', addresses: [], nowMs: 0, servers: [] }))
          return outbound
        },
        abort: () => abortedConnections.push(peer.toString()),
      } as unknown as Connection
    },
  } as unknown as Libp2p
  const events = { onWelcome: vi.fn(), onCount: vi.fn(), onRefused: vi.fn(), onOpen: vi.fn(), onEnd: vi.fn() }
  const links = createLinks(libp2p, { role, addresses: () => [] }, (peer) => needed.includes(peer), events, {
    beatMs: 60_000,
    silentMs: 60_000,
    openTimeoutMs: 1_000,
    maxLinks: 10,
    ...options,
  })
  opened.push(links)
  return { links, dialled, abortedConnections, remotes, events }
}

test('links: callers that come at the same time share one stream, and so do those who come later', async () => {
  const { links, dialled, events } = createLinked()
  const [peer] = peers as [SeededPeer]
  const together = await Promise.all(Array.from({ length: 10 }, () => links.open(peer.peer)))
  expect(new Set([...together, await links.open(peer.peer), links.get(peer.peer)]).size).toBe(1)
  expect(dialled).toEqual([peer.id])
  expect(events.onOpen).toHaveBeenCalledTimes(1)
})

test('links: a caller that gives up does not end what others wait for', async () => {
  const reached = Promise.withResolvers<void>()
  const { links } = createLinked({ dial: () => reached.promise })
  const [peer] = peers as [SeededPeer]
  const controller = new AbortController()
  const reason = new Error('enough')
  const impatient = links.open(peer.peer, { signal: controller.signal })
  const patient = links.open(peer.peer)
  controller.abort(reason)
  await expect(impatient).rejects.toBe(reason)
  reached.resolve()
  expect((await patient).open).toBe(true)
})

test('links: one that cannot be opened is tried anew by the next caller', async () => {
  let fails = 1
  const { links, dialled } = createLinked({
    async dial() {
      if (fails-- > 0) throw new Error('nobody there')
    },
  })
  const [peer] = peers as [SeededPeer]
  await expect(links.open(peer.peer)).rejects.toThrow()
  expect(links.get(peer.peer)).toBeUndefined()
  expect((await links.open(peer.peer)).open).toBe(true)
  expect(dialled).toHaveLength(2)
})

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

test('links: maxLinks bounds them; the one longest unused goes, unless something needs it', async () => {
  const [a, b, c, d] = peers as [SeededPeer, SeededPeer, SeededPeer, SeededPeer]
  const { links } = createLinked({ maxLinks: 2, needed: [a.id] })
  await links.open(a.peer)
  await links.open(b.peer)
  await links.open(c.peer)
  expect(links.all().map(({ id }) => id)).toEqual([a.id, c.id])
  links.get(a.peer)
  await links.open(d.peer)
  expect(links.all().map(({ id }) => id)).toEqual([a.id, d.id])
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

test('links: one that is being opened while they stop is not left open', async () => {
  const reached = Promise.withResolvers<void>()
  const { links, events } = createLinked({ dial: () => reached.promise })
  const opening = links.open((peers[0] as SeededPeer).peer)
  links.stop()
  reached.resolve()
  await expect(opening).rejects.toThrow()
  expect(links.all()).toEqual([])
  expect(events.onOpen).not.toHaveBeenCalled()
})

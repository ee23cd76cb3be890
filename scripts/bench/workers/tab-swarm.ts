/** Many tabs in one process: each a whole peer with its own keys and its own websocket, as a browser's tab is to its home. */

import { createPeer, type Peer, type PeerOptions } from '../../../node/index.ts'
import { makePage } from '../pages.ts'
import { mapParallel } from '../wait.ts'
import { serveCalls } from '../worker.ts'

const JOIN_MS = 60_000
/** Joins under way at once. */
const PARALLEL = 4

/** In the order of joining. */
const tabs: Peer[] = []

const calls = {
  /** Resolves with how long each took to join, in ms; a tab that could not join is an error. */
  async join({ count, addresses, lifetimeMs }: { count: number; addresses: string[]; lifetimeMs?: number }): Promise<number[]> {
    return mapParallel(Array.from({ length: count }), PARALLEL, async (_, index) => {
      const startedAtMs = performance.now()
      const address = addresses[index % addresses.length] as string
      const options: PeerOptions = { join: [address], ...(lifetimeMs !== undefined && { rendezvous: { lease: { lifetimeMs } } }) }
      const peer = await createPeer(options)
      await peer.start()
      await peer.joined({ signal: AbortSignal.timeout(JOIN_MS) })
      tabs.push(peer)
      return performance.now() - startedAtMs
    })
  },

  /** One tab, by its number in the order of joining, holds the content. */
  async hold({ tab, bytes }: { tab: number; bytes: Uint8Array }): Promise<void> {
    await tabAt(tab).content.hold(bytes)
  },

  /** Each tab holds a page of its own. Resolves once their homes have accepted them all. */
  async holdPages({ bytes }: { bytes: number }): Promise<void> {
    await Promise.all(tabs.map((peer) => peer.content.hold(makePage(bytes).bytes)))
  },

  /** Tab after tab holds so many keys of its own, without content. Resolves once all are announced. */
  async holdKeys({ keysEach }: { keysEach: number }): Promise<void> {
    await mapParallel(tabs, PARALLEL, async (peer) => {
      const keys = Array.from({ length: keysEach }, () => crypto.getRandomValues(new Uint8Array(32)))
      await Promise.all(keys.map((key) => peer.rendezvous.hold(key).announced))
    })
  },

  async release({ tab, key }: { tab: number; key: Uint8Array }): Promise<boolean> {
    return tabAt(tab).content.release(key)
  },

  async stop({ tab }: { tab: number }): Promise<void> {
    await tabAt(tab).stop()
  },

  /** All tabs at once read the same content. Resolves with the time of each, in ms. */
  async read({ from, count, key }: { from: number; count: number; key: Uint8Array }): Promise<number[]> {
    return Promise.all(
      tabs.slice(from, from + count).map(async (peer) => {
        const startedAtMs = performance.now()
        await peer.content.get(key)
        return performance.now() - startedAtMs
      }),
    )
  },

  /** Every tab watches the key from now on. Resolves once each has been told a first count. */
  async watch({ key }: { key: Uint8Array }): Promise<void> {
    await Promise.all(
      tabs.map(async (peer) => {
        const counts = peer.rendezvous.watch(key)
        await counts[Symbol.asyncIterator]().next()
        void follow(peer, counts)
      }),
    )
  },

  /** Resolves once every tab that watches has been told this count, with the time at which the last one was, in ms since the epoch. */
  async whenAllSee({ count, timeoutMs }: { count: number; timeoutMs: number }): Promise<number> {
    const late = AbortSignal.timeout(timeoutMs)
    while ([...seen.values()].some((newest) => newest.count !== count)) {
      late.throwIfAborted()
      await Promise.race([changed.promise, new Promise((resolve) => setTimeout(resolve, 100))])
    }
    return Math.max(...[...seen.values()].map(({ atMs }) => atMs))
  },

  counts: () => ({
    tabs: tabs.length,
    joined: tabs.filter((peer) => peer.status().joined).length,
    bytesServed: tabs.reduce((total, peer) => total + peer.status().counts.bytesServed, 0),
    connections: tabs.reduce((total, peer) => total + peer.status().counts.connections, 0),
  }),
}

/** The newest count that each watching tab was told, and when. */
const seen = new Map<Peer, { count: number; atMs: number }>()
let changed = Promise.withResolvers<void>()

async function follow(peer: Peer, counts: AsyncIterable<number>): Promise<void> {
  seen.set(peer, { count: Number.NaN, atMs: 0 })
  for await (const count of counts) {
    seen.set(peer, { count, atMs: Date.now() })
    changed.resolve()
    changed = Promise.withResolvers()
  }
}

function tabAt(number: number): Peer {
  const tab = tabs[number]
  if (tab === undefined) throw new RangeError(`there is no tab ${number} of ${tabs.length}`)
  return tab
}

export type TabSwarmCalls = typeof calls
serveCalls(calls)

/**
 * How many hold a key, pushed. Each of a key's record nodes pushes its own count; the middle one is believed, so that one that lies
 * neither raises nor lowers it, and never fewer than the holders that this node sees itself.
 */

import type { PeerId } from '@libp2p/interface'
import type { Key } from '../types.ts'
import type { Link } from './link.ts'
import type { Placement } from './placement.ts'
import type { RecordStore } from './record-store.ts'
import { createStandingStatements, type Standing, standing } from './standing-statements.ts'
import type { Scope } from './wire.ts'

export type CountListener = (count: number, isCertain: boolean) => void

export interface Watcher {
  /**
   * Calls back with the count as soon as it is known and after each change. Returns the function that ends it.
   * `isCertain` is false while no record node has answered: then the number is what this peer sees by itself.
   */
  watch(key: Key, listener: CountListener): () => void
  onCount(link: Link, key: Key, count: number): void
  onLinkEnd(link: Link): void
  /** Tells a new link all that is watched there. */
  onLink(link: Link): void
  /** The servers near the keys may have changed. */
  refresh(): Promise<void>
  /** True when something is watched at the peer. */
  needs(peer: string): boolean
  /** Keys watched. */
  readonly size: number
}

interface Watched extends Standing {
  listeners: Set<CountListener>
  /** Counts by record node. Bounded: the record nodes. */
  counts: Map<string, number>
  keepsRecords: boolean
  /** What the listeners heard last. */
  newest: { count: number; isCertain: boolean } | undefined
  endOwn: () => void
}

export interface WatcherContext {
  placement: Placement
  store: RecordStore
  scope: Scope
  link(peer: PeerId): Link | undefined
  keepOpen(peer: PeerId): void
}

/** What is believed of several counts: the middle one; of two, the larger, since a new record node knows fewer at first. */
export function believedCount(counts: number[]): number {
  const sorted = counts.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export function createWatcher({ placement, store, scope, link, keepOpen }: WatcherContext): Watcher {
  const statements = createStandingStatements<Watched, Link>({
    placement,
    stream: link,
    keepOpen,
    tell(open, watched) {
      for (const { key } of watched) open.watch(key, scope)
    },
    withdraw: (open, { key }) => open.unwatch(key),
    onPlaced(watched, gone) {
      watched.keepsRecords = watched.position !== undefined && placement.keepsRecords(watched.position)
      for (const peer of gone) watched.counts.delete(peer)
      update(watched)
    },
  })

  function update(watched: Watched): void {
    const own = store.count(watched.key)
    const counts = watched.keepsRecords ? [...watched.counts.values(), own] : [...watched.counts.values()]
    const isCertain = counts.length > 0
    const count = Math.max(own, believedCount(counts))
    if (watched.newest?.count === count && watched.newest.isCertain === isCertain) return
    watched.newest = { count, isCertain }
    for (const listener of [...watched.listeners]) listener(count, isCertain)
  }

  function begin(key: Key): Watched {
    const watched: Watched = {
      ...standing(key),
      listeners: new Set(),
      counts: new Map(),
      keepsRecords: false,
      newest: undefined,
      endOwn: store.onChange(key, () => {
        if (watched.newest !== undefined) update(watched)
      }),
    }
    statements.add(watched)
    return watched
  }

  return {
    get size() {
      return statements.size
    },
    watch(key, listener) {
      const watched = statements.get(key) ?? begin(key)
      const { listeners } = watched
      listeners.add(listener)
      if (watched.newest !== undefined) {
        queueMicrotask(() => {
          const { newest } = watched
          if (newest !== undefined && listeners.has(listener)) listener(newest.count, newest.isCertain)
        })
      }
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0) return
        watched.endOwn()
        statements.remove(watched)
      }
    },
    onCount(from, key, count) {
      const watched = statements.get(key)
      if (watched === undefined || !watched.peers.has(from.id)) return
      watched.counts.set(from.id, count)
      update(watched)
    },
    onLinkEnd(ended) {
      for (const watched of statements.values()) if (watched.counts.delete(ended.id)) update(watched)
    },
    onLink: (opened) => statements.onStream(opened, opened.id),
    refresh: statements.refresh,
    needs: statements.needs,
  }
}

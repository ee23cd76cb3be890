/**
 * How many hold a key, pushed. Each of a key's record nodes pushes its own count; the middle one is believed, so that one that lies
 * neither raises nor lowers it, and never fewer than the holders that this node sees itself.
 */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { encodeKeyHex, positionOf } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { Link } from './link.ts'
import type { Placement } from './placement.ts'
import type { RecordStore } from './record-store.ts'
import type { Scope } from './wire.ts'

export interface Watcher {
  /**
   * Calls back with the count as soon as it is known and after each change. Returns the function that ends it.
   * `isCertain` is false while nobody who keeps records has answered: then the number is what this peer sees by itself.
   */
  watch(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  onCount(link: Link, key: Key, count: number): void
  onLinkEnd(link: Link): void
  tell(link: Link): void
  retarget(): void
  needs(peer: string): boolean
  /** Keys watched. */
  readonly size: number
}

interface Watched {
  key: Key
  position: Uint8Array
  listeners: Set<(count: number, isCertain: boolean) => void>
  /** Counts by record node. Bounded: the targets. */
  counts: Map<string, number>
  targets: Set<string>
  keepsRecords: boolean
  told: { count: number; isCertain: boolean } | undefined
  endOwn: () => void
}

export interface WatcherContext {
  placement: Placement
  store: RecordStore
  scope: Scope
  link(peer: PeerId): Link | undefined
  ensure(peer: PeerId): void
}

/** What is believed of several counts: the middle one; of two, the larger, since a new record node knows fewer at first. */
export function believedCount(counts: number[]): number {
  const sorted = counts.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export function createWatcher({ placement, store, scope, link, ensure }: WatcherContext): Watcher {
  /** By key, hex. Bounded by the caller's limits on watches. */
  const watched = new Map<string, Watched>()

  function update(entry: Watched): void {
    const own = store.count(entry.key)
    const counts = entry.keepsRecords ? [...entry.counts.values(), own] : [...entry.counts.values()]
    const isCertain = counts.length > 0
    const count = Math.max(own, believedCount(counts))
    if (entry.told?.count === count && entry.told.isCertain === isCertain) return
    entry.told = { count, isCertain }
    for (const listener of [...entry.listeners]) listener(count, isCertain)
  }

  function retargetKey(entry: Watched): void {
    const targets = new Set<string>()
    entry.keepsRecords = placement.keepsRecords(entry.position)
    for (const peer of placement.targets(entry.position)) {
      const id = peer.toString()
      targets.add(id)
      if (entry.targets.has(id)) continue
      const open = link(peer)
      if (open === undefined) ensure(peer)
      else open.watch(entry.key, scope)
    }
    for (const id of entry.targets) {
      if (targets.has(id)) continue
      entry.counts.delete(id)
      link(peerIdFromString(id))?.unwatch(entry.key)
    }
    entry.targets = targets
    update(entry)
  }

  return {
    get size() {
      return watched.size
    },
    watch(key, listener) {
      const id = encodeKeyHex(key)
      let entry = watched.get(id)
      if (entry === undefined) {
        const fresh: Watched = {
          key,
          position: new Uint8Array(),
          listeners: new Set(),
          counts: new Map(),
          targets: new Set(),
          keepsRecords: false,
          told: undefined,
          endOwn: () => {},
        }
        fresh.endOwn = store.onChange(key, () => {
          if (fresh.told !== undefined) update(fresh)
        })
        watched.set(id, fresh)
        void positionOf(key).then((position) => {
          if (watched.get(id) !== fresh) return
          fresh.position = position
          retargetKey(fresh)
        })
        entry = fresh
      }
      const own = entry
      own.listeners.add(listener)
      const { told } = own
      if (told !== undefined)
        queueMicrotask(() => own.listeners.has(listener) && own.told !== undefined && listener(own.told.count, own.told.isCertain))
      return () => {
        if (!own.listeners.delete(listener) || own.listeners.size > 0 || watched.get(id) !== own) return
        watched.delete(id)
        own.endOwn()
        for (const target of own.targets) link(peerIdFromString(target))?.unwatch(key)
      }
    },
    onCount(from, key, count) {
      const entry = watched.get(encodeKeyHex(key))
      if (entry === undefined || !entry.targets.has(from.id)) return
      entry.counts.set(from.id, count)
      update(entry)
    },
    onLinkEnd(ended) {
      for (const entry of watched.values()) if (entry.counts.delete(ended.id)) update(entry)
    },
    tell(opened) {
      for (const entry of watched.values()) if (entry.targets.has(opened.id)) opened.watch(entry.key, scope)
    },
    retarget() {
      for (const entry of watched.values()) if (entry.position.byteLength > 0) retargetKey(entry)
    },
    needs(peer) {
      for (const entry of watched.values()) if (entry.targets.has(peer)) return true
      return false
    },
  }
}

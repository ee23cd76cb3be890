/**
 * The number of holders of a key, and of people among them, pushed. Each of the key's record nodes pushes its own count; the middle one is believed, so that one liar
 * neither raises nor lowers it, and never fewer than the holders that this node sees itself.
 */

import type { PeerId } from '@libp2p/interface'
import { onAbort } from '../async/abort.ts'
import { TIMERS, type Timers } from '../async/timers.ts'
import type { ServerName } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import type { OwnRecords } from './own-records.ts'
import type { Placement } from './placement.ts'
import type { PresenceStream } from './presence-stream.ts'
import { createStandingStatements, type Standing, type StandingStreams, standing } from './standing-statements.ts'
import type { HolderCounts } from './types.ts'
import { SCOPE, type Scope } from './wire-frames.ts'

export type CountListener = (count: number, isCertain: boolean, people: number) => void

/** The part of a presence stream that carries watches. */
export type WatchStream = Pick<PresenceStream, 'id' | 'watch' | 'unwatch'>

interface Watched<Name extends ServerName> extends Standing<Name> {
  listeners: Set<CountListener>
  /** Counts by record node. Bounded: the record nodes. */
  counts: Map<string, HolderCounts>
  keepsRecords: boolean
  /** The listeners' last call. */
  newest: (HolderCounts & { isCertain: boolean }) | undefined
  endOwn: () => void
}

/** The count that is believed of several: the middle one; of two, the larger, since a new record node knows fewer at first. */
export function believedCount(counts: number[]): number {
  const sorted = counts.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export type Watcher = ReturnType<typeof createWatcher<PeerId>>

export function createWatcher<Name extends ServerName = PeerId>(
  placement: Placement<Name>,
  store: OwnRecords,
  streams: StandingStreams<WatchStream, Name>,
  scope: Scope,
  timers: Timers = TIMERS,
) {
  const scopeOf = ({ isCarried }: Watched<Name>) => (isCarried ? SCOPE.group : scope)
  const statements = createStandingStatements<Watched<Name>, WatchStream, Name>({
    placement,
    streams,
    timers,
    tell(open, watched) {
      for (const each of watched) open.watch(each.key, scopeOf(each))
    },
    withdraw: (open, { key }) => open.unwatch(key),
    onPlaced(watched, gone) {
      watched.keepsRecords = watched.position !== undefined && placement.keepsRecords(watched.position)
      for (const peer of gone) watched.counts.delete(peer)
      update(watched)
    },
  })

  function update(watched: Watched<Name>): void {
    const own = { holders: store.count(watched.key), people: store.people(watched.key) }
    const counts = watched.keepsRecords ? [...watched.counts.values(), own] : [...watched.counts.values()]
    const isCertain = counts.length > 0
    const believed = (part: keyof HolderCounts) => Math.max(own[part], believedCount(counts.map((each) => each[part])))
    const [holders, people] = [believed('holders'), believed('people')]
    const { newest } = watched
    if (newest?.holders === holders && newest.people === people && newest.isCertain === isCertain) return
    watched.newest = { holders, people, isCertain }
    for (const listener of [...watched.listeners]) listener(holders, isCertain, people)
  }

  function begin(key: Key): Watched<Name> {
    const watched: Watched<Name> = {
      ...standing<Name>(key),
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

  /**
   * Calls back with the count as soon as it is known and after each change. Returns the function that ends it.
   * `isCertain` is false while no record node has answered: then the number is what this peer sees by itself.
   */
  function watch(key: Key, listener: CountListener): () => void {
    const watched = statements.get(key) ?? begin(key)
    const { listeners } = watched
    listeners.add(listener)
    if (watched.newest !== undefined) {
      queueMicrotask(() => {
        const { newest } = watched
        if (newest !== undefined && listeners.has(listener)) listener(newest.holders, newest.isCertain, newest.people)
      })
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      watched.endOwn()
      statements.remove(watched)
    }
  }

  /**
   * Yields the count as soon as it is certain and after each change; a slow reader sees only the newest. Returns when `ended` is aborted.
   *
   * @throws signal.reason, when aborted
   */
  async function* counts(key: Key, ended: AbortSignal, { signal }: AbortOptions = {}): AsyncGenerator<HolderCounts> {
    let newest: HolderCounts | undefined
    let changed = Promise.withResolvers<void>()
    const wake = () => changed.resolve()
    const end = watch(key, (holders, isCertain, people) => {
      if (!isCertain) return
      newest = { holders, people }
      wake()
    })
    const offEnded = onAbort(ended, wake)
    const offSignal = onAbort(signal, wake)
    try {
      for (;;) {
        await changed.promise
        if (ended.aborted) return
        signal?.throwIfAborted()
        changed = Promise.withResolvers()
        const counted = newest
        newest = undefined
        if (counted !== undefined) yield counted
      }
    } finally {
      end()
      offEnded()
      offSignal()
    }
  }

  return {
    /** Keys watched. */
    get size() {
      return statements.size
    },
    watch,
    counts,
    onCount(from: Pick<WatchStream, 'id'>, key: Key, holders: number, people: number) {
      const watched = statements.get(key)
      if (watched === undefined || !watched.peers.has(from.id)) return
      watched.counts.set(from.id, { holders, people })
      update(watched)
    },
    onStreamEnd(ended: Pick<WatchStream, 'id'>) {
      for (const watched of statements.values()) if (watched.counts.delete(ended.id)) update(watched)
    },
    /** Tells a new stream all that is watched there. */
    onStream: (opened: WatchStream) => statements.onStream(opened, opened.id),
    /** Counts that were heard before are dropped, and each record node pushes its own anew. */
    askAgain() {
      for (const watched of statements.values()) {
        watched.counts.clear()
        for (const open of statements.streamsOf(watched)) {
          open.unwatch(watched.key)
          open.watch(watched.key, scopeOf(watched))
        }
        update(watched)
      }
    },
    /** The servers near the keys may have changed. */
    refresh: statements.refresh,
    /** True when something is watched at the peer. */
    needs: statements.needs,
  }
}

/** The watches of one presence stream: pushes the count of each watched key, at once and after each change. */

import type { Semaphore } from '../async/semaphore.ts'
import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'
import { createPusher } from './pusher.ts'
import type { RecordStore } from './record-store.ts'
import { type CountFrame, type RefusedFrame, SCOPE, type WatchFrame } from './wire.ts'

export interface ServedWatchesContext {
  store: RecordStore
  /** Places for the watches of all streams. */
  places: Pick<Semaphore, 'tryAcquire'>
  /** Hears the count of the key in all of the overlay. Returns the function that ends it. */
  watch(key: Key, listener: (count: number) => void): () => void
  send(frame: CountFrame | RefusedFrame): void
}

export interface ServedWatchesOptions {
  /** A key's count is pushed at most once in this time, in ms: the first at once, the last of a burst at its end. */
  pushEveryMs: number
}

export function createServedWatches(context: ServedWatchesContext, { pushEveryMs }: ServedWatchesOptions) {
  const { store, places, watch, send } = context
  /** By key, hex: the function that ends it. Bounded: maxWatches. */
  const watches = new Map<string, () => void>()

  function end(id: string): void {
    const endWatch = watches.get(id)
    watches.delete(id)
    endWatch?.()
  }

  return {
    get size() {
      return watches.size
    },
    /** @param maxWatches of this stream */
    begin({ key, scope }: WatchFrame, maxWatches: number) {
      const id = encodeKeyHex(key)
      if (watches.has(id)) return
      const leave = watches.size < maxWatches ? places.tryAcquire() : undefined
      if (leave === undefined) return send({ type: 'refused', id: 0, reason: 'watches', text: `at most ${maxWatches} watches` })
      let inNetwork = 0
      const count = () => (scope === SCOPE.network ? inNetwork : store.count(key))
      const pusher = createPusher(() => send({ type: 'count', key, count: count() }), pushEveryMs)
      const stop =
        scope === SCOPE.network
          ? watch(key, (newest) => {
              inNetwork = newest
              pusher.changed()
            })
          : store.onChange(key, pusher.changed)
      watches.set(id, () => {
        stop()
        pusher.stop()
        leave()
      })
      if (scope === SCOPE.own) pusher.changed()
    },
    end: (key: Key) => end(encodeKeyHex(key)),
    endAll() {
      for (const id of [...watches.keys()]) end(id)
    },
  }
}

/** The watches of one presence stream: pushes the count of each watched key, at once and after each change. */

import { createPusher } from '../async/pusher.ts'
import type { Semaphore } from '../async/semaphore.ts'
import type { Timers } from '../async/timers.ts'
import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { RecordStore } from './record-store.ts'
import type { HomeService } from './types.ts'
import { type CountFrame, type RefusedFrame, SCOPE, type Scope, type WatchFrame } from './wire-frames.ts'

/** @param context `places` are for the watches of all streams */
export function createServedWatches(
  {
    store,
    places,
    service,
    send,
    timers,
  }: {
    store: RecordStore
    places: Pick<Semaphore, 'tryAcquire'>
    service: Pick<HomeService, 'watch'>
    send(frame: CountFrame | RefusedFrame): void
    timers?: Timers
  },
  pushEveryMs: number,
) {
  /** By key, hex. Bounded: maxWatches. */
  const watches = new Map<string, { scope: Scope; tell(): void; end(): void }>()

  function end(id: string): void {
    const watch = watches.get(id)
    watches.delete(id)
    watch?.end()
  }

  return {
    get size() {
      return watches.size
    },
    /** @param maxWatches of this stream */
    begin({ key, scope }: WatchFrame, maxWatches: number) {
      const id = encodeKeyHex(key)
      const known = watches.get(id)
      // The opener has dropped the count that it had: it had turned to another server meanwhile.
      if (known?.scope === scope) return known.tell()
      end(id)
      const leave = watches.size < maxWatches ? places.tryAcquire() : undefined
      if (leave === undefined) return send({ type: 'refused', id: 0, reason: 'watches', text: `at most ${maxWatches} watches` })
      /** Undefined while no record node has answered. */
      let inNetwork: { count: number; people: number } | undefined
      const now = () => (scope !== SCOPE.own ? inNetwork : { count: store.count(key), people: store.people(key) })
      const push = () => {
        const counted = now()
        if (counted !== undefined) send({ type: 'count', key, ...counted })
      }
      const pusher = createPusher(push, pushEveryMs, timers)
      const stop =
        scope !== SCOPE.own
          ? service.watch(key, (count, people) => {
              inNetwork = { count, people }
              pusher.changed()
            })
          : store.onChange(key, pusher.changed)
      watches.set(id, {
        scope,
        tell: pusher.changed,
        end() {
          stop()
          pusher.stop()
          leave()
        },
      })
      if (scope === SCOPE.own) pusher.changed()
    },
    end: (key: Key) => end(encodeKeyHex(key)),
    endAll() {
      for (const id of [...watches.keys()]) end(id)
    },
  }
}

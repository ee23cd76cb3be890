/** Servers that were linked and are not: they are dialled again, one at a time, for an hour. All that heals a partition. Liars are not. */

import type { Timers } from '../async/timers.ts'
import type { Server } from './place.ts'

const MAX_LOST = 256
const MAX_REFUSED = 256
/** How long a server that has lied is not taken for a delegate again, in ms. */
const REFUSED_MS = 600_000

export function createLostServers<S extends Server>({ timers }: { timers: Pick<Timers, 'now'> }, lostMs: number) {
  /** By peer id, with the time of the loss. Bounded: MAX_LOST, the oldest out first. */
  const lost = new Map<string, { server: S; atMs: number }>()
  /** Those that are being dialled again, by peer id. Bounded: each dial ends with `add`, or with `forget`. */
  const again = new Set<string>()
  /** By peer id, until when. Bounded: MAX_REFUSED. */
  const refused = new Map<string, number>()
  /** When those that are being dialled again were lost. Bounded as they are. */
  const lostAtMs = new WeakMap<S, number>()

  return {
    get size() {
      return lost.size
    },
    add(server: S) {
      again.delete(server.id)
      const atMs = lostAtMs.get(server) ?? timers.now()
      if (timers.now() - atMs > lostMs) return lostAtMs.delete(server)
      lostAtMs.set(server, atMs)
      lost.delete(server.id)
      lost.set(server.id, { server, atMs })
      const [oldest] = lost.keys()
      return lost.size <= MAX_LOST || lost.delete(oldest as string)
    },
    has: ({ id }: S) => lost.has(id) || again.has(id),
    forget(server: S) {
      lost.delete(server.id)
      again.delete(server.id)
      lostAtMs.delete(server)
    },
    /** Any one of them, which is lost no longer until it is added again. @param part from 0 to 1 */
    next(part: number): S | undefined {
      let at = Math.floor(part * lost.size)
      for (const { server } of lost.values()) {
        if (at-- > 0) continue
        lost.delete(server.id)
        again.add(server.id)
        return server
      }
      return undefined
    },
    refuse(server: S) {
      refused.delete(server.id)
      refused.set(server.id, timers.now() + REFUSED_MS)
      const [oldest] = refused.keys()
      if (refused.size > MAX_REFUSED) refused.delete(oldest as string)
    },
    isRefused: (server: S) => (refused.get(server.id) ?? 0) > timers.now(),
  }
}

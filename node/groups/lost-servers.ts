/**
 * Servers that were linked and are not: they are dialled again, one attempt at a time, each after waits that double, for an hour. All that heals a
 * partition. Liars are not.
 */

import type { Timers } from '../async/timers.ts'
import { FAULT_MS } from './faults.ts'
import type { Server } from './place.ts'

const MAX_LOST = 256
const MAX_REFUSED = 256
/** Between the first two attempts at one server, and at most between two, in ms: a record may name an address that is somebody else's. */
const FIRST_WAIT_MS = 10_000
const MAX_WAIT_MS = 160_000

export interface LostServersContext<S extends Server> {
  timers: Pick<Timers, 'now'>
  /** True for a server that is to be connected to now. Others stay lost: they may come to be of use. */
  isOfUse(server: S): boolean
}

export function createLostServers<S extends Server>({ timers, isOfUse }: LostServersContext<S>, lostMs: number) {
  /** By peer id, with the time of the next attempt. Bounded: MAX_LOST, those out first that are of no use, and the oldest of these. */
  const lost = new Map<string, { server: S; dueAtMs: number }>()
  /** Those that are being dialled again, by peer id. Bounded: each dial ends with `add`, or with `forget`. */
  const again = new Set<string>()
  /** By peer id, until when. Bounded: MAX_REFUSED. */
  const refused = new Map<string, number>()
  /** When each of these was lost, and how long it waits after the next attempt. Bounded as they are. */
  const losses = new WeakMap<S, { atMs: number; waitMs: number }>()

  const isOld = (server: S) => timers.now() - (losses.get(server)?.atMs ?? timers.now()) > lostMs

  function forget(server: S): void {
    lost.delete(server.id)
    again.delete(server.id)
    losses.delete(server)
  }

  function makeRoom(): void {
    const all = [...lost.values()]
    const out = all.find((each) => !isOfUse(each.server)) ?? all[0]
    if (out !== undefined) forget(out.server)
  }

  return {
    get size() {
      return lost.size
    },
    add(server: S) {
      again.delete(server.id)
      if (isOld(server)) return forget(server)
      const { atMs, waitMs } = losses.get(server) ?? { atMs: timers.now(), waitMs: 0 }
      losses.set(server, { atMs, waitMs: Math.min(Math.max(waitMs * 2, FIRST_WAIT_MS), MAX_WAIT_MS) })
      lost.delete(server.id)
      lost.set(server.id, { server, dueAtMs: timers.now() + waitMs })
      if (lost.size > MAX_LOST) makeRoom()
    },
    has: ({ id }: S) => lost.has(id) || again.has(id),
    forget,
    /** Any one that is of use and whose wait has ended, which is lost no longer until it is added again. @param part from 0 to 1 */
    next(part: number): S | undefined {
      for (const { server } of [...lost.values()]) if (isOld(server)) forget(server)
      const due = [...lost.values()].filter(({ server, dueAtMs }) => dueAtMs <= timers.now() && isOfUse(server))
      const server = due[Math.floor(part * due.length)]?.server
      if (server === undefined) return undefined
      lost.delete(server.id)
      again.add(server.id)
      return server
    },
    refuse(server: S) {
      refused.delete(server.id)
      refused.set(server.id, timers.now() + FAULT_MS)
      const [oldest] = refused.keys()
      if (refused.size > MAX_REFUSED) refused.delete(oldest as string)
    },
    isRefused: (server: S) => (refused.get(server.id) ?? 0) > timers.now(),
  }
}

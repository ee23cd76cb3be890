/**
 * Links whose session was cut. Each stays for a short grace, since a tab whose home is gone comes back through another one. One that is back has to
 * prove its rooms again: it may have left them meanwhile.
 */

import type { Link } from './link.ts'

export interface LostLinksContext {
  /** Monotonic clock, in ms. */
  now(): number
  /** The grace is over. */
  onOver(link: Link): void
  /** A link that is back has not proven the room in time. */
  onUnproven(link: Link, room: string): void
}

/** How long after a sleep a link that ends has no grace, in ms. */
const AFTER_SLEEP_MS = 5_000

export function createLostLinks({ now, onOver, onUnproven }: LostLinksContext, { graceMs, proveMs }: { graceMs: number; proveMs: number }) {
  /** Bounded by the links, as is the next. */
  const lost = new Map<Link, { atMs: number; timer: ReturnType<typeof setTimeout> }>()
  let graceFromMs = Number.NEGATIVE_INFINITY
  const unproven = new Map<Link, { rooms: Set<string>; timer: ReturnType<typeof setTimeout> }>()

  return {
    has: (link: Link) => lost.has(link),
    /** False when there is no grace: this process has just woken, and the other end may be gone since long. */
    add(link: Link): boolean {
      if (now() < graceFromMs) return false
      lost.set(link, { atMs: now(), timer: setTimeout(() => onOver(link), graceMs) })
      return true
    },
    onWake() {
      graceFromMs = now() + AFTER_SLEEP_MS
      for (const link of [...lost.keys()]) onOver(link)
    },
    /** A session of the link is open. */
    onOpen(link: Link) {
      const loss = lost.get(link)
      if (loss === undefined) return
      clearTimeout(loss.timer)
      lost.delete(link)
      const rooms = new Set(link.proven)
      clearTimeout(unproven.get(link)?.timer)
      const timer = setTimeout(() => {
        unproven.delete(link)
        for (const room of rooms) onUnproven(link, room)
      }, proveMs)
      unproven.set(link, { rooms, timer })
    },
    onProven: (link: Link, room: string) => unproven.get(link)?.rooms.delete(room),
    forget(link: Link) {
      clearTimeout(lost.get(link)?.timer)
      clearTimeout(unproven.get(link)?.timer)
      lost.delete(link)
      unproven.delete(link)
    },
    /** Looks for those whose grace is over: timers of a hidden tab are late. */
    expire() {
      for (const [link, { atMs }] of [...lost]) if (now() - atMs >= graceMs) onOver(link)
    },
  }
}

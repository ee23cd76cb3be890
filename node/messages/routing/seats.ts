/** Who taps which end at this home: this peer itself, and its tabs. A seat is one tap of one of them. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import type { TapProof } from '../protocol/wire.ts'
import type { TapRule } from '../types.ts'

export interface Seat {
  readonly end: Key
  readonly rules: readonly TapRule[]
  /** True when it stores, and sends receipts. */
  readonly keeps: boolean
  /** Of a hashname: what it proved; newer ones take its place. */
  proof: TapProof | undefined
  /** When it sat down, by `Seats.tick`: what was given to the taps here before, it has not heard. */
  readonly since: number
  give(envelope: Envelope): void
}

export interface Seats {
  readonly size: number
  /** Counts up: tells whether somebody sat down before or after something was given, where a clock could not. */
  tick(): number
  add(seat: Seat): void
  remove(seat: Seat): void
  at(end: Key): Iterable<Seat>
  all(): Iterable<Seat>
}

export function createSeats(): Seats {
  /** By the end's key, hex. Bounded by who adds: maxTaps of tabs, maxTapsPerPeer of this peer. */
  const ends = new Map<string, Set<Seat>>()
  let size = 0
  let ticks = 0

  return {
    tick: () => ++ticks,
    get size() {
      return size
    },
    add(seat) {
      const id = encodeKeyHex(seat.end)
      const seats = ends.get(id) ?? new Set()
      ends.set(id, seats)
      if (!seats.has(seat)) size++
      seats.add(seat)
    },
    remove(seat) {
      const id = encodeKeyHex(seat.end)
      const seats = ends.get(id)
      if (seats?.delete(seat)) size--
      if (seats?.size === 0) ends.delete(id)
    },
    at: (end) => ends.get(encodeKeyHex(end)) ?? [],
    *all() {
      for (const seats of ends.values()) yield* seats
    },
  }
}

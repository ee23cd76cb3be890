/** Who taps which end at this home: this peer itself, and its tabs. A seat is one tap of one of them. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import type { TapProof } from '../format/tap-proof.ts'
import type { TapRule } from '../types.ts'

export interface Subscription {
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

export interface Subscriptions {
  readonly size: number
  /** Counts up: tells whether somebody sat down before or after something was given, where a clock could not. */
  tick(): number
  add(subscription: Subscription): void
  remove(subscription: Subscription): void
  at(end: Key): Iterable<Subscription>
  all(): Iterable<Subscription>
}

export function createSubscriptions(): Subscriptions {
  /** By the end's key, hex. Bounded by who adds: maxTaps of tabs, maxTapsPerPeer of this peer. */
  const ends = new Map<string, Set<Subscription>>()
  let size = 0
  let ticks = 0

  return {
    tick: () => ++ticks,
    get size() {
      return size
    },
    add(subscription) {
      const id = encodeKeyHex(subscription.end)
      const subscriptions = ends.get(id) ?? new Set()
      ends.set(id, subscriptions)
      if (!subscriptions.has(subscription)) size++
      subscriptions.add(subscription)
    },
    remove(subscription) {
      const id = encodeKeyHex(subscription.end)
      const subscriptions = ends.get(id)
      if (subscriptions?.delete(subscription)) size--
      if (subscriptions?.size === 0) ends.delete(id)
    },
    at: (end) => ends.get(encodeKeyHex(end)) ?? [],
    *all() {
      for (const subscriptions of ends.values()) yield* subscriptions
    },
  }
}

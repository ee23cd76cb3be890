/** Subscriptions at this peer: which of its own taps, and of its tabs' taps, want the messages of an end. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import { readEnvelopeFields } from '../format/envelope-fields.ts'
import { passesRules } from '../format/rules.ts'
import type { TapProof } from '../format/tap-proof.ts'
import type { TapRule } from '../types.ts'

export interface Subscription {
  readonly end: Key
  readonly rules: readonly TapRule[]
  /** True when the tap stores, and sends receipts. */
  readonly keeps: boolean
  /** Of a hashname: the newest proof of its key. */
  proof: TapProof | undefined
  /** When it began, by `Subscriptions.tick`: it has missed what was delivered here before. */
  readonly since: number
  deliver(envelope: Envelope): void
}

export interface Subscriptions {
  /** Counts up: orders the begin of subscriptions and deliveries where a clock is too coarse. */
  tick(): number
  add(subscription: Subscription): void
  remove(subscription: Subscription): void
  at(end: Key): Iterable<Subscription>
}

export function createSubscriptions(): Subscriptions {
  /** By the end's key, hex. Bounded by the callers: maxTaps of tabs, maxTapsPerPeer of this peer. */
  const ends = new Map<string, Set<Subscription>>()
  let ticks = 0

  return {
    tick: () => ++ticks,
    add(subscription) {
      const id = encodeKeyHex(subscription.end)
      const subscriptions = ends.get(id) ?? new Set()
      ends.set(id, subscriptions)
      subscriptions.add(subscription)
    },
    remove(subscription) {
      const id = encodeKeyHex(subscription.end)
      const subscriptions = ends.get(id)
      subscriptions?.delete(subscription)
      if (subscriptions?.size === 0) ends.delete(id)
    },
    at: (end) => ends.get(encodeKeyHex(end)) ?? [],
  }
}

/** Tests an envelope against the rules of subscriptions. Its fields are read once, and only when there are rules. */
export function createRuleTest(envelope: Envelope): (subscription: Subscription) => boolean {
  let fields: ReturnType<typeof readEnvelopeFields>
  let isRead = false
  return ({ rules }) => {
    if (rules.length === 0) return true
    if (!isRead) fields = readEnvelopeFields(envelope)
    isRead = true
    return fields !== undefined && passesRules(rules, fields)
  }
}

/** Subscriptions at this peer: which of its own taps, and of its tabs' taps, want the messages of an end. */

import { encodeKeyHex } from '../../keys/index.ts'
import { hashnameOf } from '../../keys/signing.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import { decodePayload, type Payload } from '../format/payload.ts'
import type { TapProof } from '../format/proof.ts'
import { passesRules, type RuledMessage } from '../format/rules.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'
import type { TapRule } from '../types.ts'
import type { SeenMessage } from './seen-messages.ts'

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

export type Subscriptions = ReturnType<typeof createSubscriptions>

export function createSubscriptions() {
  /** By the end's key, hex. Bounded by the callers: maxTaps of tabs, maxTapsPerPeer of this peer. */
  const ends = new Map<string, Set<Subscription>>()
  let ticks = 0

  return {
    /** Counts up: orders the begin of subscriptions and deliveries where a clock is too coarse. */
    tick: () => ++ticks,
    add(subscription: Subscription) {
      const id = encodeKeyHex(subscription.end)
      const subscriptions = ends.get(id) ?? new Set()
      ends.set(id, subscriptions)
      subscriptions.add(subscription)
    },
    remove(subscription: Subscription) {
      const id = encodeKeyHex(subscription.end)
      const subscriptions = ends.get(id)
      subscriptions?.delete(subscription)
      if (subscriptions?.size === 0) ends.delete(id)
    },
    at: (end: Key) => ends.get(encodeKeyHex(end)) ?? [],
  }
}

/** Tests an envelope against the rules of subscriptions. Its fields are read once, and only when there are rules. */
export function createRuleTest(envelope: Envelope): (subscription: Subscription) => boolean {
  let fields: RuledMessage | undefined
  let isRead = false
  return ({ rules }) => {
    if (rules.length === 0) return true
    if (!isRead) fields = readFields(envelope)
    isRead = true
    return fields !== undefined && passesRules(rules, fields)
  }
}

const NO_PAYLOAD: Payload = { type: '', fields: {}, body: new Uint8Array() }

/** The clear fields of an envelope. Undefined when the payload cannot be read: no rule passes it then. */
function readFields({ from, isSealed, payload }: Envelope): RuledMessage | undefined {
  try {
    return { from: hashnameOf(from), isSealed, ...(isSealed ? NO_PAYLOAD : decodePayload(payload)) }
  } catch {
    return undefined
  }
}

/** A tap that stores and has sent no receipt gets the same message again no sooner than this, in ms. */
const AGAIN_MS = 2_000

/**
 * Delivers a checked envelope to each tap at this node whose rules it passes: sealed ones to taps with a proof, others to those without. Each
 * tap gets a message once; taps that store get it again while there is no receipt.
 */
export function deliverHere(envelope: Envelope, seen: SeenMessage, subscriptions: Subscriptions, nowMs: number): DeliveryProgress {
  const { delivered } = seen
  const isAgain = delivered !== undefined && seen.receipts.length === 0 && nowMs - delivered.atMs >= AGAIN_MS
  const passes = createRuleTest(envelope)
  let taps = 0
  let keepers = 0
  let isDelivered = false
  for (const subscription of [...subscriptions.at(envelope.to)]) {
    if ((subscription.proof !== undefined) !== envelope.isSealed || !passes(subscription)) continue
    taps++
    if (subscription.keeps) keepers++
    const isMissed = delivered === undefined || subscription.since > delivered.tick
    if (!isMissed && !(isAgain && subscription.keeps)) continue
    isDelivered = true
    subscription.deliver(envelope)
  }
  // Each that began before this tick has it now: a copy by another record node, in the same moment, is no news to it.
  const last = delivered === undefined || isAgain || isDelivered ? { atMs: nowMs, tick: subscriptions.tick() } : delivered
  seen.delivered = { atMs: last.atMs, tick: last.tick, taps, keepers }
  return { ...NO_PROGRESS, taps, keepers }
}

/** Delivery to the taps at this node: its own, and its tabs'. */

import type { Envelope } from '../format/envelope.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'
import type { SeenMessage } from './seen-messages.ts'
import { createRuleTest, type Subscriptions } from './subscriptions.ts'

export interface LocalDelivery {
  /**
   * Delivers a checked envelope to each tap whose rules it passes: sealed ones to taps with a proof, others to those without. Each tap gets a
   * message once; taps that store get it again while there is no receipt.
   */
  deliver(envelope: Envelope, seen: SeenMessage): DeliveryProgress
}

/** A tap that stores and has sent no receipt gets the same message again no sooner than this, in ms. */
const AGAIN_MS = 2_000

export function createLocalDelivery(subscriptions: Subscriptions, now: () => number): LocalDelivery {
  return {
    deliver(envelope, seen) {
      const nowMs = now()
      const { delivered } = seen
      const isAgain = delivered !== undefined && seen.receipts.length === 0 && nowMs - delivered.atMs >= AGAIN_MS
      const passes = createRuleTest(envelope)
      let taps = 0
      let keepers = 0
      for (const subscription of [...subscriptions.at(envelope.to)]) {
        if ((subscription.proof !== undefined) !== envelope.isSealed || !passes(subscription)) continue
        taps++
        if (subscription.keeps) keepers++
        const isMissed = delivered === undefined || subscription.since > delivered.tick
        if (isMissed || (isAgain && subscription.keeps)) subscription.deliver(envelope)
      }
      const last = delivered === undefined || isAgain ? { atMs: nowMs, tick: subscriptions.tick() } : delivered
      seen.delivered = { atMs: last.atMs, tick: last.tick, taps, keepers }
      return { ...NO_PROGRESS, taps, keepers }
    },
  }
}

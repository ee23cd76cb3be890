/** One made offer on its way to the instances of its account: each that is there gets it, again and again until it has answered. */

import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import type { Correspondents } from './correspondents.ts'
import { type AnswerReply, decodeAnswer, type OfferAnswer, type OfferMessage, type OverReason } from './offer-message.ts'

/** Between two tries to give it to an instance that did not take it, in ms. */
const RETRY = { firstMs: 1_000, maxMs: 120_000 }

export interface GivingContext {
  tell: Correspondents['tell']
  /** Undefined when there is nothing to give now. */
  message(): OfferMessage | undefined
  takeAnswer(instance: string, answer: OfferAnswer): Promise<AnswerReply>
}

export function createGiving({ tell, message, takeAnswer }: GivingContext) {
  /** Instances that show it to their person. Bounded by those that are there, as `giving` is. */
  const asked = new Set<string>()
  const giving = new Map<string, AbortController>()

  async function give(instance: string, signal: AbortSignal): Promise<void> {
    const backoff = createBackoff(RETRY, Math.random)
    for (let offer = message(); offer !== undefined; offer = message()) {
      const answer = readAnswer(await tell(instance, offer, { signal }))
      if (answer !== undefined && answer.state !== 'busy' && answer.state !== 'closed') {
        const reply = await takeAnswer(instance, answer)
        if (reply === 'late') void tell(instance, { type: 'over', offer: offer.offer, reason: 'taken' })
        return
      }
      await delay(backoff.next(), { signal })
    }
  }

  return {
    asked,
    giveTo(instance: string): void {
      if (giving.has(instance) || asked.has(instance) || message() === undefined) return
      const controller = new AbortController()
      giving.set(instance, controller)
      const end = () => void giving.delete(instance)
      give(instance, controller.signal).then(end, end)
    },
    leave(instance: string): void {
      asked.delete(instance)
      giving.get(instance)?.abort()
    },
    /** Nobody is asked any more. @param spared the instance that has decided */
    stop(offer: Uint8Array, reason: OverReason, spared: string): void {
      for (const instance of asked) if (instance !== spared) void tell(instance, { type: 'over', offer, reason })
      asked.clear()
      for (const [instance, controller] of giving) if (instance !== spared) controller.abort()
    },
  }
}

function readAnswer(value: unknown): OfferAnswer | undefined {
  try {
    return value === undefined ? undefined : decodeAnswer(value)
  } catch {
    return undefined
  }
}

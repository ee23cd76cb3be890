/** How far one message came, put together from all who were asked to take it, and told to who asked. Receipts go another way: passages.ts. */

import type { MessageRefusal } from '../types.ts'

export interface Progress {
  /** Taps that hear it. */
  taps: number
  /** Those of them that store, and will send receipts. */
  keepers: number
  /** Record nodes that keep it, and until when, in ms since the epoch; 0 and 0 for none. */
  nodes: number
  untilMs: number
  /** Why somebody who was asked did not take it. */
  refusal: { reason: MessageRefusal; retryAfterMs: number } | undefined
}

export const NOTHING: Readonly<Progress> = { taps: 0, keepers: 0, nodes: 0, untilMs: 0, refusal: undefined }

/** The answer to one question about a message: called once. */
export type Reply = (progress: Progress) => void

export interface Delivery {
  /** One more who is asked. One that never answers is waited for until the time is over. */
  join(): Reply
  /** Nobody else will be asked. */
  complete(): void
}

/**
 * @param combine 'sum': those who are asked answer for different taps. 'most': they answer for the same ones, and are counted as nodes each
 * @param timeoutMs after this long the answer is made of what is there
 */
export function createDelivery(reply: Reply, combine: 'sum' | 'most', timeoutMs: number): Delivery {
  const whole: Progress = { ...NOTHING }
  let waiting = 0
  let isComplete = false
  let isOver = false
  const timer = setTimeout(finish, timeoutMs)

  function finish(): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    reply(whole)
  }

  return {
    join() {
      waiting++
      return (part) => {
        if (isOver) return
        whole.taps = combine === 'sum' ? whole.taps + part.taps : Math.max(whole.taps, part.taps)
        whole.keepers = combine === 'sum' ? whole.keepers + part.keepers : Math.max(whole.keepers, part.keepers)
        whole.nodes += part.nodes
        whole.untilMs = Math.max(whole.untilMs, part.untilMs)
        whole.refusal ??= part.refusal
        if (--waiting === 0 && isComplete) finish()
      }
    },
    complete() {
      isComplete = true
      if (waiting === 0) finish()
    },
  }
}

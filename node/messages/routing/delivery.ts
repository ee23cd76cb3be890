/** How far one message came, put together from all who were asked to take it, and told to who asked. Receipts go another way: passages.ts. */

import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'

/** The answer to one question about a message: called once. */
export type Reply = (progress: DeliveryProgress) => void

export interface Delivery {
  /** One more who is asked. One that never answers is waited for until the time is over; undefined: it could not be asked. */
  join(): (part: DeliveryProgress | undefined) => void
  /** Nobody else will be asked. */
  complete(): void
}

/**
 * @param combine 'sum': those who are asked answer for different taps. 'agree': they answer for the same ones, each may lie, and each is a node
 * @param timeoutMs after this long the answer is made of what is there
 */
export function createDelivery(reply: Reply, combine: 'sum' | 'agree', timeoutMs: number): Delivery {
  const parts: DeliveryProgress[] = []
  let waiting = 0
  let isComplete = false
  let isOver = false
  const timer = setTimeout(finish, timeoutMs)

  function finish(): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    reply(combine === 'sum' ? sumOf(parts) : agreedOf(parts))
  }

  return {
    join() {
      waiting++
      return (part) => {
        if (isOver) return
        if (part !== undefined) parts.push(part)
        if (--waiting === 0 && isComplete) finish()
      }
    },
    complete() {
      isComplete = true
      if (waiting === 0) finish()
    },
  }
}

function sumOf(parts: readonly DeliveryProgress[]): DeliveryProgress {
  const whole: DeliveryProgress = { ...NO_PROGRESS }
  for (const { taps, keepers, nodes, untilMs, refusal } of parts) {
    whole.taps += taps
    whole.keepers += keepers
    whole.nodes += nodes
    whole.untilMs = Math.max(whole.untilMs, untilMs)
    whole.refusal ??= refusal
  }
  return whole
}

/** One of three may lie: what it says of taps has no weight, and what it refuses the others took. */
function agreedOf(parts: readonly DeliveryProgress[]): DeliveryProgress {
  const { nodes, untilMs, refusal } = sumOf(parts)
  const isRefused = parts.every((part) => part.refusal !== undefined)
  return {
    taps: middle(parts.map(({ taps }) => taps)),
    keepers: middle(parts.map(({ keepers }) => keepers)),
    nodes,
    untilMs,
    refusal: isRefused ? refusal : undefined,
  }
}

/** Of two the greater: who was not asked by somebody may have been by the other. */
function middle(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

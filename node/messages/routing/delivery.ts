/** One delivery of a message: collects the progress that all asked peers report into one answer. Receipts go another way: seen-messages.ts. */

import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'

/** Takes the answer to one request about a message: called once. */
export type Reply = (progress: DeliveryProgress) => void

export type Delivery = ReturnType<typeof createDelivery>

/**
 * @param combine 'sum': the asked peers report on different taps. 'agree': they report on the same taps, and each may lie
 * @param timeoutMs the longest wait; then the answer is made of what has come
 */
export function createDelivery(reply: Reply, combine: 'sum' | 'agree', timeoutMs: number) {
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
    /** One more peer is asked. Its function takes the peer's progress; undefined: it could not be asked. */
    join() {
      waiting++
      return (part: DeliveryProgress | undefined) => {
        if (isOver) return
        if (part !== undefined) parts.push(part)
        if (--waiting === 0 && isComplete) finish()
      }
    },
    /** No other peer will be asked. */
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

/** One of three may lie: the median of taps is believed, and a refusal only when all refuse. */
function agreedOf(parts: readonly DeliveryProgress[]): DeliveryProgress {
  const { nodes, untilMs, refusal } = sumOf(parts)
  const isRefused = parts.every((part) => part.refusal !== undefined)
  return {
    taps: median(parts.map(({ taps }) => taps)),
    keepers: median(parts.map(({ keepers }) => keepers)),
    nodes,
    untilMs,
    refusal: isRefused ? refusal : undefined,
  }
}

/** Of two the greater: a home that one of them did not ask may have been asked by the other. */
function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type DeliveryProgress, NO_PROGRESS } from '../../../node/messages/protocol/wire.ts'
import { createDelivery } from '../../../node/messages/routing/delivery.ts'

function collect(combine: 'sum' | 'agree', parts: (Partial<DeliveryProgress> | undefined)[]): DeliveryProgress | undefined {
  let told: DeliveryProgress | undefined
  const delivery = createDelivery((progress) => (told = progress), combine, 60_000)
  const replies = parts.map(() => delivery.join())
  delivery.complete()
  for (const [i, reply] of replies.entries()) {
    const part = parts[i]
    reply(part && { ...NO_PROGRESS, ...part })
  }
  return told
}

describe('delivery', () => {
  test('homes answer for different taps: their numbers are added up', () => {
    expect(collect('sum', [{ taps: 3, keepers: 1 }, { taps: 2 }, undefined])).toEqual({ ...NO_PROGRESS, taps: 5, keepers: 1 })
  })

  test.each<[what: string, taps: (number | undefined)[], agreed: number]>([
    ['one of three who says too much', [5, 1_000, 5], 5],
    ['one of three who says that nobody is there', [5, 0, 5], 5],
    ['one of three who says that many are there, where nobody is', [0, 1_000, 0], 0],
    ['one of two who does not know', [5, 0], 5],
    ['one alone', [undefined, 7, undefined], 7],
    ['nobody', [undefined, undefined, undefined], 0],
  ])('record nodes answer for the same taps, and are not misled by %s', (_, taps, agreed) => {
    const told = collect(
      'agree',
      taps.map((count) => (count === undefined ? undefined : { taps: count, keepers: count })),
    )
    expect(told).toEqual({ ...NO_PROGRESS, taps: agreed, keepers: agreed })
  })

  test('record nodes are counted, each as one that keeps it', () => {
    expect(collect('agree', [{ nodes: 1, untilMs: 5 }, { nodes: 1, untilMs: 7 }, {}])).toMatchObject({ nodes: 2, untilMs: 7 })
  })

  test('a message that one record node refuses and another takes is taken', () => {
    const refusal = { reason: 'end-full' as const, retryAfterMs: 5 }
    expect(collect('agree', [{ refusal }, {}, { refusal }])?.refusal).toBeUndefined()
    expect(collect('agree', [{ refusal }, undefined, { refusal }])?.refusal).toEqual(refusal)
  })

  test('a silent peer is waited for no longer than the time, and its later answer counts for nothing', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const told: DeliveryProgress[] = []
    const delivery = createDelivery((progress) => told.push(progress), 'sum', 1_000)
    const [first, second] = [delivery.join(), delivery.join()]
    delivery.complete()
    first({ ...NO_PROGRESS, taps: 1 })
    vi.advanceTimersByTime(999)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    second({ ...NO_PROGRESS, taps: 10 })
    expect(told).toEqual([{ ...NO_PROGRESS, taps: 1 }])
  })

  test('when there is nobody to ask, the answer is immediate', () => {
    expect(collect('sum', [])).toEqual(NO_PROGRESS)
  })
})

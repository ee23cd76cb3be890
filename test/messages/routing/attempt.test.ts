import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { signDecline } from '../../../node/messages/format/decline.ts'
import { createMessageSecret, type Envelope, publicKeyOf, signReceipt } from '../../../node/messages/index.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../../../node/messages/protocol/wire.ts'
import { attemptDelivery } from '../../../node/messages/routing/attempt.ts'
import type { ReceiptListener } from '../../../node/messages/routing/seen-messages.ts'
import type { MessageRefusal, PostOutcome, Receipt } from '../../../node/messages/types.ts'
import { signMadeUp, signOpen } from '../../helpers/signed-messages.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const sealed = signMadeUp()
const open = signOpen('#wall', { body: 'x' })

function start(envelope: Envelope) {
  let told: { listener: ReceiptListener; reply(progress: DeliveryProgress): void } | undefined
  const late: Receipt[] = []
  const abort = new AbortController()
  let outcome: PostOutcome | undefined
  const delivery = attemptDelivery(
    envelope,
    (listener, reply) => (told = { listener, reply }),
    (receipt) => late.push(receipt),
    abort.signal,
  ).then((value) => (outcome = value))
  return {
    delivery,
    late,
    abort,
    progress: (part: Partial<DeliveryProgress>) => told?.reply({ ...NO_PROGRESS, ...part }),
    receipt: (secret = createMessageSecret(), ids = [envelope.id]) => told?.listener.onReceipt(signReceipt(secret, ids, 5)),
    decline: (reason: MessageRefusal, secret = createMessageSecret()) =>
      told?.listener.onDecline(signDecline(secret, envelope.id, reason, 5)),
    /** Undefined while it goes on. */
    async after(ms: number) {
      await vi.advanceTimersByTimeAsync(ms)
      return outcome
    },
  }
}

describe('attempt', () => {
  test.each<[what: string, envelope: Envelope, progress: Partial<DeliveryProgress>, outcome: PostOutcome]>([
    ['heard', open, { taps: 3 }, { state: 'heard', taps: 3 }],
    ['kept by record nodes', sealed, { nodes: 2, untilMs: 7 }, { state: 'queued', nodes: 2, untilMs: 7 }],
    ['there for nobody', open, {}, { state: 'queued', nodes: 0, untilMs: open.expiresAtMs }],
    [
      'refused for a while',
      sealed,
      { refusal: { reason: 'full', retryAfterMs: 5 } },
      { state: 'refused', reason: 'full', retryAfterMs: 5 },
    ],
    [
      'kept by some and refused by others',
      sealed,
      { nodes: 1, untilMs: 7, refusal: { reason: 'full', retryAfterMs: 5 } },
      { state: 'queued', nodes: 1, untilMs: 7 },
    ],
  ])('what is %s is over at once', async (_, envelope, progress, outcome) => {
    const attempt = start(envelope)
    attempt.progress(progress)
    expect(await attempt.after(0)).toEqual(outcome)
  })

  test('waits for all receivers that store, and no longer than the time', async () => {
    const attempt = start(open)
    attempt.progress({ taps: 2, keepers: 2 })
    expect(await attempt.after(4_000)).toBeUndefined()
    const secret = createMessageSecret()
    attempt.receipt(secret)
    attempt.receipt(secret)
    attempt.receipt(createMessageSecret(), [sealed.id])
    attempt.receipt()
    expect(await attempt.after(0)).toMatchObject({ state: 'stored', receipts: [{ receiver: publicKeyOf(secret) }, {}] })

    const silent = start(sealed)
    silent.progress({ taps: 1, keepers: 1, nodes: 3, untilMs: 7 })
    expect(await silent.after(10_000)).toEqual({ state: 'queued', nodes: 3, untilMs: 7 })
  })

  test('a receipt is enough when no peer says how many will come, and a later one is reported', async () => {
    const attempt = start(sealed)
    attempt.receipt()
    expect(await attempt.after(100)).toMatchObject({ state: 'stored' })
    attempt.receipt()
    expect(attempt.late).toHaveLength(1)
  })

  test('a receiver that declines has the word, unless another one stores it', async () => {
    const declined = start(sealed)
    declined.progress({ taps: 1, keepers: 1, nodes: 3 })
    declined.decline('muted')
    expect(await declined.after(0)).toEqual({ state: 'refused', reason: 'muted' })

    const stored = start(open)
    stored.progress({ taps: 2, keepers: 2 })
    stored.decline('muted')
    stored.receipt()
    expect(await stored.after(100)).toMatchObject({ state: 'stored' })
  })

  test('one receiver declines once, and at an end where nobody stores nobody declines', async () => {
    const attempt = start(open)
    attempt.progress({ taps: 2, keepers: 2 })
    const secret = createMessageSecret()
    for (let i = 0; i < 5; i++) attempt.decline('muted', secret)
    expect(await attempt.after(1_000)).toBeUndefined()

    const nobody = start(open)
    nobody.decline('muted')
    nobody.progress({})
    expect(await nobody.after(100)).toMatchObject({ state: 'queued', nodes: 0 })
  })

  test('an abort ends it', async () => {
    const attempt = start(sealed)
    attempt.abort.abort(new Error('enough'))
    await expect(attempt.delivery).rejects.toThrow('enough')
    expect(vi.getTimerCount()).toBe(0)
  })
})

import { expect, test } from 'vitest'
import { createInboxAdmission, INBOX_DEFAULTS } from '../../../node/server/inbox/inbox-admission.ts'
import type { InboxSenders } from '../../../node/server/inbox/inbox-senders.ts'
import { InboxTally } from '../../../node/server/inbox/inbox-tally.ts'

/** Admission to an empty inbox of an owner who knows nobody. @returns whether one more message of the sender is admitted */
function createRate(senderRate: number, monotonic: () => number) {
  const senders = { isMuted: () => false, nameOf: () => undefined } as unknown as InboxSenders
  const tally = new InboxTally(() => false)
  const admission = createInboxAdmission({
    ...INBOX_DEFAULTS,
    settings: { policy: 'open', senderRate, keepDays: undefined, keepCount: undefined },
    ...{ senders, tally, hashname: 'own', monotonic },
  })
  return (sender: string) => {
    const refusal = admission.refuse({ sender, expiresAtMs: 1, bytes: 1 }, 0)
    if (refusal !== undefined) expect(refusal).toBe('sender-rate')
    return refusal === undefined
  }
}

test('admission: each sender has a minute of its own, which fills again with time', () => {
  let nowMs = 0
  const isAdmitted = createRate(3, () => nowMs)
  expect(Array.from({ length: 4 }, () => isAdmitted('a'))).toEqual([true, true, true, false])
  expect(isAdmitted('b')).toBe(true)
  nowMs += 20_000
  expect([isAdmitted('a'), isAdmitted('a')]).toEqual([true, false])
  nowMs += 600_000
  expect(Array.from({ length: 4 }, () => isAdmitted('a'))).toEqual([true, true, true, false])
})

test('admission: a rate of 0 is no limit', () => {
  const isAdmitted = createRate(0, () => 0)
  expect(Array.from({ length: 1_000 }, () => isAdmitted('a')).every((admitted) => admitted)).toBe(true)
})

test('admission: throw-away senders do not make it forget a flood', () => {
  const isAdmitted = createRate(1, () => 0)
  isAdmitted('flood')
  for (let i = 0; i < 30_000; i++) {
    isAdmitted(`sender ${i}`)
    if (i % 5_000 === 0) expect(isAdmitted('flood')).toBe(false)
  }
})

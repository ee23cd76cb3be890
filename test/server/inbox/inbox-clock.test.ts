/** Messages are not removed on one clock's word: a clock that is far ahead of the last run waits for witnesses, or for the owner. */

import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { createInboxClock, MAX_LEAP_MS } from '../../../node/server/inbox/inbox-clock.ts'
import { createInbox, OWNER, type TestInbox } from '../../helpers/inbox.ts'
import { sampleMessage, sampleSender } from '../../helpers/sample-messages.ts'

const DAY_MS = 86_400_000
const START_MS = Date.UTC(2026, 0, 1)

/** An inbox with two clocks in the test's hand: the machine's, which can be set, and one that only runs. */
async function createClockedInbox(options: Parameters<typeof createInbox>[0] = { keepDays: 30 }) {
  const clock = { nowMs: START_MS, runMs: 0 }
  const clocks = { now: () => clock.nowMs, monotonic: () => clock.runMs }
  const opened = await createInbox({ ...clocks, ...options })
  const run = (days: number) => {
    clock.nowMs += days * DAY_MS
    clock.runMs += days * DAY_MS
  }
  const keep = (count: number, from = 'anna', sentAtMs = clock.nowMs) =>
    opened.inbox.keep(
      '#a',
      Array.from({ length: count }, () => sampleMessage({ from, sentAtMs })),
    )
  return { clock, run, opened, keep }
}

const countOf = ({ inbox }: TestInbox) => inbox.counts().messages
const kept = ({ events }: TestInbox) => events.filter(({ type }) => type === 'kept-back')

async function reopen(opened: TestInbox, options: Parameters<TestInbox['reopen']>[0] = {}): Promise<TestInbox> {
  const next = opened.reopen(options)
  await next.inbox.tidy()
  return next
}

describe('inbox: a clock that is a year ahead', () => {
  test('removes nothing, says what would go, and a start with the right clock goes on as before', async () => {
    const { clock, opened, keep, run } = await createClockedInbox()
    await keep(3)
    clock.nowMs += 400 * DAY_MS
    const wrong = await reopen(opened)
    expect(countOf(wrong)).toBe(3)
    expect(kept(wrong)).toEqual([{ type: 'kept-back', messages: 3, keepDays: 30, nowMs: clock.nowMs, knownMs: START_MS }])
    // A message that is stored now has the wrong time, which is no word of another clock.
    await wrong.inbox.keep('#a', [sampleMessage({ sentAtMs: clock.nowMs })])
    const again = await reopen(wrong)
    expect([countOf(again), kept(again).length]).toEqual([4, 1])
    clock.nowMs = START_MS + DAY_MS
    const right = await reopen(again)
    expect([countOf(right), kept(right)]).toEqual([4, []])
    run(31)
    await right.inbox.tidy()
    expect(countOf(right)).toBe(1) // the one from the future
  })

  test('also when it is set while the inbox is open; the time that passes still counts', async () => {
    const { clock, opened, keep, run } = await createClockedInbox()
    await keep(2)
    run(20)
    await keep(1)
    clock.nowMs += 400 * DAY_MS
    await opened.inbox.tidy()
    expect([countOf(opened), kept(opened).length]).toEqual([3, 1])
    run(11)
    await opened.inbox.tidy()
    expect([countOf(opened), kept(opened).length]).toEqual([1, 1])
    const later = await reopen(opened)
    expect(countOf(later)).toBe(1)
  })

  test('forgets no id: a message that was removed is not stored again, and new ones are not taken for expired', async () => {
    const { clock, opened, keep } = await createClockedInbox({ keepCount: 1 })
    const first = sampleMessage({ from: 'bert', sentAtMs: START_MS, expiresAtMs: START_MS + 7 * DAY_MS })
    await opened.inbox.keep('#a', [first])
    await keep(1, 'bert')
    clock.nowMs += 400 * DAY_MS
    const wrong = await reopen(opened)
    clock.nowMs -= 400 * DAY_MS
    const right = await reopen(wrong)
    const fresh = sampleMessage({ sentAtMs: START_MS, expiresAtMs: START_MS + DAY_MS })
    expect(await right.inbox.keep('#a', [fresh, first])).toEqual(['stored', 'stored'])
    expect(right.inbox.message(Buffer.from(first.id).toString('hex'))).toBeUndefined()
    expect([kept(wrong), kept(right)]).toEqual([[], []])
  })

  test('an inbox that an earlier mayfly has left knows the time of its newest message', async () => {
    const { clock, opened, keep } = await createClockedInbox()
    await keep(3)
    opened.inbox.close()
    const database = new DatabaseSync(opened.path)
    database.exec("DELETE FROM facts WHERE name = 'known_ms'")
    database.close()
    clock.nowMs += 400 * DAY_MS
    const wrong = await reopen(opened)
    expect([countOf(wrong), kept(wrong).length]).toEqual([3, 1])
  })
})

describe('inbox: a receiver that was off for long', () => {
  /** Off for a year, with three old messages. */
  async function afterAYear(options: Parameters<TestInbox['reopen']>[0] = {}) {
    const parts = await createClockedInbox()
    await parts.keep(3)
    parts.clock.nowMs += 365 * DAY_MS
    const later = await reopen(parts.opened, options)
    const hear = async (from: string, sentAtMs = parts.clock.nowMs) => {
      await later.inbox.keep('#a', [sampleMessage({ from, sentAtMs, expiresAtMs: parts.clock.nowMs + DAY_MS })])
      await later.inbox.tidy()
    }
    return { ...parts, later, hear }
  }

  test('removes what is old once three senders say the same time', async () => {
    const { clock, later, hear } = await afterAYear()
    await hear('anna')
    await hear('bert', clock.nowMs - 3_600_000) // it waited for the receiver
    await hear('anna')
    await hear('carl')
    expect(countOf(later)).toBe(7)
    await hear('dora')
    expect(countOf(later)).toBe(5)
    const next = await reopen(later)
    expect([countOf(next), kept(next)]).toEqual([5, []])
  })

  test('its own messages say nothing, nor do those from before the clock was set', async () => {
    const { clock, later, hear } = await afterAYear()
    await later.inbox.keep(
      '#a',
      ['a', 'b', 'c'].map(() => sampleMessage({ from: 'owner', sentAtMs: clock.nowMs })),
    )
    expect(later.inbox.message(4)?.from).toBe(OWNER)
    await hear('anna')
    await hear('bert')
    clock.nowMs += 365 * DAY_MS
    await hear('carl')
    expect(countOf(later)).toBe(9)
  })

  test('removes it at once when the owner says that the clock is right', async () => {
    const { later, clock } = await afterAYear({ isClockTrusted: true })
    expect([countOf(later), kept(later)]).toEqual([0, []])
    await later.inbox.keep('#a', [sampleMessage({ sentAtMs: clock.nowMs })])
    clock.nowMs += DAY_MS
    const next = await reopen(later, { isClockTrusted: false })
    expect([countOf(next), kept(next)]).toEqual([1, []])
  })

  test('a weekend is nothing to wait for', async () => {
    const { clock, opened, keep, run } = await createClockedInbox()
    await keep(1)
    run(28)
    await opened.inbox.tidy()
    clock.nowMs += 2.7 * DAY_MS
    const monday = await reopen(opened)
    expect([countOf(monday), kept(monday)]).toEqual([0, []])
  })
})

describe('createInboxClock', () => {
  test('a clock that falls back is followed for what is removed, and the known time stays', () => {
    let runMs = 0
    const clock = createInboxClock({ knownMs: START_MS, isTrusted: false, monotonic: () => runMs })
    runMs += 1_000
    expect(clock.read(0)).toBe(START_MS + 1_000) // a computer without a battery begins in 1970
    expect(clock.read(START_MS + 5_000)).toBe(START_MS + 5_000)
    expect(clock.read(START_MS + MAX_LEAP_MS + 5_001)).toBe(START_MS + 5_000)
    expect(clock.read(START_MS + MAX_LEAP_MS + 5_000)).toBe(START_MS + MAX_LEAP_MS + 5_000)
  })

  test('a known time that is too late is put right by three senders', () => {
    const clock = createInboxClock({ knownMs: START_MS + 365 * DAY_MS, isTrusted: false, monotonic: () => 0 })
    for (const name of ['anna', 'bert', 'carl']) clock.hear(sampleSender(name).hashname, START_MS, START_MS)
    expect(clock.read(START_MS)).toBe(START_MS)
  })
})

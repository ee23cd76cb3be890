import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { OutboxEntry, OutboxStore, PostOutcome } from '../../../node/index.ts'
import { createMemoryOutboxStore } from '../../../node/messages/outbox/memory-outbox-store.ts'
import {
  createRetryScheduler,
  RETRY_DEFAULTS,
  type RetryOptions,
  type RetrySchedulerContext,
} from '../../../node/messages/outbox/retry-scheduler.ts'
import { entryOf as entryOfByte, OUTCOMES } from '../../helpers/outbox-store-suite.ts'

const START_MS = 1_763_735_400_000
const NOBODY: PostOutcome = { state: 'queued', nodes: 0, untilMs: START_MS + 1e9 }
const STORED = OUTCOMES[0] as PostOutcome

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'], now: START_MS })
})
afterEach(() => {
  vi.useRealTimers()
})

function entryOf(byte: number, changes: Partial<OutboxEntry> = {}): OutboxEntry {
  return entryOfByte(byte, { createdAtMs: START_MS, nextTryAtMs: START_MS, expiresAtMs: START_MS + 1e9, ...changes })
}

interface Try {
  byte: number
  atMs: number
}

/** Tries that are all told the same, on a store of their own or a shared one. */
function startTries(
  attempt: RetrySchedulerContext['attempt'],
  options: RetryOptions & { store?: OutboxStore; random?: () => number } = {},
) {
  const { store = createMemoryOutboxStore(), random = () => 1, ...triesOptions } = options
  const tried: Try[] = []
  const changes: OutboxEntry[] = []
  const tries = createRetryScheduler(
    {
      store,
      now: Date.now,
      random,
      attempt(entry, signal) {
        tried.push({ byte: entry.id[0] ?? -1, atMs: Date.now() - START_MS })
        return attempt(entry, signal)
      },
      onFinal() {},
      onChange: (entry) => changes.push(entry),
    },
    triesOptions,
  )
  onTestFinished(() => tries.stop(0))
  return { store, tries, tried, changes, times: () => tried.map(({ atMs }) => atMs) }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('tries', () => {
  test('the wait doubles, to a minute', async () => {
    const { store, tries, times } = startTries(async () => NOBODY)
    await store.put(entryOf(1))
    tries.start()
    await pass(200_000)
    expect(times()).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183].map((seconds) => seconds * 1_000))
  })

  test('chance takes up to half of each wait', async () => {
    const { store, tries, times } = startTries(async () => NOBODY, { random: () => 0 })
    await store.put(entryOf(1))
    tries.start()
    await pass(16_000)
    expect(times()).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5].map((seconds) => seconds * 1_000))
  })

  test('a peer that asks for a longer wait gets it, within a limit', async () => {
    let retryAfterMs = 90_000
    const { store, tries, times } = startTries(async () => ({ state: 'refused', reason: 'sender-rate', retryAfterMs }))
    await store.put(entryOf(1))
    tries.start()
    await pass(90_000)
    expect(times()).toEqual([0, 90_000])
    retryAfterMs = 1e9
    await pass(90_000 + RETRY_DEFAULTS.maxAskedRetryMs)
    expect(times()).toEqual([0, 90_000, 180_000, 180_000 + RETRY_DEFAULTS.maxAskedRetryMs])
  })

  test.each<[PostOutcome, boolean]>([
    ...OUTCOMES.map((outcome): [PostOutcome, boolean] => [outcome, outcome.state !== 'queued' && !('retryAfterMs' in outcome)]),
    ...(['malformed', 'forged', 'expired', 'unknown-sender', 'muted'] as const).map((reason): [PostOutcome, boolean] => [
      { state: 'refused', reason },
      true,
    ]),
    ...(['clock', 'sender-rate', 'sender-share', 'end-full', 'full', 'not-stored', 'unknown-receiver', 'no-network'] as const).map(
      (reason): [PostOutcome, boolean] => [{ state: 'refused', reason }, false],
    ),
  ])('%j is the end: %j', async (outcome, isDone) => {
    const { store, tries, tried, changes } = startTries(async () => outcome)
    await store.put(entryOf(1))
    tries.start()
    await pass(20_000)
    expect(tried.length > 1).toBe(!isDone)
    expect(changes[0]).toMatchObject({ outcome, isDone, tries: 1 })
    expect(await store.get(entryOf(1).id)).toMatchObject({ outcome, isDone })
  })

  test('a try that fails, or takes too long, is one without a network', async () => {
    const { store, tries, changes } = startTries(
      ({ id }, signal) => {
        if (id[0] === 1) return Promise.reject(new Error('nobody'))
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      { tryTimeoutMs: 3_000 },
    )
    await store.put(entryOf(1))
    await store.put(entryOf(2))
    tries.start()
    await pass(3_000)
    const outcome = { state: 'refused', reason: 'no-network' }
    expect(changes.filter(({ id }) => id[0] === 1)[0]).toMatchObject({ outcome, isDone: false })
    expect(changes.filter(({ id }) => id[0] === 2)).toMatchObject([{ outcome, tries: 1, isDone: false }])
  })

  test('an expired entry is not sent any more, on time', async () => {
    const { store, tries, times, changes } = startTries(async () => NOBODY)
    await store.put(entryOf(1, { expiresAtMs: START_MS + 5_000 }))
    await store.put(entryOf(2, { expiresAtMs: START_MS - 1 }))
    tries.start()
    await pass(5_000)
    expect(times()).toEqual([0, 1_000, 3_000])
    expect(changes.filter(({ isDone }) => isDone)).toMatchObject([
      { id: entryOf(2).id, outcome: { state: 'expired' } },
      { id: entryOf(1).id, outcome: { state: 'expired' } },
    ])
  })

  test('the outcome of an entry is known at once, and its change is reported when it is written', async () => {
    const store = createMemoryOutboxStore()
    const order: string[] = []
    const tries = createRetryScheduler({
      store: {
        ...store,
        async change(id, change) {
          const changed = await store.change(id, change)
          await Promise.resolve()
          order.push(changed?.isDone ? 'written' : 'claimed')
          return changed
        },
      },
      now: Date.now,
      random: () => 1,
      attempt: async () => {
        order.push('tried')
        return STORED
      },
      onFinal: () => order.push('known'),
      onChange: () => order.push('told'),
    })
    onTestFinished(() => tries.stop(0))
    await store.put(entryOf(1))
    tries.start()
    await pass(0)
    expect(order).toEqual(['claimed', 'tried', 'known', 'written', 'told'])
  })

  test('an outcome that cannot be written is not reported, and the entry is tried again when the claim has run out', async () => {
    const store = createMemoryOutboxStore()
    let isFull = true
    const failing: OutboxStore = {
      ...store,
      change: (id, change) =>
        store.change(id, (entry) => {
          const changed = change(entry)
          if (isFull && changed?.claimedUntilMs === 0) throw new Error('database or disk is full')
          return changed
        }),
    }
    const { tries, times, changes } = startTries(async () => STORED, { store: failing })
    await store.put(entryOf(1))
    tries.start()
    await pass(RETRY_DEFAULTS.claimMs - 1)
    expect([times(), changes]).toEqual([[0], []])
    isFull = false
    await pass(RETRY_DEFAULTS.lookMs)
    expect([times().length, changes.length]).toEqual([2, 1])
  })

  test('a store that fails altogether is left in peace between the looks', async () => {
    const store = createMemoryOutboxStore()
    let changes = 0
    const failing: OutboxStore = {
      ...store,
      async change() {
        changes++
        throw new Error('disk I/O error')
      },
    }
    const { tries, tried } = startTries(async () => STORED, { store: failing })
    for (let byte = 0; byte < 200; byte++) await store.put(entryOf(byte))
    tries.start()
    await pass(RETRY_DEFAULTS.lookMs * 3 - 1)
    expect(tried).toEqual([])
    expect(changes).toBeLessThanOrEqual(3 * 64)
  })

  test('no more are tried at once than may be, and each comes to its turn', async () => {
    let now = 0
    let most = 0
    const { store, tries, tried } = startTries(
      async () => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 10))
        now--
        return STORED
      },
      { maxTries: 4 },
    )
    for (let byte = 0; byte < 200; byte++) await store.put(entryOf(byte))
    tries.start()
    await pass(200 * 10)
    expect(most).toBe(4)
    expect(new Set(tried.map(({ byte }) => byte)).size).toBe(200)
    expect(tried.length).toBe(200)
  })

  test('a kick tries waiting entries at once, each once, and the waits go on from there', async () => {
    const { store, tries, times } = startTries(async () => NOBODY)
    await store.put(entryOf(1))
    tries.start()
    await pass(8_000) // tried at 0, 1, 3, 7 s
    tries.kick()
    await pass(15_000)
    expect(times().slice(4)).toEqual([8_000])
    await pass(1_000)
    expect(times().slice(4)).toEqual([8_000, 24_000])
  })

  test('a try that began before the kick and failed is repeated at once', async () => {
    const { store, tries, times } = startTries(
      (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { tryTimeoutMs: 2_000, minRetryMs: 30_000 },
    )
    await store.put(entryOf(1))
    tries.start()
    await pass(500)
    tries.kick()
    await pass(1_600)
    expect(times()).toEqual([0, 2_001]) // the shortest wait of a timer
  })

  test('two schedulers on one store try an entry one at a time, and leave alone what the other finished', async () => {
    const store = createMemoryOutboxStore()
    const under = new Map<number, number>()
    let overlaps = 0
    const attempt = async ({ id: [byte = 0], tries }: OutboxEntry): Promise<PostOutcome> => {
      if ((under.get(byte) ?? 0) > 0) overlaps++
      under.set(byte, (under.get(byte) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 400))
      under.set(byte, (under.get(byte) ?? 0) - 1)
      return tries < 3 ? NOBODY : STORED
    }
    const one = startTries(attempt, { store })
    const other = startTries(attempt, { store })
    for (let byte = 0; byte < 50; byte++) await store.put(entryOf(byte))
    one.tries.start()
    other.tries.start()
    await pass(10_000)
    one.tries.kick()
    other.tries.kick()
    await pass(60_000)
    expect(overlaps).toBe(0)
    expect(one.tried.length + other.tried.length).toBe(50 * 4)
    expect(await store.waiting(100)).toEqual([])
  })

  test('an entry claimed by another outbox of the same store is tried when the claim has run out', async () => {
    const { store, tries, times } = startTries(async () => STORED)
    const untilMs = START_MS + 15_000
    await store.put(entryOf(1, { claimedUntilMs: untilMs, nextTryAtMs: untilMs }))
    tries.start()
    tries.kick()
    await pass(14_999)
    expect(times()).toEqual([])
    await pass(1)
    expect(times()).toEqual([15_000])
  })

  test('entries that others put into the store are found', async () => {
    const { store, tries, tried } = startTries(async () => STORED)
    tries.start()
    await pass(100)
    await store.put(entryOf(1))
    await pass(RETRY_DEFAULTS.lookMs)
    expect(tried.length).toBe(1)
  })

  test('stopping ends the attempts and releases their claims, for the next process', async () => {
    const store = createMemoryOutboxStore()
    const before = startTries(() => new Promise(() => {}), { store })
    await store.put(entryOf(1))
    before.tries.start()
    await pass(100)
    await before.tries.stop(1_000)
    expect(await store.get(entryOf(1).id)).toMatchObject({ claimedUntilMs: 0, nextTryAtMs: Date.now(), tries: 0, isDone: false })
    const after = startTries(async () => STORED, { store })
    after.tries.start()
    await pass(0)
    expect([before.times(), after.times()]).toEqual([[0], [100]])
  })

  test('an entry being claimed at the stop, or given up, is not tried, and no failure of it surfaces', async () => {
    const store = createMemoryOutboxStore()
    const slow: OutboxStore = {
      ...store,
      async change(id, change) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        return store.change(id, change)
      },
    }
    const { tries, tried } = startTries(async (_, signal) => Promise.reject(signal.reason), { store: slow })
    await store.put(entryOf(1))
    await store.put(entryOf(2))
    tries.start()
    await pass(50)
    tries.cancel(entryOf(1).id)
    const stopped = tries.stop(1_000)
    await pass(1_000)
    await stopped
    expect(tried).toEqual([])
    expect(await store.get(entryOf(2).id)).toMatchObject({ claimedUntilMs: 0, tries: 0, isDone: false })
  })

  test('stopping waits no longer than it may for a store that does not answer', async () => {
    const store = createMemoryOutboxStore()
    const stuck: OutboxStore = { ...store, change: () => new Promise(() => {}) }
    const { tries } = startTries(async () => STORED, { store: stuck })
    await store.put(entryOf(1))
    tries.start()
    await pass(10)
    let isStopped = false
    void tries.stop(500).then(() => (isStopped = true))
    await pass(499)
    expect(isStopped).toBe(false)
    await pass(1)
    expect(isStopped).toBe(true)
  })
})

describe('a clock that was set', () => {
  test('back a day: what waits, and what a crash left claimed, is sent at once', async () => {
    const { store, tries, tried } = startTries(async () => STORED)
    await store.put(entryOf(1, { nextTryAtMs: START_MS + 60_000 }))
    await store.put(entryOf(2, { nextTryAtMs: START_MS + 10_000, claimedUntilMs: START_MS + 10_000 }))
    vi.setSystemTime(START_MS - 86_400_000)
    tries.start()
    await pass(1_000)
    expect(tried.map(({ byte }) => byte).toSorted()).toEqual([1, 2])
  })

  test('back by less: a kick sends what waits, and not what another process is sending', async () => {
    const { store, tries, tried } = startTries(async () => STORED)
    await store.put(entryOf(1, { nextTryAtMs: START_MS + 10_000 }))
    await store.put(entryOf(2, { nextTryAtMs: START_MS + 10_000, claimedUntilMs: START_MS + 10_000 }))
    tries.start()
    await pass(100)
    expect(tried).toEqual([])
    tries.kick()
    await pass(100)
    expect(tried.map(({ byte }) => byte)).toEqual([1])
  })

  test('ahead: a message is not given up while the time of the network says that it may live', async () => {
    const store = createMemoryOutboxStore()
    await store.put(entryOf(1, { expiresAtMs: START_MS + 50_000 }))
    const outcomes: PostOutcome[] = []
    const tries = createRetryScheduler({
      store,
      now: () => Date.now() + 86_400_000,
      remainingMs: (atMs) => atMs - Date.now(),
      random: () => 1,
      attempt: async () => NOBODY,
      onFinal: (_, outcome) => outcomes.push(outcome),
      onChange() {},
    })
    onTestFinished(() => tries.stop(0))
    tries.start()
    await pass(49_000)
    expect(outcomes).toEqual([])
    expect((await store.get(entryOf(1).id))?.tries).toBeLessThan(10)
    await pass(20_000)
    expect(outcomes).toEqual([{ state: 'expired' }])
  })
})

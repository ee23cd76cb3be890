/** Visits that a gateway expects: what waits for a visitor, for how long, and what is closed that nobody comes for. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createExpectedVisits, EXPECTED_LIMITS } from '../../../gateway/api/expected-visits.ts'
import type { VisitListener, VisitPipe } from '../../../node/index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const clientOf = (group: string, isLocal = false) => ({ group, isLocal })
const settle = () => vi.advanceTimersByTimeAsync(0)

/** Opens pipes to a sharer of the test. */
function createSharer() {
  const opened: { listener: VisitListener; signal: AbortSignal; close: ReturnType<typeof vi.fn> }[] = []
  const open = async (listener: VisitListener, signal: AbortSignal): Promise<VisitPipe> => {
    const close = vi.fn()
    opened.push({ listener, signal, close })
    return { send: () => true, writable: async () => true, pause() {}, resume() {}, close }
  }
  return { opened, open }
}

function createVisitor() {
  const heard: (string | number[])[] = []
  return { heard, onMessage: (message: Uint8Array) => heard.push([...message]), onEnd: (reason: string) => heard.push(reason) }
}

async function expectOne() {
  const closing = new AbortController()
  const expected = createExpectedVisits(closing.signal)
  const sharer = createSharer()
  expected.add('a', clientOf('client'), sharer.open)
  await settle()
  const [pipe] = sharer.opened
  if (pipe === undefined) throw new Error('the sharer was not asked')
  return { closing, expected, sharer, pipe }
}

test('the key that has come waits for the visitor, as it was, and what comes after it goes on; nobody else gets it', async () => {
  const { expected, pipe } = await expectOne()
  const key = Uint8Array.of(1, 2)
  pipe.listener.onMessage(key)
  key.fill(9) // a view of what is read next
  const visitor = createVisitor()
  const taken = expected.take('a')
  expect(expected.take('a')).toBeUndefined()
  await taken?.handTo(visitor)
  pipe.listener.onMessage(Uint8Array.of(3))
  pipe.listener.onEnd('over')
  await vi.advanceTimersByTimeAsync(EXPECTED_LIMITS.keepMs)
  expect(visitor.heard).toEqual([[1, 2], [3], 'over'])
  expect(pipe.close).not.toHaveBeenCalled()
})

test('one whose visitor does not come is closed after a while; so is one that opens only then', async () => {
  const { expected, pipe } = await expectOne()
  const late = Promise.withResolvers<VisitPipe>()
  expected.add('b', clientOf('client'), () => late.promise)
  await vi.advanceTimersByTimeAsync(EXPECTED_LIMITS.keepMs)
  expect([expected.size, pipe.signal.aborted]).toEqual([0, true])
  expect(pipe.close).toHaveBeenCalledOnce()
  const close = vi.fn()
  late.resolve({ send: () => true, writable: async () => true, pause() {}, resume() {}, close })
  await settle()
  expect(close).toHaveBeenCalledOnce()
})

const USELESS: [string, (pipe: Awaited<ReturnType<typeof expectOne>>) => void][] = [
  ['whose sharer has ended it', ({ pipe }) => pipe.listener.onEnd('over')],
  [
    'whose sharer says more than its key',
    ({ pipe }) => {
      for (let n = 0; n < 2; n++) pipe.listener.onMessage(Uint8Array.of(n))
    },
  ],
  ['of a gateway that closes', ({ closing }) => closing.abort()],
]

test.each(USELESS)('one %s is closed, and its visitor gets another', async (_, act) => {
  const world = await expectOne()
  act(world)
  await settle()
  expect(world.expected.take('a')).toBeUndefined()
  expect(world.pipe.close).toHaveBeenCalled()
})

test('one that cannot be opened is forgotten, and tells a visitor that has it already', async () => {
  const expected = createExpectedVisits(new AbortController().signal)
  const fail = async () => Promise.reject(new Error('nobody'))
  expected.add('a', clientOf('client'), fail)
  await expect(expected.take('a')?.handTo(createVisitor())).rejects.toThrow('nobody')
  expected.add('a', clientOf('client'), fail)
  await settle()
  expect(expected.size).toBe(0)
})

test('one of each share, and no more than the limits in all and of one address, are expected at once', async () => {
  const expected = createExpectedVisits(new AbortController().signal)
  const sharer = createSharer()
  const { maxVisits, maxVisitsPerAddress } = EXPECTED_LIMITS
  for (let n = 0; n <= maxVisitsPerAddress; n++) for (const _ of [1, 2]) expected.add(`of one ${n}`, clientOf('one'), sharer.open)
  expect(expected.size).toBe(maxVisitsPerAddress)
  for (let n = 0; n < maxVisits; n++) expected.add(`of others ${n}`, clientOf(`other ${n}`), sharer.open)
  await settle()
  expect([expected.size, sharer.opened.length]).toEqual([maxVisits, maxVisits])

  await expected.take('of one 0')?.handTo(createVisitor())
  expected.take('of one 1')?.leave()
  for (const n of [5, 6, 7]) expected.add(`of one ${n}`, clientOf('one'), sharer.open)
  expect(expected.size).toBe(maxVisits)
  await vi.advanceTimersByTimeAsync(EXPECTED_LIMITS.keepMs)
  for (let n = 0; n < maxVisitsPerAddress; n++) expected.add(`again ${n}`, clientOf('one'), sharer.open)
  expect(expected.size).toBe(maxVisitsPerAddress)
})

test('a proxy on this machine speaks for many: only the limit in all holds for it', async () => {
  const expected = createExpectedVisits(new AbortController().signal)
  const sharer = createSharer()
  for (let n = 0; n <= EXPECTED_LIMITS.maxVisits; n++) expected.add(`${n}`, clientOf('127.0.0.1', true), sharer.open)
  await settle()
  expect([expected.size, sharer.opened.length]).toEqual([EXPECTED_LIMITS.maxVisits, EXPECTED_LIMITS.maxVisits])
})

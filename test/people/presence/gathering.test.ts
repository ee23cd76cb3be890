import { expect, test, vi } from 'vitest'
import { createSemaphore } from '../../../node/async/semaphore.ts'
import { createGathering } from '../../../node/people/presence/gathering.ts'
import type { DialOutcome } from '../../../node/people/presence/link-dialer.ts'
import { useSteppedTime } from '../../helpers/present-people.ts'

/** A search for whoever is at a key, whose steps are counted. */
function createSearcher({
  outcome,
  searches = createSemaphore(6),
  mayFind = Promise.resolve(),
}: {
  outcome: DialOutcome
  searches?: ReturnType<typeof createSemaphore>
  mayFind?: Promise<void>
}) {
  const steps = { finds: 0, dials: 0 }
  let onCount = (_count: number, _isCertain: boolean) => {}
  const gathering = createGathering({
    key: new Uint8Array(32),
    self: 'ann',
    isHeld: false,
    searches,
    onLeft() {},
    clock: { now: () => performance.now(), random: () => 0.5 },
    async dial() {
      steps.dials++
      return outcome
    },
    rendezvous: {
      async *find() {
        steps.finds++
        await mayFind
        yield { peer: 'bob', home: 'home', addresses: [], expiresAtMs: Number.MAX_SAFE_INTEGER, signed: true }
      },
      onCount(_, listener) {
        onCount = listener
        return () => {}
      },
    },
  })
  return { steps, gathering, count: (count: number) => onCount(count, true) }
}

test('gathering: somebody whom a crowd dials is left alone for a while, and not looked for meanwhile', async () => {
  useSteppedTime()
  const { steps, gathering, count } = createSearcher({ outcome: 'busy' })
  count(0)
  await vi.advanceTimersByTimeAsync(5_000) // this end was here first
  count(1)
  await vi.advanceTimersByTimeAsync(4_500)
  expect(steps).toEqual({ finds: 1, dials: 1 })
  await vi.advanceTimersByTimeAsync(55_000)
  expect(steps.dials).toBeLessThanOrEqual(6)
  expect(steps.finds).toBeLessThanOrEqual(10)
  gathering.end()
})

test('gathering: a search whose turn comes when everybody is here is not made', async () => {
  useSteppedTime()
  const first = Promise.withResolvers<void>()
  const searches = createSemaphore(1)
  const crowd = Array.from({ length: 20 }, () => createSearcher({ outcome: 'open', searches, mayFind: first.promise }))
  for (const { count } of crowd) count(1)
  await vi.advanceTimersByTimeAsync(500)
  for (const { gathering } of crowd) gathering.enter('bob') // each has dialled this end
  first.resolve()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(crowd.reduce((sum, { steps }) => sum + steps.finds, 0)).toBe(1)
  for (const { gathering } of crowd) gathering.end()
})

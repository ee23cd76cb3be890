import { expect, test } from 'vitest'
import { runCallSoak } from '../../../scripts/bench/call-soak.ts'
import { createRandom } from '../../../scripts/crash/random.ts'

// The long form, with a look at memory, is `npm run show-calls`.
test('2,000 calls with random ends: each ends as it may, and no handler runs twice', async () => {
  const { calls, wrong, ranTwice, ends } = await runCallSoak({ calls: 2_000, random: createRandom(12) })
  expect({ calls, wrong, ranTwice }).toEqual({ calls: 2_000, wrong: [], ranTwice: 0 })
  expect(Object.keys(ends).length).toBeGreaterThan(10)
}, 120_000)

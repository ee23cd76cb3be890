/**
 * One wrong clock in a network of processes, in a few telling cases, by libfaketime; `npm run show-clocks` prints the table of all. A page is
 * read and a message stored, the process says that its clock is off, and nothing is different once the clock was put right.
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClockNetwork, runClockCase, SHORT_CASES, startClockNetwork } from '../../scripts/bench/clock-network.ts'

let network: ClockNetwork
beforeAll(async () => {
  network = await startClockNetwork()
})
afterAll(() => network?.[Symbol.asyncDispose]())

test.each(SHORT_CASES)('clocks: $role $offset, by a step: $isStep', async (wrong) => {
  const { page, message, said, putRight } = await runClockCase(network, wrong)
  expect({ page, message, putRight }).toEqual({ page: 'works', message: 'works', putRight: 'works' })
  expect(said).not.toBe('')
})

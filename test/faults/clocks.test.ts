/**
 * One wrong clock in a network of processes, in a few telling cases, by libfaketime; `npm run show-clocks` prints the table of all. A page is
 * read and a message stored, the process says that its clock is off, and nothing is different once the clock was put right.
 */

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type ClockNetwork, runClockCase, SHORT_CASES, startClockNetwork } from '../../scripts/bench/clock-network.ts'
import { waitFor } from '../helpers/wait-for.ts'

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

/** Such a message would be dated wrong for as long as it lives, also once the clock was set: nobody would take it. */
test('clocks: a gateway whose clock is off by more than is corrected refuses posts with `clock`, and warns in its log', async () => {
  const { home } = network.roles
  const seen = home.said.length
  home.setClock('+5d')
  onTestFinished(async () => {
    home.setClock('+0')
    await network.start('home')
  })
  await network.start('home')
  await waitFor(async () => (await network.status('home')).clock.state === 'wrong', 30_000, 'its clock is known to be wrong')
  const answer = await fetch(`${network.urls.home}/to/wall`, { method: 'POST', body: 'hello' })
  expect([answer.status, await answer.json()]).toMatchObject([500, { error: { number: 50_002, reason: 'clock' } }])
  const isWarning = (line: string) => line.includes('"level":"warn"') && line.includes('clock is 5 d ahead')
  await waitFor(() => home.said.slice(seen).some(isWarning), 30_000, 'the log says so, in words')
})

import { expect, test, vi } from 'vitest'
import { delay } from '../../node/async/delay.ts'
import { createIdleTimeout } from '../../node/async/idle-timeout.ts'
import { createPusher } from '../../node/async/pusher.ts'
import { drawMoments } from '../../scripts/simulate/plot.ts'
import { SCENARIOS, type ScenarioOptions, type ScenarioResult } from '../../scripts/simulate/scenarios.ts'
import { createSeededRandom } from '../../scripts/simulate/seeded-random.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

const OPTIONS: ScenarioOptions = {
  seed: 1,
  nodes: 10,
  tabs: 10,
  keysPerTab: 3,
  lastsMs: 30_000,
  finds: 60,
  releases: 10,
  medianSessionMs: 120_000,
  silentShare: 0.2,
  rttMs: 50,
  splitFloor: 0,
  audited: 32,
}
const run = (name: string, options: Partial<ScenarioOptions> = {}) =>
  (SCENARIOS[name] as (options: ScenarioOptions) => Promise<ScenarioResult>)({ ...OPTIONS, ...options })

test('simulate: two runs of one seed agree in every figure, and those of another seed differ', async () => {
  const [first, again, other] = [await run('churn'), await run('churn'), await run('churn', { seed: 2 })]
  expect(again).toEqual(first)
  expect(other.figures).not.toEqual(first.figures)
})

test('simulate: where nobody leaves, each held key is found in one step, and each lease is kept by all of its record nodes', async () => {
  const { figures } = await run('churn', { medianSessionMs: 0 })
  expect(figures).toMatchObject({ finds: 60, 'found, %': 100, 'steps, most': 1, 'leases that all record nodes have, %': 100 })
  expect(figures['connections of a node, most']).toBe(OPTIONS.nodes - 1)
})

test('simulate: nodes that leave take no lease with them, since their tabs move to other homes', async () => {
  const { figures } = await run('churn', { medianSessionMs: 20_000 })
  expect(figures['dials of a node, most']).toBeGreaterThan(0)
  expect(figures).toMatchObject({ leases: 30, 'leases that no record node has': 0 })
})

test('simulate: half of the nodes that fall silent are waited for until they are noticed, and then nothing is missing', async () => {
  const { figures, moments } = await run('half', { silentShare: 1, nodes: 16 })
  expect(figures).toMatchObject({ nodes: 8, 'leases that no record node has': 0 })
  expect(moments).toHaveLength(40)
})

test('simulate: the picture has a line for the nodes and one for the finds', () => {
  const svg = drawMoments('churn', [
    { atMs: 1_000, nodes: 8, finds: 4, found: 2 },
    { atMs: 2_000, nodes: 4, finds: 0, found: 0 },
    { atMs: 3_000, nodes: 8, finds: 1, found: 1 },
  ])
  const lines = [...svg.matchAll(/points="([^"]+)"/g)].map(([, points = '']) => points.split(' ').length)
  expect(lines).toEqual([3, 2])
})

test('virtual time: what waits runs in the order of its times, and what follows from it is done before time goes on', async () => {
  const { timers, pass } = createVirtualTime()
  const seen: [what: string, atMs: number][] = []
  const note = (what: string) => seen.push([what, timers.now()])
  timers.after(20, () => note('second'))
  timers.after(10, () => void Promise.resolve().then(() => note('first')))
  const end = timers.every(15, () => note('again'))
  timers.after(12, () => note('ended'))()
  await pass(30)
  end()
  await pass(100)
  expect(seen).toEqual([
    ['first', 10],
    ['again', 15],
    ['second', 20],
    ['again', 30],
  ])
  expect(timers.now()).toBe(130)
})

test('virtual time: a delay, a pusher and an idle timeout go by the timers that they are given', async () => {
  const { timers, pass } = createVirtualTime()
  const [waited, push] = [vi.fn(), vi.fn()]
  void delay(3_600_000, {}, timers).then(waited)
  const pusher = createPusher(push, 1_000, timers)
  const idle = createIdleTimeout(10_000, 60_000, timers)
  pusher.changed()
  pusher.changed()
  await pass(9_000)
  expect(push).toHaveBeenCalledTimes(2)
  idle.touch()
  await pass(9_000)
  expect([idle.signal.aborted, waited.mock.calls.length]).toEqual([false, 0])
  await pass(3_600_000)
  expect([idle.signal.aborted, waited.mock.calls.length]).toEqual([true, 1])
})

test('seeded randomness: the same seed gives the same row, and choices stay in their bounds', () => {
  const rows = [1, 1, 2].map((seed) => {
    const random = createSeededRandom(seed)
    return Array.from({ length: 200 }, () => random.below(10))
  })
  expect(rows[0]).toEqual(rows[1])
  expect(rows[0]).not.toEqual(rows[2])
  expect(new Set(rows[0])).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
})

import { expect, test } from 'vitest'
import { GROUP_SCENARIOS } from '../../scripts/simulate/groups/group-scenarios.ts'
import type { Scenario, ScenarioOptions } from '../../scripts/simulate/scenarios.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

const OPTIONS: ScenarioOptions = {
  seed: 1,
  nodes: 60,
  tabs: 20,
  keysPerTab: 5,
  lastsMs: 20_000,
  finds: 100,
  releases: 20,
  medianSessionMs: 120_000,
  silentShare: 0.2,
  rttMs: 50,
  splitFloor: 0,
  audited: 32,
}
const run = (name: string, options: Partial<ScenarioOptions> = {}) => (GROUP_SCENARIOS[name] as Scenario)({ ...OPTIONS, ...options })

test('simulated groups: two runs of one seed agree in every figure, and those of another seed differ', async () => {
  const [first, again, other] = [await run('groups'), await run('groups'), await run('groups', { seed: 2 })]
  expect(again).toEqual(first)
  expect(other.figures).not.toEqual(first.figures)
})

test('simulated groups: sixty servers are two groups, in which each key is found in two steps with half of the connections', async () => {
  const { figures, bars } = await run('groups', { medianSessionMs: 0 })
  expect(figures).toMatchObject({ 'bits of a group, most': 1, 'found, %': 100, 'found by the first delegate, %': 100 })
  expect(figures['connections, most']).toBeLessThan(45)
  expect(bars?.filter(({ isMet }) => !isMet)).toEqual([])
})

test('simulated groups: up to 48 servers are one group, and each is connected to all others', async () => {
  const { figures } = await run('groups', { nodes: 40, medianSessionMs: 0 })
  expect(figures).toMatchObject({ 'bits of a group, most': 0, 'connections, p50': 39, 'steps, most': 1, 'found, %': 100 })
})

test('simulated groups: a network that grows from eight servers splits, and loses no lease', async () => {
  const { figures } = await run('groups-grow', { nodes: 120 })
  expect(figures).toMatchObject({
    nodes: 120,
    'bits of a group, fewest': 2,
    'found, %': 100,
    'leases that no record node has': 0,
    'leases without a carrier': 0,
  })
})

test.for(['groups-half', 'groups-half-silent'])(
  'simulated groups: where half of the servers stop, nothing is missing at the end (%s)',
  async (name) => {
    const { figures, bars } = await run(name)
    expect(figures).toMatchObject({ nodes: 30, 'leases that no record node has': 0 })
    expect(bars?.filter(({ isMet }) => !isMet)).toEqual([])
  },
)

test('simulated groups: two halves that were apart are one network again', async () => {
  const { figures } = await run('groups-partition')
  expect(figures).toMatchObject({ 'found 60 s after healing, %': 100, 'missing mates 60 s after healing, %': 0 })
})

test.for(['groups-liars', 'groups-hiders'])(
  'simulated groups: held keys are found where a quarter of the servers lies (%s)',
  async (name) => {
    const { figures } = await run(name, { lastsMs: 60_000, medianSessionMs: 0 })
    expect(figures['found, %']).toBeGreaterThanOrEqual(97)
    expect(figures['found by the first delegate, %']).toBeLessThan(100)
  },
)

test('simulated groups: 24 servers are two groups by their floor, where more is found among liars since homes look for their leases', async () => {
  const liars = { nodes: 24, splitFloor: 16, seed: 3, tabs: 200, finds: 1_000, lastsMs: 120_000, medianSessionMs: 600_000 }
  const [looked, unlooked] = [await run('groups-liars', liars), await run('groups-liars', { ...liars, audited: 0 })]
  expect(looked.figures['bits of a group, most']).toBe(1)
  expect(looked.figures['found, %']).toBeGreaterThan((unlooked.figures['found, %'] ?? 100) + 5)
})

test('virtual time: works that promise nothing run at once, in the order of their times', () => {
  const { timers, passAtOnce } = createVirtualTime()
  const seen: number[] = []
  timers.after(20, () => seen.push(timers.now()))
  timers.after(10, () => timers.after(5, () => seen.push(timers.now())))
  timers.after(12, () => seen.push(0))()
  passAtOnce(15)
  expect(seen).toEqual([15])
  passAtOnce(100)
  expect([seen, timers.now()]).toEqual([[15, 20], 115])
})

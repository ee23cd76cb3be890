/** Runs of a simulated network, and the figures that they end with. */

import { percent, quantile, round } from './quantile.ts'
import { createSimulation, type FindOutcome, type Simulation } from './simulation.ts'

export interface ScenarioOptions {
  seed: number
  nodes: number
  tabs: number
  keysPerTab: number
  /** How long the part that counts lasts, in ms. */
  lastsMs: number
  finds: number
  releases: number
  /** Half of the nodes stop before they are so old, in ms; 0 when none stops. */
  medianSessionMs: number
  /** The part of those that stop without closing their sockets, from 0 to 1. */
  silentShare: number
  rttMs: number
  /** Groups of more servers are split; 0 for the default. */
  splitFloor: number
  /** Leases of its own that a home looks for at one time, where servers form groups. */
  audited: number
}

export interface Moment {
  /** Since the counting began, in ms. */
  atMs: number
  nodes: number
  finds: number
  found: number
}

/** A figure that the run is judged by. */
export interface Bar {
  figure: string
  value: number
  /** As `≥ 99.9`. */
  bar: string
  isMet: boolean
}

export interface ScenarioResult {
  /** By name, for a table; the same for the same options. */
  figures: Readonly<Record<string, number>>
  /** For a plot. */
  moments: Moment[]
  bars?: Bar[]
}

export type Scenario = (options: ScenarioOptions) => Promise<ScenarioResult>

/** Before anything is counted, in ms: streams open, leases are announced. */
const SETTLE_MS = 10_000
/** After the last find: answers that are on their way, and records that are moving. */
const REST_MS = 20_000
const MOMENTS = 40

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  /** Nodes stop and others join, all the time. */
  async churn(options) {
    const simulation = createSimulation({ ...options, costs: { rttMs: options.rttMs } })
    await simulation.pass(SETTLE_MS)
    keepStopping(simulation, options)
    return count(simulation, options)
  },
  /** Half of all nodes stop at once, at the beginning of what is counted. */
  async half(options) {
    const simulation = createSimulation({ ...options, costs: { rttMs: options.rttMs } })
    await simulation.pass(SETTLE_MS)
    for (let i = Math.floor(options.nodes / 2); i > 0; i--) {
      simulation.stop(simulation.randomNode(), simulation.random.next() < options.silentShare)
    }
    return count(simulation, options)
  },
}

/** Each node lives for a time that forgets how old it is. For one that stops another one joins. */
function keepStopping(simulation: Simulation, { nodes, medianSessionMs, silentShare, lastsMs }: ScenarioOptions): void {
  if (medianSessionMs === 0) return
  const { random, network } = simulation
  const gapMs = medianSessionMs / Math.LN2 / nodes
  for (let atMs = random.exponential(gapMs); atMs < lastsMs; atMs += random.exponential(gapMs)) {
    network.timers.after(atMs, () => {
      simulation.stop(simulation.randomNode(), random.next() < silentShare)
      simulation.join()
    })
  }
}

async function count(simulation: Simulation, options: ScenarioOptions): Promise<ScenarioResult> {
  const { network, nodes } = simulation
  const { lastsMs } = options
  simulation.spread(options.finds, lastsMs, simulation.find)
  simulation.spread(options.releases, lastsMs, simulation.release)
  const asked = network.messages('find')
  const moments: Moment[] = []
  let counted = 0
  for (let i = 1; i <= MOMENTS; i++) {
    await simulation.pass(lastsMs / MOMENTS)
    const fresh = simulation.finds.slice(counted)
    counted += fresh.length
    moments.push({
      atMs: (lastsMs * i) / MOMENTS,
      nodes: nodes.length,
      finds: fresh.length,
      found: fresh.filter(({ isFound }) => isFound).length,
    })
  }
  const messages = network.messages('find') - asked
  await simulation.pass(REST_MS)

  const [lost = 0, ...kept] = await simulation.countKept()
  const leases = lost + kept.reduce((a, b) => a + b, 0)
  const records = nodes.map(({ store }) => store.size)
  const connections = nodes.map((node) => network.connectionsOf(node).size)
  const releasedMs = simulation.releases.flatMap(({ ms }) => ms ?? [])
  return {
    moments,
    figures: {
      nodes: nodes.length,
      ...figuresOfFinds(simulation.finds),
      'messages of a find': round(messages / Math.max(1, simulation.finds.length)),
      releases: simulation.releases.length,
      'release forgotten within 1 s, %': percent(releasedMs.filter((ms) => ms <= 1_000).length, simulation.releases.length),
      'release forgotten, p50, ms': quantile(releasedMs, 0.5),
      'release forgotten, p99, ms': quantile(releasedMs, 0.99),
      leases,
      'leases that no record node has': lost,
      'leases that all record nodes have, %': percent(kept.at(-1) ?? 0, leases),
      'records of a node, p50': quantile(records, 0.5),
      'records of a node, p99': quantile(records, 0.99),
      'connections of a node, p50': quantile(connections, 0.5),
      'connections of a node, most': Math.max(...connections),
      'dials of a node, most': Math.max(...nodes.map(network.dialsOf)),
      events: network.events,
    },
  }
}

function figuresOfFinds(finds: readonly FindOutcome[]) {
  const found = finds.filter(({ isFound }) => isFound)
  const ms = found.map((each) => each.ms)
  return {
    finds: finds.length,
    'found, %': percent(found.length, finds.length),
    'found in at most 1 step, %': percent(found.filter(({ steps }) => steps <= 1).length, finds.length),
    'found in at most 2 steps, %': percent(found.filter(({ steps }) => steps <= 2).length, finds.length),
    'steps, most': Math.max(0, ...found.map(({ steps }) => steps)),
    'find, p50, ms': quantile(ms, 0.5),
    'find, p99, ms': quantile(ms, 0.99),
  }
}

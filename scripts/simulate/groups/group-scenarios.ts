/** Runs of a simulated network of groups, and the bars that issue 14 sets for their figures. */

import { GROUP_DEFAULTS } from '../../../node/groups/context.ts'
import { nearestTo } from '../../../node/groups/place.ts'
import { percent, quantile, round } from '../quantile.ts'
import type { Bar, Moment, Scenario, ScenarioOptions, ScenarioResult } from '../scenarios.ts'
import { createGrownNetwork, type GrownNetwork, type GrownOptions, type Pair } from './grown-network.ts'
import type { VirtualServer } from './virtual-servers.ts'

/** Until the first leases are placed, in ms. */
const SETTLE_MS = 12_000
/** After the last find, in ms. */
const REST_MS = 20_000
const MOMENTS = 40
/** The floor of splits against that of merges, as by default. */
const MERGE_RATIO = 4
/** Keys whose servers are computed to see how records spread. */
const SPREAD_KEYS = 1_000_000
/** Groups of this many servers and more have so many keys that luck does not matter. */
const SPREAD_FROM_NODES = 1_000

type Found = Parameters<Parameters<GrownNetwork['find']>[0]>[0]

const atLeast = (figure: string, value: number, least: number): Bar => ({ figure, value, bar: `≥ ${least}`, isMet: value >= least })
const atMost = (figure: string, value: number, most: number): Bar => ({ figure, value, bar: `≤ ${most}`, isMet: value <= most })

function grow(options: ScenarioOptions, more: Partial<GrownOptions> = {}): GrownNetwork {
  const { seed, nodes, rttMs, tabs, keysPerTab, audited, splitFloor } = options
  const floors = splitFloor === 0 ? {} : { splitFloor, mergeFloor: Math.floor(splitFloor / MERGE_RATIO) }
  const network = createGrownNetwork({ seed, nodes, rttMs, pairs: 0, groups: { ...floors, audited }, ...more })
  for (let i = 0; i < tabs * keysPerTab; i++) network.addPair()
  network.pass(SETTLE_MS)
  return network
}

/** At moments that are spread over the time. */
function spread({ timers, random }: GrownNetwork, count: number, lastsMs: number, work: () => void): void {
  for (let i = 0; i < count; i++) timers.after(random.next() * lastsMs, work)
}

function keepStopping(
  network: GrownNetwork,
  { nodes, medianSessionMs, silentShare }: ScenarioOptions,
  lastsMs: number,
): () => VirtualServer[] {
  const joined: VirtualServer[] = []
  if (medianSessionMs === 0) return () => joined
  const { random, timers } = network
  const gapMs = medianSessionMs / Math.LN2 / nodes
  for (let atMs = random.exponential(gapMs); atMs < lastsMs; atMs += random.exponential(gapMs)) {
    timers.after(atMs, () => {
      network.stopOne(random.next() < silentShare)
      joined.push(network.join())
    })
  }
  return () => joined
}

/** Lets the time pass while finds are asked, and notes how many succeed. */
function watchFinds(network: GrownNetwork, lastsMs: number, finds: number): { found: Found[]; moments: Moment[] } {
  const found: Found[] = []
  const moments: Moment[] = []
  spread(network, finds, lastsMs, () => network.find((each) => found.push(each)))
  let counted = 0
  for (let i = 1; i <= MOMENTS; i++) {
    network.pass(lastsMs / MOMENTS)
    const fresh = found.slice(counted)
    counted = found.length
    moments.push({
      atMs: (lastsMs * i) / MOMENTS,
      nodes: network.living.length,
      finds: fresh.length,
      found: fresh.filter(({ isFound }) => isFound).length,
    })
  }
  return { found, moments }
}

function figuresOfFinds(all: readonly Found[]) {
  const found = all.filter(({ isFound }) => isFound)
  const ms = found.map((each) => each.ms)
  return {
    finds: all.length,
    'found, %': percent(found.length, all.length),
    'found by the first delegate, %': percent(found.filter(({ stage }) => stage <= 1).length, all.length),
    'found in at most 2 steps, %': percent(found.filter(({ steps, stage }) => steps <= 2 && stage <= 2).length, found.length),
    'steps, most': Math.max(0, ...found.map(({ steps }) => steps)),
    'find, p50, ms': quantile(ms, 0.5),
    'find, p99, ms': quantile(ms, 0.99),
    'dials of a find': round(all.reduce((sum, { dials }) => sum + dials, 0) / Math.max(1, all.length)),
  }
}

function figuresOfShape({ living }: GrownNetwork) {
  const whole = living.filter(({ group }) => !group.isJoining)
  const connections = whole.map(({ group }) => group.links.size)
  const bits = whole.map(({ group }) => group.links.bits)
  return {
    nodes: living.length,
    'bits of a group, fewest': Math.min(...bits),
    'bits of a group, most': Math.max(...bits),
    'connections, p50': quantile(connections, 0.5),
    'connections, p99': quantile(connections, 0.99),
    'connections, most': Math.max(...connections),
    'dials of a node, most': Math.max(...living.map(({ dials }) => dials)),
  }
}

function figuresOfReleases(released: readonly Pair[]) {
  const forgotten = released.flatMap(({ forgottenMs }) => forgottenMs ?? [])
  const watched = released.filter(({ watcher }) => watcher.isAlive)
  const heard = watched.flatMap(({ heardMs }) => heardMs ?? [])
  return {
    releases: released.length,
    'release forgotten within 1 s, %': percent(forgotten.filter((ms) => ms <= 1_000).length, released.length),
    'release forgotten, p50, ms': quantile(forgotten, 0.5),
    'release forgotten, p99, ms': quantile(forgotten, 0.99),
    'release heard by the watcher within 1 s, %': percent(heard.filter((ms) => ms <= 1_000).length, watched.length),
  }
}

/** Where so many leases come to stand: the record nodes of random keys, as those that cover them see it. */
function figuresOfSpread({ living, random }: GrownNetwork) {
  const records = new Map<VirtualServer, number>()
  const covering = living.filter(({ group }) => !group.isJoining)
  for (let i = 0; i < SPREAD_KEYS; i++) {
    const place = { high: Math.floor(random.next() * 4_294_967_296), low: Math.floor(random.next() * 4_294_967_296) }
    // Any server that covers the key sees the same nearest mates; a linked one of a random server is found fastest.
    const { links } = random.of(covering).group
    const carrier = links.coversHere(place) ? links.self : nearestTo(place, links.groupAt(place), 1)[0]
    for (const node of carrier?.group.links.recordNodes(place, GROUP_DEFAULTS.recordNodes) ?? []) {
      records.set(node, (records.get(node) ?? 0) + 1)
    }
  }
  const counts = covering.map((server) => records.get(server) ?? 0)
  return { 'records of a node, p50': quantile(counts, 0.5), 'records of a node, p99': quantile(counts, 0.99) }
}

/** Leases that should stand, and that no honest record node has. */
function lostLeases(network: GrownNetwork): number {
  const held = network.pairs.filter((pair) => network.isSettled(pair) && pair.home.lies === undefined)
  return held.filter(({ key }) => !network.living.some(({ group }) => group.records.leases(key).length > 0)).length
}

/** Nodes stop and others join, all the time. */
const churn: Scenario = async (options) => {
  const network = grow(options)
  const { lastsMs, nodes } = options
  const warmMs = lastsMs / 2
  const joined = keepStopping(network, options, lastsMs + warmMs)
  network.pass(warmMs)
  const released: Pair[] = []
  spread(network, options.releases, lastsMs, () => released.push(...[network.release()].filter((pair) => pair !== undefined)))
  const { found, moments } = watchFinds(network, lastsMs, options.finds)
  const shape = figuresOfShape(network)
  network.pass(REST_MS)
  const whole = joined().filter(({ isAlive, readyMs }) => isAlive || readyMs !== undefined)
  const ready = whole.map(({ readyMs }) => readyMs ?? Number.POSITIVE_INFINITY)
  const figures = {
    ...shape,
    ...figuresOfFinds(found),
    ...figuresOfReleases(released),
    joins: whole.length,
    'joiner ready, p50, ms': quantile(ready, 0.5),
    'joiner ready, p99, ms': quantile(ready, 0.99),
    'dials of a joiner, p50': quantile(
      whole.filter(({ isAlive }) => isAlive).map(({ dials }) => dials),
      0.5,
    ),
    'leases that no record node has': lostLeases(network),
    ...(nodes >= SPREAD_FROM_NODES && figuresOfSpread(network)),
    events: network.events,
  }
  return { figures, moments, bars: barsOfChurn(figures, nodes) }
}

function barsOfChurn(figures: Record<string, number>, nodes: number): Bar[] {
  const of = (figure: string) => figures[figure] ?? 0
  const bars = [
    atLeast('found, %', of('found, %'), 99.9),
    atLeast('found in at most 2 steps, %', of('found in at most 2 steps, %'), 99.9),
    atMost('steps, most', of('steps, most'), 3),
    atLeast('release forgotten within 1 s, %', of('release forgotten within 1 s, %'), 99.9),
    atMost('leases that no record node has', of('leases that no record node has'), 0),
  ]
  if (of('joins') > 0) bars.push(atMost('joiner ready, p50, ms', of('joiner ready, p50, ms'), 1_000))
  if (nodes >= SPREAD_FROM_NODES) {
    bars.push(atMost('records of a node, p99 : p50', round(of('records of a node, p99') / of('records of a node, p50')), 3))
  }
  const [median, most] = nodes <= 256 ? [50, 64] : [300, 350]
  return [...bars, atMost('connections, p50', of('connections, p50'), median), atMost('connections, most', of('connections, most'), most)]
}

/** Half of all nodes stop at once; finds are asked in bursts. */
function half(isSilent: boolean): Scenario {
  return async (options) => {
    const network = grow({ ...options, silentShare: 0 })
    network.pass(REST_MS)
    const { nodes } = options
    const bursts = isSilent ? [1, 5, 10, 15, 20, 25, 30] : [1, 3, 5, 10, 20]
    const stopping = [...network.living].filter((server) => !network.isEntrance(server))
    const alive = new Set(network.living)
    for (let i = 0; i < Math.floor(nodes / 2); i++) {
      const [server] = stopping.splice(network.random.below(stopping.length), 1)
      if (server === undefined) break
      network.stop(server, isSilent)
      alive.delete(server)
    }
    const figures: Record<string, number> = { nodes: network.living.length }
    const moments: Moment[] = []
    let passedMs = 0
    const settled = network.pairs.filter(network.isSettled)
    for (const second of bursts) {
      network.pass(second * 1_000 - passedMs)
      passedMs = second * 1_000
      const found: Found[] = []
      for (let i = 0; i < options.finds / 2; i++) network.find((each) => found.push(each), network.random.of(settled))
      network.pass(1)
      moments.push({ atMs: passedMs, nodes: network.living.length, finds: 0, found: 0 })
      const moment = moments.at(-1) as Moment
      network.timers.after(8_000, () => {
        moment.finds = found.length
        moment.found = found.filter(({ isFound }) => isFound).length
        figures[`found after ${second} s, %`] = percent(moment.found, moment.finds)
      })
      passedMs += 1
    }
    network.pass(REST_MS)
    const ordered = {
      ...figures,
      ...figuresOfShape(network),
      'leases that no record node has': lostLeases(network),
      events: network.events,
    }
    const foundAfter = (second: number) => figures[`found after ${second} s, %`] ?? 0
    const soon = isSilent ? (nodes >= 256 ? 15 : 25) : 3
    const bars = [
      atLeast(`found after ${soon} s, %`, foundAfter(soon), 99),
      atLeast(`found after ${isSilent ? 30 : 10} s, %`, foundAfter(isSilent ? 30 : 10), 100),
      atMost('leases that no record node has', ordered['leases that no record node has'], 0),
    ]
    return { figures: ordered, moments, bars }
  }
}

/** From eight nodes to all of them by joining only, five a second. */
const growing: Scenario = async (options) => {
  const network = grow({ ...options, nodes: 8 })
  const { nodes, finds } = options
  const gapMs = 200
  let atMs = 0
  for (let i = 8; i < nodes; i++) {
    atMs += network.random.exponential(gapMs)
    network.timers.after(atMs, () => network.join())
  }
  const { found, moments } = watchFinds(network, atMs + 60_000, finds)
  network.pass(REST_MS)
  const figures = {
    ...figuresOfShape(network),
    ...figuresOfFinds(found),
    'leases that no record node has': lostLeases(network),
    'leases without a carrier': network.pairs.filter(({ key, home }) => home.group.statements.carrierOf(key) === undefined).length,
    events: network.events,
  }
  const bars = [
    atLeast('found, %', figures['found, %'], 99.9),
    atLeast('found in at most 2 steps, %', figures['found in at most 2 steps, %'], 99),
    atMost('steps, most', figures['steps, most'], 4),
    atMost('leases that no record node has', figures['leases that no record node has'], 0),
    atMost('connections, most', figures['connections, most'], 2 * figures['connections, p50']),
  ]
  return { figures, moments, bars }
}

/** Two halves that hear nothing of each other for two minutes, and then do. */
const partition: Scenario = async (options) => {
  const network = grow(options)
  network.part(() => network.random.below(2))
  network.pass(120_000)
  network.heal()
  const parted = figuresOfShape(network)
  const figures: Record<string, number> = { 'connections while parted, p50': parted['connections, p50'] }
  const moments: Moment[] = []
  let passedMs = 0
  for (const second of [5, 10, 20, 30, 45, 60]) {
    network.pass(second * 1_000 - passedMs)
    passedMs = second * 1_000
    const found: Found[] = []
    for (let i = 0; i < options.finds / 2; i++) network.find((each) => found.push(each))
    network.timers.after(8_000, () => {
      figures[`found ${second} s after healing, %`] = percent(found.filter(({ isFound }) => isFound).length, found.length)
      moments.push({
        atMs: second * 1_000,
        nodes: network.living.length,
        finds: found.length,
        found: found.filter(({ isFound }) => isFound).length,
      })
    })
    if (second === 30 || second === 60) figures[`missing mates ${second} s after healing, %`] = missingMates(network)
  }
  network.pass(REST_MS)
  Object.assign(figures, figuresOfShape(network), { 'leases that no record node has': lostLeases(network), events: network.events })
  const bars = [
    atLeast('found 30 s after healing, %', figures['found 30 s after healing, %'] ?? 0, 99),
    atMost('missing mates 30 s after healing, %', figures['missing mates 30 s after healing, %'] ?? 100, 1),
  ]
  return { figures, moments, bars }
}

/** Pairs of one group that are not linked, in hundredths. */
function missingMates({ living }: GrownNetwork): number {
  let [all, missing] = [0, 0]
  for (const server of living) {
    for (const other of living) {
      if (other === server || !server.group.links.coversHere(other.place)) continue
      all++
      if (!server.group.links.has(other)) missing++
    }
  }
  return percent(missing, all)
}

/** A quarter of all servers lie. */
function liars(hidesMembers: boolean): Scenario {
  return async (options) => {
    const network = grow(options, { liars: 0.25, hidesMembers })
    keepStopping(network, options, options.lastsMs * 1.5)
    network.pass(options.lastsMs / 2)
    const { found, moments } = watchFinds(network, options.lastsMs, options.finds)
    network.pass(REST_MS)
    const honest = network.living.filter(({ lies }) => lies === undefined)
    const delegates = honest.flatMap(({ group: { links } }) => [...links.all()].filter((server) => !links.isMate(server)))
    const figures = {
      ...figuresOfShape(network),
      ...figuresOfFinds(found),
      'liars among delegates, %': percent(delegates.filter(({ lies }) => lies !== undefined).length, delegates.length),
      events: network.events,
    }
    return { figures, moments, bars: [atLeast('found, %', figures['found, %'], hidesMembers ? 99 : 99.5)] }
  }
}

export const GROUP_SCENARIOS: Readonly<Record<string, Scenario>> = {
  groups: churn,
  'groups-half': half(false),
  'groups-half-silent': half(true),
  'groups-grow': growing,
  'groups-partition': partition,
  'groups-liars': liars(false),
  'groups-hiders': liars(true),
}

export type { ScenarioResult }

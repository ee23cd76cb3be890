/** A simulated network: nodes that come and go, tabs that hold keys through them, finds and releases whose outcome is noted. */

import { positionOf } from '../../node/keys/index.ts'
import { RECORD_NODES } from '../../node/rendezvous/placement.ts'
import type { Key } from '../../node/types.ts'
import { createVirtualLeases } from './virtual-lease.ts'
import { createVirtualNetwork, type NetworkCosts, nearestOf } from './virtual-network.ts'
import { createVirtualNode } from './virtual-node.ts'
import type { VirtualNode } from './virtual-stream.ts'
import { createVirtualTab, type VirtualTab } from './virtual-tab.ts'

export interface SimulationOptions {
  seed: number
  nodes: number
  /** Each holds `keysPerTab` keys of its own. */
  tabs: number
  keysPerTab: number
  costs?: Partial<NetworkCosts>
}

export interface FindOutcome {
  isFound: boolean
  /** Messages one after the other on the way to the answer; 0 for the asker's own records. */
  steps: number
  ms: number
}

export interface ReleaseOutcome {
  /** Until the last of the key's records was dropped; undefined when one was not. */
  ms: number | undefined
}

/** A find goes on no longer than this, in ms, as a home's does for its tab. */
const FIND_MS = 3_000
/** A lease that is younger may still be on its way, in ms. */
const SETTLED_MS = 5_000

export type Simulation = ReturnType<typeof createSimulation>

export function createSimulation({ seed, nodes: count, tabs: tabCount, keysPerTab, costs = {} }: SimulationOptions) {
  const network = createVirtualNetwork<VirtualNode>(seed, costs)
  const { random, timers } = network
  const leases = createVirtualLeases()
  const nodes: VirtualNode[] = []
  const tabs: VirtualTab[] = []
  const finds: FindOutcome[] = []
  const releases: ReleaseOutcome[] = []
  let made = 0

  const randomNode = () => random.of(nodes)

  for (let i = 0; i < count; i++) {
    const node = createVirtualNode(network, leases, made++)
    for (const other of nodes) network.connect(node, other)
    nodes.push(node)
  }
  for (let i = 0; i < tabCount; i++) {
    const tab = createVirtualTab(leases, i, randomNode)
    tabs.push(tab)
    for (let j = 0; j < keysPerTab; j++) tab.hold(random.bytes(32))
  }

  /** A key of a tab that has a home, which has had the time to announce it; undefined when none was met. */
  function settledHold(): { tab: VirtualTab; key: Key } | undefined {
    for (let i = 0; i < 50; i++) {
      const tab = random.of(tabs)
      const keys = tab.keysHeldFor(SETTLED_MS)
      if (keys.length > 0) return { tab, key: random.of(keys) }
    }
    return undefined
  }

  async function find(): Promise<void> {
    const wanted = settledHold()
    if (wanted === undefined) return
    const { key, tab } = wanted
    const { home } = tab
    const asker = randomNode()
    const startedAtMs = timers.now()
    const late = new AbortController()
    const endWait = timers.after(FIND_MS, () => late.abort(new Error('too late')))
    const outcome: FindOutcome = { isFound: false, steps: 0, ms: FIND_MS }
    try {
      for await (const { peer, record } of asker.client.finder.find(key, { signal: late.signal })) {
        if (peer !== tab.id) continue
        Object.assign(outcome, { isFound: true, ms: timers.now() - startedAtMs, steps: asker.stepsOf(record.source) })
        break
      }
    } catch {
      // Too late.
    } finally {
      endWait()
    }
    // Neither an asker nor a home that stopped meanwhile is the network's fault.
    if (asker.isAlive && tab.hasHome && tab.home === home) finds.push(outcome)
  }

  async function release(): Promise<void> {
    const held = settledHold()
    if (held === undefined) return
    const { tab, key } = held
    const startedAtMs = timers.now()
    const outcome: ReleaseOutcome = { ms: undefined }
    const keeping = new Set(nodes.filter((node) => node !== tab.home && node.store.get(key, tab.id) !== undefined))
    for (const node of keeping) {
      const end = node.store.onChange(key, () => {
        if (node.store.get(key, tab.id) !== undefined) return
        end()
        keeping.delete(node)
        if (keeping.size === 0) outcome.ms = timers.now() - startedAtMs
      })
    }
    releases.push(outcome)
    tab.release(key)
    tab.hold(random.bytes(32))
  }

  /** A new node: it dials one that it was told of, and then all that this one knows. */
  function join(): void {
    const gateway = randomNode()
    const node = createVirtualNode(network, leases, made++)
    nodes.push(node)
    network.dial(node, [gateway, ...network.connectionsOf(gateway)])
  }

  function stop(node: VirtualNode, isSilent: boolean): void {
    nodes.splice(nodes.indexOf(node), 1)
    network.stop(node, isSilent)
    const { silentFromMs, silentToMs } = network.costs
    for (const tab of tabs) if (tab.home === node) tab.onHomeGone(isSilent ? silentFromMs + random.next() * (silentToMs - silentFromMs) : 0)
  }

  return {
    network,
    random,
    nodes: nodes as readonly VirtualNode[],
    finds: finds as readonly FindOutcome[],
    releases: releases as readonly ReleaseOutcome[],
    pass: network.pass,
    find: () => void find(),
    release: () => void release(),
    join,
    stop,
    randomNode,
    /** Calls so many times within the time, at random moments. */
    spread(times: number, withinMs: number, work: () => void) {
      for (let i = 0; i < times; i++) timers.after(random.next() * withinMs, work)
    },
    /** Of the leases that stand, how many each of the nodes nearest to its key has, by their number: the first entry are those that nobody has. */
    async countKept(): Promise<number[]> {
      const kept = new Array<number>(RECORD_NODES + 1).fill(0)
      for (const tab of tabs) {
        for (const key of tab.keysHeldFor(SETTLED_MS)) {
          const nearest = nearestOf(nodes, await positionOf(key), RECORD_NODES)
          const count = nearest.filter((node) => node.store.get(key, tab.id) !== undefined).length
          kept[count] = (kept[count] ?? 0) + 1
        }
      }
      return kept
    },
  }
}

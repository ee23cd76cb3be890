/** A network of many nodes, some of them to a process: it grows, says when it is whole, and has nodes hold, find and watch. */

import { setTimeout as delay } from 'node:timers/promises'
import { peerIdFromString } from '@libp2p/peer-id'
import { GROUP_DEFAULTS } from '../../node/groups/context.ts'
import { restingBits } from '../../node/groups/group-bits.ts'
import { groupOf, type Place, placeOf } from '../../node/groups/place.ts'
import type { PeerOptions } from '../../node/index.ts'
import { multihashOf, sha256AtOnce } from '../../node/keys/index.ts'
import { startWorker, type Worker } from './worker.ts'
import type { AddedNode, NodeShape, NodeSwarmCalls } from './workers/node-swarm.ts'

export type SwarmWorker = Worker<NodeSwarmCalls>

export interface SwarmNode extends AddedNode {
  worker: SwarmWorker
  place: Place
}

/** No group is split: all are connected to all. */
export const MESH: PeerOptions['groups'] = { splitFloor: Number.MAX_SAFE_INTEGER }

export interface NodeSwarmOptions {
  groups: PeerOptions['groups']
  /** So many nodes are in one process. */
  perProcess: number
}

/** Between two looks at all nodes, in ms: each costs them processor time. */
const LOOK_MS = 200

const placeOfPeer = (id: string): Place => placeOf(sha256AtOnce(peerIdFromString(id).toMultihash().bytes))
export const placeOfKey = (key: Uint8Array): Place => placeOf(sha256AtOnce(multihashOf(key)))

/** The worker ends with the stack. */
export async function startSwarmWorker(stack: AsyncDisposableStack): Promise<SwarmWorker> {
  return stack.use(await startWorker<NodeSwarmCalls>(new URL('workers/node-swarm.ts', import.meta.url)))
}

export type NodeSwarm = ReturnType<typeof createNodeSwarm>

export function createNodeSwarm({ groups, perProcess }: NodeSwarmOptions, stack: AsyncDisposableStack) {
  const nodes: SwarmNode[] = []
  const workers: SwarmWorker[] = []
  const floors = { ...GROUP_DEFAULTS, ...groups }
  const bitsAt = (size: number) => restingBits(size, floors)

  /** Nodes of one worker that join; through the first node of all, as long as the caller names no others. */
  async function addTo(worker: SwarmWorker, keys: (Uint8Array | undefined)[], through = nodes.slice(0, 1)): Promise<SwarmNode[]> {
    const join = through.map(({ address }) => address)
    const added = await worker.call('add', { keys, join, groups })
    const more = added.map((node) => ({ ...node, worker, place: placeOfPeer(node.id) }))
    nodes.push(...more)
    return more
  }

  /** How many servers a node has to know: all of its group, and so many of each other; all others where there are no groups. */
  function neededBy({ place }: SwarmNode, bits: number): number {
    const inGroup = new Map<number, number>()
    for (const node of nodes) inGroup.set(groupOf(node.place, bits), (inGroup.get(groupOf(node.place, bits)) ?? 0) + 1)
    const own = groupOf(place, bits)
    let needed = -1
    for (const [group, size] of inGroup) needed += group === own ? size : Math.min(size, floors.delegates)
    return needed
  }

  async function startWorkers(count: number): Promise<void> {
    for (let left = count; left > 0; left -= perProcess) workers.push(await startSwarmWorker(stack))
  }

  async function shapes(): Promise<(NodeShape & { needed: number; id: string })[]> {
    const all = await Promise.all(
      [...new Set(nodes.map(({ worker }) => worker))].map(async (worker) => ({ worker, own: await worker.call('shape') })),
    )
    return all.flatMap(({ worker, own }) =>
      own.flatMap((shape) => {
        const node = nodes.find((each) => each.worker === worker && each.number === shape.number)
        return node === undefined ? [] : [{ ...shape, id: node.id, needed: neededBy(node, shape.bits) }]
      }),
    )
  }

  return {
    /** Those that run, the oldest first. */
    nodes: nodes as readonly SwarmNode[],
    workers: workers as readonly SwarmWorker[],
    addTo,
    shapes,
    /** The number of bits at which so many nodes come to rest. */
    bitsAt,
    /** Starts the processes for so many nodes. */
    startWorkers,
    /** The first nodes, in the processes that were started for them, or in new ones. Resolves when each has a way in. */
    async grow(count: number) {
      if (workers.length === 0) await startWorkers(count)
      const shares = workers.map((worker, i) => ({ worker, count: Math.min(perProcess, count - i * perProcess) }))
      const [first] = shares
      if (first === undefined) return
      await addTo(first.worker, [undefined])
      first.count--
      await Promise.all(shares.map((share) => addTo(share.worker, Array.from({ length: share.count }))))
    },
    async remove(node: SwarmNode) {
      nodes.splice(nodes.indexOf(node), 1)
      await node.worker.call('remove', { number: node.number })
    },
    /** Kills the process, and all of its nodes at once. */
    async kill(worker: SwarmWorker) {
      for (const node of nodes.filter((each) => each.worker === worker)) nodes.splice(nodes.indexOf(node), 1)
      await worker.kill('SIGKILL')
    },
    /** Each node has the number of bits for so many, and all links that it needs. Resolves with what is missing where that is not so in time. */
    async untilWhole(limitMs: number): Promise<string[]> {
      const startedAtMs = performance.now()
      const bits = bitsAt(nodes.length)
      for (;;) {
        const all = await shapes()
        const missing = all.filter((shape) => shape.bits !== bits || shape.servers < shape.needed)
        if (missing.length === 0 || performance.now() - startedAtMs > limitMs) {
          return missing.map((shape) => `${shape.id.slice(-6)}: ${shape.bits} bits of ${bits}, ${shape.servers} servers of ${shape.needed}`)
        }
        await delay(LOOK_MS)
      }
    },
    async heap(): Promise<number> {
      const each = await Promise.all(workers.map((worker) => worker.call('heap')))
      return each.reduce((sum, bytes) => sum + bytes, 0)
    },
    async used() {
      const each = await Promise.all(workers.map((worker) => worker.call('used')))
      return each.reduce((sum, { cpuMs, bytes }) => ({ cpuMs: sum.cpuMs + cpuMs, bytes: sum.bytes + bytes }), { cpuMs: 0, bytes: 0 })
    },
  }
}

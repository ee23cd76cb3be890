/** Many nodes of one network in this process, each with a port of its own: they come, hold, find, watch and leave as they are told. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createPeer, encodeKeyHex, type Hold, type Key, type Peer, type PeerOptions } from '../../../node/index.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { createLoopHolds, type LoopHolds } from '../loop-holds.ts'
import { countMessages } from '../message-count.ts'
import { createPartedSockets } from '../parted-sockets.ts'
import { mapParallel } from '../wait.ts'
import { serveCalls } from '../worker.ts'

export interface AddedNode {
  /** Its number in this process. */
  number: number
  /** Peer id. */
  id: string
  address: string
}

export interface NodeShape {
  number: number
  bits: number
  servers: number
  connections: number
}

export interface FoundHolders {
  /** Their peer ids. */
  holders: string[]
  /** Until the first, or until nobody was found, in ms. */
  ms: number
  /** It was given up, since it took too long. */
  isLate: boolean
}

interface SwarmNode {
  peer: Peer
  holds: Map<string, Hold>
  /** By key, the newest count; `onCount` hears of each. */
  watches: Map<string, { count: number | undefined; onCount: Set<() => void>; end: AbortController }>
  stop(): Promise<void>
}

const JOIN_MS = 120_000
/** Of a node that does not join, so many of its last events are told. */
const LAST_EVENTS = 12
const MAX_EVENT_TEXT = 300
const ANNOUNCE_MS = 10_000
const FIND_MS = 20_000
/** Nodes that are started at once. */
const AT_ONCE = 4

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const count = countMessages()
const loop = createLoopHolds()
const sockets = createPartedSockets()
/** By number; undefined once it has stopped. */
const nodes: (SwarmNode | undefined)[] = []
/** The same on every process of this machine, in ms. */
const nowMs = () => performance.timeOrigin + performance.now()

function at(number: number): SwarmNode {
  const node = nodes[number]
  if (node === undefined) throw new RangeError(`there is no node ${number} any more`)
  return node
}

async function addNode(options: Pick<PeerOptions, 'groups' | 'privateKey'> & { join: string[] }): Promise<AddedNode> {
  const server = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = createWebSocketListener(server)
  const peer = await createPeer({ ...options, role: 'node', listener })
  const last: string[] = []
  const endEvents = peer.onEvent((event) => {
    last.push(`${Math.round(performance.now() - startedAtMs)} ms: ${JSON.stringify(event).slice(0, MAX_EVENT_TEXT)}`)
    last.splice(0, last.length - LAST_EVENTS)
  })
  const startedAtMs = performance.now()
  await peer.start()
  await peer.joined({ signal: AbortSignal.timeout(JOIN_MS) }).catch((cause: unknown) => {
    const { counts, joinedThrough, refusedSockets } = peer.status()
    const state = JSON.stringify({ connections: counts.connections, servers: counts.servers, joinedThrough, refusedSockets })
    throw new Error(`${peer.id} has not joined after ${JOIN_MS} ms: ${state}; at last: ${last.join('; ')}`, { cause })
  })
  endEvents()
  const node: SwarmNode = {
    peer,
    holds: new Map(),
    watches: new Map(),
    async stop() {
      for (const { end } of node.watches.values()) end.abort()
      await peer.stop()
      server.closeAllConnections()
      server.close()
    },
  }
  const number = nodes.push(node) - 1
  const { port } = server.address() as AddressInfo
  return { number, id: peer.id, address: `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peer.id}` }
}

async function watchKey(node: SwarmNode, key: Key): Promise<void> {
  const watch = { count: undefined as number | undefined, onCount: new Set<() => void>(), end: new AbortController() }
  node.watches.set(encodeKeyHex(key), watch)
  try {
    for await (const holders of node.peer.rendezvous.watch(key, { signal: watch.end.signal })) {
      watch.count = holders
      for (const listener of watch.onCount) listener()
    }
  } catch (error) {
    if (!watch.end.signal.aborted) throw error
  }
}

const calls = {
  /** Starts nodes that join, a few at once. Resolves when each has a way into the network. */
  add({ keys, ...options }: { keys: (Uint8Array | undefined)[]; join: string[]; groups: PeerOptions['groups'] }): Promise<AddedNode[]> {
    const { groups, join } = options
    return mapParallel(keys, AT_ONCE, (privateKey) => addNode({ join, ...(groups && { groups }), ...(privateKey && { privateKey }) }))
  },
  async remove({ number }: { number: number }): Promise<void> {
    const node = at(number)
    nodes[number] = undefined
    await node.stop()
  },
  /** The nodes here reach none of these ports, until they are told of others, or of none. */
  part({ ports }: { ports: number[] }): void {
    sockets.part(ports)
  },
  shape(): NodeShape[] {
    return nodes.flatMap((node, number) => {
      if (node === undefined) return []
      const { groupBits, servers, connections } = node.peer.status().counts
      return [{ number, bits: groupBits, servers, connections }]
    })
  },
  /** Resolves with true once a record node has it; with false when none has in time. */
  hold({ number, key }: { number: number; key: Key }): Promise<boolean> {
    const { peer, holds } = at(number)
    const hold = peer.rendezvous.hold(key)
    holds.set(encodeKeyHex(key), hold)
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, ANNOUNCE_MS, false).unref())
    return Promise.race([hold.announced.then(() => true), late])
  },
  /** Resolves with the moment at which it was released, in ms. */
  async release({ number, key }: { number: number; key: Key }): Promise<number> {
    const { holds } = at(number)
    const startedAtMs = nowMs()
    await holds.get(encodeKeyHex(key))?.release()
    holds.delete(encodeKeyHex(key))
    return startedAtMs
  },
  /** All whom the search finds, or the first alone. */
  async find({ number, key, isFirst }: { number: number; key: Key; isFirst: boolean }): Promise<FoundHolders> {
    const startedAtMs = performance.now()
    const signal = AbortSignal.timeout(FIND_MS)
    const holders: string[] = []
    let ms: number | undefined
    try {
      for await (const { peer } of at(number).peer.rendezvous.find(key, { signal })) {
        ms ??= performance.now() - startedAtMs
        holders.push(peer)
        if (isFirst) break
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return { holders, ms: ms ?? performance.now() - startedAtMs, isLate: signal.aborted }
  },
  watch({ number, key }: { number: number; key: Key }): void {
    void watchKey(at(number), key)
  },
  /** Resolves with the moment at which the watch shows the count, or with the count that it shows instead when it does not in time. */
  counted(asked: { number: number; key: Key; count: number; limitMs: number }): Promise<{ atMs: number } | { count: number | undefined }> {
    const watch = at(asked.number).watches.get(encodeKeyHex(asked.key))
    if (watch === undefined) throw new RangeError('the key is not watched there')
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        watch.onCount.delete(look)
      }
      const look = () => {
        if (watch.count !== asked.count) return
        end()
        resolve({ atMs: nowMs() })
      }
      const timer = setTimeout(() => {
        end()
        resolve({ count: watch.count })
      }, asked.limitMs)
      watch.onCount.add(look)
      look()
    })
  },
  unwatch({ number, key }: { number: number; key: Key }): void {
    const { watches } = at(number)
    watches.get(encodeKeyHex(key))?.end.abort()
    watches.delete(encodeKeyHex(key))
  },
  /** Memory in use after a collection, buffers included, in bytes. */
  heap(): number {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
  /** How long the event loop of this process was held between two moments. */
  loopHolds: ({ fromMs, toMs }: { fromMs: number; toMs: number }): LoopHolds => loop.within(fromMs, toMs),
  /** So far: processor time, in ms, and bytes that all nodes here have sent. */
  used(): { cpuMs: number; bytes: number } {
    const { user, system } = process.cpuUsage()
    return { cpuMs: (user + system) / 1_000, bytes: count.bytes }
  },
}

export type NodeSwarmCalls = typeof calls
serveCalls(calls)

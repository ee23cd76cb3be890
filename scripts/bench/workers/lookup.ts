/**
 * A whole network in one process, mayfly's or stock kad-dht's, so that all the messages that a lookup causes anywhere can be counted. The
 * nodes have real websockets between them. Their heartbeats and self-lookups are made rare: what is counted is the lookup.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createPeer } from '../../../node/index.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { countMessages } from '../message-count.ts'
import { cidOf, meet, stockOptions } from '../stock-libp2p.ts'
import { mapParallel, waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'

export interface Lookup {
  ms: number
  /** Sent by anybody, questions and answers. */
  messages: number
  bytes: number
}

interface Node {
  /** Resolves once it knows so many others; a stock peer, most of them. */
  meet(others: number): Promise<unknown>
  /** Announces the key. */
  provide(key: Uint8Array): Promise<void>
  /** Resolves with the time at which the first holder was met, or, when there is none, at which the search had ended. */
  find(key: Uint8Array): Promise<number>
}

const QUIET_MS = 3_600_000
const MEET_MS = 120_000
const FIND_MS = 20_000
/** After a lookup its last messages may still be on their way. */
const AFTER_MS = 15

const count = countMessages()
let nodes: Node[] = []

const calls = {
  /** Resolves with how long the network took to come together, in ms. */
  async start({ kind, size }: { kind: 'mayfly' | 'stock'; size: number }): Promise<number> {
    const startedAtMs = performance.now()
    const create = kind === 'mayfly' ? createMayflyNode : createStockNode
    const first = await create(undefined)
    const others = await mapParallel(Array.from({ length: size - 1 }), 4, () => create(first.address))
    nodes = [first, ...others].map(({ node }) => node)
    await Promise.all(nodes.map((node) => node.meet(size - 1)))
    return performance.now() - startedAtMs
  },

  /** Looks for keys that somebody has announced, or that nobody has, each from another node than its holder. */
  async lookUp({ keys, isHeld }: { keys: Uint8Array[]; isHeld: boolean }): Promise<Lookup[]> {
    const lookups: Lookup[] = []
    for (const [i, key] of keys.entries()) {
      if (isHeld) await nodes[i % nodes.length]?.provide(key)
      const asker = nodes[(i + 1 + (i % (nodes.length - 1))) % nodes.length] as Node
      await pause(AFTER_MS)
      const before = { ...count }
      const startedAtMs = performance.now()
      const ms = (await asker.find(key)) - startedAtMs
      await pause(AFTER_MS)
      lookups.push({ ms, messages: count.messages - before.messages, bytes: count.bytes - before.bytes })
    }
    return lookups
  },
}

async function createMayflyNode(join: string | undefined): Promise<{ node: Node; address: string }> {
  const server = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = createWebSocketListener(server, { pingIntervalMs: QUIET_MS })
  const rendezvous = { beatMs: QUIET_MS, silentMs: 3 * QUIET_MS }
  const peer = await createPeer({ role: 'node', listener, rendezvous, join: join === undefined ? [] : [join] })
  await peer.start()
  await peer.joined({ signal: AbortSignal.timeout(FIND_MS) })
  const { port } = server.address() as AddressInfo
  return {
    address: `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peer.id}`,
    node: {
      meet: (others) => waitUntil(() => peer.status().counts.servers >= others, MEET_MS, `a node knows ${others} others`),
      provide: (key) => peer.rendezvous.hold(key).announced,
      async find(key) {
        for await (const _ of peer.rendezvous.find(key)) return performance.now()
        return performance.now()
      },
    },
  }
}

async function createStockNode(dial: string | undefined): Promise<{ node: Node; address: string }> {
  const libp2p = await createLibp2p(stockOptions({ server: true }))
  if (dial !== undefined) await libp2p.dial(multiaddr(dial))
  const signal = () => AbortSignal.timeout(FIND_MS)
  return {
    address: String(libp2p.getMultiaddrs()[0]),
    node: {
      meet: (others) => meet(libp2p, others, MEET_MS),
      provide: (key) => libp2p.contentRouting.provide(cidOf(key), { signal: signal() }),
      async find(key) {
        for await (const _ of libp2p.contentRouting.findProviders(cidOf(key), { signal: signal() })) return performance.now()
        return performance.now()
      },
    },
  }
}

export type LookupCalls = typeof calls
serveCalls(calls)

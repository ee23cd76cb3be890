/**
 * Servers that come at the same moment, in one process: all that they send can be counted. Their heartbeats are made rare; what is counted is
 * how they learn of each other, and connect.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { createPeer, type Peer } from '../../../node/index.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { countMessages } from '../message-count.ts'
import { waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'

export interface Meeting {
  /** Until each knows all others, in ms; infinite when they do not in time. */
  ms: number
  /** Of that, the process had nothing to do, in ms: the rest is its work, and waiting for a processor. */
  idleMs: number
  /** Servers that the one with the fewest knows in the end. */
  fewest: number
  /** Of one server, the mean; more than the others where both ends have dialled. */
  connections: number
  /** Sent by anybody. */
  messages: number
  bytes: number
  /** Processor time of all, in ms. */
  cpuMs: number
}

const QUIET_MS = 3_600_000

const count = countMessages()

const calls = {
  /** One server is there; the others come at once, and are told of it alone. */
  async meet({ size, limitMs }: { size: number; limitMs: number }): Promise<Meeting> {
    const first = await createNode([])
    await first.peer.start()
    const others = await Promise.all(Array.from({ length: size - 1 }, () => createNode([first.address])))
    const peers = [first, ...others].map(({ peer }) => peer)
    const before = { ...count, cpu: process.cpuUsage() }
    const startedAtMs = performance.now()
    const loop = performance.eventLoopUtilization()
    await Promise.all(peers.map((peer) => peer.start()))
    const fewest = () => Math.min(...peers.map((peer) => peer.status().counts.servers))
    const isMet = await waitUntil(() => fewest() >= size - 1, limitMs, 'each knows all').then(
      () => true,
      () => false,
    )
    const { user, system } = process.cpuUsage(before.cpu)
    return {
      ms: isMet ? performance.now() - startedAtMs : Number.POSITIVE_INFINITY,
      idleMs: performance.eventLoopUtilization(loop).idle,
      fewest: fewest(),
      connections: peers.reduce((sum, peer) => sum + peer.status().counts.connections, 0) / size,
      messages: count.messages - before.messages,
      bytes: count.bytes - before.bytes,
      cpuMs: (user + system) / 1_000,
    }
  },
}

async function createNode(join: string[]): Promise<{ peer: Peer; address: string }> {
  const server = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = createWebSocketListener(server, { pingIntervalMs: QUIET_MS })
  const peer = await createPeer({ role: 'node', listener, rendezvous: { beatMs: QUIET_MS, silentMs: 3 * QUIET_MS }, join })
  const { port } = server.address() as AddressInfo
  return { peer, address: `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peer.id}` }
}

export type MeetingCalls = typeof calls
serveCalls(calls)

/** A network of whole nodes in this process, on real sockets of the loopback interface. It stops itself when the test ends. */

import { createServer, type Server } from 'node:http'
import { onTestFinished } from 'vitest'
import { createPeer, type Peer, type PeerEvent, type PeerOptions } from '../../node/index.ts'
import { createWebSocketListener, type ListenerOptions, type WebSocketListener } from '../../node/server/port/listener.ts'
import { waitFor } from './wait-for.ts'

export interface TestNode {
  peer: Peer
  server: Server
  listener: WebSocketListener
  port: number
  /** A multiaddr that others can join. */
  address: string
  events: PeerEvent[]
  stop(): Promise<void>
}

export interface NodeOptions extends Omit<PeerOptions, 'role' | 'listener'> {
  port?: number
  host?: string
  listener?: ListenerOptions
  /** Shares its port with the overlay; one that answers everything with 404 when left out. */
  server?: Server
}

export async function startNode({
  port = 0,
  host = '127.0.0.1',
  listener: listenerOptions,
  server = createServer((_request, response) => response.writeHead(404).end()),
  ...options
}: NodeOptions = {}): Promise<TestNode> {
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const bound = (server.address() as { port: number }).port
  const listener = createWebSocketListener(server, listenerOptions)
  const peer = await createPeer({ ...options, role: 'node', listener })
  const events: PeerEvent[] = []
  peer.onEvent((event) => events.push(event))
  await peer.start()
  const node: TestNode = {
    peer,
    server,
    listener,
    port: bound,
    address: `/ip4/${host}/tcp/${bound}/ws/p2p/${peer.id}`,
    events,
    async stop() {
      await peer.stop()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return node
}

export interface NetworkOptions<Count extends number = number> extends NodeOptions {
  nodes: Count
}

/** A tuple of as many nodes as were asked for, where that is a literal number. */
export type NodeTuple<Count extends number, All extends TestNode[] = []> = number extends Count
  ? TestNode[]
  : All['length'] extends Count
    ? All
    : NodeTuple<Count, [...All, TestNode]>

export interface Network<Nodes extends TestNode[] = TestNode[]> {
  /** The nodes that the network began with, then those that were added. */
  nodes: Nodes
  /** One more node, joined to the first. */
  addNode(options?: NodeOptions): Promise<TestNode>
  /** A tab behind the given node; in Node.js, on the same protocol as a browser's. */
  addTab(node: TestNode, options?: PeerOptions): Promise<Peer>
  stop(): Promise<void>
}

/** Not tied to a test: the caller stops it. */
export async function startNetwork<Count extends number>({
  nodes: count,
  ...options
}: NetworkOptions<Count>): Promise<Network<NodeTuple<Count>>> {
  const nodes: TestNode[] = []
  const tabs: Peer[] = []
  const addNode = async (more: NodeOptions = {}) => {
    const first = nodes[0]
    const node = await startNode({ ...options, join: first === undefined ? [] : [first.address], ...more })
    nodes.push(node)
    await untilJoined(node.peer)
    return node
  }
  for (let i = 0; i < count; i++) await addNode()
  await waitFor(
    () => nodes.every((node) => node.peer.status().counts.servers >= count - 1),
    30_000,
    () => `every node knows every other: ${nodes.map((node) => node.peer.status().counts.servers).join(' ')}`,
  )
  return {
    nodes: nodes as NodeTuple<Count>,
    addNode,
    async addTab(node, more = {}) {
      const tab = await createPeer({ join: [node.address], ...more })
      tabs.push(tab)
      await tab.start()
      await untilJoined(tab)
      return tab
    },
    async stop() {
      await Promise.all(tabs.map((tab) => tab.stop()))
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

export async function createNetwork<Count extends number>(options: NetworkOptions<Count>): Promise<Network<NodeTuple<Count>>> {
  const network = await startNetwork(options)
  onTestFinished(() => network.stop(), 30_000)
  return network
}

/** @throws with the peer that has not joined, and how its tries ended: the abort of a signal has no stack */
export async function untilJoined(peer: Peer, timeoutMs = 30_000): Promise<void> {
  const failures: string[] = []
  const off = peer.onEvent((event) => {
    if (event.type === 'join-failed') failures.push(event.reason)
  })
  try {
    await peer.joined({ signal: AbortSignal.timeout(timeoutMs) })
  } catch (cause) {
    throw new Error(`not joined within ${timeoutMs} ms: ${peer.role} ${peer.id}, tries: ${failures.join('; ') || 'none ended'}`, { cause })
  } finally {
    off()
  }
}

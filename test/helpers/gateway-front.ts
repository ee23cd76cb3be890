/** A gateway in front of one of three nodes, and a tab behind another: content held by the tab is found through the overlay. */

import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { encodeKeyHex, type Peer, type PeerLimits } from '../../node/index.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { type Network, startNetwork, startNode } from './network.ts'
import { waitFor } from './wait-for.ts'

export const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-dest': 'document' }

interface HeldPage {
  key: Uint8Array
  hash: string
  bytes: Uint8Array
}

export interface GatewayFront {
  network: Network
  /** A tab behind the first node; the gateway stands in front of the second. */
  tab: Peer
  front: TestGateway
  /** Something new that the tab holds until the test ends, once the gateway's node can find it. */
  holdPage(content?: string | Uint8Array): Promise<HeldPage>
  stop(): Promise<void>
}

/** Not tied to a test: the caller stops it. */
export async function startGatewayFront(): Promise<GatewayFront> {
  const network: Network = await startNetwork({ nodes: 3 })
  const [first, second] = network.nodes as [Network['nodes'][number], Network['nodes'][number]]
  const tab = await network.addTab(first)
  const front = await startGateway(second.peer)

  async function isFound(key: Uint8Array): Promise<boolean> {
    for await (const _ of second.peer.rendezvous.find(key)) return true
    return false
  }

  return {
    network,
    tab,
    front,
    async holdPage(content = `page ${crypto.randomUUID()}`) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
      const { key } = await tab.content.hold(bytes)
      onTestFinished(() => void tab.content.release(key))
      await waitFor(() => isFound(key), 2_000, 'the page is found')
      return { key, hash: encodeKeyHex(key), bytes }
    },
    async stop() {
      await front.server.stop()
      await network.stop()
    },
  }
}

/** A node by itself, until the test ends. */
export async function startSmallNode(limits: Partial<PeerLimits>) {
  const node = await startNode({ limits })
  onTestFinished(() => node.stop())
  return node
}

/** A hash that nobody holds. */
export function strayHash(): string {
  return createHash('sha256').update(`stray ${crypto.randomUUID()}`).digest('hex')
}

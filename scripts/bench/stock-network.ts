/** Stock libp2p nodes with kad-dht, each a process of its own: the comparison for mayfly's figures. */

import { mapParallel } from './wait.ts'
import { startWorker, type Worker } from './worker.ts'
import type { StockPeerCalls } from './workers/stock-peer.ts'

export interface StockNode {
  worker: Worker<StockPeerCalls>
  /** Multiaddr that others can dial. */
  address: string
}

const MODULE = new URL('workers/stock-peer.ts', import.meta.url)

/** One more peer of the network, which knows most of the others that there are. */
export async function startStockPeer(
  options: { server: boolean; dial?: string; others?: number },
  stack: AsyncDisposableStack,
): Promise<StockNode> {
  const { others = 0, ...start } = options
  const worker = stack.use(await startWorker<StockPeerCalls>(MODULE))
  const address = await worker.call('start', start)
  await worker.call('meet', others)
  return { worker, address }
}

/** Resolves once each of them knows most of the others. */
export async function startStockNetwork(count: number, stack: AsyncDisposableStack): Promise<StockNode[]> {
  const first = await startStockPeer({ server: true }, stack)
  const others = await mapParallel(Array.from({ length: count - 1 }), 4, () => startStockPeer({ server: true, dial: first.address }, stack))
  const nodes = [first, ...others]
  await Promise.all(nodes.map(({ worker }) => worker.call('meet', count - 1)))
  return nodes
}

/** The systems that carry large content between processes without a browser: the bare transport, other peers, and mayfly in three ways. */

import { fileURLToPath } from 'node:url'
import type { Carrier, System } from './bulk-carrier.ts'
import { startNode } from './mayfly-network.ts'
import { runMeasured } from './measured-command.ts'
import { installOther, type OTHERS } from './others.ts'
import { waitUntil } from './wait.ts'
import { startWorker, type Worker } from './worker.ts'
import type { BulkPeerCalls } from './workers/bulk-peer.ts'

const MAIN = fileURLToPath(new URL('../../node/cli/main.ts', import.meta.url))
const JOIN_MS = 20_000

export const NODE_SYSTEMS: readonly System[] = [
  { name: 'TCP', kind: 'floor', ...pairOf('bulk-tcp'), check: 'SHA-256 by the reader' },
  { name: 'Node.js HTTP', kind: 'base', ...pairOf('bulk-http'), check: 'SHA-256 by the reader' },
  { name: 'libp2p stream, websockets', kind: 'peer', ...pairOf('bulk-libp2p'), check: 'SHA-256 by the reader' },
  { name: 'Helia, add → cat', kind: 'peer', ...pairOf('bulk-helia', 'helia'), check: 'its own: SHA-256 of blocks' },
  { name: 'WebTorrent, TCP', kind: 'peer', ...pairOf('bulk-webtorrent', 'webtorrent'), check: 'its own: SHA-1 of pieces' },
  { name: 'hyperdrive, TCP', kind: 'peer', ...pairOf('bulk-hyperdrive', 'hyperdrive'), check: 'its own: BLAKE2b tree' },
  { name: 'mayfly, node → node', kind: 'own', ...pairOf('bulk-mayfly'), check: 'its own: SHA-256 of pieces and whole' },
  { name: 'mayfly, node → mayfly get', kind: 'own', runs: 'node', start: startGet, check: 'its own: SHA-256 of pieces and whole' },
  { name: 'mayfly, node → gateway → curl', kind: 'own', runs: 'node', start: startGateway, check: "the gateway's: SHA-256 of pieces" },
]

/** A worker that offers, and one that reads. */
function pairOf(module: string, other?: keyof typeof OTHERS): Pick<System, 'runs' | 'start'> {
  return {
    runs: 'node',
    async start(stack) {
      const entry = other === undefined ? {} : { entry: await installOther(other) }
      const sender = await startPeer(module, stack)
      const reader = await startPeer(module, stack)
      await reader.call('start', { ...entry, connect: await sender.call('start', entry) })
      return {
        senders: () => [sender.pid],
        readers: () => [reader.pid],
        offer: (content) => sender.call('offer', content),
        read: (content, reference) => reader.call('read', { content, reference }),
      }
    },
  }
}

/** The command, from its start to its end. */
async function startGet(stack: AsyncDisposableStack): Promise<Carrier> {
  const sender = await startPeer('bulk-mayfly', stack)
  const address = await sender.call('start', {})
  return {
    senders: () => [sender.pid],
    readers: () => [],
    offer: (content) => sender.call('offer', content),
    async read(_content, reference) {
      const { ms, ...command } = await runMeasured(process.execPath, [MAIN, 'get', reference, '--output', '-', '--join', address], 'stderr')
      return { ms, command }
    },
  }
}

/** A holder, a node as `mayfly start` runs it, and curl. */
async function startGateway(stack: AsyncDisposableStack): Promise<Carrier> {
  const gateway = stack.use(await startNode())
  const sender = await startPeer('bulk-mayfly', stack)
  await sender.call('start', { connect: gateway.address })
  await waitUntil(async () => (await gateway.status()).counts.servers > 0, JOIN_MS, 'the gateway knows the holder')
  return {
    senders: () => [sender.pid],
    readers: () => [gateway.pid],
    offer: (content) => sender.call('offer', content),
    async read({ size }, reference) {
      const answer = [
        '--silent',
        '--show-error',
        '--fail',
        '--output',
        '/dev/null',
        '--write-out',
        '%{size_download} %{time_starttransfer}',
      ]
      const { ms, output, ...command } = await runMeasured('curl', [...answer, `${gateway.url}/${reference}`], 'stdout')
      const [bytes, firstS] = output.split(' ').map(Number)
      if (bytes !== size) throw new Error(`curl got ${bytes} bytes, not ${size}`)
      return { ms, command, firstMs: (firstS ?? Number.NaN) * 1_000 }
    },
  }
}

async function startPeer(module: string, stack: AsyncDisposableStack): Promise<Worker<BulkPeerCalls>> {
  return stack.use(await startWorker<BulkPeerCalls>(new URL(`workers/${module}.ts`, import.meta.url)))
}

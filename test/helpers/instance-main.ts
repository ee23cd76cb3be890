/** One instance of an account as a process of its own: goes online, says so, and ends with its standard input, or on SIGTERM. */

import { createPeer } from '../../node/index.ts'

const { join, words, leaseMs } = JSON.parse(process.argv[2] ?? '') as { join: string; words: string; leaseMs: number }
const peer = await createPeer({
  join: [join],
  content: false,
  people: { account: { kind: 'words', words } },
  rendezvous: { lease: { lifetimeMs: leaseMs } },
})
await peer.start()
await peer.joined()
await peer.people?.connect()
process.stdout.write(`${peer.id} ${Date.now()}\n`)

async function leave(): Promise<void> {
  await peer.stop()
  process.exit(0)
}
process.on('SIGTERM', () => void leave())
process.stdin.on('end', () => void leave()).resume()

/** Readers of pages in a mayfly network: a node that has joined, a tab that has joined, and peers that begin with nothing. */

import { createServer } from 'node:http'
import { createPeer, type Peer } from '../../../node/index.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'

const JOIN_MS = 20_000

const peers = new Map<'node' | 'tab', Peer>()

const calls = {
  /** A peer that stays. `servers`: how many nodes there are, all of which a node is to know first. */
  async join({ role, address, servers }: { role: 'node' | 'tab'; address: string; servers: number }): Promise<void> {
    const peer = role === 'tab' ? await createPeer({ join: [address] }) : await createNode(address)
    await peer.start()
    await peer.joined({ signal: AbortSignal.timeout(JOIN_MS) })
    if (role === 'node') await waitUntil(() => peer.status().counts.servers >= servers, JOIN_MS, 'the reader knows every node')
    peers.set(role, peer)
  },

  /** Reads one after the other. Resolves with the time of each, from the search to verified bytes, in ms. */
  async read({ role, keys }: { role: 'node' | 'tab'; keys: Uint8Array[] }): Promise<number[]> {
    const peer = peers.get(role)
    if (peer === undefined) throw new TypeError(`no ${role} has joined`)
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      await peer.content.get(key)
      times.push(performance.now() - startedAtMs)
    }
    return times
  },

  async leave(): Promise<void> {
    for (const peer of peers.values()) await peer.stop()
    peers.clear()
  },

  /** A new peer for each key: made, read with, and joined. Resolves with the times until it had joined, and until it had verified bytes. */
  async readFromNothing({ address, keys }: { address: string; keys: Uint8Array[] }): Promise<{ joinMs: number; ms: number }[]> {
    const times: { joinMs: number; ms: number }[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      const peer = await createPeer({ join: [address] })
      await peer.start()
      // By a gateway's URL content comes while the peer joins; by a multiaddr it can be asked for only then.
      const joined = peer.joined({ signal: AbortSignal.timeout(JOIN_MS) }).then(() => performance.now() - startedAtMs)
      if (address.startsWith('/')) await joined
      await peer.content.get(key)
      const ms = performance.now() - startedAtMs
      times.push({ joinMs: await joined, ms })
      await peer.stop()
    }
    return times
  },
}

async function createNode(address: string): Promise<Peer> {
  const server = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return createPeer({ role: 'node', listener: createWebSocketListener(server), join: [address] })
}

export type ReaderCalls = typeof calls
serveCalls(calls)

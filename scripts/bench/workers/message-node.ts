/** A node that sends messages, or receives them and keeps them on its disk. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createPeer, type Peer } from '../../../node/index.ts'
import { openInbox } from '../../../node/server/inbox/inbox.ts'
import { countBytesApart } from '../../../node/server/port/byte-memory.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { openOutboxStore } from '../../../node/server/store/outbox-store.ts'
import { type Profile, startProfile } from '../cpu-profile.ts'
import { type LoadOptions, type LoadResult, runLoad } from '../post-load.ts'
import { serveCalls } from '../worker.ts'

const JOIN_MS = 20_000
/** Without rate limits: they are a policy, and not measured here. */
const INBOX_LIMITS = { senderRate: 0, senderShare: 1, maxMessages: 1e9, maxBytes: 1e12 }
const LIMITS = { messageBurst: 1e9, messagesPerSecond: 1e9 }

countBytesApart() // as `mayfly start` and `mayfly receive` do

let peer: Peer | undefined
let profile: Profile | undefined

const calls = {
  /** @returns where others can join it, and its hashname */
  async start({ join, outbox }: { join: string[]; outbox?: string }): Promise<{ address: string; hashname: string }> {
    const server = createServer((_, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    peer = await createPeer({
      role: 'node',
      listener: createWebSocketListener(server),
      join,
      limits: LIMITS,
      ...(outbox !== undefined && { outboxStore: openOutboxStore(outbox) }),
    })
    await peer.start()
    await peer.joined({ signal: AbortSignal.timeout(JOIN_MS) })
    return { address: `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peer.id}`, hashname: peer.messages.hashname }
  },

  servers: () => started().status().counts.servers,

  /** Keeps messages for the end in an inbox, as `mayfly receive` does. */
  async receive({ end, directory }: { end: string; directory: string }): Promise<void> {
    const { messages } = started()
    const inbox = openInbox({ path: join(directory, 'inbox.db'), hashname: messages.hashname, ...INBOX_LIMITS })
    await messages.tap(end, { keep: (arrived) => inbox.keep(end, arrived) }).ready
  },

  async post({ end, ...options }: LoadOptions & { end: string }): Promise<LoadResult> {
    const { messages } = started()
    return runLoad(options, async (body) => {
      const { outcome } = await messages.post(end, { body })
      if (outcome.state !== 'stored') throw new Error(`a post to ${end} is ${JSON.stringify(outcome)}`)
    })
  },

  /** Posts once, without waiting for the outcome. Resolves with the time at which it began, in ms since the epoch. */
  say({ end, body }: { end: string; body: string }): number {
    const beganAtMs = Date.now()
    started()
      .messages.post(end, { body })
      .catch(() => {}) // the waiting call reports it
    return beganAtMs
  },

  async beginProfile({ directory, name }: { directory: string; name: string }): Promise<void> {
    profile = await startProfile(directory, name)
  },
  endProfile: () => profile?.end(),
}

function started(): Peer {
  if (peer === undefined) throw new Error('the node has not been started')
  return peer
}

export type MessageNodeCalls = typeof calls
serveCalls(calls)

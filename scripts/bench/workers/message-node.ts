/** A node that sends messages, or receives them and keeps them on its disk. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPeer, type Kept, type Message, type Peer } from '../../../node/index.ts'
import { createWebSocketListener } from '../../../node/server/listener.ts'
import { openOutboxStore } from '../../../node/server/outbox-store.ts'
import { type Profile, startProfile } from '../cpu-profile.ts'
import { type LoadOptions, type LoadResult, runLoad } from '../post-load.ts'
import { serveCalls } from '../worker.ts'

const JOIN_MS = 20_000
/** Rates are a policy, and not what is measured here. */
const LIMITS = { messageBurst: 1e9, messagesPerSecond: 1e9 }

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

  /** Keeps what comes for the end, durably. */
  async receive({ end, directory }: { end: string; directory: string }): Promise<void> {
    const database = new DatabaseSync(join(directory, 'inbox.db'))
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE messages (sequence INTEGER PRIMARY KEY, id BLOB UNIQUE, body BLOB, envelope BLOB) STRICT`)
    const insert = database.prepare('INSERT INTO messages (id, body, envelope) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING')
    const keep = async (messages: Message[]): Promise<Kept[]> => {
      database.exec('BEGIN IMMEDIATE')
      for (const { id, body, envelope } of messages) insert.run(id, body, envelope)
      database.exec('COMMIT')
      return messages.map(() => 'stored')
    }
    await started().messages.tap(end, { keep }).ready
  },

  async post({ end, ...options }: LoadOptions & { end: string }): Promise<LoadResult> {
    const { messages } = started()
    return runLoad(options, async (body) => {
      const { outcome } = await messages.post(end, { body })
      if (outcome.state !== 'stored') throw new Error(`a post to ${end} is ${JSON.stringify(outcome)}`)
    })
  },

  /** Posts once, and does not wait for what becomes of it. Answers with when it began, in ms since the epoch. */
  say({ end, body }: { end: string; body: string }): number {
    const beganAtMs = Date.now()
    started()
      .messages.post(end, { body })
      .catch(() => {}) // who waits to hear it will tell
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

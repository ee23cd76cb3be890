/** Messaging systems, mayfly and others: sender and receiver are separate processes, connected by loopback. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BrokerProgram, MOSQUITTO, NATS, REDIS, startBroker } from './broker.ts'
import type { LoadOptions, LoadResult } from './post-load.ts'
import { waitUntil } from './wait.ts'
import { startWorker } from './worker.ts'
import type { HttpKeeperCalls } from './workers/http-keeper.ts'
import type { MessageNodeCalls } from './workers/message-node.ts'
import type { MessagePosterCalls, PostProtocol } from './workers/message-poster.ts'

export interface Posting {
  post(options: LoadOptions): Promise<LoadResult>
  /** Process ids: whose CPU time counts for the sender's side, and whose for the receiver's. */
  readonly sender: number
  readonly receiver: number
}

export interface MessageSystem {
  name: string
  /** The guarantee of an acknowledgement; shown in the table. */
  means: string
  /** @param directory empty, and its own */
  start(directory: string, stack: AsyncDisposableStack): Promise<Posting>
}

const NODE = new URL('workers/message-node.ts', import.meta.url)
const POSTER = new URL('workers/message-poster.ts', import.meta.url)
const KEEPER = new URL('workers/http-keeper.ts', import.meta.url)
const MESH_MS = 20_000

function mayfly(name: string, means: string, options: { isSealed: boolean; hasOutbox: boolean }): MessageSystem {
  return {
    name: `mayfly, ${name}`,
    means,
    async start(directory, stack) {
      const receiver = stack.use(await startWorker<MessageNodeCalls>(NODE))
      const { address, hashname } = await receiver.call('start', { join: [] })
      const sender = stack.use(await startWorker<MessageNodeCalls>(NODE))
      await sender.call('start', { join: [address], ...(options.hasOutbox && { outbox: join(directory, 'outbox.db') }) })
      const know = async () => (await Promise.all([sender, receiver].map((node) => node.call('servers')))).every((servers) => servers === 1)
      await waitUntil(know, MESH_MS, 'sender and receiver know each other')
      const end = options.isSealed ? hashname : '#bench'
      await receiver.call('receive', { end, directory })
      const profiles = process.env.BENCH_PROFILE
      return {
        sender: sender.pid,
        receiver: receiver.pid,
        async post(load) {
          if (profiles === undefined) return sender.call('post', { end, ...load })
          const kind = `${name.replaceAll(/\W+/g, '-')}-${load.inFlight}`
          await sender.call('beginProfile', { directory: profiles, name: `${kind}-sender` })
          await receiver.call('beginProfile', { directory: profiles, name: `${kind}-receiver` })
          const result = await sender.call('post', { end, ...load })
          await Promise.all([sender, receiver].map((node) => node.call('endProfile')))
          return result
        },
      }
    },
  }
}

function http(name: string, means: string, hasOutbox: boolean, protocol: 'http' | 'signed-http' = 'http'): MessageSystem {
  return {
    name,
    means,
    async start(directory, stack) {
      const receiver = stack.use(await startWorker<HttpKeeperCalls>(KEEPER))
      const port = await receiver.call('start', { path: join(directory, 'messages.db') })
      const outbox = hasOutbox ? join(directory, 'outbox.db') : undefined
      return { receiver: receiver.pid, ...(await startPoster(protocol, port, stack, outbox)) }
    },
  }
}

function broker(name: string, means: string, program: BrokerProgram, protocol: PostProtocol): MessageSystem {
  return {
    name,
    means,
    async start(directory, stack) {
      const { pid, port } = await startBroker(program, directory, stack)
      return { receiver: pid, ...(await startPoster(protocol, port, stack)) }
    },
  }
}

async function startPoster(
  protocol: PostProtocol,
  port: number,
  stack: AsyncDisposableStack,
  outbox?: string,
): Promise<Omit<Posting, 'receiver'>> {
  const sender = stack.use(await startWorker<MessagePosterCalls>(POSTER))
  await sender.call('connect', { protocol, port, ...(outbox !== undefined && { outbox }) })
  return { sender: sender.pid, post: (load) => sender.call('post', load) }
}

const BOTH_DISKS = "on the receiver's disk, and before it was sent on the sender's"
const BOTH_DISKS_AT_ONCE = "on the receiver's disk, and on the sender's, which is written while it is sent"
const RECEIVERS_DISK = "on the receiver's disk"

const HTTP_SQLITE = 'HTTP + SQLite'

export const SIGNED_HTTP = `${HTTP_SQLITE}, with an outbox, signed`

export const OPEN_END = 'mayfly, open end'
export const SEALED = 'mayfly, sealed'

/** mayfly, and the systems that it is compared with: those that write to the same disks. */
export const SAME_DURABILITY = [
  [OPEN_END, `${HTTP_SQLITE}, with an outbox`],
  ['mayfly, open end, outbox in memory', HTTP_SQLITE],
] as const

export const MESSAGE_SYSTEMS: readonly MessageSystem[] = [
  mayfly('open end', `${BOTH_DISKS_AT_ONCE}; signed`, { isSealed: false, hasOutbox: true }),
  mayfly('open end, outbox in memory', `${RECEIVERS_DISK}; signed`, { isSealed: false, hasOutbox: false }),
  mayfly('sealed', `${BOTH_DISKS_AT_ONCE}; signed and sealed`, { isSealed: true, hasOutbox: true }),
  http(HTTP_SQLITE, RECEIVERS_DISK, false),
  http(`${HTTP_SQLITE}, with an outbox`, BOTH_DISKS, true),
  http(SIGNED_HTTP, `${BOTH_DISKS}; post and acknowledgement signed and checked`, true, 'signed-http'),
  broker('Redis, appendfsync always', "on the broker's disk", REDIS, 'redis'),
  broker(
    'NATS JetStream',
    'written by the broker, synced within two minutes (the version that Debian has knows no other)',
    NATS,
    'jetstream',
  ),
  broker('Mosquitto, QoS 1', "in the broker's memory; on its disk within half an hour, or when it ends", MOSQUITTO, 'mqtt'),
]

/** A directory of its own for each. */
export function directoryFor(name: string, parent: string): string {
  const directory = join(parent, name.replaceAll(/\W+/g, '-'))
  mkdirSync(directory)
  return directory
}

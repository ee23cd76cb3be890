/** Presence streams between servers of groups, in virtual time: both ends are the product's, frames are handed over as they are. */

import type { PeerId } from '@libp2p/interface'
import type { Semaphore } from '../../node/async/semaphore.ts'
import type { Timers } from '../../node/async/timers.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import type { createGroupRoles } from '../../node/network/group-roles.ts'
import type { Frame, ServerTable } from '../../node/network/index.ts'
import type { createForeword } from '../../node/rendezvous/foreword.ts'
import type { LeaseCodec } from '../../node/rendezvous/lease.ts'
import { RENDEZVOUS_DEFAULTS } from '../../node/rendezvous/options.ts'
import type { ClientStream, PresenceClient } from '../../node/rendezvous/presence-client.ts'
import type { RecordStore } from '../../node/rendezvous/record-store.ts'
import { type Carrying, createServedLeases, type Tellers } from '../../node/rendezvous/served-leases.ts'
import { createServedWatches } from '../../node/rendezvous/served-watches.ts'
import type { HomeService } from '../../node/rendezvous/types.ts'
import { decodePresence } from '../../node/rendezvous/wire.ts'
import type { CountFrame, GroupSize } from '../../node/rendezvous/wire-frames.ts'
import type { SeededRandom } from '../../scripts/simulate/seeded-random.ts'

export const STREAM_SETTINGS = { ...RENDEZVOUS_DEFAULTS, limits: NODE_LIMITS }
const LATENCY_MS = 100
const BEAT_MS = 3_000
const NOBODY: Carrying = { mustCarry: () => false, mayCarry: () => false }

export interface GroupWorld {
  random: SeededRandom
  timers: Timers
  now(): number
  codec: LeaseCodec
}

export interface GroupServer {
  readonly id: string
  readonly peer: PeerId
  readonly store: RecordStore
  readonly client: PresenceClient<PeerId>
  readonly table: ServerTable<PeerId>
  /** Those that it has opened. */
  readonly streams: Map<string, GroupStream>
  readonly bits: number
  report(): GroupSize | undefined
  takeReport(from: string, told: GroupSize | undefined): void
  /** Serves a stream that a server, or a tab, opens. */
  serve(opener: string, isNode: boolean, send: ServedParts['send']): Served
  /** Hears when the report is of another number. Returns the function that ends it. */
  onBits(tell: () => void): () => void
  setBits(bits: number): void
  stop(): void
}

export interface ServedParts {
  self: string
  /** Its peer id. */
  opener: string
  isNode: boolean
  store: RecordStore
  tellers: Map<string, Tellers>
  places: Semaphore
  service: HomeService
  group: Pick<ReturnType<typeof createGroupRoles>, 'mustCarry' | 'mayCarry'>
  send(frame: CountFrame): void
}

export type Served = ReturnType<typeof serveIn>
export type GroupStream = ReturnType<typeof createGroupStream>

/** The answering end of a stream: a server's, or a tab's. */
export function serveIn({ timers, now, codec }: GroupWorld, parts: ServedParts) {
  const { self, opener, isNode, store, tellers, places, service, group, send } = parts
  let bits: number | undefined
  const carrying: Carrying = isNode
    ? { mustCarry: (told) => group.mustCarry({ ...told, bits }), mayCarry: (told) => group.mayCarry({ ...told, bits }) }
    : NOBODY
  const times = () => [now()]
  const context = { self, peer: opener, store, times, service, carrying, tellers, virtual: { codec, timers } }
  let queue: Promise<unknown> = Promise.resolve()
  return {
    leases: createServedLeases(context, STREAM_SETTINGS),
    watches: createServedWatches(
      { store, places, service, timers, send: (frame) => void (frame.type === 'count' && send(frame)) },
      STREAM_SETTINGS.pushEveryMs,
    ),
    enqueue(work: () => void | Promise<void>) {
      queue = queue.then(work)
    },
    onBits(said: number | undefined) {
      bits = said
    },
  }
}

/** From one server to another. @param onEnd is called when its opener has noticed the end */
export function createGroupStream(
  world: GroupWorld,
  from: GroupServer,
  to: GroupServer,
  foreword: ReturnType<typeof createForeword>,
  onEnd: () => void,
) {
  const { random, timers } = world
  let isCut = false

  /** Frames arrive in order, unless the stream has been cut. */
  function createLine() {
    let atMs = 0
    return (arrive: () => void) => {
      atMs = Math.max(atMs, timers.now() + 1 + random.below(LATENCY_MS))
      timers.after(atMs - timers.now(), () => isCut || arrive())
    }
  }

  const there = createLine()
  const back = createLine()
  const served = to.serve(from.id, true, ({ key, count, people = count }) =>
    back(() => from.client.watcher.onCount(client, key, count, people)),
  )
  const sayBits = () => {
    const told = to.report()
    back(() => from.takeReport(to.id, told))
  }
  const takeFrame = (frame: Frame) => {
    const read = decodePresence(frame)
    if (read.type === 'heartbeat') served.enqueue(() => served.onBits(read.bits))
  }
  const tell = (frame: Frame) => {
    there(() => takeFrame(frame))
    return true
  }
  const endBeats = timers.every(BEAT_MS, () => there(sayBits))
  const endNews = to.onBits(sayBits)
  there(sayBits)

  const client: ClientStream = {
    id: to.id,
    hold(leases) {
      foreword({ tell }, leases)
      const { promise, resolve } = Promise.withResolvers<Uint8Array[]>()
      const answer = (refused: { index: number; reason: Parameters<typeof from.client.announcer.onRefused>[2] }[]) => {
        for (const { index, reason } of refused) from.client.announcer.onRefused(client, leases[index] as Uint8Array, reason)
        const indexes = new Set(refused.map(({ index }) => index))
        resolve(leases.filter((_, index) => !indexes.has(index)))
      }
      there(() =>
        served.enqueue(async () => {
          const { refused } = await served.leases.hold(leases)
          back(() => answer(refused))
        }),
      )
      return promise
    },
    release: (records) => there(() => served.enqueue(() => served.leases.release(records))),
    askTime() {},
    watch: (key, scope) => there(() => served.watches.begin({ type: 'watch', key, scope }, NODE_LIMITS.maxWatches)),
    unwatch: (key) => there(() => served.watches.end(key)),
  }

  return {
    client,
    /** Each end notices by itself, within this time. */
    cut(noticedMs: number) {
      if (isCut) return
      isCut = true
      endBeats()
      endNews()
      timers.after(random.next() * noticedMs, () => {
        served.leases.end(STREAM_SETTINGS.graceMs)
        served.watches.endAll()
      })
      timers.after(random.next() * noticedMs, () => {
        onEnd()
        from.client.onStreamEnd(client)
      })
    },
  }
}

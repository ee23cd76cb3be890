/**
 * A presence stream of a simulation, and the node as its streams see it: both ends are those of the product, frames and codec left out. The end of
 * a stream over which nothing is said is never made.
 */

import type { Semaphore } from '../../node/async/semaphore.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import type { LeaseCodec } from '../../node/rendezvous/lease.ts'
import { RENDEZVOUS_DEFAULTS } from '../../node/rendezvous/options.ts'
import type { ClientStream, PresenceClient } from '../../node/rendezvous/presence-client.ts'
import type { PresenceStream } from '../../node/rendezvous/presence-stream.ts'
import type { RecordSource, RecordStore } from '../../node/rendezvous/record-store.ts'
import { createServedFinds } from '../../node/rendezvous/served-finds.ts'
import { createServedLeases } from '../../node/rendezvous/served-leases.ts'
import { createServedWatches } from '../../node/rendezvous/served-watches.ts'
import type { HomeService } from '../../node/rendezvous/types.ts'
import type { CountFrame, FoundFrame, HeldFrame, RefusedFrame } from '../../node/rendezvous/wire-frames.ts'
import type { Endpoint, VirtualNetwork } from './virtual-network.ts'

/** Those of a node. */
export const NODE_SETTINGS = { ...RENDEZVOUS_DEFAULTS, limits: NODE_LIMITS }

export interface VirtualNode extends Endpoint<VirtualNode> {
  readonly network: VirtualNetwork<VirtualNode>
  readonly store: RecordStore
  readonly client: PresenceClient<VirtualNode>
  readonly service: HomeService
  readonly codec: LeaseCodec
  readonly watchPlaces: Semaphore
  /** Its clock, in ms since the epoch. */
  now(): number
  times(): readonly number[]
  /** The asking end of the stream to another node; undefined when they are not connected. */
  streamTo(other: VirtualNode): VirtualStream | undefined
  /** How many messages, one after the other, brought records of this source, which a find has met. */
  stepsOf(source: RecordSource): number
  /** The answering end of the stream from another node; undefined when they are not connected. */
  served(from: VirtualNode): ServedEnd | undefined
}

/** The counts and the answers to finds that one end sends to the other. */
type AnswerFrame = CountFrame | FoundFrame | RefusedFrame

export type ServedEnd = ReturnType<typeof createServedEnd>

/** The answering end. @param peer id of the end that asks */
export function createServedEnd(node: VirtualNode, peer: string, answer: (frame: AnswerFrame) => void) {
  const { store, service, network } = node
  const { timers } = network
  let leases: ReturnType<typeof createServedLeases> | undefined
  let watches: ReturnType<typeof createServedWatches> | undefined
  let finds: ReturnType<typeof createServedFinds> | undefined
  let queue = Promise.resolve()

  const servedLeases = () =>
    (leases ??= createServedLeases(
      { self: node.id, peer, store, times: node.times, service, virtual: { codec: node.codec, timers } },
      NODE_SETTINGS,
    ))

  return {
    /** As a stream does: a release waits until the leases before it have been checked. */
    hold(told: Uint8Array[], reply: (refused: HeldFrame['refused']) => void) {
      queue = queue.then(async () => {
        const { refused, announcing } = await servedLeases().hold(told)
        if (announcing.length === 0) return reply(refused)
        void Promise.all(announcing).then(() => reply(refused))
      })
    },
    release(records: Parameters<ClientStream['release']>[0]) {
      queue = queue.then(() => servedLeases().release(records))
    },
    watch(...[key, scope]: Parameters<ClientStream['watch']>) {
      watches ??= createServedWatches({ store, places: node.watchPlaces, service, send: answer, timers }, NODE_SETTINGS.pushEveryMs)
      watches.begin({ type: 'watch', key, scope }, NODE_LIMITS.maxWatches)
    },
    unwatch: (key: Uint8Array) => watches?.end(key),
    find(id: number, key: Uint8Array, limit: number, scope: Parameters<ClientStream['watch']>[1]) {
      finds ??= createServedFinds(
        { store, directory: { homes: async () => [] }, service, giveNow: () => false, send: answer },
        NODE_LIMITS.maxHoldersPerAnswer,
      )
      finds.answer({ type: 'find', id, key, limit, scope })
    },
    end() {
      leases?.end(NODE_SETTINGS.graceMs)
      watches?.endAll()
      finds?.end()
    },
  }
}

export type VirtualStream = ReturnType<typeof createVirtualStream>

/** The asking end, of `from`, which is connected to `to`. */
export function createVirtualStream(from: VirtualNode, to: VirtualNode) {
  const { network } = from
  /** Questions that are not answered yet. */
  const holds = new Map<number, (taken: Uint8Array[]) => void>()
  const finds = new Map<number, (found: FoundFrame | undefined) => void>()
  let last = 0
  const send = (about: string, arrive: (served: ServedEnd) => void) =>
    network.send(about, from, to, () => {
      const served = to.served(from)
      if (served !== undefined) arrive(served)
    })

  const stream: ClientStream & Pick<PresenceStream, 'find'> = {
    id: to.id,
    async hold(leases) {
      if (leases.length === 0) return []
      const id = ++last
      const { promise, resolve } = Promise.withResolvers<Uint8Array[]>()
      holds.set(id, resolve)
      send('lease', (served) =>
        served.hold(leases, (refused) =>
          network.send('held', to, from, () => {
            if (!holds.delete(id)) return
            for (const { index, reason } of refused) from.client.announcer.onRefused(stream, leases[index] as Uint8Array, reason)
            const indexes = new Set(refused.map(({ index }) => index))
            resolve(leases.filter((_, index) => !indexes.has(index)))
          }),
        ),
      )
      return promise
    },
    release: (records) => send('release', (served) => served.release(records)),
    askTime() {},
    watch: (key, scope) => send('watch', (served) => served.watch(key, scope)),
    unwatch: (key) => send('watch', (served) => served.unwatch(key)),
    find(key, limit, scope, { signal }) {
      signal.throwIfAborted()
      const id = ++last
      const { promise, resolve, reject } = Promise.withResolvers<FoundFrame | undefined>()
      const abort = () => {
        finds.delete(id)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      finds.set(id, (found) => {
        signal.removeEventListener('abort', abort)
        resolve(found)
      })
      send('find', (served) => served.find(id, key, limit, scope))
      return promise
    },
  }

  return {
    stream,
    /** The other end has answered. */
    answer(frame: AnswerFrame) {
      network.send(frame.type, to, from, () => {
        if (frame.type === 'count') from.client.watcher.onCount(stream, frame.key, frame.count, frame.people ?? frame.count)
        else {
          finds.get(frame.id)?.(frame.type === 'found' ? frame : undefined)
          finds.delete(frame.id)
        }
      })
    },
    end() {
      for (const resolve of holds.values()) resolve([])
      for (const resolve of finds.values()) resolve(undefined)
      holds.clear()
      finds.clear()
    },
  }
}

/**
 * A node of a simulation: the product's own table, placement, record store, announcer, watcher and finder, on streams of virtual time. It connects
 * to nobody by itself: membership says to whom.
 */

import { createSemaphore } from '../../node/async/semaphore.ts'
import { sha256AtOnce } from '../../node/keys/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { createServerTable } from '../../node/network/server-table.ts'
import { createHomeService } from '../../node/rendezvous/home-service.ts'
import { createNodePlacement } from '../../node/rendezvous/placement.ts'
import { createPresenceClient } from '../../node/rendezvous/presence-client.ts'
import { createRecordStore } from '../../node/rendezvous/record-store.ts'
import { SCOPE } from '../../node/rendezvous/wire-frames.ts'
import type { VirtualLeases } from './virtual-lease.ts'
import type { VirtualNetwork } from './virtual-network.ts'
import {
  createServedEnd,
  createVirtualStream,
  NODE_SETTINGS,
  type ServedEnd,
  type VirtualNode,
  type VirtualStream,
} from './virtual-stream.ts'

/** Where virtual time stands at its start, in ms since the epoch. */
const EPOCH_MS = 1_760_000_000_000
/** As a node has it. */
const SWEEP_MS = 5_000

export function createVirtualNode(network: VirtualNetwork<VirtualNode>, leases: VirtualLeases, number: number): VirtualNode {
  const { timers, random } = network
  const id = `node-${number}`
  const position = sha256AtOnce(random.bytes(32))
  const now = () => EPOCH_MS + timers.now()
  const times = () => [now()]
  const store = createRecordStore(NODE_LIMITS, now, random.next, timers.now)
  const servers = createServerTable<VirtualNode>(timers)
  servers.placeSelf(position)
  /** Asking ends by node, made when something is asked. Bounded by the connections, as are the answering ones. */
  const streams = new Map<VirtualNode, VirtualStream>()
  const servedEnds = new Map<VirtualNode, ServedEnd>()

  function streamTo(other: VirtualNode): VirtualStream | undefined {
    if (!network.isConnected(node, other)) return undefined
    const stream = streams.get(other) ?? createVirtualStream(node, other)
    streams.set(other, stream)
    return stream
  }

  const client = createPresenceClient<VirtualNode>(
    {
      placement: createNodePlacement({ ...servers, async *walk() {} }),
      servers,
      store,
      streams: {
        get: (peer) => streamTo(peer)?.stream,
        keepOpen() {},
        async open(peer) {
          const to = streamTo(peer)
          if (to === undefined) throw new Error('not connected')
          return to.stream
        },
      },
      homes: { findAddresses: async () => [] },
      clock: { now, times, isDoubtful: () => false },
      onBadAnswer() {},
      virtual: { timers, codec: leases.codec },
    },
    { ...NODE_SETTINGS, scope: SCOPE.own, holdersPerAnswer: NODE_LIMITS.maxHoldersPerAnswer },
  )
  const service = createHomeService(client, timers)
  servers.onChange(client.refresh)
  const endSweeps = timers.every(SWEEP_MS, store.sweep)

  const node: VirtualNode = {
    ...{ network, id, number, position, store, client, service, codec: leases.codec },
    watchPlaces: createSemaphore(NODE_LIMITS.maxWatches),
    isAlive: true,
    busyUntilMs: 0,
    now,
    times,
    streamTo,
    // An answer to a find is the source of what it brought; a stream, or this node's tabs, of what is recorded here.
    stepsOf: (source) => (typeof source === 'object' && 'type' in source ? 1 : 0),
    served(from) {
      if (!network.isConnected(node, from)) return undefined
      const served = servedEnds.get(from) ?? createServedEnd(node, from.id, (frame) => from.streamTo(node)?.answer(frame))
      servedEnds.set(from, served)
      return served
    },
    onConnect(other) {
      servers.add(other, other.position)
      const opened = client.needs(other.id) ? streamTo(other) : undefined
      if (opened !== undefined) client.onStream(opened.stream)
    },
    onDisconnect(other) {
      servers.remove(other.id)
      const stream = streams.get(other)
      streams.delete(other)
      stream?.end()
      if (stream !== undefined) client.onStreamEnd(stream.stream)
      servedEnds.get(other)?.end()
      servedEnds.delete(other)
    },
    onStop() {
      endSweeps()
      servers.stop()
    },
    toString: () => id,
  }
  return node
}

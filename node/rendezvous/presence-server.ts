/** A node as a home and as a record node: serves the presence streams that others open to it. */

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Quota } from '../async/quota.ts'
import { createSemaphore } from '../async/semaphore.ts'
import type { ServerRecords } from '../network/index.ts'
import type { Directory } from './directory.ts'
import { createServedDirectory, type ServedDirectoryContext } from './served-directory.ts'
import type { Tellers } from './served-leases.ts'
import { type ServedStream, type ServedStreamContext, type ServedStreamOptions, serveStream } from './served-stream.ts'
import type { GiveNow } from './types.ts'
import { PRESENCE_PROTOCOL } from './wire.ts'

/** Streams of one connection: one is in use, another may be about to end. */
const MAX_STREAMS = 4

export type PresenceServer = ReturnType<typeof createPresenceServer>

/** @param tabs tabs whose home is here, by peer id: kept here, read by others */
export function createPresenceServer(
  libp2p: Libp2p,
  tabs: Quota,
  context: Pick<ServedStreamContext, 'store' | 'service' | 'clock'> & {
    giveNow: GiveNow
    directory: Directory
    supervisor: ServedDirectoryContext['supervisor']
    records: ServerRecords | undefined
    onRefused(peer: string, reason: string): void
  },
  options: ServedStreamOptions,
) {
  /** Open streams, and how each leaves the tabs. Bounded by the connections, and MAX_STREAMS. */
  const streams = new Map<ServedStream, () => void>()
  const directory = createServedDirectory({ ...context, libp2p })
  const { groups } = context.records ?? {}
  const shared = { watchPlaces: createSemaphore(options.limits.maxWatches), tellers: new Map<string, Tellers>(), giveNow: context.giveNow }

  function onStream(stream: Stream, connection: Connection): void {
    const listener: ServedStreamContext['listener'] = {
      onHello(served, { role, addresses }) {
        if (role === 'node') context.directory.rememberAddresses(connection.remotePeer, addresses)
        const leave = role === 'tab' ? tabs.enter(served.peer) : undefined
        if (typeof leave === 'function') streams.set(served, leave)
      },
      onEnd(served) {
        streams.get(served)?.()
        streams.delete(served)
      },
      onRefused: context.onRefused,
    }
    const served = serveStream(
      stream,
      connection,
      { ...context, directory, groups, self: libp2p.peerId.toString(), shared, listener },
      options,
    )
    streams.set(served, () => {})
  }

  return {
    /** Watches of all streams. */
    get watches() {
      return shared.watchPlaces.taken
    },
    /** True where something of the peer stands here. */
    serves(peer: string) {
      for (const served of streams.keys()) if (served.peer === peer && served.leases + served.watches > 0) return true
      return false
    },
    start: () => libp2p.handle(PRESENCE_PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS }),
    /** Takes no more streams. */
    stop: () => libp2p.unhandle(PRESENCE_PROTOCOL),
    /** The network's time was set: tabs go by it. */
    onStep() {
      for (const served of streams.keys()) served.onStep()
    },
    /** This node's group has other bits, or quite another size: nodes that turn to it go by it. */
    onGroup() {
      for (const served of streams.keys()) served.onGroup()
    },
    /**
     * Drops all that its streams have brought, and closes them: peers that are still there open others, and tell it anew.
     *
     * @returns whether those that had leases here have told some again, or are no longer connected
     */
    forgetAll(): () => boolean {
      const awaited = new Set([...streams.keys()].filter(({ leases }) => leases > 0).map(({ peer }) => peer))
      for (const served of streams.keys()) served.forget()
      return () => {
        const silent = new Set(awaited)
        for (const { peer, leases } of streams.keys()) if (leases > 0) silent.delete(peer)
        return !libp2p.getConnections().some(({ remotePeer }) => silent.has(remotePeer.toString()))
      }
    },
    close() {
      for (const served of streams.keys()) served.close()
    },
  }
}

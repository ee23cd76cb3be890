/** The presence streams that this peer has opened: one to each server that it needs, opened when needed, closed when idle for long. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { createPeerStreams } from '../network/index.ts'
import type { RendezvousSettings } from './options.ts'
import { createPresenceStream, type PresenceStream, type PresenceStreamListener } from './presence-stream.ts'
import { PRESENCE_PROTOCOL } from './wire.ts'

export type PresenceStreamsOptions = Pick<RendezvousSettings, 'beatMs' | 'silentMs' | 'maxLinks'>

/** How long opening a stream may take, dial included, in ms. */
const OPEN_MS = 3_000
/** How many heartbeats of a node there are to one of a tab. */
const TAB_HEARTBEATS = 5
/** How many of them a tab hears nothing, before it asks: its home probes it sooner. */
const QUIET_HEARTBEATS = 2

export interface PresenceStreamsListener extends PresenceStreamListener {
  onOpen(stream: PresenceStream): void
  /** True for a peer at which something must stand: its stream stays open. */
  needs(peer: string): boolean
}

export type PresenceStreams = ReturnType<typeof createPresenceStreams>

/**
 * @param context `isWanted` is false for a server that is not known any more: a stream to it is not tried again; `isEntrance` is true for
 *   one through which this peer was told to join
 */
export function createPresenceStreams(
  context: {
    libp2p: Libp2p
    role: 'tab' | 'node'
    isWanted(peer: PeerId): boolean
    isEntrance(peer: PeerId): boolean
    random(): number
  },
  { beatMs, silentMs, maxLinks }: PresenceStreamsOptions,
) {
  const { libp2p, role, isWanted, random } = context
  let listener: PresenceStreamsListener
  const streams = createPeerStreams<PresenceStream>(
    {
      libp2p,
      protocol: PRESENCE_PROTOCOL,
      kinds: ['socket'],
      isWanted,
      random,
      onOpen: (stream) => listener.onOpen(stream),
      create: ({ peer, stream, connection, onEnd }) =>
        createPresenceStream(
          {
            peer,
            stream,
            role,
            isEntrance: context.isEntrance(peer),
            addresses: role === 'node' ? libp2p.getMultiaddrs() : [],
            // Nobody pings a tab's own connection: unless it ends too, the tab waits for this server for ever.
            onSilent(reason) {
              if (role === 'tab') connection.abort(reason)
            },
            listener: {
              ...listener,
              onEnd(own, reason) {
                onEnd()
                listener.onEnd(own, reason)
              },
            },
          },
          // A tab whose network is cut knows it within 15 s, as its home does.
          role === 'node'
            ? { heartbeatMs: beatMs, silentMs }
            : { heartbeatMs: beatMs * TAB_HEARTBEATS, quietMs: beatMs * QUIET_HEARTBEATS, silentMs: silentMs / 2 },
        ),
    },
    {
      openTimeoutMs: OPEN_MS,
      maxStreams: maxLinks,
      isNeeded: (peer) => listener.needs(peer),
    },
  )
  return {
    ...streams,
    /** Asks each server for its time. */
    askTimes() {
      for (const stream of streams.all()) stream.askTime()
    },
    /** Names the one listener, before the first stream is opened. */
    listen(named: PresenceStreamsListener) {
      listener = named
    },
  }
}

/**
 * The asking half of presence: the leases that others must keep, the counts that they push, and the finds that they answer. It knows peers by
 * their names and the streams to them, and nothing of libp2p: a simulation runs it as a node does.
 */

import type { PeerId } from '@libp2p/interface'
import type { ServerName } from '../network/index.ts'
import { createAnnouncer, type LeaseStream } from './announcer.ts'
import { createFinder, type FinderContext, type FinderOptions, type FindStreams } from './finder.ts'
import type { StandingStreams } from './standing-statements.ts'
import { createWatcher, type WatchStream } from './watcher.ts'

/** Everything that is asked over a stream. */
export type ClientStream = LeaseStream & WatchStream

export interface PresenceClientContext<Name extends ServerName> extends Omit<FinderContext<Name>, 'streams'> {
  streams: StandingStreams<ClientStream, Name> & FindStreams<Name>
}

export type PresenceClient<Name extends ServerName = PeerId> = ReturnType<typeof createPresenceClient<Name>>

export function createPresenceClient<Name extends ServerName = PeerId>(context: PresenceClientContext<Name>, options: FinderOptions) {
  const { placement, store, streams } = context
  const timers = context.virtual?.timers
  const announcer = createAnnouncer(placement, streams, timers)
  const watcher = createWatcher(placement, store, streams, options.scope, timers)
  const finder = createFinder(context, options)

  return {
    announcer,
    watcher,
    finder,
    /** True for a peer at which something must stand. */
    needs: (peer: string) => announcer.needs(peer) || watcher.needs(peer),
    /** Tells a new stream all that must stand there. */
    onStream(opened: ClientStream) {
      announcer.onStream(opened)
      watcher.onStream(opened)
    },
    onStreamEnd(ended: ClientStream) {
      announcer.onStreamEnd(ended)
      watcher.onStreamEnd(ended)
    },
    /** The right peers may be others now. */
    refresh() {
      void announcer.refresh()
      void watcher.refresh()
    },
  }
}

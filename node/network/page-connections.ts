/**
 * Connections that a page may have opened, at a node. A tab says who it is in the hello of its presence stream, and a home needs no more of it:
 * identify would be a stream, a signature to check and an entry in the peer store for each tab that joins. So it runs on such a connection only
 * when no hello has come in time. A server's connection is known by its websocket, and is identified at once, as before.
 *
 * Works with libp2p 3.3, whose connection has the times of its socket, and @libp2p/identify 4.1, which calls its own `identify` for each connection.
 */

import type { Connection, IdentifyResult, MultiaddrConnection, PeerId } from '@libp2p/interface'

export const PAGE_CONNECTIONS_DEFAULTS = {
  /** How long a tab may take until its hello, in ms. A server that dials by a page's websocket is known as one so much later. */
  helloMs: 2_000,
}

/** libp2p's identify service, as far as a node's connections go through it. */
export interface Identifying {
  identify(connection: Connection, ...rest: unknown[]): Promise<IdentifyResult>
}

interface PageConnectionsContext {
  identify: Identifying
  events: { safeDispatchEvent(type: 'peer:identify', init: { detail: Partial<IdentifyResult> & { peerId: PeerId } }): unknown }
  /** True for a tab whose hello has come. */
  isTab(peer: string): boolean
}

/** By the times of a socket, which are those of its connection as well. */
const pageSockets = new WeakSet<object>()

export function markPageSocket({ timeline }: MultiaddrConnection): void {
  pageSockets.add(timeline)
}

/** To be called before the first connection. */
export function leaveTabsUnidentified(
  { identify: service, events, isTab }: PageConnectionsContext,
  { helloMs }: typeof PAGE_CONNECTIONS_DEFAULTS = PAGE_CONNECTIONS_DEFAULTS,
): void {
  const identify = service.identify.bind(service)
  const waited = new WeakSet<Connection>()
  service.identify = async (connection, ...rest) => {
    if (!pageSockets.has(connection.timeline) || waited.has(connection)) return identify(connection, ...rest)
    waited.add(connection)
    await new Promise<void>((resolve) => setTimeout(resolve, helloMs).unref())
    const { remotePeer: peerId } = connection
    if (connection.status !== 'open') throw new Error('The connection has ended')
    if (!isTab(peerId.toString())) return identify(connection, ...rest)
    // As if it had answered that it serves nothing.
    const detail = { peerId, protocols: [], listenAddrs: [], connection } satisfies IdentifyResult
    events.safeDispatchEvent('peer:identify', { detail })
    return detail
  }
}

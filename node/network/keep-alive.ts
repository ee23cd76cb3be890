/**
 * kad-dht tags the servers nearest to it, and libp2p dials those at once when their connection ends: once, though it is told to try no more
 * (libp2p 3.3.11). Connections that were closed since their groups have enough of them came back so. The supervisor dials servers that are lost.
 */

import { KEEP_ALIVE, type PeerId } from '@libp2p/interface'

interface PeerTags {
  tags?: Record<string, unknown>
}

/** The part of libp2p's peer store that writes tags. */
export interface TaggingStore<Data extends PeerTags> {
  merge(peer: PeerId, data: Data, ...rest: unknown[]): Promise<unknown>
}

/** Writes to the store without the tags for which libp2p dials again. */
export function mergeWithoutKeepAlive<Data extends PeerTags>(store: TaggingStore<Data>): TaggingStore<Data>['merge'] {
  const isKept = ([name]: [string, unknown]) => !name.startsWith(KEEP_ALIVE)
  return async (peer, data, ...rest) =>
    store.merge(
      peer,
      data.tags === undefined ? data : { ...data, tags: Object.fromEntries(Object.entries(data.tags).filter(isKept)) },
      ...rest,
    )
}

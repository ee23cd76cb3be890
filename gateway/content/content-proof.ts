/**
 * Proves content whose link does not carry the hash of its outline: takes the whole once and checks it, so that already the first request for a
 * range of it gets the range. The pieces are in the node's cache then. Content that does not fit there is answered whole.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { createSemaphore } from '../../node/async/semaphore.ts'
import { createSingleFlight } from '../../node/async/single-flight.ts'
import { encodeKeyHex, type OpenedContent, type Peer } from '../../node/index.ts'
import { outlineQuery } from '../http/link-query.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'

/** Contents that are taken whole at the same time: each may have some MiB on its way besides the cache. */
const MAX_SIDE_BY_SIDE = 16

export type ContentProofs = ReturnType<typeof createContentProofs>

export function createContentProofs(peer: Peer, { searchTimeoutMs }: Pick<GatewayLimits, 'searchTimeoutMs'>) {
  const { maxCacheBytes } = peer.status().limits
  const places = createSemaphore(MAX_SIDE_BY_SIDE)
  /** By hash and outline. Bounded by the requests that wait. */
  const flights = createSingleFlight<string, void>()
  const isProvable = ({ isTrusted, size }: OpenedContent) => isTrusted || size <= maxCacheBytes

  return {
    /** True when a range can be asked for. */
    isProvable,
    /**
     * Resolves once the content is trusted; and without that, when it does not come in time.
     *
     * @throws {MayflyError} ERR_UNAVAILABLE, when it has another SHA-256
     * @throws signal.reason, when the client goes away
     */
    async prove(content: OpenedContent, { request }: GatewayRequest): Promise<void> {
      if (content.isTrusted) return
      const readWhole = async (signal: AbortSignal) => {
        for await (const _ of content.read(undefined, { signal }));
      }
      const id = encodeKeyHex(content.key) + outlineQuery(content.outline)
      const patience = timeoutSignal(searchTimeoutMs)
      try {
        const signal = AbortSignal.any([request.signal, patience])
        await flights.run(id, (ended) => places.run(() => readWhole(ended), { signal: ended }), { signal })
      } catch (error) {
        if (!patience.aborted || request.signal.aborted) throw error
      }
    },
  }
}

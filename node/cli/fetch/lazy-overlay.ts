/** The overlay of a client that may never need it: its code is loaded, and it is joined, when it is asked for first. */

import { countBytesApart } from '../../server/port/byte-memory.ts'
import type { NetworkClient, NetworkClientOptions } from './network-client.ts'

export type LazyOverlay = ReturnType<typeof createLazyOverlay>

export function createLazyOverlay(options: NetworkClientOptions) {
  const closing = new AbortController()
  const signal = options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal])
  let joining: Promise<NetworkClient> | undefined
  let joined: NetworkClient | undefined

  async function begin(): Promise<NetworkClient> {
    countBytesApart()
    const { openOverlayClient } = await import('./overlay-client.ts')
    signal.throwIfAborted()
    const client = await openOverlayClient({ ...options, signal })
    if (closing.signal.aborted) {
      await client.close()
      throw closing.signal.reason
    }
    joined = client
    return client
  }

  return {
    /**
     * Joins once, for all who ask; after a failure, the next who asks begins anew.
     *
     * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION
     * @throws the signal's reason, when aborted; an AbortError once it is closed
     */
    async join(): Promise<NetworkClient> {
      closing.signal.throwIfAborted()
      if (joining === undefined) {
        const begun = begin()
        joining = begun
        begun.catch(() => {
          if (joining === begun) joining = undefined
        })
      }
      return joining
    },
    /** Says farewell where it has joined. A join under way is given up, and nobody waits for that: it has no home yet that would miss it. */
    async close(): Promise<void> {
      closing.abort(new DOMException('the client was closed', 'AbortError'))
      await joined?.close()
    },
  }
}

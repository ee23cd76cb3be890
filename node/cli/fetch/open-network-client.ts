/** Opens the network client that fits the addresses, and content through it, also content that has no holder yet. */

import { timeoutSignal } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Key, OpenedContent, OpenOptions } from '../../index.ts'
import { countBytesApart } from '../../server/port/byte-memory.ts'
import { isMultiaddr, plainOriginOf, requireJoinAddress } from '../values/server-values.ts'
import { createLazyOverlay } from './lazy-overlay.ts'
import type { NetworkClient, NetworkClientOptions } from './network-client.ts'

/**
 * The overlay takes longer to load than most questions take, so only a multiaddr loads it; large content that the node at a multiaddr holds comes
 * over HTTP from there, without it.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION
 */
export async function openNetworkClient(options: NetworkClientOptions): Promise<NetworkClient> {
  requireJoinAddress(options.join)
  if (options.join.some(isMultiaddr)) {
    return openLazyOverlayClient(options)
  }
  const { openGatewaysClient } = await import('./gateways-client.ts')
  return openGatewaysClient(options)
}

/** Joins when something is asked of the overlay itself. */
function openLazyOverlayClient(options: NetworkClientOptions): NetworkClient {
  const overlay = createLazyOverlay(options)
  return {
    async open(key, { outline, ...openOptions } = {}) {
      if (outline === undefined) return (await overlay.join()).open(key, openOptions)
      countBytesApart()
      const { openLarge } = await import('./large-content.ts')
      const origins = options.join.map(plainOriginOf).filter((origin) => origin !== undefined)
      return openLarge(key, { ...openOptions, outline }, { origins, joinOverlay: overlay.join })
    },
    count: async (key, abort) => (await overlay.join()).count(key, abort),
    async *watch(key, abort) {
      yield* (await overlay.join()).watch(key, abort)
    },
    close: overlay.close,
  }
}

interface OnceHeldOptions extends OpenOptions {
  /** How long to wait for a holder, in ms. */
  waitMs: number
  signal: AbortSignal
}

/**
 * Tries once, and when nobody holds the content, again at each new holder, for at most `waitMs`.
 *
 * @throws {MayflyError} as `NetworkClient.open`
 * @throws signal.reason, when aborted
 */
export async function openOnceHeld(client: NetworkClient, key: Key, { waitMs, ...options }: OnceHeldOptions): Promise<OpenedContent> {
  const { signal } = options
  const over = timeoutSignal(waitMs) // from now on: the first try is a part of the wait
  const first = await client.open(key, options).catch(noHolderOnly)
  if (!(first instanceof MayflyError)) return first
  if (waitMs === 0) throw first
  try {
    for await (const holders of client.watch(key, { signal: AbortSignal.any([signal, over]) })) {
      const content = holders > 0 ? await client.open(key, options).catch(noHolderOnly) : first
      if (!(content instanceof MayflyError)) return content
    }
  } catch (error) {
    if (!over.aborted || signal.aborted) throw error
  }
  throw first
}

function noHolderOnly(error: unknown): MayflyError {
  if (error instanceof MayflyError && error.code === 'ERR_NO_HOLDER') return error
  throw error
}

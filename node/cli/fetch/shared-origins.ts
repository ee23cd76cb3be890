/** The origins for links that others can open: a gateway that is joined by a name of this machine says at which URL other people reach it. */

import type { AbortOptions } from '../../index.ts'
import { originOfAddress } from '../../network/addresses.ts'
import { createGatewayClient } from './gateway-client.ts'

/** How long a gateway on this machine may take to answer, in ms. */
const ASK_MS = 2_000
/** Names at which nobody but this machine finds the gateway. */
const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * By the origin of each gateway that is joined, the origin for links.
 *
 * @throws signal.reason, when aborted
 */
export async function findSharedOrigins(join: readonly string[], options: AbortOptions): Promise<Map<string, string>> {
  const found = await Promise.all(
    join.map(async (address): Promise<[string, string][]> => {
      const origin = originOfAddress(address)
      return origin === undefined ? [] : [[origin, await sharedOriginOf(origin, options)]]
    }),
  )
  return new Map(found.flat())
}

async function sharedOriginOf(origin: string, { signal }: AbortOptions): Promise<string> {
  if (!LOCAL_NAMES.has(new URL(origin).hostname)) return origin
  try {
    const { url } = await createGatewayClient(origin, { timeoutMs: ASK_MS }).status(signal === undefined ? {} : { signal })
    return typeof url === 'string' ? new URL(url).origin : origin
  } catch {
    signal?.throwIfAborted()
    return origin // it does not answer now, or its URL cannot be read
  }
}

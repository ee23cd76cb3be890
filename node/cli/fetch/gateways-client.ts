/**
 * Several gateways as one network client: the next is asked when one cannot be reached. Content of one piece comes over HTTP, and so does larger
 * content that one of them holds. Other content comes through the overlay, from several holders at once; its code is loaded only then.
 */

import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { MayflyError } from '../../errors.ts'
import type { Key, OpenedContent } from '../../index.ts'
import { countBytesApart } from '../../server/port/byte-memory.ts'
import { createGatewayClient, type GatewayClient } from './gateway-client.ts'
import { createLazyOverlay } from './lazy-overlay.ts'
import type { NetworkClient, NetworkClientOptions } from './network-client.ts'

/** Waits between rounds of attempts to watch again. */
const RETRY = { firstMs: 250, maxMs: 10_000 } as const

export function openGatewaysClient(options: NetworkClientOptions): NetworkClient {
  const { join, timeoutMs, onRetry } = options
  const gateways = join.map((origin) => createGatewayClient(origin, { timeoutMs }))
  const overlay = createLazyOverlay(options)

  return {
    async open(key, options = {}) {
      const { outline } = options
      // Only large content has an outline.
      if (outline !== undefined) {
        countBytesApart()
        const { openLarge } = await import('./large-content.ts')
        return openLarge(key, { ...options, outline }, { origins: join, joinOverlay: overlay.join })
      }
      try {
        // Wrong bytes are one gateway's fault, and "nobody" may be one partition's word: all gateways are asked for content.
        return await askInTurn(
          gateways,
          (error) => !isTooLarge(error),
          async (gateway) => wholeContent(key, await gateway.content(key, options), gateway),
        )
      } catch (error) {
        if (!isTooLarge(error)) throw error
        return (await overlay.join()).open(key, options)
      }
    },
    count: (key, options) => askInTurn(gateways, isUnreachable, (gateway) => gateway.count(key, options)),
    async *watch(key, options = {}) {
      const backoff = createBackoff(RETRY, Math.random)
      let last: number | undefined
      for (let turn = 0; ; turn++) {
        const gateway = gateways[turn % gateways.length] as GatewayClient
        try {
          for await (const holders of gateway.watch(key, options)) {
            backoff.reset()
            if (holders !== last) yield holders
            last = holders
          }
        } catch (error) {
          options.signal?.throwIfAborted()
          const isLastToTry = last === undefined && turn + 1 >= gateways.length
          if (!isUnreachable(error) || isLastToTry) throw error
          onRetry?.(error)
        }
        if (turn + 1 >= gateways.length) await delay(backoff.next(), options)
      }
    },
    close: overlay.close,
  }
}

/** Content whose bytes have arrived already and were checked. */
function wholeContent(key: Key, bytes: Uint8Array, { origin }: GatewayClient): OpenedContent {
  const size = bytes.byteLength
  return {
    key,
    size,
    isTrusted: true,
    from: origin,
    async *read({ offset, length } = { offset: 0, length: size }) {
      if (length > 0) yield bytes.subarray(offset, offset + length)
    },
  }
}

/** @throws the last failure, preferably of a gateway that could be reached */
async function askInTurn<T>(
  gateways: GatewayClient[],
  isWorthAnother: (error: unknown) => boolean,
  ask: (gateway: GatewayClient) => Promise<T>,
): Promise<T> {
  let worst: unknown
  for (const gateway of gateways) {
    try {
      return await ask(gateway)
    } catch (error) {
      if (!(error instanceof MayflyError) || !isWorthAnother(error)) throw error
      if (worst === undefined || isUnreachable(worst)) worst = error
    }
  }
  throw worst
}

function isTooLarge(error: unknown): boolean {
  return error instanceof MayflyError && error.code === 'ERR_TOO_LARGE'
}

function isUnreachable(error: unknown): error is MayflyError {
  return error instanceof MayflyError && error.code === 'ERR_NO_NETWORK'
}

/**
 * Several gateways as one entrance: the next is asked when one cannot be reached. What fits in one piece they give over HTTP; larger content
 * comes through the overlay, which checks each piece, takes it from several holders at once, and is loaded only then.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { MayflyError } from '../../errors.ts'
import type { OpenedContent } from '../../index.ts'
import type { Key } from '../../types.ts'
import type { Entrance, EntranceOptions } from './entrance.ts'
import { createGatewayClient, type GatewayClient } from './gateway-client.ts'

/** Between two attempts to watch again, in ms; doubled after each that fails. */
const RETRY_MS = { first: 250, longest: 10_000 } as const

export function openGatewayEntrance(options: EntranceOptions): Entrance {
  const { join, timeoutMs, onRetry } = options
  const gateways = join.map((origin) => createGatewayClient(origin, { timeoutMs }))
  let overlay: Promise<Entrance> | undefined

  const enterOverlay = async (): Promise<Entrance> => {
    const { openOverlayEntrance } = await import('./overlay-entrance.ts')
    overlay ??= openOverlayEntrance(options)
    return overlay
  }

  return {
    async open(key, options = {}) {
      // An outline's hash says that it is large.
      if (options.outline !== undefined) return (await enterOverlay()).open(key, options)
      try {
        // Wrong bytes are one gateway's fault, and "nobody" may be one partition's word: content is asked of all.
        return await askInTurn(gateways, isOfOneGateway, async (gateway) => wholeContent(key, await gateway.content(key, options), gateway))
      } catch (error) {
        if (!isTooLarge(error)) throw error
        return (await enterOverlay()).open(key, options)
      }
    },
    count: (key, options) => askInTurn(gateways, isUnreachable, (gateway) => gateway.count(key, options)),
    async *watch(key, options = {}) {
      let retryMs: number = RETRY_MS.first
      let last: number | undefined
      for (let turn = 0; ; turn++) {
        const gateway = gateways[turn % gateways.length] as GatewayClient
        try {
          for await (const holders of gateway.watch(key, options)) {
            retryMs = RETRY_MS.first
            if (holders !== last) yield holders
            last = holders
          }
        } catch (error) {
          options.signal?.throwIfAborted()
          const isLastToTry = last === undefined && turn + 1 >= gateways.length
          if (!isUnreachable(error) || isLastToTry) throw error
          onRetry?.(error)
        }
        if (turn + 1 < gateways.length) continue
        await delay(retryMs, undefined, options)
        retryMs = Math.min(2 * retryMs, RETRY_MS.longest)
      }
    },
    async close() {
      const entered = await overlay?.catch(() => undefined)
      await entered?.close()
    },
  }
}

/** What has come already, and was checked. */
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

/** @throws what the last one said, or what one that could be reached said */
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

function isOfOneGateway(error: unknown): boolean {
  return !isTooLarge(error)
}

function isUnreachable(error: unknown): error is MayflyError {
  return error instanceof MayflyError && error.code === 'ERR_NO_NETWORK'
}

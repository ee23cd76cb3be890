/** Several gateways as one entrance: the next is asked when one cannot be reached. */

import { setTimeout as delay } from 'node:timers/promises'
import { MayflyError } from '../errors.ts'
import type { Entrance, EntranceOptions } from './entrance.ts'
import { createGatewayClient, type GatewayClient } from './gateway-client.ts'

/** Between two attempts to watch again, in ms; doubled after each that fails. */
const RETRY_MS = { first: 250, longest: 10_000 } as const

export function openGatewayEntrance({ join, timeoutMs, onRetry }: EntranceOptions): Entrance {
  const gateways = join.map((origin) => createGatewayClient(origin, { timeoutMs }))

  return {
    // Wrong bytes are one gateway's fault, and "nobody" may be one partition's word: content is asked of all.
    get: (key, options) =>
      askInTurn(
        gateways,
        () => true,
        (gateway) => gateway.content(key, options),
      ),
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
    async close() {},
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

function isUnreachable(error: unknown): error is MayflyError {
  return error instanceof MayflyError && error.code === 'ERR_NO_NETWORK'
}

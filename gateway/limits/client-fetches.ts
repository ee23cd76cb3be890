/**
 * Limits on the content that one client takes: how many fetches at once, and how many bytes per second. One fetch too many is refused. Bytes
 * that come too fast are delayed, which slows down their holders too, so nothing piles up here.
 */

import { type ByteRate, createByteRate, RATED_BYTES } from '../../node/async/byte-rate.ts'
import type { ClientAddress } from '../../node/index.ts'
import type { GatewayLimits, GatewayRequest, ReadBytes } from '../types.ts'
import { createClientQuota } from './client-quota.ts'

type FetchLimits = Pick<GatewayLimits, 'maxFetches' | 'maxFetchesPerAddress' | 'maxBytesPerSecondPerAddress'>

/** @param limits are read at each use, so they may change */
export function createClientFetches(limits: FetchLimits) {
  const quota = createClientQuota({
    get maxOpen() {
      return limits.maxFetches
    },
    get maxOpenPerAddress() {
      return limits.maxFetchesPerAddress
    },
    what: 'fetches at once',
  })
  const rate = createByteRate({ bytesPerSecond: () => limits.maxBytesPerSecondPerAddress })

  /** Delays a small answer, whose bytes are all in memory, until the client may have the whole of it. */
  async function payWhole({ headers }: Response, client: string, signal: AbortSignal): Promise<void> {
    const size = Number(headers.get('content-length') ?? 0)
    for (let left = size; left > 0; left -= RATED_BYTES) await rate.take(client, Math.min(left, RATED_BYTES), { signal })
  }

  return {
    /** True when the client may have a whole small answer at once, which is under way for no time. */
    isFree: ({ isLocal, group }: ClientAddress): boolean => isLocal || (!rate.isLimited && quota.hasRoom(group)),
    /** Fetches under way. */
    get size(): number {
      return quota.size
    },
    /**
     * Answers with content within the client's limits. This machine is exempt.
     *
     * @throws {ProblemError} 429
     */
    async run(incoming: GatewayRequest, answer: () => Promise<Response>): Promise<Response> {
      const { address } = incoming.client
      if (address.isLocal) return answer()
      const leave = quota.enter(address)
      let isStream = false
      incoming.fetch = {
        pace: (read) => (rate.isLimited ? paced(read, rate, address.group) : read),
        stream() {
          isStream = true
          return leave
        },
      }
      try {
        const response = await answer()
        const isDelayed = !isStream && rate.isLimited && incoming.request.method !== 'HEAD'
        if (isDelayed) await payWhole(response, address.group, incoming.request.signal)
        return response
      } finally {
        if (!isStream) leave()
      }
    },
  }
}

function paced(read: ReadBytes, rate: ByteRate, client: string): ReadBytes {
  return async function* (signal, keepsNothing) {
    for await (const bytes of read(signal, keepsNothing)) {
      for (let at = 0; at < bytes.byteLength; at += RATED_BYTES) {
        const part = bytes.subarray(at, at + RATED_BYTES)
        await rate.take(client, part.byteLength, { signal })
        yield part
      }
    }
  }
}

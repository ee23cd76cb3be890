/**
 * What one client takes of content: how much at once, and how fast. Refuses one fetch too many; slows down what is too fast, so that the
 * holders are slowed down with it and nothing piles up here.
 */

import { type ByteRate, createByteRate, RATED_BYTES } from '../../node/index.ts'
import { addressGroup, isLoopback } from '../http/client-address.ts'
import type { GatewayLimits, GatewayRequest, ReadBytes } from '../types.ts'
import { OpenRequests } from './open-requests.ts'

type FetchLimits = Pick<GatewayLimits, 'maxFetches' | 'maxFetchesPerAddress' | 'maxBytesPerSecondPerAddress'>

export class ClientFetches {
  readonly #open: OpenRequests
  readonly #rate: ByteRate

  constructor(limits: FetchLimits) {
    const { maxFetches, maxFetchesPerAddress, maxBytesPerSecondPerAddress } = limits
    this.#open = new OpenRequests({ maxOpen: maxFetches, maxOpenPerAddress: maxFetchesPerAddress, what: 'fetches at once' })
    this.#rate = createByteRate({ bytesPerSecond: maxBytesPerSecondPerAddress })
  }

  /** Fetches under way. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Answers with content within the client's limits.
   *
   * @throws {ProblemError} 429
   */
  async run(incoming: GatewayRequest, answer: () => Promise<Response>): Promise<Response> {
    const { address = '' } = incoming.client
    if (isLoopback(address)) return answer()
    const leave = this.#open.enter(address)
    const client = addressGroup(address)
    let isStream = false
    incoming.fetch = {
      pace: (read) => (this.#rate.isLimited ? paced(read, this.#rate, client) : read),
      stream() {
        isStream = true
        return leave
      },
    }
    try {
      const response = await answer()
      if (!isStream && this.#rate.isLimited && incoming.request.method !== 'HEAD')
        await this.#payWhole(response, client, incoming.request.signal)
      return response
    } finally {
      if (!isStream) leave()
    }
  }

  /** What is in memory already is one small answer: it comes late, in one go. */
  async #payWhole({ headers }: Response, client: string, signal: AbortSignal): Promise<void> {
    const size = Number(headers.get('content-length') ?? 0)
    for (let left = size; left > 0; left -= RATED_BYTES) await this.#rate.take(client, Math.min(left, RATED_BYTES), { signal })
  }
}

function paced(read: ReadBytes, rate: ByteRate, client: string): ReadBytes {
  return async function* (signal) {
    for await (const bytes of read(signal)) {
      for (let at = 0; at < bytes.byteLength; at += RATED_BYTES) {
        const part = bytes.subarray(at, at + RATED_BYTES)
        await rate.take(client, part.byteLength, { signal })
        yield part
      }
    }
  }
}

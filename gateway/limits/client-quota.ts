/** A quota per client: how many requests that take time (event streams, waits, fetches) may be open, in all and for each client. */

import { createQuota } from '../../node/async/quota.ts'
import type { ClientAddress } from '../../node/index.ts'
import { problemError } from '../http/problem.ts'

/** The numbers are read at each use, so they may change. */
interface ClientQuotaOptions {
  readonly maxOpen: number
  readonly maxOpenPerAddress: number
  /** The counted things, as a refusal names them: "at most 3 …". */
  what?: string
  /** The number of a refusal; see `Problem`. */
  number?: number
}

const RETRY_AFTER_S = 10

export type ClientQuota = ReturnType<typeof createClientQuota>

export function createClientQuota(options: ClientQuotaOptions) {
  const { what = 'requests open', number } = options
  const quota = createQuota({
    get max() {
      return options.maxOpen
    },
    get maxPerKey() {
      return options.maxOpenPerAddress
    },
  })

  return {
    get size(): number {
      return quota.size
    },
    /** True when `enter` would not throw. */
    hasRoom: (group: string): boolean => quota.size < options.maxOpen && quota.of(group) < options.maxOpenPerAddress,
    /**
     * Takes from the client's quota. Returns the function that gives it back, which may be called twice.
     *
     * @param amount how much, 1 unless given
     * @throws {ProblemError} 429, naming the limit
     */
    enter({ group }: ClientAddress, amount = 1): () => void {
      const leave = quota.enter(group, amount)
      if (typeof leave === 'function') return leave
      throw problemError(
        429,
        'ERR_LIMIT',
        `This gateway keeps at most ${leave === 'full' ? `${options.maxOpen} ${what}` : `${options.maxOpenPerAddress} ${what} for one address`}.`,
        { ...(number !== undefined && { number }), advice: 'Close some, or ask again later.', retryAfterS: RETRY_AFTER_S },
      )
    },
  }
}

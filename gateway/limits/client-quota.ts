/** A quota per client: how many requests that take time (event streams, waits, fetches) may be open, in all and for each client. */

import { createQuota, type Quota } from '../../node/async/quota.ts'
import type { ClientAddress } from '../../node/index.ts'
import { problemError } from '../http/problem.ts'

export interface ClientQuotaOptions {
  maxOpen: number
  maxOpenPerAddress: number
  /** The counted things, as a refusal names them: "at most 3 …". */
  what?: string
  /** The number of a refusal; see `Problem`. */
  number?: number
}

const RETRY_AFTER_S = 10

export class ClientQuota {
  readonly #quota: Quota
  readonly #options: ClientQuotaOptions

  constructor(options: ClientQuotaOptions) {
    this.#options = options
    this.#quota = createQuota({ max: options.maxOpen, maxPerKey: options.maxOpenPerAddress })
  }

  get size(): number {
    return this.#quota.size
  }

  /**
   * Takes from the client's quota. Returns the function that gives it back, which may be called twice.
   *
   * @param amount how much, 1 unless given
   * @throws {ProblemError} 429, naming the limit
   */
  enter({ group }: ClientAddress, amount = 1): () => void {
    const leave = this.#quota.enter(group, amount)
    if (typeof leave === 'function') return leave
    const { maxOpen, maxOpenPerAddress, what = 'requests open', number } = this.#options
    throw problemError(
      429,
      'ERR_LIMIT',
      leave === 'full'
        ? `This gateway keeps at most ${maxOpen} ${what}.`
        : `This gateway keeps at most ${maxOpenPerAddress} ${what} for one address.`,
      { ...(number !== undefined && { number }), advice: 'Close some, or ask again later.', retryAfterS: RETRY_AFTER_S },
    )
  }
}

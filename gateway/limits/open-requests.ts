/** Counts requests that take time (event streams, waits, fetches), in all and for each client address, and refuses one too many. */

import { addressGroup } from '../http/client-address.ts'
import { ProblemError } from '../http/problem.ts'

export interface OpenRequestsOptions {
  maxOpen: number
  maxOpenPerAddress: number
  /** What is counted, as a refusal says it: "at most 3 …". */
  what?: string
  /** Of a refusal; see `Problem`. */
  number?: number
}

const RETRY_AFTER_S = 10

export class OpenRequests {
  /** By address group. Bounded: maxOpen, since only addresses with something open are in it. */
  readonly #byAddress = new Map<string, number>()
  readonly #options: OpenRequestsOptions
  #open = 0

  constructor(options: OpenRequestsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#open
  }

  /**
   * Takes a place. Returns the function that gives it back, which may be called twice.
   *
   * @throws {ProblemError} 429, naming the limit
   */
  enter(address: string): () => void {
    const { maxOpen, maxOpenPerAddress, what = 'requests open', number } = this.#options
    const group = addressGroup(address)
    const mine = this.#byAddress.get(group) ?? 0
    if (this.#open >= maxOpen) throw tooMany(`This gateway keeps at most ${maxOpen} ${what}.`, number)
    if (mine >= maxOpenPerAddress) throw tooMany(`This gateway keeps at most ${maxOpenPerAddress} ${what} for one address.`, number)
    this.#open++
    this.#byAddress.set(group, mine + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      this.#open--
      const still = (this.#byAddress.get(group) ?? 1) - 1
      if (still === 0) this.#byAddress.delete(group)
      else this.#byAddress.set(group, still)
    }
  }
}

function tooMany(message: string, number: number | undefined): ProblemError {
  return new ProblemError({
    status: 429,
    code: 'ERR_LIMIT',
    ...(number !== undefined && { number }),
    message,
    advice: 'Close some, or ask again later.',
    retryAfterS: RETRY_AFTER_S,
  })
}

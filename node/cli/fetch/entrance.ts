/** Where a short command enters the network: gateways, asked over HTTP, or the overlay itself. Which of the two is `open-entrance.ts`. */

import type { MayflyError } from '../../errors.ts'
import type { OpenedContent, OpenOptions } from '../../index.ts'
import type { AbortOptions, Key } from '../../types.ts'

export interface Entrance {
  /**
   * Content of any size, to be read before the entrance is closed.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  open(key: Key, options?: OpenOptions): Promise<OpenedContent>
  /** How many hold the key now. */
  count(key: Key, options?: AbortOptions): Promise<number>
  /** How many hold the key: at once, and after each change, until aborted. Says ERR_NO_NETWORK only before the first number. */
  watch(key: Key, options?: AbortOptions): AsyncIterable<number>
  close(): Promise<void>
}

export interface EntranceOptions extends AbortOptions {
  /** Gateways' origins, multiaddrs, or both. */
  join: string[]
  /** How long to try to reach the network, in ms. */
  timeoutMs: number
  /** Told of each failure that is tried again. */
  onRetry?: (error: MayflyError) => void
}

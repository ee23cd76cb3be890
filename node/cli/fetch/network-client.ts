/** How a short command asks the network: gateways over HTTP, or the overlay itself. `open-network-client.ts` chooses. */

import type { AbortOptions, Key, MayflyError, OpenedContent, OpenOptions } from '../../index.ts'

export interface NetworkClient {
  /**
   * Opens content of any size. It can be read until the client is closed.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  open(key: Key, options?: OpenOptions): Promise<OpenedContent>
  /** The number of holders now. */
  count(key: Key, options?: AbortOptions): Promise<number>
  /** The number of holders, at once and after each change, until aborted. Throws ERR_NO_NETWORK only before the first number. */
  watch(key: Key, options?: AbortOptions): AsyncIterable<number>
  close(): Promise<void>
}

export interface NetworkClientOptions extends AbortOptions {
  /** Gateways' origins, multiaddrs, or both. */
  join: string[]
  /** How long to try to reach the network, in ms. */
  timeoutMs: number
  /** Called before each retry, with the failure. */
  onRetry?: (error: MayflyError) => void
}

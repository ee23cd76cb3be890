/** Calls of a peer of another system, the same for each. Types only. */

export interface OtherPeerCalls extends Record<string, (argument: never) => unknown> {
  /**
   * @param entry URL of the module that gives the system's packages
   * Resolves with the address that others take as `bootstrap`.
   */
  start(options: { entry: string; bootstrap: string | undefined }): Promise<string>
  /** Resolves once it knows so many others, or its system says that it is ready. */
  settle(options: { known: number }): Promise<void>
  /** Keeps the pages and announces them. */
  provide(pages: Uint8Array[]): Promise<void>
  /** Resolves with the times from the search to checked bytes, in ms. */
  read(keys: Uint8Array[]): Promise<number[]>
  /** A new peer for each key, from making it to checked bytes. */
  readFromNothing(options: { bootstrap: string; keys: Uint8Array[] }): Promise<number[]>
}

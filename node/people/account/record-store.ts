/** Small named records that outlive the process, as an account's store keeps them. */
export interface RecordStore {
  /** The record; undefined when there is none. */
  load(name: string): Promise<Uint8Array | undefined>
  /**
   * Changes a record in one step: of all that share the store (tabs of one browser), one at a time. Resolves once the change is durable.
   *
   * @param update from what is stored to what is to be; undefined leaves the record as it is
   * @returns what is stored now
   * @throws {MayflyError} ERR_NOT_STORED; what was stored stays
   */
  change(name: string, update: (before: Uint8Array | undefined) => Uint8Array | undefined): Promise<Uint8Array | undefined>
  /** Hears of changed records, those that another tab changed among them. Returns the function that ends it. */
  onChange(listener: (name: string) => void): () => void
}

/** Entries of a received share on their way, and contents that are being removed: which of them run, and which were forgotten meanwhile. */

/** An entry on its way, or all those of a zip file. */
export interface Attempt {
  /** Aborted when it is to stop, which takes a while. */
  readonly signal: AbortSignal
  /** Nobody wants this entry of it any more. */
  isForgotten(id: number): boolean
}

interface Sized {
  id: number
  /** In bytes. */
  size: number
}

interface RunningAttempt extends Attempt {
  controller: AbortController
  hash: string | undefined
  /** Bounded by the files of a zip. */
  forgotten: Set<number>
  /** Never rejects. */
  ended: Promise<void>
}

export class EntryAttempts {
  readonly #signal: AbortSignal
  /** By entry. Bounded by the entries that run at once, and the files of a zip. */
  readonly #running = new Map<number, RunningAttempt>()
  /** Bytes of each entry that runs. */
  readonly #sizes = new Map<number, number>()
  /** Contents that are being removed. Bounded by the entries that were cancelled. */
  readonly #removing = new Set<string>()

  /** @param signal ends all of them */
  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Entries that run. */
  get size(): number {
    return this.#running.size
  }

  /** Entries that run, of those sizes. */
  count(isOne: (entry: { size: number }) => boolean): number {
    return [...this.#sizes.values()].filter((size) => isOne({ size })).length
  }

  some(isOne: (id: number) => boolean): boolean {
    return [...this.#running.keys()].some(isOne)
  }

  has(id: number): boolean {
    return this.#running.has(id)
  }

  /** The content is being received, saved or removed: an entry that has it waits. */
  isInUse(hash: string | undefined): boolean {
    return hash !== undefined && (this.#removing.has(hash) || [...this.#running.values()].some((other) => other.hash === hash))
  }

  /** @param work never rejects @param onEnd the entries do not run any more */
  begin(entries: readonly Sized[], hash: string | undefined, work: (attempt: Attempt) => Promise<void>, onEnd: () => void): void {
    const [controller, forgotten] = [new AbortController(), new Set<number>()]
    const signal = AbortSignal.any([controller.signal, this.#signal])
    const attempt = { controller, hash, forgotten, signal, ended: Promise.resolve(), isForgotten: (id: number) => forgotten.has(id) }
    for (const { id, size } of entries) {
      this.#running.set(id, attempt)
      this.#sizes.set(id, size)
    }
    attempt.ended = work(attempt).then(() => {
      for (const { id } of entries) {
        this.#running.delete(id)
        this.#sizes.delete(id)
      }
      onEnd()
    })
  }

  stopAll(): void {
    for (const { controller } of this.#running.values()) controller.abort()
  }

  /** Resolves when the entry is not written any more. */
  forget(id: number): Promise<void> {
    const attempt = this.#running.get(id)
    attempt?.forgotten.add(id)
    attempt?.controller.abort()
    return attempt?.ended ?? Promise.resolve()
  }

  /** @param remove the content, which is not in use */
  async remove(hash: string, remove: () => Promise<void>): Promise<void> {
    this.#removing.add(hash)
    try {
      await remove()
    } finally {
      this.#removing.delete(hash)
    }
  }
}

/** How far the files of a transfer are, taken together. */

import type { FileTransferState } from './file-transfer.ts'
import { Pace } from './pace.ts'

export class FileProgress {
  /** In bytes, by hash. */
  readonly #sizes: ReadonlyMap<string, number>
  /** By hash: those under way. Bounded by the files. */
  readonly #states = new Map<string, FileTransferState>()
  /** By hash. Bounded by the files. */
  readonly #held = new Set<string>()
  readonly #pace = new Pace()
  #got: number | undefined

  constructor(files: readonly { hash: string; size: number }[]) {
    this.#sizes = new Map(files.map(({ hash, size }) => [hash, size]))
  }

  /** That of the file which is furthest from being held: while one comes, it goes on. */
  get phase(): FileTransferState['phase'] {
    const phases = [...this.#states.values()].map(({ phase }) => phase)
    if (phases.includes('running')) return 'running'
    if (phases.includes('waiting')) return 'waiting'
    return phases.includes('checking') ? 'checking' : 'running'
  }

  set(hash: string, state: FileTransferState): void {
    this.#states.set(hash, state)
    const got = this.#sum(false)
    // What was there before it began is no speed.
    if (this.#got !== undefined && got > this.#got && state.phase === 'running') this.#pace.add(got - this.#got)
    this.#got = got
  }

  setHeld(hash: string): void {
    this.#states.delete(hash)
    this.#held.add(hash)
    this.#got = this.#sum(false)
  }

  facts(): { phase: FileTransferState['phase']; done: number; bytesPerSecond: number } {
    const { phase } = this
    return { phase, done: this.#sum(phase === 'checking'), bytesPerSecond: phase === 'running' ? this.#pace.bytesPerSecond() : 0 }
  }

  /** @param isRead whether what is checked counts as far as it was read again, or as whole */
  #sum(isRead: boolean): number {
    let sum = 0
    for (const hash of this.#held) sum += this.#sizes.get(hash) ?? 0
    for (const [hash, { phase, done }] of this.#states) sum += phase === 'checking' && !isRead ? (this.#sizes.get(hash) ?? 0) : done
    return sum
  }
}

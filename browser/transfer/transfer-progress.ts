/** The progress of a transfer: the sum of its files. */

import type { FileTransferState } from './file-transfer.ts'
import { Pace } from './pace.ts'

export class TransferProgress {
  /** In bytes, by hash. */
  readonly #sizes: ReadonlyMap<string, number>
  /** Files under way, by hash. Bounded by the files. */
  readonly #states = new Map<string, FileTransferState>()
  /** By hash. Bounded by the files. */
  readonly #held = new Set<string>()
  readonly #pace = new Pace()
  #received: number | undefined

  constructor(files: readonly { hash: string; size: number }[]) {
    this.#sizes = new Map(files.map(({ hash, size }) => [hash, size]))
  }

  /** The phase of the file that is furthest from being held: 'running' as long as one file is. */
  get phase(): FileTransferState['phase'] {
    const phases = [...this.#states.values()].map(({ phase }) => phase)
    return (['running', 'waiting', 'checking'] as const).find((phase) => phases.includes(phase)) ?? 'running'
  }

  set(hash: string, state: FileTransferState): void {
    this.#states.set(hash, state)
    const received = this.#sum(false)
    // Bytes that were stored before the transfer began do not count as throughput.
    if (this.#received !== undefined && received > this.#received && state.phase === 'running') this.#pace.add(received - this.#received)
    this.#received = received
  }

  setHeld(hash: string): void {
    this.#states.delete(hash)
    this.#held.add(hash)
    this.#received = this.#sum(false)
  }

  facts(): { phase: FileTransferState['phase']; done: number; bytesPerSecond: number } {
    const { phase } = this
    return { phase, done: this.#sum(phase === 'checking'), bytesPerSecond: phase === 'running' ? this.#pace.bytesPerSecond() : 0 }
  }

  /** @param isRead count files in 'checking' by the bytes read again, and not as complete */
  #sum(isRead: boolean): number {
    let sum = 0
    for (const hash of this.#held) sum += this.#sizes.get(hash) ?? 0
    for (const [hash, { phase, done }] of this.#states) sum += phase === 'checking' && !isRead ? (this.#sizes.get(hash) ?? 0) : done
    return sum
  }
}

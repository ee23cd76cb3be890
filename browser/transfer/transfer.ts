/**
 * Gets content that is too large to be held without being asked for, and holds it: one file, or the files of a bundle, a few at once, its
 * list last. It waits for holders, may be paused, and goes on where it stopped, also in the tab after a reload. How one file comes is left
 * to `file-transfer.ts`, which transfers there are to `transfers.ts`.
 */

import { Cell, type ReadableCell } from '../cell.ts'
import { fromBase64 } from '../content/base64.ts'
import type { BundleFile } from '../content/bundle-files.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { FileProgress } from './file-progress.ts'
import { type FileTransferState, getFile } from './file-transfer.ts'
import type { ReceivedFiles } from './received-files.ts'

/** What to get. Written into the tab's storage, so it is plain data. */
export interface TransferPlan {
  hash: string
  label: string
  /** A single content is one file; a bundle has several, each with its path as its label. */
  files: readonly BundleFile[]
  /** The list of a bundle, in base64. */
  bundle?: string
}

/** 'waiting': for somebody who has what is missing, or for the network; it goes on by itself. */
export type TransferPhase = 'running' | 'waiting' | 'checking' | 'paused' | 'failed' | 'done'

export interface TransferState {
  phase: TransferPhase
  /** Bytes got (in 'checking': read again), of all. */
  done: number
  total: number
  bytesPerSecond: number
  /** The hash of the file that is being got. */
  file?: string
  /** Why it failed, in words. */
  reason?: string
}

export interface TransferOptions {
  plan: TransferPlan
  session: PeerSession
  holdings: Holdings
  files: ReceivedFiles
}

export const TRANSFER_DEFAULTS = {
  maxFilesAtOnce: 3, // each has several pieces under way
  sayEveryMs: 100, // painting each piece would take longer than getting it
} as const

export class Transfer {
  readonly plan: TransferPlan
  readonly #options: TransferOptions
  readonly #state: Cell<TransferState>
  #running: { controller: AbortController; ended: Promise<void> } | undefined

  constructor(options: TransferOptions) {
    this.plan = options.plan
    this.#options = options
    const total = this.plan.files.reduce((sum, { size }) => sum + size, 0)
    this.#state = new Cell<TransferState>({ phase: 'paused', done: 0, total, bytesPerSecond: 0 })
  }

  get state(): ReadableCell<TransferState> {
    return this.#state
  }

  /** Begins, or goes on. Nothing while it runs. */
  start(): void {
    if (this.#running) return
    const controller = new AbortController()
    this.#say({ phase: 'running', bytesPerSecond: 0 })
    this.#running = { controller, ended: this.#run(controller.signal) }
  }

  /** Stops, and keeps what has come. Resolves once nothing is written any more. */
  async pause(): Promise<void> {
    const running = this.#running
    running?.controller.abort()
    await running?.ended
    if (this.#state.get().phase !== 'done') this.#say({ phase: 'paused', bytesPerSecond: 0 })
  }

  /** Stops, and removes what has come and is not held. */
  async cancel(): Promise<void> {
    await this.pause()
    await this.#removeUnheld()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { holdings, session } = this.#options
    const { plan } = this
    try {
      if (session.connection.get().state !== 'joined') this.#say({ phase: 'waiting' })
      await session.joined({ signal })
      await this.#getFiles(signal)
      if (plan.bundle !== undefined) {
        const bytes = fromBase64(plan.bundle)
        await holdings.makeBundle(bytes, { label: plan.label, parts: plan.files.map(({ hash }) => hash), madeHere: false })
      }
      this.#say({ phase: 'done', bytesPerSecond: 0 })
    } catch (error) {
      if (!signal.aborted) this.#say({ phase: 'failed', bytesPerSecond: 0, reason: error instanceof Error ? error.message : String(error) })
    } finally {
      this.#running = undefined
    }
  }

  /** A few at once, the others as those are done. */
  async #getFiles(given: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const signal = AbortSignal.any([given, failed.signal])
    const { holdings } = this.#options
    const left = [...this.plan.files]
    const progress = new FileProgress(this.plan.files)
    const isDue = every(TRANSFER_DEFAULTS.sayEveryMs)
    const getNext = async (): Promise<void> => {
      for (let file = left.shift(); file !== undefined; file = left.shift()) {
        const { hash } = file
        signal.throwIfAborted()
        const onState = (state: FileTransferState) => {
          const phase = progress.phase
          progress.set(hash, state)
          if (progress.phase !== phase || isDue()) this.#say({ ...progress.facts(), file: hash })
        }
        if (!holdings.has(hash)) await getFile({ ...this.#options, file, isPart: this.plan.bundle !== undefined, signal, onState })
        progress.setHeld(hash)
        this.#say(progress.facts())
      }
    }
    const runs = Array.from({ length: Math.min(TRANSFER_DEFAULTS.maxFilesAtOnce, left.length) }, getNext)
    try {
      await Promise.all(runs)
    } catch (error) {
      failed.abort(error)
      throw error
    } finally {
      await Promise.allSettled(runs)
    }
  }

  async #removeUnheld(): Promise<void> {
    const { files, holdings } = this.#options
    for (const { hash } of this.plan.files) if (!holdings.has(hash)) await files.remove(hash)
  }

  #say(change: Partial<TransferState>): void {
    this.#state.update((state) => ({ ...state, ...change }))
  }
}

/** True at most once in so many ms. */
function every(ms: number): () => boolean {
  let nextAtMs = 0
  return () => {
    const nowMs = performance.now()
    if (nowMs < nextAtMs) return false
    nextAtMs = nowMs + ms
    return true
  }
}

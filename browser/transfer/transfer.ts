/**
 * Fetches content that is too large to be held automatically, and holds it: one file, or the files of a bundle, a few at once, and its list
 * last. A transfer waits for holders, may be paused, and resumes where it stopped, also after a reload. `file-transfer.ts` fetches one
 * file; `transfers.ts` has the list of transfers.
 */

import { fewAtOnce } from '../../node/async/few-at-once.ts'
import { Cell } from '../cell.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { fromBase64 } from '../text/base64.ts'
import { type FileTransferState, fetchFile } from './file-transfer.ts'
import type { ReceivedFiles } from './received-files.ts'
import { bytesIn, type TransferPlan } from './transfer-plan.ts'
import { TransferProgress } from './transfer-progress.ts'

/** 'waiting': for a peer that has what is missing, or for the network. It continues by itself. */
type TransferPhase = 'running' | 'waiting' | 'checking' | 'paused' | 'failed' | 'done'

interface TransferState {
  phase: TransferPhase
  /** Bytes received; in 'checking', bytes read again. */
  done: number
  total: number
  bytesPerSecond: number
  /** Hash of the file that made progress last. */
  file?: string
  /** Why it failed. */
  reason?: string
}

interface TransferOptions {
  plan: TransferPlan
  session: PeerSession
  holdings: Holdings
  files: ReceivedFiles
}

export const TRANSFER_DEFAULTS = {
  maxFilesAtOnce: 3, // each of them requests several pieces at once
  reportEveryMs: 100, // painting each piece would take longer than receiving it
} as const

export class Transfer {
  readonly plan: TransferPlan
  readonly #options: TransferOptions
  readonly state: Cell<TransferState>
  #running: { controller: AbortController; ended: Promise<void> } | undefined
  /** False from the moment in which it is paused, though it takes some time to stop. */
  #isWanted = false

  constructor(options: TransferOptions) {
    this.plan = options.plan
    this.#options = options
    const total = bytesIn(this.plan)
    this.state = new Cell<TransferState>({ phase: 'paused', done: 0, total, bytesPerSecond: 0 })
  }

  /** Starts or resumes; does nothing while it runs. */
  start(): void {
    this.#isWanted = true
    if (this.#running) return // or it goes on as soon as it has stopped
    const controller = new AbortController()
    this.#report({ phase: 'running', bytesPerSecond: 0 })
    this.#running = { controller, ended: this.#run(controller.signal) }
  }

  /** Stops, and keeps received pieces. Resolves when nothing is written any more. */
  async pause(): Promise<void> {
    this.#isWanted = false
    const running = this.#running
    running?.controller.abort()
    await running?.ended
    if (!this.#isWanted && this.state.get().phase !== 'done') this.#report({ phase: 'paused', bytesPerSecond: 0 })
  }

  /** Stops, and removes received files that are not held. */
  async cancel(): Promise<void> {
    await this.pause()
    await this.#removeUnheld()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { holdings, session } = this.#options
    const { plan } = this
    try {
      if (session.connection.get().state !== 'joined') this.#report({ phase: 'waiting' })
      await session.joined({ signal })
      await this.#fetchFiles(signal)
      if (plan.bundle !== undefined) {
        const bytes = fromBase64(plan.bundle)
        await holdings.holdBytes(bytes, { label: plan.label, parts: plan.files.map(({ hash }) => hash), madeHere: false })
      }
      this.#report({ phase: 'done', bytesPerSecond: 0 })
    } catch (error) {
      if (!signal.aborted)
        this.#report({ phase: 'failed', bytesPerSecond: 0, reason: error instanceof Error ? error.message : String(error) })
    } finally {
      this.#running = undefined
      if (signal.aborted && this.#isWanted) this.start()
    }
  }

  /** Fetches a few files at once. */
  async #fetchFiles(outer: AbortSignal): Promise<void> {
    const { holdings } = this.#options
    const { files, bundle } = this.plan
    const progress = new TransferProgress(files)
    const isDue = every(TRANSFER_DEFAULTS.reportEveryMs)
    const fetchNext = async (file: (typeof files)[number], signal: AbortSignal): Promise<void> => {
      const { hash } = file
      const onState = (state: FileTransferState) => {
        const phase = progress.phase
        progress.set(hash, state)
        if (progress.phase !== phase || isDue()) this.#report({ ...progress.facts(), file: hash })
      }
      if (!holdings.has(hash)) await fetchFile({ ...this.#options, file, isPart: bundle !== undefined, signal, onState })
      progress.setHeld(hash)
      this.#report(progress.facts())
    }
    await fewAtOnce(files, TRANSFER_DEFAULTS.maxFilesAtOnce, fetchNext, { signal: outer })
  }

  async #removeUnheld(): Promise<void> {
    const { files, holdings } = this.#options
    for (const { hash } of this.plan.files) if (!holdings.has(hash)) await files.remove(hash)
  }

  #report(change: Partial<TransferState>): void {
    this.state.update((state) => ({ ...state, ...change }))
  }
}

/** A function that returns true at most once per interval. */
function every(ms: number): () => boolean {
  let nextAtMs = 0
  return () => {
    const nowMs = performance.now()
    if (nowMs < nextAtMs) return false
    nextAtMs = nowMs + ms
    return true
  }
}

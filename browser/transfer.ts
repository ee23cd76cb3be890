/**
 * Gets content that is too large to be held without being asked for: into a file of this tab, piece by piece from several holders, each
 * checked as it comes; then the whole is checked against its address, and held. A bundle's files come one after the other, its list last.
 * It may be paused, and goes on where it stopped, also in the tab after a reload. Which transfers there are is left to `transfers.ts`.
 */

import { fromBase64 } from './base64.ts'
import type { BundleFile } from './bundle-files.ts'
import { Cell, type ReadableCell } from './cell.ts'
import type { Holdings } from './holdings.ts'
import { Pace } from './pace.ts'
import type { PeerSession } from './peer-session.ts'
import { readOpened } from './raw-content.ts'
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

export type TransferPhase = 'running' | 'checking' | 'paused' | 'failed' | 'done'

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
      await session.joined({ signal })
      let before = 0
      for (const file of plan.files) {
        signal.throwIfAborted()
        this.#say({ file: file.hash })
        if (!holdings.has(file.hash)) await this.#get(file, before, signal)
        before += file.size
        this.#say({ done: before })
      }
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

  async #get(file: BundleFile, before: number, signal: AbortSignal): Promise<void> {
    const { holdings, session } = this.#options
    const isPart = this.plan.bundle !== undefined
    const [{ decodeKeyHex }, peer] = await Promise.all([session.library(), session.peer({ signal })])
    const { maxPieceBytes } = peer.status().limits
    if (file.size > maxPieceBytes) return this.#getLarge(file, before, isPart, signal)
    const bytes = await readOpened(await peer.content.open(decodeKeyHex(file.hash), { signal }), maxPieceBytes, signal)
    if (bytes) await holdings.hold(bytes, { isPart })
  }

  async #getLarge({ hash, outline, path, size }: BundleFile, before: number, isPart: boolean, signal: AbortSignal): Promise<void> {
    const { files, holdings, session } = this.#options
    const [{ decodeKeyHex, MayflyError }, peer] = await Promise.all([session.library(), session.peer({ signal })])
    const received = await files.open(hash, size)
    try {
      if (received.done < size) {
        const found = await peer.content.open(decodeKeyHex(hash), { signal, ...(outline && { outline: decodeKeyHex(outline) }) })
        if (found.size !== size) throw new MayflyError('ERR_UNAVAILABLE', `The holder speaks of ${found.size} bytes, not of ${size}`)
        // An outline that no link named is believed for now: the whole is checked before it is held, and thrown away when it was a lie.
        const opened = found.isTrusted || !found.outline ? found : await peer.content.open(found.key, { signal, outline: found.outline })
        const pace = new Pace()
        this.#say({ done: before + received.done })
        for await (const piece of opened.read({ offset: received.done, length: size - received.done }, { signal })) {
          await received.append(piece)
          pace.add(piece.byteLength)
          this.#say({ done: before + received.done, bytesPerSecond: pace.bytesPerSecond() })
        }
      }
    } finally {
      await received.close()
    }
    this.#say({ phase: 'checking', done: before, bytesPerSecond: 0 })
    const blob = await files.get(hash)
    if (blob === undefined) throw new MayflyError('ERR_UNAVAILABLE', 'What had come is not there any more')
    try {
      const onRead = (read: number) => this.#say({ done: before + read })
      await holdings.holdReceived(hash, blob, { label: path, name: path, signal, onRead, isPart, kept: files.outlivesReload })
    } catch (error) {
      if (!signal.aborted) await files.remove(hash) // wrong bytes, or no place to hold them
      throw error
    }
    this.#say({ phase: 'running' })
  }

  async #removeUnheld(): Promise<void> {
    const { files, holdings } = this.#options
    for (const { hash } of this.plan.files) if (!holdings.has(hash)) await files.remove(hash)
  }

  #say(change: Partial<TransferState>): void {
    this.#state.update((state) => ({ ...state, ...change }))
  }
}

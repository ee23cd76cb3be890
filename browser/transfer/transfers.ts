/**
 * The transfers of this tab. They survive a reload: their plans are in session storage, received pieces in the received files. The code that
 * fetches is loaded for the first transfer.
 */

import { loadOnce } from '../../node/async/load-once.ts'
import { Cell } from '../cell.ts'
import { saveStored } from '../content/save-content.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import type { ReceivedFiles } from './received-files.ts'
import type { Transfer } from './transfer.ts'
import type { TransferPlan } from './transfer-plan.ts'

interface TransfersOptions {
  session: PeerSession
  holdings: Holdings
  store: SessionStore
}

const loadStorage = () => import('./open-received-files.ts') // after the first paint

const NEVER = new AbortController().signal
const PREFIX = 'mayfly:transfer:'

interface StoredPlan extends TransferPlan {
  paused: boolean
}

export class Transfers {
  readonly #options: TransfersOptions
  /** By hash. Bounded by the peer's limits on what it holds: each transfer becomes held content, or is cancelled. */
  readonly all = new Cell<ReadonlyMap<string, Transfer>>(new Map())
  /** Hashes of files to save when they are held. Bounded as `all` is. A reload forgets them; the page offers to save the file again. */
  readonly #toSave = new Set<string>()
  /**
   * The storage for received files, opened once: it belongs to this tab's session. The files of ended sessions are removed then.
   *
   * @throws when its code could not be loaded; the next call tries again
   */
  readonly openFiles: () => Promise<ReceivedFiles>

  constructor(options: TransfersOptions) {
    const { store, session } = options
    this.#options = options
    this.openFiles = loadOnce(async () => (await loadStorage()).openReceivedFiles(store, session))
  }

  /** Resumes transfers after a reload, and holds complete ones again. Paused ones stay paused. */
  async restore(): Promise<void> {
    this.#options.holdings.pages.subscribe(() => void this.#dropEnded())
    const { hasReceivedFiles } = await loadStorage()
    if (await hasReceivedFiles()) await this.openFiles() // some session, perhaps an ended one, has left files
    for (const { paused, ...plan } of this.#stored()) {
      const transfer = await this.#add(plan)
      if (!paused) transfer.start()
    }
  }

  /** Starts a transfer, or resumes the one of this content. */
  async begin(plan: TransferPlan): Promise<void> {
    const transfer = this.all.get().get(plan.hash) ?? (await this.#add(plan))
    this.#store(plan, false)
    transfer.start()
  }

  /** Fetches one file, holds it, and hands it to the browser to save, whatever view is on screen by then. */
  async save(plan: TransferPlan): Promise<void> {
    this.#toSave.add(plan.hash)
    await this.begin(plan)
  }

  async resume(hash: string): Promise<void> {
    const transfer = this.all.get().get(hash)
    if (transfer) await this.begin(transfer.plan)
  }

  async pause(hash: string): Promise<void> {
    const transfer = this.all.get().get(hash)
    if (!transfer) return
    this.#store(transfer.plan, true)
    await transfer.pause()
  }

  async cancel(hash: string): Promise<void> {
    const transfer = this.all.get().get(hash)
    this.#drop(hash)
    await transfer?.cancel()
  }

  async #add(plan: TransferPlan): Promise<Transfer> {
    const { Transfer } = await import('./transfer.ts')
    const transfer = new Transfer({ ...this.#options, plan, files: await this.openFiles() })
    this.all.update((all) => new Map(all).set(plan.hash, transfer))
    transfer.state.subscribe(({ phase }) => {
      if (phase === 'done' && this.#toSave.delete(plan.hash)) void this.#handOver(plan)
    })
    return transfer
  }

  async #handOver({ hash, files: [file] }: TransferPlan): Promise<void> {
    const stored = this.#options.holdings.blobOf(hash)
    // It is held: should saving fail, the page offers it again.
    if (file && stored) await saveStored(stored, file.path, NEVER).catch(() => {})
  }

  /** Removes the files of transfers that are done and not held any more. */
  async #dropEnded(): Promise<void> {
    const { holdings } = this.#options
    for (const [hash, transfer] of this.all.get()) {
      if (transfer.state.get().phase === 'done' && !holdings.has(hash)) await this.cancel(hash)
    }
  }

  #store(plan: TransferPlan, paused: boolean): void {
    try {
      this.#options.store.setItem(PREFIX + plan.hash, JSON.stringify({ ...plan, paused } satisfies StoredPlan))
    } catch {
      // Storage is full or switched off: the transfer continues, and is forgotten by a reload.
    }
  }

  #drop(hash: string): void {
    this.#toSave.delete(hash)
    this.#options.store.removeItem(PREFIX + hash)
    this.all.update((all) => new Map([...all].filter(([other]) => other !== hash)))
  }

  #stored(): StoredPlan[] {
    const { store } = this.#options
    const names = Array.from({ length: store.length }, (_, i) => store.key(i)).filter((name) => name?.startsWith(PREFIX))
    return names.flatMap((name) => {
      try {
        return [JSON.parse(store.getItem(name ?? '') ?? '') as StoredPlan]
      } catch {
        return []
      }
    })
  }
}

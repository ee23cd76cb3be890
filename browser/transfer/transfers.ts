/**
 * The transfers of this tab, and what of them outlives a reload: their plans are in the tab's storage, what has come is in its files. The
 * code that gets them is loaded when there is one.
 */

import { Cell, type ReadableCell } from '../cell.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import type { ReceivedFiles } from './received-files.ts'
import type { Transfer, TransferPlan } from './transfer.ts'

export interface TransfersOptions {
  session: PeerSession
  holdings: Holdings
  store: SessionStore
  /** Opens the place for what comes, and removes what ended sessions left there; asked once, when it is needed. */
  openFiles(): Promise<ReceivedFiles>
  /** Whether some session has left files, perhaps one that has ended. */
  hasFiles(): Promise<boolean>
}

const PREFIX = 'mayfly:transfer:'

interface StoredPlan extends TransferPlan {
  paused: boolean
}

export class Transfers {
  readonly #options: TransfersOptions
  /** By hash. Bounded by the peer's limits on what it holds: each becomes a held content, or is cancelled. */
  readonly #transfers = new Cell<ReadonlyMap<string, Transfer>>(new Map())
  #files: Promise<ReceivedFiles> | undefined

  constructor(options: TransfersOptions) {
    this.#options = options
  }

  /** By hash. */
  get all(): ReadableCell<ReadonlyMap<string, Transfer>> {
    return this.#transfers
  }

  /** Goes on with what a reload interrupted, and holds again what was complete; what was paused stays so. */
  async restore(): Promise<void> {
    this.#options.holdings.pages.subscribe(() => void this.#dropEnded())
    if (await this.#options.hasFiles()) await this.#openFiles()
    for (const { paused, ...plan } of this.#stored()) {
      const transfer = await this.#add(plan)
      if (!paused) transfer.start()
    }
  }

  /** Begins to get it. A second time is the first. */
  async begin(plan: TransferPlan): Promise<void> {
    const transfer = this.#transfers.get().get(plan.hash) ?? (await this.#add(plan))
    this.#store(plan, false)
    transfer.start()
  }

  async goOn(hash: string): Promise<void> {
    const transfer = this.#transfers.get().get(hash)
    if (transfer) await this.begin(transfer.plan)
  }

  async pause(hash: string): Promise<void> {
    const transfer = this.#transfers.get().get(hash)
    if (!transfer) return
    this.#store(transfer.plan, true)
    await transfer.pause()
  }

  async cancel(hash: string): Promise<void> {
    const transfer = this.#transfers.get().get(hash)
    this.#drop(hash)
    await transfer?.cancel()
  }

  async #add(plan: TransferPlan): Promise<Transfer> {
    const { Transfer } = await import('./transfer.ts')
    const transfer = new Transfer({ ...this.#options, plan, files: await this.#openFiles() })
    this.#transfers.update((all) => new Map(all).set(plan.hash, transfer))
    return transfer
  }

  #openFiles(): Promise<ReceivedFiles> {
    this.#files ??= this.#options.openFiles()
    return this.#files
  }

  /** What was complete and is held no more has no use: its files go. */
  async #dropEnded(): Promise<void> {
    const { holdings } = this.#options
    for (const [hash, transfer] of this.#transfers.get()) {
      if (transfer.state.get().phase === 'done' && !holdings.has(hash)) await this.cancel(hash)
    }
  }

  #store(plan: TransferPlan, paused: boolean): void {
    try {
      this.#options.store.setItem(PREFIX + plan.hash, JSON.stringify({ ...plan, paused } satisfies StoredPlan))
    } catch {
      // Storage is full or switched off: the transfer goes on, and begins anew after a reload.
    }
  }

  #drop(hash: string): void {
    this.#options.store.removeItem(PREFIX + hash)
    this.#transfers.update((all) => new Map([...all].filter(([other]) => other !== hash)))
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

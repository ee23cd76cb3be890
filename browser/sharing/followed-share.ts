/** Follows a share of this tab while it lasts: for the page that shows it, and for the record by which it comes back after a reload. */

import { createSoon } from '../../node/async/soon.ts'
import type { Share, ShareEntry } from '../../node/index.ts'
import type { Cell } from '../cell.ts'
import type { MissingFile, OwnItems } from './own-items.ts'
import { ReceiverProgress, type ShownReceiver } from './receiver-progress.ts'
import type { ShareGuard } from './share-guard.ts'

export interface ShownShare extends Pick<Share, 'path' | 'rules' | 'state' | 'endCode'> {
  entries: readonly ShareEntry[]
  receivers: readonly ShownReceiver[]
  missing: readonly MissingFile[]
  /** It comes back after a reload. */
  isKept: boolean
}

interface FollowedShareParts {
  items: OwnItems
  guard: ShareGuard
  shown: Cell<ShownShare | undefined>
}

/** A page that follows each report is slower, and nobody reads it. */
const SHOW_MS = 200
/** A longer record is written more rarely. */
const KEEP_MS = 1_000
const LONG_KEEP_MS = 5_000
const LONG = 500

export class FollowedShare {
  readonly share: Share
  readonly #parts: FollowedShareParts
  readonly #progress = new ReceiverProgress()
  readonly #unfollow: () => void
  readonly #showing = createSoon(() => this.#show())
  readonly #keeping = createSoon(() => this.update())
  #isKept = true
  /** Of those facts that a reload must not lose. */
  #keptState = ''

  constructor(share: Share, parts: FollowedShareParts) {
    this.share = share
    this.#parts = parts
    this.#unfollow = share.onChange(() => this.#showing.ask(SHOW_MS))
    this.update()
  }

  /** Keeps and shows the share as it is now. */
  update(): void {
    this.keep()
    this.#show()
  }

  keep(): void {
    this.#keeping.cancel()
    this.#keptState = stateToKeep(this.share)
    this.#isKept = this.#parts.items.keep(this.share)
  }

  stop(): void {
    this.#unfollow()
    this.#showing.cancel()
    this.#keeping.cancel()
    this.#parts.guard.set(false)
    this.#parts.shown.set(undefined)
  }

  #show(): void {
    this.#showing.cancel()
    const { guard, items, shown } = this.#parts
    const { path, rules, state, endCode, entries } = this.share
    const receivers = this.share.receivers.map((receiver) => this.#progress.shown(receiver, entries))
    guard.set(receivers.some((receiver) => receiver.state === 'receiving' || receiver.state === 'asking'))
    if (stateToKeep(this.share) !== this.#keptState) this.#keeping.ask(entries.length > LONG ? LONG_KEEP_MS : KEEP_MS)
    shown.set({ path, rules, state, endCode, entries: [...entries], receivers, missing: items.missing, isKept: this.#isKept })
  }
}

function stateToKeep({ state, entries, receivers }: Share): string {
  const ready = entries.filter((entry) => entry.state === 'ready').length
  return [
    state,
    entries.length,
    ready,
    ...receivers.map(({ id, taken, state }) => `${id} ${taken !== undefined} ${state === 'refused'}`),
  ].join(' ')
}

/**
 * The base of visits to a page: start, fetch, wait for a change and retry, hold, stop holding, end. `public-visit.ts` and `private-visit.ts`
 * fetch and show the content. `words/visit-sentence.ts` puts the states into words, `content-frame.ts` has the frame.
 */

import { onAbort } from '../../node/async/abort.ts'
import type { MayflyErrorCode, OpenedContent } from '../../node/index.ts'
import { Cell, firstMatch } from '../cell.ts'
import type { BundleFile } from '../content/bundle-files.ts'
import { plainTextOf } from '../content/content-kind.ts'
import { firstBytes, type StoredFile } from '../content/raw-content.ts'
import type { HolderCounts } from '../holding/holder-counts.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { bytesIn, type TransferPlan } from '../transfer/transfer-plan.ts'
import type { PageRoute } from './route.ts'
import type { ContentFacts, ContentScreen, ServedPage, VisitFailure, VisitState } from './types.ts'

export interface PageVisitOptions {
  route: PageRoute
  /** Undefined after a navigation inside the app. */
  served?: ServedPage
  session: PeerSession
  holdings: Holdings
  counts: HolderCounts
  screen: ContentScreen
  /** Fetches the content, and holds it. */
  keep(plan: TransferPlan): void
  /** How long a visit waits for the network before it is offline, in ms. */
  joinTimeoutMs?: number
  /** How long the gateway waits for this tab's own content, in ms. */
  ownTimeoutMs?: number
}

const PAGE_VISIT_DEFAULTS = {
  joinTimeoutMs: 10_000, // joining takes well under a second; after this a person wants to know
  ownTimeoutMs: 20_000, // a gateway that restarts is back by then
} as const

export abstract class PageVisit {
  readonly hash: string
  readonly route: PageRoute
  /** The transfer that makes this tab hold all of the content; undefined while unknown, or when it is here. */
  abstract readonly plan: TransferPlan | undefined
  protected readonly options: Required<Omit<PageVisitOptions, 'served' | 'route'>>
  readonly state: Cell<VisitState>
  /** Undefined while nothing is known. */
  readonly facts = new Cell<ContentFacts | undefined>(undefined)
  /** The files of a bundle; undefined for other content. */
  readonly bundle = new Cell<readonly BundleFile[] | undefined>(undefined)
  /** The whole text on screen; undefined for content that is no text. */
  readonly text = new Cell<string | undefined>(undefined)
  /** The state of content that is too large to be held automatically. */
  protected abstract readonly largeState: 'streamed' | 'opened'
  readonly #controller = new AbortController()
  readonly #retries = new Cell(0)

  constructor({ served, route, ...options }: PageVisitOptions, state: VisitState) {
    this.hash = route.hash
    this.route = route
    this.options = { ...PAGE_VISIT_DEFAULTS, ...options }
    this.state = new Cell(state)
  }

  /** Fetches the content and shows it. Returns undefined when the visit needs no other attempt. @throws signal.reason, when aborted */
  protected abstract attempt(): Promise<VisitFailure | undefined>
  /** All of the content is in this tab, held or not: it can be saved when nobody else holds it. */
  abstract get isHere(): boolean
  /** Holds the content that is on screen, or fetches it again. */
  abstract holdAgain(): Promise<void>
  /** Saves content that is here, or that only this tab can decrypt. `onBytes` gets the number of ready bytes. @throws what reading and writing throw */
  abstract save(onBytes?: (bytes: number) => void): Promise<void>

  protected get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Starts the visit, which goes on until `end()`. */
  start(): void {
    const { counts, holdings } = this.options
    onAbort(this.signal, counts.follow(this.hash, { early: true }))
    onAbort(
      this.signal,
      holdings.pages.subscribe(() => this.#onHoldingsChange()),
    )
    void this.#run().catch((error: unknown) => this.#onFailure(error))
  }

  end(): void {
    this.#controller.abort()
  }

  tryAgain(): void {
    this.#retries.update((times) => times + 1)
  }

  async stopHolding(): Promise<void> {
    await this.options.holdings.stop(this.hash)
  }

  protected showNothing(state: VisitState): void {
    this.options.screen.clear()
    this.state.set(state)
  }

  /** True for private content that was opened without its key: nothing of it can be shown. */
  protected async locks(content: Uint8Array | StoredFile | OpenedContent): Promise<boolean> {
    const { isSealed } = await this.options.session.library()
    if (!isSealed(await firstBytes(content, this.signal))) return false
    this.showNothing('locked')
    return true
  }

  /** Holds the content, and shows whether there was room. */
  protected async hold(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      if (!this.signal.aborted) this.state.set('holding')
    } catch {
      this.state.set('full')
    }
  }

  /** Holds a small bundle with its files, as a small page: as soon as it is opened. */
  protected async keepSmallBundle(): Promise<void> {
    const { limits } = (await this.options.session.peer({ signal: this.signal })).status()
    if (this.plan && bytesIn(this.plan) <= limits.maxPieceBytes) this.options.keep(this.plan)
  }

  async #run(): Promise<void> {
    for (;;) {
      const before = this.options.counts.counts.get().get(this.hash)
      const failure = await this.attempt()
      this.signal.throwIfAborted()
      if (failure === undefined) return
      this.options.screen.clear()
      this.state.set(failure)
      await this.#changed(before)
      this.state.set('looking')
    }
  }

  /** Resolves when a retry makes sense: another count of holders, a new connection, or the user asks for it. */
  async #changed(countBefore: number | undefined): Promise<void> {
    const { counts, holdings, session } = this.options
    const first = new AbortController()
    const signal = AbortSignal.any([this.signal, first.signal])
    const retries = this.#retries.get()
    const connection = session.connection.get()
    const changes = [
      counts.until(this.hash, (count) => count > 0 && count !== countBefore, { signal }),
      firstMatch(holdings.pages, () => holdings.has(this.hash), { signal }),
      firstMatch(this.#retries, (now) => now !== retries, { signal }),
      firstMatch(session.connection, (now) => now !== connection && now.state === 'joined', { signal }),
    ]
    try {
      await Promise.race(changes)
    } finally {
      first.abort()
      await Promise.allSettled(changes)
    }
  }

  /** Without a peer nothing can be checked or held. The connection shows why; what is on screen stays. */
  async #onFailure(error: unknown): Promise<void> {
    if (this.signal.aborted) return
    // The library may fail a moment before the peer does.
    const hasPeer = await this.options.session.peer({ signal: this.signal }).then(
      () => true,
      () => false,
    )
    if (hasPeer) throw error
    if (this.state.get() === 'looking') this.state.set('offline')
  }

  /** The user stopped holding it, here or in the list of held pages; or its file has changed; or a transfer has fetched it. */
  #onHoldingsChange(): void {
    const isHeld = this.options.holdings.has(this.hash)
    const state = this.state.get()
    if (!isHeld && state === 'holding') this.state.set(this.#stateAfterHolding())
    if (isHeld && (state === 'stopped' || state === 'changed' || state === 'listed' || state === this.largeState)) this.state.set('holding')
  }

  #stateAfterHolding(): VisitState {
    if (this.options.holdings.lost.get().some(({ hash }) => hash === this.hash)) return 'changed'
    if (this.bundle.get()) return 'listed'
    return this.isHere ? 'stopped' : this.largeState
  }
}

export function failureOf(code: MayflyErrorCode | undefined): VisitFailure {
  if (code === 'ERR_NO_HOLDER') return 'gone'
  if (code === 'ERR_UNAVAILABLE' || code === 'ERR_BAD_FRAME') return 'unavailable'
  return code === 'ERR_TOO_LARGE' ? 'too-large' : 'offline'
}

/** Shows the bytes of a visit without the gateway. */
export function showHere({ text }: Pick<PageVisit, 'text'>, screen: ContentScreen, bytes: Uint8Array): void {
  text.set(plainTextOf(bytes))
  screen.showLocal(bytes)
}

/** A visit to somebody's drop box: its terms, one submission to it, and how that stands there. It goes on when either side was away. */

import type { DropNews, DropOffer, DropTerms, MayflyErrorCode, OpenedBox, Sharing } from '../../node/index.ts'
import { isForNow, stayAtBox } from '../../node/sharing/boxes/box-stay.ts'
import { Cell } from '../cell.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { DropSending, type Progress, type SendingParts, takeUpSending } from './drop-sending.ts'
import { type KeptDrops, NOTHING_KEPT, openKeptDrops } from './kept-drops.ts'
import { LatestAttempt } from './latest-attempt.ts'
import { ShareGuard } from './share-guard.ts'

export type BoxState =
  | { state: 'looking' }
  /** Its owner is not there, and is looked for. */
  | { state: 'away' }
  /** The link is wrong, the box is closed, or it cannot be visited: only another link helps. */
  | { state: 'none'; code: MayflyErrorCode | undefined }
  | { state: 'open' }

export type SendingState =
  | { state: 'idle' }
  /** The box does not take it, or does so no longer. */
  | { state: 'refused'; text: string }
  /** Begun before this tab was closed or reloaded: these files have to be chosen again. */
  | { state: 'interrupted'; missing: DropOffer['files']; offer: DropOffer }
  | { state: 'preparing' }
  | { state: 'asked' }
  /** Taken. `changed`: files that are not those of before the interruption, and are sent from their beginning. */
  | ({ state: 'sending'; changed: readonly string[] } & Progress)
  /** It goes on when the owner has mended what the text says. */
  | { state: 'failed'; text: string }
  | { state: 'done'; offer: DropOffer }

export interface DropVisitOptions {
  /** Path and fragment of the box's link. */
  link: string
  sharing(): Promise<Sharing>
  library(): Promise<PeerLibrary>
  window: Window
}

export function openDropVisit(options: DropVisitOptions): DropVisit {
  const visit = new DropVisit(options)
  void visit.start()
  return visit
}

export class DropVisit {
  readonly box = new Cell<BoxState>({ state: 'looking' })
  readonly sending = new Cell<SendingState>({ state: 'idle' })
  readonly terms = new Cell<DropTerms | undefined>(undefined)
  /** False where the browser keeps nothing: what is being sent ends with this tab. */
  readonly isKept = new Cell(true)
  readonly #options: DropVisitOptions
  readonly #ends = new AbortController()
  readonly #guard: ShareGuard
  #kept: KeptDrops = NOTHING_KEPT
  #opened: OpenedBox | undefined
  #submission: DropSending | undefined
  readonly #latest = new LatestAttempt()

  constructor(options: DropVisitOptions) {
    this.#options = options
    this.#guard = new ShareGuard(options.window)
    this.sending.subscribe(() => this.#guard.set(this.isNeeded))
  }

  /** True while this tab must stay open for what was offered. */
  get isNeeded(): boolean {
    return ['preparing', 'asked', 'sending', 'failed'].includes(this.sending.get().state)
  }

  async start(): Promise<void> {
    void stayAtBox(this.#options, this.#ends.signal, {
      onOpened: (opened) => this.#onBox(opened),
      onAway: () => this.#onBox(undefined),
      onNone: (error) => {
        this.box.set({ state: 'none', code: (error as { code?: MayflyErrorCode }).code })
        if (this.isNeeded) this.#onRefused(error)
      },
    })
    this.#kept = await openKeptDrops().catch(() => NOTHING_KEPT)
    this.isKept.set(this.#kept !== NOTHING_KEPT)
    await this.#takeUp().catch(() => {}) // a record that cannot be read is sent anew
  }

  /** The reason why the box would not take it, before anything is sent; undefined: it can be sent. */
  readonly judge = (offer: DropOffer) => this.#opened?.judge(offer)?.text

  /** Offers these files and words. A failure is a state, not an error. */
  send(files: readonly ChosenFile[], { from, words }: Pick<DropOffer, 'from' | 'words'>): Promise<void> {
    const said = { from: from.trim(), words }
    return this.#attempt(async (isWanted) => {
      const begun = await DropSending.begin(await partsOf(this.#options, this.#kept), files, said)
      if (isWanted()) this.#follow(begun)
      else await (this.#ends.signal.aborted ? begun.close() : begun.withdraw())
    })
  }

  /** Files that were chosen again, for what was interrupted. Goes on when none is missing. Returns those that are no part of it. */
  async choose(files: readonly ChosenFile[]): Promise<readonly ChosenFile[]> {
    const others = this.#submission?.choose(files)
    if (this.#submission) await this.#goOn(this.#submission)
    return others ?? files
  }

  /** Stops, or gives up what was interrupted: the box is told, as long as this tab is open. */
  async stop(): Promise<void> {
    this.#latest.next()
    const submission = this.#submission
    this.#submission = undefined
    this.sending.set({ state: 'idle' })
    await submission?.withdraw()
    await this.#takeUp()
  }

  again(): void {
    this.sending.set({ state: 'idle' })
    void this.#takeUp()
  }

  close(): void {
    this.#ends.abort()
    this.#latest.next()
    this.#opened?.close()
    void this.#submission?.close()
    this.#guard.set(false)
  }

  async #takeUp(): Promise<void> {
    const submission = await takeUpSending(await partsOf(this.#options, this.#kept))
    if (submission === undefined || this.sending.get().state !== 'idle' || this.#ends.signal.aborted) return
    this.#follow(submission)
    await this.#goOn(submission)
  }

  async #goOn(submission: DropSending): Promise<void> {
    const { missing, offer } = submission
    if (missing.length > 0) this.sending.set({ state: 'interrupted', missing, offer })
    else await this.#attempt(() => submission.open())
  }

  #attempt(open: (isWanted: () => boolean) => Promise<void>): Promise<void> {
    this.#latest.next()
    this.sending.set({ state: 'preparing' })
    return this.#latest.run(async (isWanted) => {
      await open(isWanted)
      if (isWanted()) await this.#offer()
    }, this.#onRefused)
  }

  #follow(submission: DropSending): void {
    this.#submission = submission
    submission.onChange(() => this.sending.get().state === 'sending' && this.#show())
  }

  async #offer(): Promise<void> {
    const [box, submission] = [this.#opened, this.#submission]
    if (box === undefined || submission?.isOpen !== true) return
    await submission.offerTo(box, () => {
      if (this.sending.get().state === 'preparing') this.sending.set({ state: 'asked' })
    })
    if (this.#submission === submission && this.sending.get().state !== 'failed') this.#show()
  }

  #show(submission = this.#submission): void {
    if (submission) this.sending.set({ state: 'sending', changed: submission.changed, ...submission.progress() })
  }

  #onNews(id: string, { state, text }: DropNews): void {
    const submission = this.#submission
    if (submission?.id !== id) return
    if (state === 'taking') return void this.#show()
    if (state === 'failed') return void this.sending.set({ state: 'failed', text })
    this.#finish(state === 'over' ? { state: 'refused', text } : { state: 'done', offer: submission.offer })
  }

  readonly #onRefused = (error: unknown): void => {
    if (isForNow(error)) return // the visit goes on when its owner is back
    this.#finish({ state: 'refused', text: error instanceof Error ? error.message : String(error) })
  }

  #finish(end: SendingState): void {
    void this.#submission?.finish()
    this.#submission = undefined
    this.sending.set(end)
  }

  #onBox(opened: OpenedBox | undefined): void {
    this.#opened = opened
    if (opened) this.terms.set(opened.terms)
    this.box.set({ state: opened ? 'open' : 'away' })
    if (opened === undefined) return
    opened.onNews((id, news) => this.#onNews(id, news))
    if (this.isNeeded) void this.#latest.run(() => this.#offer(), this.#onRefused)
  }
}

async function partsOf({ sharing, library, link }: DropVisitOptions, kept: KeptDrops): Promise<SendingParts> {
  const [opened, loaded] = await Promise.all([sharing(), library()])
  return { sharing: opened, library: loaded, kept, box: boxIdOf(link) }
}

/** The id in a link. */
const boxIdOf = (link: string) => /\/d\/([^#/]+)/.exec(link)?.[1]?.toLowerCase() ?? ''

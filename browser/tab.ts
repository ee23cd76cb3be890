/**
 * Puts the parts of the tab together: one peer, what it holds, the counts, the console, and which view the address stands for. Views read
 * its cells and call its methods; they are in `app/`.
 */

import type { AbortOptions, PeerEvent } from '../node/index.ts'
import { Activity } from './activity/activity.ts'
import { type Gift, Gifts } from './activity/gifts.ts'
import { Givers } from './activity/givers.ts'
import { Receivers } from './activity/receivers.ts'
import { Traffic } from './activity/traffic.ts'
import { Cell, type ReadableCell } from './cell.ts'
import type { ChosenFile } from './content/chosen-files.ts'
import { DraftText } from './content/draft-text.ts'
import type { HeldPage } from './holding/held-page.ts'
import { HolderCounts } from './holding/holder-counts.ts'
import { Holdings } from './holding/holdings.ts'
import { KeptContent } from './holding/kept-content.ts'
import { LastCopyGuard } from './holding/last-copy-guard.ts'
import { type SharedPage, Sharing } from './holding/sharing.ts'
import type { Mailbox } from './messages/mailbox.ts'
import { type PeerLibrary, PeerSession } from './peer/peer-session.ts'
import type { SessionStore } from './peer/tab-session.ts'
import { shortHash } from './text/short-text.ts'
import { sizeText } from './text/size-text.ts'
import { Transfers } from './transfer/transfers.ts'
import { type ContentScreen, PageVisit, type ServedState, type Visit } from './visit/page-visit.ts'
import { PrivateVisit } from './visit/private-visit.ts'
import { type PageRoute, pathOf, type Route, routeOf } from './visit/route.ts'
import { eventSentence } from './words/event-sentence.ts'

export interface TabOptions {
  window: Window
  store: SessionStore
  screen: ContentScreen
  load(): Promise<PeerLibrary>
  /** What the gateway said about the page in the address, when it served one. */
  served?: ServedState | undefined
}

export class Tab {
  readonly session: PeerSession
  readonly holdings: Holdings
  readonly counts: HolderCounts
  readonly activity = new Activity()
  readonly traffic = new Traffic()
  readonly receivers = new Receivers()
  readonly givers = new Givers()
  readonly sharing: Sharing
  readonly transfers: Transfers
  /** The files that the author has chosen and not yet shared; kept while looking at another page. */
  readonly chosen = new Cell<readonly ChosenFile[]>([])
  /** What the author has written and not yet made a page of; kept while looking at another page. */
  readonly draft = new DraftText()
  /** Whether what is made next gets a private link. */
  readonly isPrivate = new Cell(false)
  /** What this origin receives and has sent. There once it has an address, which the messages page makes. */
  readonly mailbox = new Cell<Mailbox | undefined>(undefined)
  /** Why there can be no mailbox here. */
  readonly mailboxProblem = new Cell<unknown>(undefined)
  readonly #gifts = new Gifts((gift, times) => this.#onGift(gift, times))
  readonly #window: Window
  readonly #screen: ContentScreen
  readonly #visit: Cell<Visit | undefined>
  readonly #route: Cell<Route>
  /** By hash. Bounded by what the tab holds. */
  readonly #followed = new Map<string, () => void>()
  /** The keys of private pages, by hash: in memory only. Bounded by the links that a person opens in one tab. */
  readonly #secrets = new Map<string, string>()
  /** One after another: the address is made once. */
  #opening: Promise<void> | undefined

  constructor({ window, store, screen, load, served }: TabOptions) {
    const gateway = window.location.origin
    this.#window = window
    this.#screen = screen
    this.#route = new Cell(this.#routeHere())
    this.session = new PeerSession({ gateway, load })
    this.holdings = new Holdings({ session: this.session, kept: new KeptContent(store) })
    this.sharing = new Sharing({ session: this.session, holdings: this.holdings })
    const { session, holdings } = this
    const place = () => import('./transfer/open-received-files.ts') // after the first paint, as all that is not on it
    this.transfers = new Transfers({
      session,
      holdings,
      store,
      openFiles: async () => (await place()).openReceivedFiles({ store, session }),
      hasFiles: async () => (await place()).hasReceivedFiles(),
    })
    this.counts = new HolderCounts({ session: this.session, gateway })
    this.#visit = new Cell(this.#visitFor(this.#route.get(), served))
  }

  get route(): ReadableCell<Route> {
    return this.#route
  }

  /** The page on screen; none on the other views. */
  get visit(): ReadableCell<Visit | undefined> {
    return this.#visit
  }

  /** Begins everything that goes on by itself. To be called once, after the first paint. */
  start(): void {
    this.#window.addEventListener('popstate', () => this.#enter(this.#routeHere()))
    this.session.onEvent((event) => this.#onPeerEvent(event))
    this.holdings.pages.subscribe(() => this.#followHeld())
    this.#followHeld()
    new LastCopyGuard({ window: this.#window, holdings: this.holdings, counts: this.counts }).start()
    void this.session.start()
    void this.#restore()
    void this.openMailbox({ create: false })
    void this.transfers.restore()
    this.#visit.get()?.start()
  }

  /** Makes a page and goes to it, without a reload. @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT */
  async make(bytes: Uint8Array): Promise<void> {
    this.#goToMade(await this.sharing.shareText(bytes, { isPrivate: this.isPrivate.get() }))
  }

  /**
   * Shares the chosen files, and goes to their page.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT, ERR_BAD_OPTION
   * @throws signal.reason, when aborted
   * @throws when a file cannot be read
   */
  async share(options: Required<AbortOptions>): Promise<void> {
    const page = await this.sharing.share(this.chosen.get(), { ...options, isPrivate: this.isPrivate.get() })
    this.chosen.set([])
    this.#goToMade(page)
  }

  /** Begins to receive, when this origin has an address or gets one now. What keeps it from that is in `mailboxProblem`. */
  async openMailbox({ create }: { create: boolean }): Promise<void> {
    const before = this.#opening
    this.#opening = (async () => {
      await before
      if (this.mailbox.get()) return
      try {
        const { openMailbox } = await import('./messages/open-mailbox.ts')
        this.mailbox.set(await openMailbox({ session: this.session, create }))
      } catch (problem) {
        if (create) this.mailboxProblem.set(problem)
      }
    })()
    await this.#opening
  }

  /** Back to the files that a bundle was made of, to add some or take some away: that makes another bundle. */
  chooseAgain(hash: string): void {
    this.chosen.set(this.sharing.filesOf(hash) ?? [])
    this.isPrivate.set(this.#secrets.has(hash)) // or what was private would become public by adding to it
    this.go({ view: 'home' })
  }

  #goToMade({ hash, kept, size, outline, name, secret }: SharedPage): void {
    this.isPrivate.set(false)
    if (!kept) this.activity.say(`${shortHash(hash)} (${sizeText(size)}) is held until this tab is reloaded or closed, and no longer.`)
    this.go({ view: 'page', hash, ...(outline && { outline }), ...(name && { name }), ...(secret !== undefined && { secret }) })
  }

  /** The address of what this tab holds; a private page's with its key, when its link was opened here since the last reload. */
  addressOf({ hash, outline, name }: HeldPage): PageRoute {
    const secret = this.#secrets.get(hash)
    return { view: 'page', hash, ...(outline && { outline }), ...(name && { name }), ...(secret !== undefined && { secret }) }
  }

  /** Goes to a view and writes it into the history. */
  go(route: Route): void {
    const { pathname, search, hash } = this.#window.location
    if (pathOf(route) !== pathname + search + hash) this.#window.history.pushState(null, '', pathOf(route))
    this.#enter(route)
  }

  #routeHere(): Route {
    const { pathname, search, hash } = this.#window.location
    return routeOf(pathname, search, hash)
  }

  #enter(route: Route): void {
    const before = this.#visit.get()
    if (route.view === 'page' && before && pathOf(before.route) === pathOf(route)) return
    before?.end()
    this.#screen.clear()
    const visit = this.#visitFor(route)
    this.#visit.set(visit)
    this.#route.set(route)
    visit?.start()
  }

  #visitFor(route: Route, served?: ServedState): Visit | undefined {
    if (route.view !== 'page') return undefined
    const { session, holdings, counts } = this
    const options = { session, holdings, counts, screen: this.#screen, ...(served && { served }) }
    const { secret, ...publicRoute } = route
    if (secret !== undefined) {
      this.#secrets.set(route.hash, secret)
      return new PrivateVisit({ ...options, route: { ...publicRoute, secret } })
    }
    const visit = new PageVisit({ ...options, route })
    visit.state.subscribe((state) => {
      if (state === 'wrong') this.activity.say(`The gateway's answer for ${shortHash(visit.hash)} was not that page. It was taken away.`)
    })
    return visit
  }

  async #restore(): Promise<void> {
    try {
      for (const hash of await this.holdings.restore()) this.activity.say(`${shortHash(hash)} could not be held again after the reload.`)
    } catch {
      // There is no peer, which the connection says; what was kept stays kept for the next reload.
    }
  }

  #followHeld(): void {
    const held = new Set(this.holdings.pages.get().flatMap(({ hash, isPart }) => (isPart ? [] : [hash])))
    for (const hash of held) if (!this.#followed.has(hash)) this.#followed.set(hash, this.counts.follow(hash))
    for (const [hash, unfollow] of [...this.#followed]) {
      if (held.has(hash)) continue
      unfollow()
      this.#followed.delete(hash)
    }
  }

  #onGift(gift: Gift, times: number): void {
    this.traffic.add(gift.bytes, times)
    this.receivers.add(gift.key, gift.to, gift.bytes, gift.isDirect)
    this.#say(gift)
  }

  #say(event: PeerEvent): void {
    const sentence = eventSentence(event)
    if (sentence !== undefined) this.activity.say(sentence)
  }

  #onPeerEvent(event: PeerEvent): void {
    if (event.type === 'served') {
      this.#gifts.add(event)
      return
    }
    if (event.type === 'received') this.givers.add(event.key, event.from, event.isDirect)
    if (event.type === 'release') this.holdings.onReleased(event.key)
    this.#say(event)
  }
}

/** The composition of the tab: its parts, each handed to those made after it, and what happens at the peer's events. The views are in `app/`. */

import type { AbortOptions, PeerEvent } from '../node/index.ts'
import { Activity } from './activity/activity.ts'
import { Sources } from './activity/sources.ts'
import { Traffic } from './activity/traffic.ts'
import { UploadBatches } from './activity/upload-batches.ts'
import { Uploads } from './activity/uploads.ts'
import { Cell } from './cell.ts'
import type { ChosenFile } from './content/chosen-files.ts'
import { DraftText } from './content/draft-text.ts'
import { HolderCounts } from './holding/holder-counts.ts'
import { Holdings } from './holding/holdings.ts'
import { KeptContent } from './holding/kept-content.ts'
import { guardLastCopies } from './holding/last-copy-guard.ts'
import { MadePages } from './holding/made-pages.ts'
import { type SharedPage, Sharing } from './holding/sharing.ts'
import { LaterStart } from './later-start.ts'
import { MailboxOpener } from './messages/mailbox-opener.ts'
import { PeerSession } from './peer/peer-session.ts'
import type { SessionStore } from './peer/tab-session.ts'
import type { PeerLibrary } from './peer/types.ts'
import { PeopleOpener } from './people/people-opener.ts'
import { BoxesOpener } from './sharing/boxes-opener.ts'
import { DropOpener } from './sharing/drop-opener.ts'
import { OffersOpener } from './sharing/offers-opener.ts'
import { OwnShareOpener } from './sharing/own-share-opener.ts'
import { SharePeer } from './sharing/share-peer.ts'
import { shortHash } from './text/short-text.ts'
import { sizeText } from './text/size-text.ts'
import { Transfers } from './transfer/transfers.ts'
import { Navigation } from './visit/navigation.ts'
import type { ContentScreen, ServedPage } from './visit/types.ts'
import { eventSentence } from './words/event-sentence.ts'

interface TabOptions {
  window: Window
  store: SessionStore
  screen: ContentScreen
  load(): Promise<PeerLibrary>
  /** The page in the document, when the gateway served one. */
  served?: ServedPage | undefined
}

export class Tab {
  readonly session: PeerSession
  readonly holdings: Holdings
  readonly made: MadePages
  readonly counts: HolderCounts
  readonly activity = new Activity()
  readonly traffic = new Traffic()
  readonly uploads = new Uploads()
  readonly sources = new Sources()
  readonly sharing: Sharing
  readonly transfers: Transfers
  readonly mail: MailboxOpener
  readonly people: PeopleOpener
  readonly sharePeer: SharePeer
  /** Files for contacts, and from them. */
  readonly offers: OffersOpener
  /** The share that the page `/share` offers. */
  readonly ownShare: OwnShareOpener
  /** The drop boxes of this browser. */
  readonly boxes: BoxesOpener
  /** Drop boxes of others, to which something is sent. */
  readonly drops: DropOpener
  readonly navigation: Navigation
  /** It is what a page that was opened for a share has no need of. */
  readonly rest: LaterStart
  /** Files that the author has chosen and not shared yet; kept while another page is on screen. */
  readonly chosen = new Cell<readonly ChosenFile[]>([])
  /** Text that the author has not published yet; kept while another page is on screen, and over a reload. */
  readonly draft: DraftText
  readonly isPrivate = new Cell(false)
  readonly #window: Window
  readonly #batches = new UploadBatches((upload, times) => {
    this.traffic.add(upload.bytes, times)
    this.uploads.add(upload.key, upload.to, upload.bytes, upload.isDirect)
    this.#log(upload)
  })
  /** By hash. Bounded by what the tab holds. */
  readonly #followed = new Map<string, () => void>()

  constructor({ window, store, screen, load, served }: TabOptions) {
    const gateway = window.location.origin
    this.#window = window
    this.session = new PeerSession(gateway, load)
    const { session } = this
    this.holdings = new Holdings(session, new KeptContent(store))
    const { holdings } = this
    this.made = new MadePages(store, holdings)
    this.sharing = new Sharing(session, holdings, this.made)
    this.draft = new DraftText(store)
    this.transfers = new Transfers({ session, holdings, store })
    this.counts = new HolderCounts(session, gateway)
    this.mail = new MailboxOpener(session, store)
    this.people = new PeopleOpener(session, gateway)
    this.sharePeer = new SharePeer(session, gateway, (event) => this.#onPeerEvent(event))
    this.offers = new OffersOpener(this.people.people, {
      openSharing: () => this.sharePeer.open(),
      library: () => session.library(),
      files: () => this.transfers.openFiles(),
    })
    this.ownShare = new OwnShareOpener({ session, peer: this.sharePeer, store, window })
    this.boxes = new BoxesOpener(() => this.sharePeer.open())
    this.drops = new DropOpener({ session, sharing: () => this.sharePeer.open(), window })
    this.navigation = new Navigation({
      window,
      parts: { session, holdings, counts: this.counts, screen, keep: (plan) => void this.transfers.begin(plan) },
      served,
      onWrong: (hash) => this.activity.log(`The gateway's answer for ${shortHash(hash)} was not that page. It was removed.`),
    })
    this.rest = new LaterStart(this.navigation, () => this.#startRest())
  }

  /** Starts everything that runs by itself. Call it once, after the first paint. */
  start(): void {
    const { counts, holdings, session, navigation } = this
    session.onEvent((event) => this.#onPeerEvent(event))
    holdings.pages.subscribe(() => this.#followHeld())
    this.#followHeld()
    guardLastCopies(this.#window, holdings, counts)
    this.rest.start()
    navigation.start()
  }

  /** Makes a page, and goes to it without a reload. @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT */
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

  /** Goes back to the files of a page, to add or remove some: that makes a new page. */
  chooseAgain(hash: string): void {
    this.chosen.set(this.sharing.filesOf(hash) ?? [])
    this.isPrivate.set(this.navigation.isPrivate(hash)) // a private page must not become public by a change
    this.navigation.go({ view: 'home' })
  }

  #goToMade(page: SharedPage): void {
    const { hash, kept, size, secret } = page
    this.isPrivate.set(false)
    if (!kept) this.activity.log(`${shortHash(hash)} (${sizeText(size)}) is held only until this tab is reloaded or closed.`)
    this.navigation.go({ ...this.navigation.addressOf(page), ...(secret !== undefined && { secret }) })
  }

  #startRest(): void {
    void this.session.start()
    void restoreHeld(this.holdings, this.activity)
    void this.mail.open({ create: false })
    void this.people.open({ create: false })
    void this.transfers.restore()
    void this.ownShare.restore().catch(() => {}) // its page tries again
    void this.boxes.open({ create: false })
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

  #onPeerEvent(event: PeerEvent): void {
    if (event.type === 'served') return void this.#batches.add(event)
    if (event.type === 'received') this.sources.add(event.key, event.from, event.isDirect)
    if (event.type === 'release' && event.reason !== undefined) this.holdings.onLost(event.key)
    this.#log(event)
  }

  #log(event: PeerEvent): void {
    const sentence = eventSentence(event)
    if (sentence !== undefined) this.activity.log(sentence)
  }
}

async function restoreHeld(holdings: Holdings, activity: Activity): Promise<void> {
  try {
    for (const hash of await holdings.restore()) activity.log(`${shortHash(hash)} could not be held again after the reload.`)
  } catch {
    // There is no peer, which the connection shows. Stored content stays for the next reload.
  }
}

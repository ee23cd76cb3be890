/**
 * A visit to one page: gets its bytes from the gateway or through the peer, checks them, puts them on screen, holds them; and when
 * nobody has them, waits until somebody does. It says how it stands; sentences are left to `words/visit-sentence.ts`, the frame to
 * `content-frame.ts`.
 */

import type { MayflyErrorCode, OpenedContent, Peer } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import { toBase64 } from '../content/base64.ts'
import { type BundleFile, readBundleFiles } from '../content/bundle-files.ts'
import { isDisplayable } from '../content/content-kind.ts'
import { type RawAddress, rawPathOf } from '../content/raw-address.ts'
import { fetchRaw, firstBytes, readAtMost, readOpened, sizeOf, typeOf } from '../content/raw-content.ts'
import type { HolderCounts } from '../holding/holder-counts.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { filesText } from '../text/size-text.ts'
import type { TransferPlan } from '../transfer/transfer.ts'
import type { PageRoute } from './route.ts'
import { visitChange } from './visit-change.ts'

export type VisitState =
  /** Asking for the bytes. */
  | 'looking'
  /** The gateway's answer is on screen; this tab has not checked it yet. */
  | 'shown'
  /** Larger than one piece: the gateway streams it, checked there piece by piece; this tab does not have it. */
  | 'streamed'
  /** A bundle, whose list is checked and on screen; this tab does not hold its files. */
  | 'listed'
  /** Checked, on screen, held by this tab too. */
  | 'holding'
  /** Checked and on screen; the user stopped holding it. */
  | 'stopped'
  /** Checked and on screen; this tab holds as much as it may already. */
  | 'full'
  /** Nobody holds it now. */
  | 'gone'
  /** Somebody says to hold it, and nobody gave the right bytes. */
  | 'unavailable'
  /** Nobody could be asked. */
  | 'offline'
  /** The bytes that came are not the page; the frame was taken away, others are asked. */
  | 'wrong'
  /** Larger than content may be. */
  | 'too-large'
  /** Private, opened and on screen or to be saved; this tab does not hold it, since it is large. */
  | 'opened'
  /** Private, and the link has no key. */
  | 'locked'
  /** Private, and the link's key is not its key. */
  | 'wrong-key'
  /** The link has a key, and what came is not private, or not as it was sealed. */
  | 'damaged'
  /** Private, and the browser does not decrypt in this page. */
  | 'no-crypto'

/** What the gateway calls a list of files. @see ../node/content/WIRE.md (bundles) */
const BUNDLE_TYPE = 'application/vnd.mayfly.bundle'
/** @see ../node/content/PRIVATE.md */
const SEALED_TYPE = 'application/vnd.mayfly.private'

/** What the gateway said when it served the page. */
export type ServedState = 'found' | 'gone' | 'unavailable' | 'offline'

/** Where the content appears. */
export interface ContentScreen {
  /** Shows the gateway's answer; no change when it is there already. */
  showRaw(path: string, type: string): void
  /** Shows bytes that this tab has, without the gateway. */
  showLocal(bytes: Uint8Array): void
  /** Plays or shows a large file that this tab has, where it is an image, audio, video or PDF. */
  showBlob(blob: Blob): void
  clear(): void
}

/** What is known of the content, besides its bytes. */
export interface ContentFacts {
  /** In bytes. */
  size: number
  /** Media type, when the gateway has told, or the private content itself. */
  type?: string
  /** What private content says that it is called. */
  name?: string
}

/** A visit to one page, as the views see it. */
export interface Visit {
  readonly hash: string
  readonly route: PageRoute
  readonly state: ReadableCell<VisitState>
  /** The files in it, when it is a bundle. */
  readonly bundle: ReadableCell<readonly BundleFile[] | undefined>
  /** Absent while nothing is known of it. */
  readonly facts: ReadableCell<ContentFacts | undefined>
  /** What to get so that this tab holds all of it; undefined while that is not known, or it is here. */
  readonly plan: TransferPlan | undefined
  /** Begins, and goes on until `end()`. */
  start(): void
  end(): void
  /** Asks again now, where the visit waits. */
  tryAgain(): void
  stopHolding(): Promise<void>
  holdAgain(): Promise<void>
  /** Saves private content, which no gateway can give. */
  save?(): Promise<void>
}

export interface PageVisitOptions {
  /** The page, as its link says. */
  route: PageRoute
  /** Absent after a move inside the app. */
  served?: ServedState
  session: PeerSession
  holdings: Holdings
  counts: HolderCounts
  screen: ContentScreen
  /** How long the network may take to be joined before a visit says that it is offline, in ms. */
  joinTimeoutMs?: number
  /** How long the gateway may take to see what this tab holds itself, in ms. */
  ownTimeoutMs?: number
}

export const PAGE_VISIT_DEFAULTS = {
  joinTimeoutMs: 10_000, // a join takes well under a second; past this a person wants to know
  ownTimeoutMs: 20_000, // a gateway that restarts is back by then
} as const

/** Bytes are checked. What is large is neither here nor checked; it has a type when the gateway can give it. */
type Outcome =
  | { bytes: Uint8Array; gatewayType?: string }
  | { large: { size: number; type?: string } }
  | { failed: 'gone' | 'unavailable' | 'offline' | 'too-large' }

export class PageVisit implements Visit {
  readonly hash: string
  readonly route: PageRoute
  readonly #options: Required<Omit<PageVisitOptions, 'served' | 'route'>>
  readonly #state: Cell<VisitState>
  readonly #controller = new AbortController()
  readonly #retry = new Cell(0)
  readonly #facts = new Cell<ContentFacts | undefined>(undefined)
  readonly #bundle = new Cell<readonly BundleFile[] | undefined>(undefined)
  #bytes: Uint8Array | undefined
  #blob: Blob | undefined

  constructor({ served, route, ...options }: PageVisitOptions) {
    this.hash = route.hash
    this.route = route
    this.#options = { ...PAGE_VISIT_DEFAULTS, ...options }
    this.#state = new Cell<VisitState>(served === 'found' ? 'shown' : (served ?? 'looking'))
  }

  get state(): ReadableCell<VisitState> {
    return this.#state
  }

  /** The files in it, when it is a bundle. */
  get bundle(): ReadableCell<readonly BundleFile[] | undefined> {
    return this.#bundle
  }

  /** What to get so that this tab holds all of it; undefined while that is not known, or it is here. */
  get plan(): TransferPlan | undefined {
    const { hash, outline, name } = this.route
    const [bundle, facts] = [this.#bundle.get(), this.#facts.get()]
    if (bundle && this.#bytes) return { hash, label: name ?? filesText(bundle.length), files: bundle, bundle: toBase64(this.#bytes) }
    if (!facts || this.#state.get() !== 'streamed') return undefined
    return { hash, label: name ?? 'a file', files: [{ hash, size: facts.size, path: name ?? 'a file', ...(outline && { outline }) }] }
  }

  /** Absent while nothing is known of it. */
  get facts(): ReadableCell<ContentFacts | undefined> {
    return this.#facts
  }

  /** Begins, and goes on until `end()`. */
  start(): void {
    const { counts } = this.#options
    const unfollow = counts.follow(this.hash, { early: true })
    this.#controller.signal.addEventListener('abort', unfollow)
    void this.#run().catch((error: unknown) => this.#onEnd(error))
  }

  end(): void {
    this.#controller.abort()
  }

  /** Asks again now, where the visit waits. */
  tryAgain(): void {
    this.#retry.update((times) => times + 1)
  }

  async stopHolding(): Promise<void> {
    await this.#options.holdings.stop(this.hash)
  }

  /** Holds again what this visit still has on screen, or asks for it anew. */
  async holdAgain(): Promise<void> {
    if (this.#blob) await this.#holdBlob(this.#blob)
    else if (this.#bytes) await this.#hold(this.#bytes)
    else this.tryAgain()
  }

  /** Without a peer nothing can be checked or held: the connection says why, and what the gateway showed stays. */
  #onEnd(error: unknown): void {
    if (this.#controller.signal.aborted) return
    if (this.#options.session.connection.get().state !== 'failed') throw error
    if (this.#state.get() === 'looking') this.#state.set('offline')
  }

  async #run(): Promise<void> {
    const { holdings } = this.#options
    const { signal } = this.#controller
    const unsubscribe = holdings.pages.subscribe(() => this.#onHoldingsChange())
    signal.addEventListener('abort', unsubscribe)
    if (holdings.has(this.hash)) return this.#showOwn()
    if (this.#state.get() === 'gone') await this.#change(0)
    for (;;) {
      const before = this.#options.counts.counts.get().get(this.hash)
      const outcome = await this.#obtain()
      signal.throwIfAborted()
      if (holdings.has(this.hash)) return this.#showOwn()
      if ('bytes' in outcome) return this.#accept(outcome.bytes, outcome.gatewayType)
      if ('large' in outcome) return this.#showStream(outcome.large)
      this.#options.screen.clear()
      this.#state.set(outcome.failed)
      await this.#change(before)
      this.#state.set('looking')
    }
  }

  /** What this tab holds already needs nobody's answer; the gateway's frame follows when the gateway has seen it. */
  async #showOwn(): Promise<void> {
    const { holdings, screen, session } = this.#options
    const { signal } = this.#controller
    this.#state.set('holding')
    const page = holdings.page(this.hash)
    const kept = holdings.keptBytes(this.hash)
    if (kept) screen.showLocal(kept)
    const [library, peer] = await Promise.all([session.library(), session.peer({ signal })])
    const { maxPieceBytes } = peer.status().limits
    this.#blob = holdings.blobOf(this.hash)
    if (await this.#isLocked(kept ?? this.#blob ?? (await peer.content.open(library.decodeKeyHex(this.hash), { signal })))) return
    if (this.#blob && this.#blob.size > maxPieceBytes) {
      this.#facts.set({ size: this.#blob.size, type: this.#blob.type || 'application/octet-stream' })
      return screen.showBlob(this.#blob)
    }
    const size = page?.size ?? kept?.byteLength ?? maxPieceBytes
    this.#bytes = kept ?? (await readOpened(await peer.content.open(library.decodeKeyHex(this.hash), { signal }), size, signal))
    if (!this.#bytes) return this.tryAgain()
    this.#facts.set({ size: this.#bytes.byteLength })
    this.#bundle.set(readBundleFiles(library, this.#bytes))
    if (!this.#bundle.get() && !kept) screen.showLocal(this.#bytes)
    await session.joined({ signal })
    await this.#showGatewayOfOwn(this.#bytes.byteLength)
  }

  async #showGatewayOfOwn(size: number): Promise<void> {
    const { signal } = this.#controller
    const response = await fetchRaw(this.#whole, { signal, waitMs: this.#options.ownTimeoutMs })
    await response?.body?.cancel()
    signal.throwIfAborted()
    if (!response?.ok) return
    if (this.#bundle.get()) this.#showSite()
    else this.#showGateway(size, typeOf(response))
  }

  async #accept(bytes: Uint8Array, gatewayType: string | undefined): Promise<void> {
    if (await this.#isLocked(bytes)) return
    this.#bytes = bytes
    this.#bundle.set(readBundleFiles(await this.#options.session.library(), bytes))
    if (this.#bundle.get()) {
      this.#facts.set({ size: bytes.byteLength })
      if (gatewayType === undefined) this.#options.screen.clear()
      else this.#showSite()
      this.#state.set('listed')
      return
    }
    if (gatewayType !== undefined) {
      this.#showGateway(bytes.byteLength, gatewayType)
    } else {
      this.#facts.set({ size: bytes.byteLength })
      this.#options.screen.showLocal(bytes)
    }
    await this.#hold(bytes)
  }

  /** Private content without its key: nothing of it can be shown. */
  async #isLocked(content: Uint8Array | Blob | OpenedContent): Promise<boolean> {
    const { isSealed } = await this.#options.session.library()
    if (!isSealed(await firstBytes(content, this.#controller.signal))) return false
    this.#options.screen.clear()
    this.#state.set('locked')
    return true
  }

  /** Nothing of it is fetched to be held before somebody wants that: it may be a film of many gigabytes. */
  #showStream({ size, type }: { size: number; type?: string }): void {
    if (type === SEALED_TYPE) {
      this.#state.set('locked')
      return
    }
    if (type === undefined) {
      this.#options.screen.clear()
      this.#facts.set({ size })
    } else {
      this.#showGateway(size, type)
    }
    this.#state.set('streamed')
  }

  /** A bundle with an `index.html` is a site, and shown as one; any other is a list of files. */
  #showSite(): void {
    const { hash, outline } = this.route
    const inside = this.route.inside ?? ''
    const isSite = inside !== '' || this.#bundle.get()?.some(({ path }) => path === 'index.html')
    if (isSite) this.#options.screen.showRaw(rawPathOf({ hash, inside, ...(outline && { outline }) }), 'text/html')
    else this.#options.screen.clear()
  }

  /** The gateway's own answer on screen: there, and only there, the page's scripts run. */
  #showGateway(size: number, type: string): void {
    this.#facts.set({ size, type })
    if (isDisplayable(type, size)) this.#options.screen.showRaw(rawPathOf(this.route), type)
    else this.#options.screen.clear()
  }

  async #holdBlob(blob: Blob): Promise<void> {
    const { label, name } = { label: this.route.name ?? 'a file', name: this.route.name }
    await this.#options.holdings.makeOf(blob, { label, ...(name !== undefined && { name }), signal: this.#controller.signal })
  }

  async #hold(bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.holdings.hold(bytes)
      if (!this.#controller.signal.aborted) this.#state.set('holding')
    } catch {
      this.#state.set('full')
    }
  }

  /** Stopped, on this page or in the list of what the tab holds. */
  #onHoldingsChange(): void {
    const held = this.#options.holdings.has(this.hash)
    const state = this.#state.get()
    if (!held && state === 'holding') this.#state.set(this.#bundle.get() ? 'listed' : this.#bytes || this.#blob ? 'stopped' : 'streamed')
    if (held && (state === 'stopped' || state === 'streamed' || state === 'listed')) this.#state.set('holding')
  }

  /** The gateway first: it answers before the peer has joined. Whatever it gives is checked here. */
  async #obtain(): Promise<Outcome> {
    const { session, screen } = this.#options
    const { signal } = this.#controller
    const peer = await session.peer({ signal })
    const response = await fetchRaw(this.#whole, { signal })
    if (response?.status === 404) {
      await response.body?.cancel()
      return { failed: 'gone' }
    }
    if (response?.ok) {
      const { maxPieceBytes } = peer.status().limits
      const [size, type] = [sizeOf(response), typeOf(response)]
      if (size !== undefined && size > maxPieceBytes && !(await this.#mayBeBundle(size, type))) {
        await response.body?.cancel()
        return { large: { size, type } }
      }
      const bytes = await readAtMost(response, size ?? maxPieceBytes)
      if (bytes && (await this.#isRight(bytes))) return { bytes, gatewayType: type }
      screen.clear()
      this.#state.set('wrong')
    } else {
      await response?.body?.cancel()
    }
    return this.#obtainThroughPeer(peer)
  }

  async #obtainThroughPeer(peer: Peer): Promise<Outcome> {
    const { session, joinTimeoutMs } = this.#options
    const { signal } = this.#controller
    const { decodeKeyHex, MayflyError } = await session.library()
    try {
      await peer.joined({ signal: AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]) })
      const { outline } = this.route
      const opened = await peer.content.open(decodeKeyHex(this.hash), { signal, ...(outline && { outline: decodeKeyHex(outline) }) })
      const bytes = await readOpened(opened, peer.status().limits.maxPieceBytes, signal)
      if (bytes) return { bytes }
      const isPrivate = (await session.library()).isSealed(await firstBytes(opened, signal))
      return { large: { size: opened.size, ...(isPrivate && { type: SEALED_TYPE }) } }
    } catch (error) {
      signal.throwIfAborted()
      return { failed: failureOf(error instanceof MayflyError ? error.code : undefined) }
    }
  }

  /** A long list of files is read at once all the same. */
  async #mayBeBundle(size: number, type: string): Promise<boolean> {
    const { MAX_BUNDLE_BYTES } = await this.#options.session.library()
    return size <= MAX_BUNDLE_BYTES && type === BUNDLE_TYPE
  }

  #change(before: number | undefined): Promise<void> {
    return visitChange({ ...this.#options, hash: this.hash, retry: this.#retry, before, signal: this.#controller.signal })
  }

  /** The content of the link, whatever the link points at inside it. */
  get #whole(): RawAddress {
    const { hash, outline } = this.route
    return { hash, ...(outline && { outline }) }
  }

  async #isRight(bytes: Uint8Array): Promise<boolean> {
    const { sha256, encodeKeyHex } = await this.#options.session.library()
    return encodeKeyHex(await sha256(bytes)) === this.hash
  }
}

export function failureOf(code: MayflyErrorCode | undefined): 'gone' | 'unavailable' | 'offline' | 'too-large' {
  if (code === 'ERR_NO_HOLDER') return 'gone'
  if (code === 'ERR_UNAVAILABLE' || code === 'ERR_BAD_FRAME') return 'unavailable'
  return code === 'ERR_TOO_LARGE' ? 'too-large' : 'offline'
}

/** A visit to a public page: fetches its bytes from the gateway or through the peer, shows them, and holds them when they are small. */

import type { OpenedContent } from '../../node/index.ts'
import { toBase64 } from '../content/base64.ts'
import { readBundleFiles } from '../content/bundle-files.ts'
import { isDisplayable } from '../content/content-kind.ts'
import { type ContentAddress, rawPathOf } from '../content/raw-address.ts'
import { fetchRaw, firstBytes, readOpened, type StoredFile, typeOf } from '../content/raw-content.ts'
import { filesText } from '../text/size-text.ts'
import type { TransferPlan } from '../transfer/transfer.ts'
import { fetchPage, SEALED_TYPE } from './fetch-page.ts'
import { PageVisit, type PageVisitOptions } from './page-visit.ts'
import type { VisitFailure } from './types.ts'

export class PublicVisit extends PageVisit {
  protected readonly largeState = 'streamed'
  #bytes: Uint8Array | undefined
  #blob: StoredFile | undefined

  constructor(options: PageVisitOptions) {
    super(options, options.served === 'found' ? 'shown' : (options.served ?? 'looking'))
  }

  override get plan(): TransferPlan | undefined {
    const { hash, outline, name } = this.route
    const [bundle, facts] = [this.bundle.get(), this.facts.get()]
    if (bundle && this.#bytes) return { hash, label: name ?? filesText(bundle.length), files: bundle, bundle: toBase64(this.#bytes) }
    if (!facts || this.state.get() !== 'streamed') return undefined
    return { hash, label: name ?? 'a file', files: [{ hash, size: facts.size, path: name ?? 'a file', ...(outline && { outline }) }] }
  }

  override async holdAgain(): Promise<void> {
    const { name } = this.route
    const facts = { label: name ?? 'a file', madeHere: true, kept: false, ...(name !== undefined && { name }) }
    const [bytes, blob] = [this.#bytes, this.#blob]
    if (blob) await this.options.holdings.holdBlob(blob, { ...facts, signal: this.signal })
    else if (bytes) await this.hold(() => this.options.holdings.holdBytes(bytes, { madeHere: false }))
    else this.tryAgain()
  }

  protected override get isHere(): boolean {
    return this.#bytes !== undefined || this.#blob !== undefined
  }

  protected override async attempt(): Promise<VisitFailure | undefined> {
    const { holdings } = this.options
    if (holdings.has(this.hash)) return this.#showOwn()
    if (this.state.get() === 'gone') return 'gone' // the gateway has just asked everybody
    const page = await fetchPage({ ...this.options, address: this.#whole, signal: this.signal, onWrong: () => this.#onWrong() })
    this.signal.throwIfAborted()
    if (holdings.has(this.hash)) return this.#showOwn()
    if ('failed' in page) return page.failed
    if ('large' in page) this.#showStream(page.large)
    else await this.#showSmall(page.bytes, page.gatewayType)
    return undefined
  }

  #onWrong(): void {
    this.options.screen.clear()
    this.state.set('wrong')
  }

  /** Content that this tab holds is shown at once; the gateway's frame replaces it when the gateway has found it here. */
  async #showOwn(): Promise<VisitFailure | undefined> {
    const { holdings, screen, session } = this.options
    const { signal } = this
    this.state.set('holding')
    const page = holdings.page(this.hash)
    const kept = holdings.keptBytes(this.hash)
    screen.clearUnlessLoaded() // after a reload, the gateway's frame says that nobody holds what this tab is about to hold again
    if (kept) screen.showLocal(kept)
    const [library, peer] = await Promise.all([session.library(), session.peer({ signal })])
    const open = () => peer.content.open(library.decodeKeyHex(this.hash), { signal })
    const { maxPieceBytes } = peer.status().limits
    this.#blob = holdings.blobOf(this.hash)
    if (await this.#isLocked(kept ?? this.#blob ?? (await open()))) return undefined
    if (this.#blob && this.#blob.size > maxPieceBytes) {
      this.facts.set({ size: this.#blob.size, type: this.#blob.type || 'application/octet-stream' })
      if (this.#blob instanceof Blob) screen.showBlob(this.#blob)
      else screen.clear()
      return undefined
    }
    this.#bytes = kept ?? (await readOpened(await open(), page?.size ?? maxPieceBytes, signal))
    if (!this.#bytes) return 'unavailable'
    this.facts.set({ size: this.#bytes.byteLength })
    this.bundle.set(readBundleFiles(library, this.#bytes))
    if (!this.bundle.get() && !kept) screen.showLocal(this.#bytes)
    await session.joined({ signal })
    await this.#showGatewayOfOwn(this.#bytes.byteLength)
    return undefined
  }

  async #showGatewayOfOwn(size: number): Promise<void> {
    const response = await fetchRaw(this.#whole, { signal: this.signal, waitMs: this.options.ownTimeoutMs })
    await response?.body?.cancel()
    this.signal.throwIfAborted()
    if (!response?.ok) return
    if (this.bundle.get()) this.#showSite()
    else this.#showGateway(size, typeOf(response))
  }

  async #showSmall(bytes: Uint8Array, gatewayType: string | undefined): Promise<void> {
    const { holdings, screen, session } = this.options
    if (await this.#isLocked(bytes)) return
    this.#bytes = bytes
    this.bundle.set(readBundleFiles(await session.library(), bytes))
    if (this.bundle.get() || gatewayType === undefined) this.facts.set({ size: bytes.byteLength })
    if (this.bundle.get()) {
      if (gatewayType === undefined) screen.clear()
      else this.#showSite()
      this.state.set('listed')
      return
    }
    if (gatewayType === undefined) screen.showLocal(bytes)
    else this.#showGateway(bytes.byteLength, gatewayType)
    await this.hold(() => holdings.holdBytes(bytes, { madeHere: false }))
  }

  /** Private content, opened without its key: nothing of it can be shown. */
  async #isLocked(content: Uint8Array | StoredFile | OpenedContent): Promise<boolean> {
    const { isSealed } = await this.options.session.library()
    if (!isSealed(await firstBytes(content, this.signal))) return false
    this.options.screen.clear()
    this.state.set('locked')
    return true
  }

  /** Large content is not fetched to be held until somebody asks for it: it may have many gigabytes. */
  #showStream({ size, type }: { size: number; type?: string }): void {
    if (type === SEALED_TYPE) return void this.state.set('locked')
    if (type === undefined) {
      this.options.screen.clear()
      this.facts.set({ size })
    } else {
      this.#showGateway(size, type)
    }
    this.state.set('streamed')
  }

  /** A bundle with an `index.html` is shown as a site, any other as a list of files. */
  #showSite(): void {
    const inside = this.route.inside ?? ''
    const isSite = inside !== '' || this.bundle.get()?.some(({ path }) => path === 'index.html')
    if (isSite) this.options.screen.showRaw(rawPathOf({ ...this.#whole, inside }), 'text/html')
    else this.options.screen.clear()
  }

  /** Shows the gateway's own answer: only in that frame the page's scripts run. */
  #showGateway(size: number, type: string): void {
    this.facts.set({ size, type })
    if (isDisplayable(type, size)) this.options.screen.showRaw(rawPathOf(this.route), type)
    else this.options.screen.clear()
  }

  /** The address of the whole content, without the path inside it. */
  get #whole(): ContentAddress {
    const { hash, outline } = this.route
    return { hash, ...(outline && { outline }) }
  }
}

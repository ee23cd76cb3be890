/** A visit to a public page: fetches its bytes from the gateway or through the peer, shows them, and holds them when they are small. */

import { readBundleFiles } from '../content/bundle-files.ts'
import { isDisplayable, nameByType, plainTextOf } from '../content/content-kind.ts'
import { rawPathOf, wholeAddress } from '../content/raw-address.ts'
import { fetchRaw, readOpened, type StoredFile, typeOf } from '../content/raw-content.ts'
import { saveStored } from '../content/save-content.ts'
import { toBase64 } from '../text/base64.ts'
import { filesText } from '../text/size-text.ts'
import type { TransferPlan } from '../transfer/transfer-plan.ts'
import { fetchPage, SEALED_TYPE } from './fetch-page.ts'
import { PageVisit, type PageVisitOptions, showHere } from './page-visit.ts'
import type { VisitFailure } from './types.ts'

export class PublicVisit extends PageVisit {
  protected readonly largeState = 'streamed'
  #bytes: Uint8Array | undefined
  #blob: StoredFile | undefined

  constructor(options: PageVisitOptions) {
    const { served } = options
    super(options, served?.state === 'found' ? 'shown' : (served?.state ?? 'looking'))
    if (options.route.inside === undefined) this.facts.set(served?.facts)
  }

  override get plan(): TransferPlan | undefined {
    const { hash, outline, name } = this.route
    const [bundle, facts] = [this.bundle.get(), this.facts.get()]
    if (bundle && this.#bytes) return { hash, label: name ?? filesText(bundle.length), files: bundle, bundle: toBase64(this.#bytes) }
    if (!facts || this.state.get() !== 'streamed') return undefined
    return { hash, label: name ?? 'a file', files: [{ hash, size: facts.size, path: this.#fileName, ...(outline && { outline }) }] }
  }

  override async holdAgain(): Promise<void> {
    const { name } = this.route
    const facts = { label: name ?? 'a file', madeHere: true, kept: false, ...(name !== undefined && { name }) }
    const [bytes, blob] = [this.#bytes, this.#blob]
    if (blob) await this.options.holdings.holdBlob(blob, { ...facts, signal: this.signal })
    else if (bytes) await this.hold(() => this.options.holdings.holdBytes(bytes, { madeHere: false }))
    else this.tryAgain()
  }

  override get isHere(): boolean {
    return this.#bytes !== undefined || this.#fileHere !== undefined
  }

  override async save(): Promise<void> {
    const file = this.#bytes ? new Blob([this.#bytes as Uint8Array<ArrayBuffer>]) : this.#fileHere
    if (file) await saveStored(file, this.#fileName, this.signal)
  }

  get #fileName(): string {
    return this.route.name ?? nameByType(this.hash, this.facts.get()?.type)
  }

  /** A file that this tab made, or that a transfer has fetched. */
  get #fileHere(): StoredFile | undefined {
    return this.#blob ?? this.options.holdings.blobOf(this.hash)
  }

  protected override async attempt(): Promise<VisitFailure | undefined> {
    const { holdings } = this.options
    if (holdings.has(this.hash)) return this.#showOwn()
    if (this.state.get() === 'gone') return 'gone' // the gateway has just asked everybody
    const page = await fetchPage({
      ...this.options,
      address: wholeAddress(this.route),
      signal: this.signal,
      onWrong: () => this.showNothing('wrong'),
    })
    this.signal.throwIfAborted()
    if (holdings.has(this.hash)) return this.#showOwn()
    if ('failed' in page) return page.failed
    if ('large' in page) this.#showStream(page.large)
    else await this.#showSmall(page.bytes, page.gatewayType)
    return undefined
  }

  /** Content that this tab holds is shown at once; the gateway's frame replaces it when the gateway has found it here. */
  async #showOwn(): Promise<VisitFailure | undefined> {
    const { holdings, screen, session } = this.options
    const { signal } = this
    this.state.set('holding')
    const page = holdings.page(this.hash)
    const kept = holdings.keptBytes(this.hash)
    screen.clearUnlessLoaded() // after a reload, the gateway's frame says that nobody holds what this tab is about to hold again
    if (kept) showHere(this, screen, kept)
    const [library, peer] = await Promise.all([session.library(), session.peer({ signal })])
    const open = () => peer.content.open(library.decodeKeyHex(this.hash), { signal })
    const { maxPieceBytes } = peer.status().limits
    this.#blob = holdings.blobOf(this.hash)
    if (await this.locks(kept ?? this.#blob ?? (await open()))) return undefined
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
    if (!this.bundle.get() && !kept) showHere(this, screen, this.#bytes)
    await session.joined({ signal })
    await this.#showGatewayOfOwn(this.#bytes.byteLength)
    return undefined
  }

  async #showGatewayOfOwn(size: number): Promise<void> {
    const response = await fetchRaw(wholeAddress(this.route), { signal: this.signal, waitMs: this.options.ownTimeoutMs })
    await response?.body?.cancel()
    this.signal.throwIfAborted()
    if (!response?.ok) return
    if (this.bundle.get()) this.#showSite()
    else this.#showGateway(size, typeOf(response))
  }

  async #showSmall(bytes: Uint8Array, gatewayType: string | undefined): Promise<void> {
    const { holdings, screen, session } = this.options
    if (await this.locks(bytes)) return
    this.#bytes = bytes
    this.bundle.set(readBundleFiles(await session.library(), bytes))
    if (this.bundle.get() || gatewayType === undefined) this.facts.set({ size: bytes.byteLength })
    if (this.bundle.get()) {
      if (gatewayType === undefined) screen.clear()
      else this.#showSite()
      this.state.set('listed')
      return this.keepSmallBundle()
    }
    if (gatewayType === undefined) showHere(this, screen, bytes)
    else this.#showGateway(bytes.byteLength, gatewayType)
    await this.hold(() => holdings.holdBytes(bytes, { madeHere: false }))
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
    if (isSite) this.options.screen.showRaw(rawPathOf({ ...wholeAddress(this.route), inside }), 'text/html')
    else this.options.screen.clear()
  }

  /** Shows the gateway's own answer: only in that frame the page's scripts run. A text has none, and this tab sets it to be read. */
  #showGateway(size: number, type: string): void {
    this.facts.set({ size, type })
    const text = this.#bytes && plainTextOf(this.#bytes, type)
    this.text.set(text)
    if (this.#bytes && text !== undefined) this.options.screen.showText(this.#bytes)
    else if (isDisplayable(type, size)) this.options.screen.showRaw(rawPathOf(this.route), type)
    else this.options.screen.clear()
  }
}

/**
 * A visit to a private page: gets its cipher text through the peer, opens it with the link's key, puts it on screen and holds the cipher
 * text. Nothing of it is asked of the gateway's HTTP, whose frames could show only what it has itself. What is large is read again, in
 * parts, when it is shown or saved. Sentences are left to `words/visit-sentence.ts`.
 */

import type { OpenedContent, UnsealedContent } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import { toBase64 } from '../content/base64.ts'
import { type BundleFile, readBundleFiles } from '../content/bundle-files.ts'
import { isPdf } from '../content/content-kind.ts'
import { readOpened } from '../content/raw-content.ts'
import { blobOf, saveContent } from '../content/save-content.ts'
import { PRIVATE_LABEL } from '../holding/sealing.ts'
import type { TransferPlan } from '../transfer/transfer.ts'
import { type ContentFacts, failureOf, PAGE_VISIT_DEFAULTS, type PageVisitOptions, type Visit, type VisitState } from './page-visit.ts'
import type { PageRoute } from './route.ts'
import { visitChange } from './visit-change.ts'

export interface PrivateVisitOptions extends PageVisitOptions {
  route: PageRoute & { secret: string }
}

/** What is shown has to be in memory as a whole, opened: no more of a picture or a film than that, and of text than a frame can lay out. */
export const PRIVATE_SHOWN_BYTES = { media: 67_108_864, text: 4_194_304 } as const

type CipherText = Pick<OpenedContent, 'size' | 'read'>

export class PrivateVisit implements Visit {
  readonly hash: string
  readonly route: PageRoute
  readonly #secret: string
  readonly #options: Required<Omit<PageVisitOptions, 'served' | 'route'>>
  readonly #state: Cell<VisitState>
  readonly #controller = new AbortController()
  readonly #retry = new Cell(0)
  readonly #facts = new Cell<ContentFacts | undefined>(undefined)
  readonly #bundle = new Cell<readonly BundleFile[] | undefined>(undefined)
  #unsealed: UnsealedContent | undefined
  #plan: TransferPlan | undefined
  /** The cipher text, where it is small, or the list of a bundle. */
  #cipher: Uint8Array | undefined

  constructor({ served, route, ...options }: PrivateVisitOptions) {
    this.hash = route.hash
    this.route = route
    this.#secret = route.secret
    this.#options = { ...PAGE_VISIT_DEFAULTS, ...options }
    this.#state = new Cell<VisitState>(served === undefined || served === 'found' ? 'looking' : served)
  }

  get state(): ReadableCell<VisitState> {
    return this.#state
  }

  get bundle(): ReadableCell<readonly BundleFile[] | undefined> {
    return this.#bundle
  }

  get facts(): ReadableCell<ContentFacts | undefined> {
    return this.#facts
  }

  get plan(): TransferPlan | undefined {
    return this.#plan
  }

  start(): void {
    const { counts, holdings } = this.#options
    const { signal } = this.#controller
    signal.addEventListener('abort', counts.follow(this.hash, { early: true }))
    signal.addEventListener(
      'abort',
      holdings.pages.subscribe(() => this.#onHoldingsChange()),
    )
    void this.#run().catch((error: unknown) => this.#onEnd(error))
  }

  end(): void {
    this.#controller.abort()
  }

  tryAgain(): void {
    this.#retry.update((times) => times + 1)
  }

  async stopHolding(): Promise<void> {
    await this.#options.holdings.stop(this.hash)
  }

  async holdAgain(): Promise<void> {
    if (this.#cipher) await this.#hold(this.#cipher)
  }

  /** @throws what reading it throws, as it comes from others */
  async save(): Promise<void> {
    const unsealed = this.#unsealed
    if (!unsealed) return
    const { name, size } = unsealed
    await saveContent({ name, size, read: (abort) => unsealed.read(undefined, abort) }, this.#controller.signal)
  }

  /** Without a peer nothing can be opened: the connection says why. */
  #onEnd(error: unknown): void {
    if (this.#controller.signal.aborted) return
    if (this.#options.session.connection.get().state !== 'failed') throw error
    this.#state.set('offline')
  }

  async #run(): Promise<void> {
    // Said before anything is asked for: such a page may not get into the network either.
    if (globalThis.crypto?.subtle === undefined) {
      this.#state.set('no-crypto')
      return
    }
    const { counts, screen, session } = this.#options
    const { signal } = this.#controller
    const { MayflyError } = await session.library()
    for (;;) {
      const before = counts.counts.get().get(this.hash)
      try {
        return await this.#open(await this.#obtain())
      } catch (error) {
        signal.throwIfAborted()
        const code = error instanceof MayflyError ? error.code : undefined
        screen.clear()
        const refused = REFUSALS[code ?? '']
        if (refused) return this.#state.set(refused)
        this.#state.set(failureOf(code))
      }
      await visitChange({ ...this.#options, hash: this.hash, retry: this.#retry, before, signal })
      this.#state.set('looking')
    }
  }

  /** What this tab has itself needs nobody's answer. */
  async #obtain(): Promise<CipherText> {
    const { holdings, session, joinTimeoutMs } = this.#options
    const { signal } = this.#controller
    const [{ decodeKeyHex }, peer] = await Promise.all([session.library(), session.peer({ signal })])
    this.#cipher = holdings.keptBytes(this.hash)
    if (this.#cipher) return inMemory(this.#cipher)
    if (!holdings.has(this.hash)) await peer.joined({ signal: AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]) })
    const key = decodeKeyHex(this.hash)
    const { outline } = this.route
    const found = await peer.content.open(key, { signal, ...(outline && { outline: decodeKeyHex(outline) }) })
    this.#cipher = await readOpened(found, peer.status().limits.maxPieceBytes, signal)
    if (this.#cipher) return inMemory(this.#cipher)
    // Each record is checked by itself: the holder's word for the outline is enough to read by.
    return found.isTrusted || !found.outline ? found : peer.content.open(key, { signal, outline: found.outline })
  }

  async #open(cipher: CipherText): Promise<void> {
    const { holdings, session } = this.#options
    const { signal } = this.#controller
    const { BUNDLE_MEDIA_TYPE, decodeLinkKey, openSealed } = await session.library()
    const unsealed = await openSealed(cipher, decodeLinkKey(this.#secret), { signal })
    const { name, type, size } = unsealed
    this.#unsealed = unsealed
    this.#facts.set({ size, ...(type && { type }), ...(name && { name }) })
    if (type === BUNDLE_MEDIA_TYPE) return this.#openBundle(cipher, unsealed)
    this.#plan = {
      hash: this.hash,
      label: PRIVATE_LABEL,
      files: [{ hash: this.hash, size: cipher.size, path: PRIVATE_LABEL, ...(this.route.outline && { outline: this.route.outline }) }],
    }
    if (holdings.has(this.hash)) this.#state.set('holding')
    else if (this.#cipher) await this.#hold(this.#cipher)
    else this.#state.set('opened')
    await this.#show(unsealed)
  }

  async #openBundle(cipher: CipherText, unsealed: UnsealedContent): Promise<void> {
    const { holdings, session } = this.#options
    const { signal } = this.#controller
    const library = await session.library()
    const { MAX_BUNDLE_BYTES, MayflyError, sealedBytes } = library
    const list = unsealed.size > MAX_BUNDLE_BYTES ? undefined : await bytesOf(unsealed.read(undefined, { signal }))
    const files = list && readBundleFiles(library, list)
    if (!files) throw new MayflyError('ERR_DAMAGED', 'The list of files is none')
    this.#cipher ??= await bytesOf(cipher.read(undefined, { signal }))
    this.#bundle.set(files)
    this.#plan = {
      hash: this.hash,
      label: PRIVATE_LABEL,
      files: files.map(({ hash, size, outline }) => ({ hash, size: sealedBytes(size), path: PRIVATE_LABEL, ...(outline && { outline }) })),
      bundle: toBase64(this.#cipher),
    }
    this.#state.set(holdings.has(this.hash) ? 'holding' : 'listed')
  }

  /** By what it says that it is; what a browser does not show, or is too large for that, is there to be saved. */
  async #show({ type, size, read }: UnsealedContent): Promise<void> {
    const { screen } = this.#options
    const { signal } = this.#controller
    if (isMedia(type) || isPdf(type)) {
      if (size <= PRIVATE_SHOWN_BYTES.media) screen.showBlob(await blobOf(read(undefined, { signal }), type))
    } else if (isText(type) && size <= PRIVATE_SHOWN_BYTES.text) {
      screen.showLocal(await bytesOf(read(undefined, { signal })))
    }
  }

  async #hold(cipher: Uint8Array): Promise<void> {
    const { holdings } = this.#options
    const bundle = this.#plan?.bundle !== undefined
    try {
      if (bundle)
        await holdings.makeBundle(cipher, { label: PRIVATE_LABEL, parts: this.#plan?.files.map(({ hash }) => hash) ?? [], madeHere: false })
      else await holdings.hold(cipher, { label: PRIVATE_LABEL })
      if (!this.#controller.signal.aborted) this.#state.set('holding')
    } catch {
      this.#state.set('full')
    }
  }

  /** Stopped, on this page or in the list of what the tab holds; or got in the background. */
  #onHoldingsChange(): void {
    const held = this.#options.holdings.has(this.hash)
    const state = this.#state.get()
    if (!held && state === 'holding') this.#state.set(this.#bundle.get() ? 'listed' : this.#cipher ? 'stopped' : 'opened')
    if (held && (state === 'stopped' || state === 'opened' || state === 'listed')) this.#state.set('holding')
  }
}

/** What another try cannot change. */
const REFUSALS: Readonly<Record<string, VisitState>> = {
  ERR_WRONG_KEY: 'wrong-key',
  ERR_BAD_KEY: 'wrong-key',
  ERR_DAMAGED: 'damaged',
  ERR_BAD_FRAME: 'damaged',
  ERR_NO_CRYPTO: 'no-crypto',
}

/** An SVG is not among them: alone in a tab of its own it could run scripts, with the origin of the app. The frame for text draws it. */
function isMedia(type: string): boolean {
  return /^(?:image|audio|video)\//.test(type) && !type.startsWith('image/svg')
}

function isText(type: string): boolean {
  return type === '' || type.startsWith('image/svg') || /^text\/|^application\/(?:json|(?:xhtml\+)?xml)$/.test(type)
}

function inMemory(bytes: Uint8Array): CipherText {
  return {
    size: bytes.byteLength,
    async *read({ offset, length } = { offset: 0, length: bytes.byteLength }) {
      yield bytes.subarray(offset, offset + length)
    },
  }
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await (await blobOf(chunks, '')).arrayBuffer())
}

/**
 * A visit to a private page: fetches its cipher text, decrypts it with the key in the link, shows it, and holds the cipher text. Large content
 * is read again, in parts, when it is shown or saved.
 */

import type { OpenedContent, UnsealedContent } from '../../node/index.ts'
import { readBundleFiles } from '../content/bundle-files.ts'
import { privateViewOf } from '../content/content-kind.ts'
import { readOpened } from '../content/raw-content.ts'
import { blobOf, saveContent } from '../content/save-content.ts'
import { PRIVATE_LABEL } from '../holding/sealing.ts'
import { hasWebCrypto } from '../peer/web-crypto.ts'
import { toBase64 } from '../text/base64.ts'
import type { TransferPlan } from '../transfer/transfer-plan.ts'
import { failureOf, PageVisit, type PageVisitOptions, showHere } from './page-visit.ts'
import type { PageRoute } from './route.ts'
import type { VisitFailure, VisitState } from './types.ts'

interface CipherText {
  content: Pick<OpenedContent, 'size' | 'read'>
  bytes?: Uint8Array | undefined
}

export class PrivateVisit extends PageVisit {
  protected readonly largeState = 'opened'
  readonly #secret: string
  #unsealed: UnsealedContent | undefined
  #plan: TransferPlan | undefined
  /** The cipher text when it is small, or that of a bundle's list. */
  #cipher: Uint8Array | undefined

  constructor(options: PageVisitOptions & { route: PageRoute & { secret: string } }) {
    const { state = 'found' } = options.served ?? {}
    super(options, state === 'found' ? 'looking' : state)
    this.#secret = options.route.secret
  }

  override get plan(): TransferPlan | undefined {
    return this.#plan
  }

  override async holdAgain(): Promise<void> {
    if (this.#cipher) await this.#hold(this.#cipher)
  }

  override async save(onBytes?: (bytes: number) => void): Promise<void> {
    const unsealed = this.#unsealed
    if (!unsealed) return
    const { name, size } = unsealed
    await saveContent({ name, size, read: (options) => unsealed.read(undefined, options) }, this.signal, onBytes)
  }

  override get isHere(): boolean {
    return this.#cipher !== undefined || this.options.holdings.has(this.hash)
  }

  protected override async attempt(): Promise<VisitFailure | undefined> {
    // Checked before anything is requested: nothing of it could be shown.
    if (!hasWebCrypto()) return void this.showNothing('no-crypto')
    const { MayflyError } = await this.options.session.library()
    try {
      await this.#open(await findCipherText({ ...this.options, route: this.route }, this.signal))
      return undefined
    } catch (error) {
      this.signal.throwIfAborted()
      const code = error instanceof MayflyError ? error.code : undefined
      const refused = REFUSALS[code ?? '']
      return refused ? void this.showNothing(refused) : failureOf(code)
    }
  }

  async #open({ content, bytes }: CipherText): Promise<void> {
    const { holdings, session } = this.options
    const { hash, signal } = this
    this.#cipher = bytes
    const { BUNDLE_MEDIA_TYPE, decodeLinkKey, openSealed } = await session.library()
    const unsealed = await openSealed(content, decodeLinkKey(this.#secret), { signal })
    const { name, type, size } = unsealed
    this.#unsealed = unsealed
    this.facts.set({ size, ...(type && { type }), ...(name && { name }) })
    if (type === BUNDLE_MEDIA_TYPE) return this.#openBundle(content, unsealed)
    this.#plan = planOf(hash, [{ hash, size: content.size, outline: this.route.outline }])
    if (holdings.has(hash)) this.state.set('holding')
    else if (bytes) await this.#hold(bytes)
    else this.state.set('opened')
    await this.#show(unsealed)
  }

  async #openBundle(content: CipherText['content'], unsealed: UnsealedContent): Promise<void> {
    const { holdings, session } = this.options
    const { hash, signal } = this
    const library = await session.library()
    const { MAX_BUNDLE_BYTES, MayflyError, sealedBytes } = library
    const list = unsealed.size > MAX_BUNDLE_BYTES ? undefined : await bytesOf(unsealed.read(undefined, { signal }))
    const files = list && readBundleFiles(library, list)
    if (!files) throw new MayflyError('ERR_DAMAGED', 'The list of files is not valid')
    this.#cipher ??= await bytesOf(content.read(undefined, { signal }))
    this.bundle.set(files)
    const sealed = files.map((file) => ({ ...file, size: sealedBytes(file.size) }))
    this.#plan = { ...planOf(hash, sealed), bundle: toBase64(this.#cipher) }
    this.state.set(holdings.has(hash) ? 'holding' : 'listed')
    if (!holdings.has(hash)) await this.keepSmallBundle()
  }

  /** Shows the content according to its own media type. Other content, and what is too large to be shown, can be saved. */
  async #show({ type, size, read }: UnsealedContent): Promise<void> {
    const { screen } = this.options
    const view = privateViewOf(type, size)
    if (view === 'media') screen.showBlob(await blobOf(read(undefined, { signal: this.signal }), type))
    if (view !== 'text') return
    const bytes = await bytesOf(read(undefined, { signal: this.signal }))
    showHere(this, screen, bytes)
  }

  #hold(cipher: Uint8Array): Promise<void> {
    const { bundle, files = [] } = this.#plan ?? {}
    const parts = bundle === undefined ? {} : { parts: files.map(({ hash }) => hash) }
    return this.hold(() => this.options.holdings.holdBytes(cipher, { label: PRIVATE_LABEL, madeHere: false, ...parts }))
  }
}

/** Names of private files stay out of the plan, which is stored. */
function planOf(hash: string, files: readonly { hash: string; size: number; outline?: string | undefined }[]): TransferPlan {
  return {
    hash,
    label: PRIVATE_LABEL,
    files: files.map(({ hash: file, size, outline }) => ({ hash: file, size, path: PRIVATE_LABEL, ...(outline && { outline }) })),
  }
}

const REFUSALS: Readonly<Record<string, VisitState>> = {
  ERR_WRONG_KEY: 'wrong-key',
  ERR_BAD_KEY: 'wrong-key',
  ERR_DAMAGED: 'damaged',
  ERR_BAD_FRAME: 'damaged',
  ERR_NO_CRYPTO: 'no-crypto',
}

/**
 * From this tab, or through the peer. It is never requested from the gateway, which could not show it.
 *
 * @throws {MayflyError} ERR_NO_HOLDER, ERR_UNAVAILABLE, ERR_NO_NETWORK, ERR_TOO_LARGE
 * @throws signal.reason, when aborted
 */
async function findCipherText(
  options: Required<Pick<PageVisitOptions, 'route' | 'session' | 'holdings' | 'joinTimeoutMs'>>,
  signal: AbortSignal,
): Promise<CipherText> {
  const { route, session, holdings, joinTimeoutMs } = options
  const { hash, outline } = route
  const [{ decodeKeyHex }, peer] = await Promise.all([session.library(), session.peer({ signal })])
  const kept = holdings.keptBytes(hash)
  if (kept) return inMemory(kept)
  if (!holdings.has(hash)) await peer.joined({ signal: AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]) })
  const key = decodeKeyHex(hash)
  const found = await peer.content.open(key, { signal, ...(outline && { outline: decodeKeyHex(outline) }) })
  const bytes = await readOpened(found, peer.status().limits.maxPieceBytes, signal)
  if (bytes) return inMemory(bytes)
  // Decryption checks each record by itself, so an outline that only a holder vouches for is enough.
  return { content: found.isTrusted || !found.outline ? found : await peer.content.open(key, { signal, outline: found.outline }) }
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await (await blobOf(chunks, '')).arrayBuffer())
}

function inMemory(bytes: Uint8Array): CipherText {
  const content: CipherText['content'] = {
    size: bytes.byteLength,
    async *read({ offset, length } = { offset: 0, length: bytes.byteLength }) {
      yield bytes.subarray(offset, offset + length)
    },
  }
  return { content, bytes }
}

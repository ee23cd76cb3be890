/** Makes content of text and chosen files: one file is content by itself, several files or a folder become a bundle. Reports its progress. */

import type { AbortOptions, BundleEntry, MayflyErrorCode } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import { type ChosenFile, commonFolder, sizeOf, withBundlePaths } from '../content/chosen-files.ts'
import { contentKindOf } from '../content/content-kind.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { PeerLibrary } from '../peer/types.ts'
import type { HeldPage } from './held-page-list.ts'
import type { Holdings } from './holdings.ts'
import type { MadePage, MadePages } from './made-pages.ts'
import { createSealing, PRIVATE_LABEL, type Sealing } from './sealing.ts'

/** A private link: everything is encrypted, and only the cipher text is held. */
type Privacy = { isPrivate: boolean }

export interface SharedPage extends HeldPage {
  /** The key of private content. It belongs into the link, and nowhere else. */
  secret?: string
}

export class Sharing {
  readonly #session: PeerSession
  readonly #holdings: Holdings
  readonly #made: MadePages
  /** Undefined while nothing is hashed. */
  readonly progress = new Cell<{ done: number; total: number; path: string } | undefined>(undefined)
  /** The files of the pages that were made in this tab, to change the choice later. Bounded by what the tab holds. */
  readonly #filesOf = new Map<string, readonly ChosenFile[]>()

  constructor(session: PeerSession, holdings: Holdings, made: MadePages) {
    this.#session = session
    this.#holdings = holdings
    this.#made = made
  }

  /** The files of a page that was made of files here; undefined for any other content. */
  filesOf(hash: string): readonly ChosenFile[] | undefined {
    return this.#filesOf.get(hash)
  }

  /**
   * Makes content of the files, and holds it.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT, ERR_BAD_OPTION (a file name that no bundle can have)
   * @throws signal.reason, when aborted: nothing of it is held then
   * @throws when a file cannot be read
   */
  async share(files: readonly ChosenFile[], { isPrivate, signal }: Privacy & Required<AbortOptions>): Promise<SharedPage> {
    return this.#share(files, isPrivate ? createSealing(await this.#session.library()) : undefined, signal)
  }

  /**
   * Holds again what this tab made before a reload, under the same link.
   *
   * @param options.secret of a private page
   * @throws {MayflyError} ERR_BAD_OPTION when these are not its files, and nothing of them is held then; and as `share`
   * @throws as `share`
   */
  async shareAgain(
    { hash, size, files: count, sealed }: MadePage,
    files: readonly ChosenFile[],
    { signal, secret = '' }: Required<AbortOptions> & { secret?: string | undefined },
  ): Promise<void> {
    const library = await this.#session.library()
    if (sizeOf(files) === size && files.length === count) {
      const heldBefore = new Set(this.#holdings.pages.get().map((page) => page.hash))
      const again = this.#share(files, sealed && createSealing(library, { secret, parts: sealed }), signal)
      // Of a private page, other files are not held at all.
      const page = sealed ? await again.catch((error) => passUnless(error, 'ERR_UNAVAILABLE')) : await again
      if (page?.hash === hash) return
      if (page && !heldBefore.has(page.hash)) await this.#holdings.stop(page.hash)
    }
    throw new library.MayflyError('ERR_BAD_OPTION', 'Not the files that this page was made of: they would have another link')
  }

  /**
   * Makes a page of written text, and holds it.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT
   */
  async shareText(bytes: Uint8Array, { isPrivate }: Privacy): Promise<SharedPage> {
    if (!isPrivate) return this.#holdings.holdBytes(bytes, { madeHere: true })
    const sealing = createSealing(await this.#session.library())
    const type = contentKindOf(bytes).kind === 'html' ? 'text/html' : 'text/plain'
    const sealed = await sealing.sealBytes(bytes, { type })
    const page = await this.#holdings.holdBytes(sealed.bytes, { label: PRIVATE_LABEL, madeHere: true })
    return { ...page, secret: sealing.secret }
  }

  async #share(files: readonly ChosenFile[], sealing: Sealing | undefined, signal: AbortSignal): Promise<SharedPage> {
    const [only] = files
    const isOne = files.length === 1 && only && !only.path.includes('/')
    const page = isOne ? await this.#shareOne(only, sealing, signal) : await this.#shareBundle(files, sealing, signal)
    this.#filesOf.set(page.hash, files)
    const sealed = sealing?.parts([...(page.parts ?? []), page.hash])
    this.#made.remember(page, {
      size: sizeOf(files),
      files: files.length,
      isFolder: commonFolder(files) !== undefined,
      ...(sealed && { sealed }),
    })
    return { ...page, ...(sealing && { secret: sealing.secret }) }
  }

  async #shareOne({ path, file }: ChosenFile, sealing: Sealing | undefined, signal: AbortSignal): Promise<HeldPage> {
    const [{ blobSource }, peer] = await Promise.all([this.#session.library(), this.#session.peer({ signal })])
    const { limits } = peer.status()
    if (file.size <= limits.maxPieceBytes) {
      const bytes = await blobSource(file).read(0, file.size)
      if (!sealing) return this.#holdings.holdBytes(bytes, { name: path, madeHere: true })
      const { bytes: sealed, expectedHash } = await sealing.sealBytes(bytes, sealing.factsOf({ path, file }))
      return this.#holdings.holdBytes(sealed, { label: PRIVATE_LABEL, madeHere: true, expectedHash })
    }
    try {
      return await this.#holdings.holdBlob(file, {
        madeHere: true,
        kept: false,
        ...(sealing ? sealing.holdOptions({ path, file }) : { label: path, name: path }),
        signal,
        onRead: (done) => this.progress.set({ done, total: file.size, path }),
      })
    } finally {
      this.progress.set(undefined)
    }
  }

  async #shareBundle(chosen: readonly ChosenFile[], sealing: Sealing | undefined, signal: AbortSignal): Promise<HeldPage> {
    // In an order of their own: what a browser hands over may come in another one the next time.
    const files = withBundlePaths(chosen).sort((a, b) => (a.path < b.path ? -1 : 1))
    const [library, peer] = await Promise.all([this.#session.library(), this.#session.peer({ signal })])
    mustFit(library, files, { held: this.#holdings.pages.get().length, maxHeld: peer.status().limits.maxHeldContents })
    const total = sizeOf(files)
    const made: HeldPage[] = []
    const heldBefore = new Set(this.#holdings.pages.get().map(({ hash }) => hash))
    let before = 0
    try {
      const entries: BundleEntry[] = []
      for (const { path, file } of files) {
        const onRead = (read: number) => this.progress.set({ done: before + read, total, path })
        const named = sealing ? sealing.holdOptions({ path, file }) : { label: path }
        const page = await this.#holdings.holdBlob(file, { ...named, madeHere: true, kept: false, signal, isPart: true, onRead })
        made.push(page)
        before += file.size
        const { hash, outline } = page
        const { decodeKeyHex } = library
        entries.push({
          path,
          size: file.size,
          type: library.mediaTypeOf(path),
          key: decodeKeyHex(hash),
          ...(outline && { outline: decodeKeyHex(outline) }),
        })
      }
      const parts = [...new Set(made.map(({ hash }) => hash))]
      const label = commonFolder(chosen) ?? `${files.length} files`
      const list = library.encodeBundle(entries)
      if (!sealing) return await this.#holdings.holdBytes(list, { label, parts, madeHere: true })
      const { bytes, expectedHash } = await sealing.sealBytes(list, { name: label, type: library.BUNDLE_MEDIA_TYPE })
      return await this.#holdings.holdBytes(bytes, { label: PRIVATE_LABEL, parts, madeHere: true, expectedHash })
    } catch (error) {
      for (const { hash } of made) if (!heldBefore.has(hash)) await this.#holdings.stop(hash)
      throw error
    } finally {
      this.progress.set(undefined)
    }
  }
}

/** @throws what it was given, when that has another code */
function passUnless(error: unknown, code: MayflyErrorCode): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === code)) throw error
}

/** Checks names and limits before the files are hashed, which may take an hour. */
function mustFit(
  { MayflyError, refusePath }: PeerLibrary,
  files: readonly ChosenFile[],
  { held, maxHeld }: { held: number; maxHeld: number },
): void {
  for (const { path } of files) {
    const refused = refusePath(path)
    if (refused !== undefined) throw new MayflyError('ERR_BAD_OPTION', `Cannot share: ${refused}`)
  }
  if (held + files.length + 1 <= maxHeld) return
  throw new MayflyError(
    'ERR_LIMIT',
    `Cannot share ${files.length} files: they and their list are ${files.length + 1} contents, this tab holds ${held}, and the limit is ${maxHeld}`,
  )
}

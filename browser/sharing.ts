/** Makes content of chosen files: one file is content by itself, several or a folder are a bundle. Says how far it is. */

import type { AbortOptions, BundleEntry } from '../node/index.ts'
import { Cell, type ReadableCell } from './cell.ts'
import { type ChosenFile, commonFolder, sizeOf, withDistinctPaths } from './chosen-files.ts'
import type { HeldPage } from './held-page.ts'
import type { Holdings } from './holdings.ts'
import type { PeerSession } from './peer-session.ts'

export interface SharingProgress {
  /** Bytes read and hashed, of all. */
  done: number
  total: number
  /** The path of the file that is being read. */
  path: string
}

export interface SharingOptions {
  session: PeerSession
  holdings: Holdings
}

export class Sharing {
  readonly #session: PeerSession
  readonly #holdings: Holdings
  readonly #progress = new Cell<SharingProgress | undefined>(undefined)
  /** What bundles were made of in this tab, so that a next one can have more or fewer. Bounded by what the tab holds. */
  readonly #filesOf = new Map<string, readonly ChosenFile[]>()

  constructor({ session, holdings }: SharingOptions) {
    this.#session = session
    this.#holdings = holdings
  }

  /** Absent while nothing is being hashed. */
  get progress(): ReadableCell<SharingProgress | undefined> {
    return this.#progress
  }

  /** The files of a bundle that was made here; undefined for any other content. */
  filesOf(hash: string): readonly ChosenFile[] | undefined {
    return this.#filesOf.get(hash)
  }

  /**
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT, ERR_BAD_OPTION for a name that no bundle can have
   * @throws signal.reason, when aborted: then nothing of it is held
   * @throws when a file cannot be read
   */
  async share(files: readonly ChosenFile[], options: Required<AbortOptions>): Promise<HeldPage> {
    const [only] = files
    if (files.length === 1 && only && !only.path.includes('/')) return this.#shareOne(only, options)
    return this.#shareBundle(withDistinctPaths(files), options)
  }

  async #shareOne({ path, file }: ChosenFile, { signal }: Required<AbortOptions>): Promise<HeldPage> {
    const { limits } = (await this.#session.peer({ signal })).status()
    if (file.size <= limits.maxPieceBytes) return this.#holdings.make(new Uint8Array(await file.arrayBuffer()), path)
    try {
      return await this.#holdings.makeOf(file, {
        label: path,
        name: path,
        signal,
        onRead: (done) => this.#progress.set({ done, total: file.size, path }),
      })
    } finally {
      this.#progress.set(undefined)
    }
  }

  async #shareBundle(files: readonly ChosenFile[], { signal }: Required<AbortOptions>): Promise<HeldPage> {
    const [library, peer] = await Promise.all([this.#session.library(), this.#session.peer({ signal })])
    await this.#mustFit(files, peer.status().limits.maxHeldContents)
    const total = sizeOf(files)
    const made: HeldPage[] = []
    const heldBefore = new Set(this.#holdings.pages.get().map(({ hash }) => hash))
    let before = 0
    try {
      const entries: BundleEntry[] = []
      for (const { path, file } of files) {
        const onRead = (read: number) => this.#progress.set({ done: before + read, total, path })
        const page = await this.#holdings.makeOf(file, { label: path, signal, isPart: true, onRead })
        made.push(page)
        before += file.size
        const { hash, size, outline } = page
        const { decodeKeyHex } = library
        entries.push({
          path,
          size,
          type: library.mediaTypeOf(path),
          key: decodeKeyHex(hash),
          ...(outline && { outline: decodeKeyHex(outline) }),
        })
      }
      const parts = [...new Set(made.map(({ hash }) => hash))]
      const label = commonFolder(files) ?? `${files.length} files`
      const bundle = await this.#holdings.makeBundle(library.encodeBundle(entries), { label, parts, madeHere: true })
      this.#filesOf.set(bundle.hash, files)
      return bundle
    } catch (error) {
      for (const { hash } of made) if (!heldBefore.has(hash)) await this.#holdings.stop(hash)
      throw error
    } finally {
      this.#progress.set(undefined)
    }
  }

  /** What cannot become a bundle is refused before an hour of hashing, not after. */
  async #mustFit(files: readonly ChosenFile[], maxHeld: number): Promise<void> {
    const { MayflyError, refusePath } = await this.#session.library()
    for (const { path } of files) {
      const refused = refusePath(path)
      if (refused !== undefined) throw new MayflyError('ERR_BAD_OPTION', `Cannot share: ${refused}`)
    }
    const held = this.#holdings.pages.get().length
    if (held + files.length + 1 <= maxHeld) return
    throw new MayflyError(
      'ERR_LIMIT',
      `Cannot share ${files.length} files: with their list that is ${files.length + 1} contents, this tab holds ${held}, and the limit is ${maxHeld}`,
    )
  }
}

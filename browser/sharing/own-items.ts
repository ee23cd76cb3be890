/**
 * The files and texts of this tab's share as they were chosen: they go into the record by which the share comes back after a reload, and tell a
 * file that is chosen again.
 */

import type { Share, ShareEntry } from '../../node/index.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import { KEPT_SHARE_LIMITS, type KeptItem, type KeptRecord, KeptShare } from './kept-share.ts'

type KeptFile = Extract<KeptItem, { kind: 'file' }>

/** A file that a reload has ended, until it is chosen again. */
export type MissingFile = KeptFile

/** A file that is chosen, with the path it has in the share. */
export interface PlacedFile {
  given: string
  path: string
  file: File
}

export class OwnItems {
  readonly #kept: KeptShare
  /** By entry. Bounded by the entries of a share. */
  #items = new Map<number, KeptItem>()
  #missing: readonly MissingFile[] = []
  /** One file after the other is read to be kept. */
  #keeping = Promise.resolve()

  constructor(store: SessionStore) {
    this.#kept = new KeptShare(store)
  }

  get missing(): readonly MissingFile[] {
    return this.#missing
  }

  /** The share of before a reload; undefined when there was none. */
  read(): KeptRecord | undefined {
    return this.#kept.read()
  }

  /** @param items those that are shared again, in the order of the entries */
  restore(entries: readonly ShareEntry[], items: readonly KeptItem[], missing: readonly MissingFile[]): void {
    this.#items = new Map(entries.flatMap((entry, i) => (items[i] ? [[entry.id, items[i]] as const] : [])))
    this.#missing = missing
  }

  /** Files that a reload has ended take their old paths. */
  place(files: readonly ChosenFile[]): PlacedFile[] {
    let missing = this.#missing
    return files.map(({ path, file }) => {
      const known = missingOf(missing, path, file)
      missing = missing.filter((other) => other !== known)
      return { given: path, path: known?.path ?? path, file }
    })
  }

  addFile({ id, path }: ShareEntry, { given, path: asked, file }: PlacedFile): void {
    const { size, lastModified, type } = file
    this.#missing = this.#missing.filter((other) => other.path !== asked || other.size !== size)
    this.#items.set(id, { kind: 'file', path, name: given, size, modifiedMs: lastModified, mediaType: type, bytes: undefined })
    if (size <= KEPT_SHARE_LIMITS.maxFileBytes) this.#keeping = this.#keeping.then(() => this.#keepBytes(id, file))
  }

  addText({ id, path }: ShareEntry, text: string): void {
    this.#items.set(id, { kind: 'text', path, text })
  }

  rename({ id, path }: ShareEntry): void {
    const item = this.#items.get(id)
    if (item) this.#items.set(id, { ...item, path })
  }

  remove(entry: number): void {
    this.#items.delete(entry)
    this.#kept.dropFile(entry)
  }

  forget(file: MissingFile): void {
    this.#missing = this.#missing.filter((other) => other !== file)
  }

  /** False when it does not fit: the share then ends with a reload. */
  keep(share: Share): boolean {
    const items = share.entries.flatMap(({ id }) => {
      const item = this.#items.get(id)
      return item ? [{ entry: id, ...item }] : []
    })
    const missing = this.#missing.map((file) => ({ entry: -1, ...file }))
    return this.#kept.keep({ id: share.id, snapshot: share.snapshot(), items: [...items, ...missing] })
  }

  clear(): void {
    this.#items = new Map()
    this.#missing = []
    this.#kept.clear()
  }

  async #keepBytes(entry: number, file: File): Promise<void> {
    if (!this.#kept.hasRoomFor(file.size)) return
    const bytes = await file.arrayBuffer().catch(() => undefined) // the share says that it cannot be read
    if (bytes && this.#items.has(entry)) this.#kept.keepFile(entry, new Uint8Array(bytes))
  }
}

/** A file that was in a folder may be chosen alone. */
function missingOf(missing: readonly MissingFile[], path: string, file: File): MissingFile | undefined {
  const sameSize = missing.filter(({ size }) => size === file.size)
  return sameSize.find(({ name }) => name === path) ?? sameSize.find(({ name }) => name.slice(name.lastIndexOf('/') + 1) === file.name)
}

/** The list of a share: entries come, are read one after the other, are renamed and go. Their contents are held, and announced nowhere. */

import { mediaTypeOf, refusePath, sealSource } from '../../content/index.ts'
import type { ContentSource, ContentStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { decodeKeyHex, encodeKeyHex } from '../../keys/index.ts'
import { freePath } from '../format/free-path.ts'
import { twinKey } from '../format/safe-path.ts'
import { ENTRY_LIMITS, type ListedEntry } from '../format/share-entry.ts'
import type { ShareItem } from '../types.ts'

/** An entry as it is kept over a restart. */
export interface KeptEntry {
  id: number
  path: string
  size: number
  linkKey: Uint8Array | undefined
  salt: Uint8Array | undefined
  /** Hex; undefined while it was being read. */
  hash: string | undefined
}

interface OwnEntry extends ListedEntry {
  source: ContentSource | undefined
  salt: Uint8Array | undefined
  /** Aborted when it is removed. */
  removed: AbortController
}

export interface ShareListOptions {
  content: Pick<ContentStore, 'hold' | 'release'>
  isSealed: boolean
  randomBytes(length: number): Uint8Array
  /** Entries of before a restart, to be matched by path and size. */
  kept: readonly KeptEntry[]
  onChange(): void
}

const LINK_KEY_BYTES = 32
const SALT_BYTES = 32

export type ShareList = ReturnType<typeof createShareList>

export function createShareList({ content, isSealed, randomBytes, kept, onChange }: ShareListOptions) {
  /** By id, in the order in which they came. Bounded: ENTRY_LIMITS.maxEntries. */
  const entries = new Map<number, OwnEntry>()
  const paths = createPathBook()
  const contents = createContentBook(content)
  const before = new Map(kept.map((entry) => [`${entry.size}:${entry.path}`, entry]))
  let lastId = Math.max(0, ...kept.map(({ id }) => id))
  const hashes = new Map(kept.map(({ id, hash }) => [id, hash]))
  let reading = Promise.resolve()
  let isClosed = false

  function change(id: number, changes: Partial<OwnEntry>): OwnEntry | undefined {
    const entry = entries.get(id)
    if (entry === undefined) return undefined
    const changed = { ...entry, ...changes }
    entries.set(id, changed)
    onChange()
    return changed
  }

  function forget({ id, path }: OwnEntry): void {
    entries.delete(id)
    paths.release(path)
  }

  function entryOf(item: ShareItem): OwnEntry {
    const path = paths.free(item.path)
    const text = item.kind === 'text' ? item.text : undefined
    if (text !== undefined && text.length > ENTRY_LIMITS.maxTextLength)
      throw new MayflyError(
        'ERR_BAD_OPTION',
        `Cannot share a text of ${text.length} characters: at most ${ENTRY_LIMITS.maxTextLength} go; share it as a file`,
      )
    const source = item.kind === 'file' ? item.source : undefined
    const size = source?.size ?? new TextEncoder().encode(text).byteLength
    const known = before.get(`${size}:${path}`)
    before.delete(`${size}:${path}`)
    const hasKey = isSealed && source !== undefined
    return {
      id: known?.id ?? ++lastId,
      kind: item.kind,
      path,
      size,
      mediaType: (item.kind === 'file' ? item.mediaType : 'text/plain') || mediaTypeOf(path) || 'application/octet-stream',
      modifiedMs: item.kind === 'file' ? item.modifiedMs : undefined,
      state: source === undefined ? 'ready' : 'reading',
      text,
      hash: undefined,
      outline: undefined,
      travelSize: 0,
      linkKey: hasKey ? (known?.linkKey ?? randomBytes(LINK_KEY_BYTES)) : undefined,
      salt: hasKey ? (known?.salt ?? randomBytes(SALT_BYTES)) : undefined,
      source,
      removed: new AbortController(),
    }
  }

  /** Reads it once, and holds it. Never rejects. @param hashBefore the hash that the same bytes have under the same key and salt */
  async function read(id: number, hashBefore: string | undefined): Promise<void> {
    const entry = entries.get(id)
    if (entry?.source === undefined || isClosed) return
    const { source, linkKey, salt, path, mediaType, removed } = entry
    try {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const travelling = linkKey && salt ? await sealSource(source, linkKey, { name, type: mediaType, salt }) : source
      const { key, size, outline, wasHeld } = await content.hold(travelling, { isPart: true, signal: removed.signal })
      const hash = encodeKeyHex(key)
      if (linkKey && hashBefore !== undefined && hash !== hashBefore) {
        // Other bytes under the same key and salt would reveal both: they are sealed anew before anybody hears of them.
        if (!wasHeld) await content.release(key)
        change(id, { linkKey: randomBytes(LINK_KEY_BYTES), salt: randomBytes(SALT_BYTES) })
        return await read(id, undefined)
      }
      contents.add(hash, wasHeld ? undefined : source)
      if (isClosed || change(id, { state: 'ready', hash, outline, travelSize: size }) === undefined) await contents.letGo(hash)
    } catch {
      if (!removed.signal.aborted) change(id, { state: 'failed' })
    }
  }

  async function letGo({ hash, source, removed }: OwnEntry): Promise<void> {
    removed.abort()
    const isReadFrom = hash !== undefined && contents.sourceOf(hash) === source
    if (hash !== undefined) await contents.letGo(hash)
    if (!isReadFrom) await source?.close?.()
  }

  return {
    list: (): readonly ListedEntry[] => [...entries.values()],
    entry: (id: number): ListedEntry | undefined => entries.get(id),
    /** Whether an entry of that number is, or was, in the list. */
    hadEntry: (id: number): boolean => id > 0 && id <= lastId,
    /** Resolves at once: they are read afterwards. @throws {MayflyError} ERR_LIMIT, ERR_BAD_OPTION; then nothing was added */
    add(items: readonly ShareItem[]): readonly ListedEntry[] {
      if (entries.size + items.length > ENTRY_LIMITS.maxEntries)
        throw new MayflyError(
          'ERR_LIMIT',
          `Cannot share ${entries.size + items.length} files at once: the limit is ${ENTRY_LIMITS.maxEntries}`,
        )
      const added: OwnEntry[] = []
      try {
        for (const item of items) {
          const entry = entryOf(item)
          added.push(entry)
          entries.set(entry.id, entry)
          paths.take(entry.path, entry.id)
        }
      } catch (error) {
        for (const entry of added) forget(entry)
        throw error
      }
      for (const { id } of added) reading = reading.then(() => read(id, hashes.get(id)))
      onChange()
      return added
    },
    /** True when it was there. */
    remove(id: number): boolean {
      const entry = entries.get(id)
      if (entry === undefined) return false
      forget(entry)
      void letGo(entry)
      onChange()
      return true
    },
    /** @throws {MayflyError} ERR_BAD_OPTION */
    rename(id: number, path: string): void {
      const entry = entries.get(id)
      if (entry === undefined) throw new MayflyError('ERR_BAD_OPTION', `Cannot rename entry ${id}: the share has none of that number`)
      const free = paths.free(path, id)
      paths.release(entry.path)
      paths.take(free, id)
      change(id, { path: free })
    },
    /** Content was released here, since its source has changed or is gone. */
    onReleased(hash: string): void {
      for (const entry of entries.values()) if (entry.hash === hash) change(entry.id, { state: 'failed' })
    },
    kept: (): KeptEntry[] =>
      [...entries.values()]
        .filter(({ kind }) => kind === 'file')
        .map(({ id, path, size, linkKey, salt, hash }) => ({ id, path, size, linkKey, salt, hash })),
    /** Releases all contents. The list stays as it is. */
    async close(): Promise<void> {
      isClosed = true
      await Promise.all([...entries.values()].map(letGo))
    },
  }
}

/** The contents of a share: several entries may have one. */
function createContentBook({ release }: Pick<ContentStore, 'release'>) {
  /** By hash, hex. Bounded by the entries. */
  const contents = new Map<string, { entries: number; source: ContentSource | undefined }>()
  return {
    /** @param source it is read from this one; undefined when it was held here before: then it is not released with the entries */
    add(hash: string, source: ContentSource | undefined): void {
      const known = contents.get(hash)
      contents.set(hash, { entries: (known?.entries ?? 0) + 1, source: known ? known.source : source })
    },
    sourceOf: (hash: string) => contents.get(hash)?.source,
    /** Released with the last entry that has it: that closes its source. */
    async letGo(hash: string): Promise<void> {
      const known = contents.get(hash)
      if (known === undefined) return
      if (known.entries > 1) return void contents.set(hash, { ...known, entries: known.entries - 1 })
      contents.delete(hash)
      if (known.source !== undefined) await release(decodeKeyHex(hash))
    },
  }
}

/** The paths of a share, of which no two are the same where systems take them for one. */
function createPathBook() {
  /** The ids of entries by the `twinKey` of their paths. Bounded by the entries. */
  const ids = new Map<string, number>()
  return {
    take: (path: string, id: number) => void ids.set(twinKey(path), id),
    release: (path: string) => void ids.delete(twinKey(path)),
    /** @throws {MayflyError} ERR_BAD_OPTION */
    free(path: string, ownId?: number): string {
      const shown = JSON.stringify(path.slice(0, 80))
      const fault = refusePath(path)
      if (fault !== undefined) throw new MayflyError('ERR_BAD_OPTION', `Cannot share ${shown}: a file cannot have ${fault}`)
      if (new TextEncoder().encode(path).byteLength > ENTRY_LIMITS.maxPathBytes)
        throw new MayflyError('ERR_BAD_OPTION', `Cannot share ${shown}: its path is over ${ENTRY_LIMITS.maxPathBytes} bytes`)
      return freePath(path, (other) => ![undefined, ownId].includes(ids.get(twinKey(other))))
    },
  }
}

/**
 * Submissions of this browser to drop boxes, in IndexedDB, so that they go on when the tab was closed in the middle: the share of each with its
 * secrets, and the files themselves where they are small. Larger ones are chosen again, and told by their names, sizes and hashes.
 */

import type { DropOffer } from '../../node/index.ts'
import { answerOf, openDatabase } from '../peer/database.ts'

export interface KeptDrop extends DropOffer {
  /** 32 hex digits, of the submission. */
  id: string
  /** The box's id. */
  box: string
  /** `Share.snapshot()`; undefined for words alone. */
  share: Uint8Array | undefined
  /** Hex, by path, of those that have been read. */
  hashes: Readonly<Record<string, string>>
  atMs: number
}

export const KEPT_DROP_LIMITS = {
  /** Files of one submission that are kept themselves, all together, in bytes: the browser writes a copy of each. */
  maxBytes: 67_108_864,
  /** A submission that is not complete after this time is forgotten, in ms. */
  maxAgeMs: 30 * 24 * 60 * 60 * 1_000,
} as const

const DROPS = 'drops'
const FILES = 'files'

/** The part of `KeptDrops` that a browser without storage has, too. */
export interface KeptDrops {
  /** Of one box, oldest first. */
  list(box: string): Promise<KeptDrop[]>
  put(drop: KeptDrop): Promise<void>
  /** Resolves when copies of the files are on the disk. */
  putFiles(drop: string, files: readonly { path: string; file: Blob }[]): Promise<void>
  files(drop: string): Promise<Map<string, Blob>>
  remove(drop: string): Promise<void>
}

/** @throws DOMException, when the browser gives this page no storage */
export async function openKeptDrops(now = Date.now): Promise<KeptDrops> {
  const database = await openDatabase({
    name: 'mayfly-drops',
    version: 1,
    upgrade(created) {
      created.createObjectStore(DROPS, { keyPath: 'id' })
      created.createObjectStore(FILES, { keyPath: ['drop', 'path'] })
    },
  })
  const filesOf = (drop: string) => IDBKeyRange.bound([drop], [drop, []])
  const remove = (drop: string) =>
    database.change([DROPS, FILES], async (drops, files) => {
      drops.delete(drop)
      await answerOf(files.delete(filesOf(drop)))
    })
  const all = () => database.read([DROPS], (drops) => answerOf<KeptDrop[]>(drops.getAll()))
  for (const { id, atMs } of await all()) if (atMs < now() - KEPT_DROP_LIMITS.maxAgeMs) await remove(id)
  return {
    list: async (box) => (await all()).filter((drop) => drop.box === box).sort((a, b) => a.atMs - b.atMs),
    put: (drop) => database.change([DROPS], async (drops) => void (await answerOf(drops.put(drop)))),
    putFiles: (drop, given) =>
      database.change([FILES], async (files) => {
        await Promise.all(given.map(({ path, file }) => answerOf(files.put({ drop, path, file }))))
      }),
    async files(drop) {
      const rows = await database.read([FILES], (files) => answerOf<{ path: string; file: Blob }[]>(files.getAll(filesOf(drop))))
      return new Map(rows.map(({ path, file }) => [path, file]))
    },
    remove,
  }
}

/** For a browser that stores nothing: what is being sent ends with its tab. */
export const NOTHING_KEPT: KeptDrops = {
  list: async () => [],
  put: async () => {},
  putFiles: async () => {},
  files: async () => new Map(),
  remove: async () => {},
}

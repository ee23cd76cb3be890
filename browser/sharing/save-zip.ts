/** Saves entries of a share that are here as one zip file, and shows how far it is. */

import type { ShareEntry } from '../../node/index.ts'
import type { EntryNames } from './entry-names.ts'
import { unsavedBytes } from './entry-progress.ts'
import type { EntryTable } from './entry-table.ts'
import type { ZipPlace } from './save-place.ts'

interface SaveZipContext {
  table: Pick<EntryTable, 'plainOf'>
  /** Shows how far an entry is. */
  set: EntryTable['set']
  names: EntryNames
  signal: AbortSignal
}

/** Steps that are shown: each changes all entries, of which there may be thousands. */
const STEPS = 100

/** @returns true: they are saved @throws as `ZipPlace.saveAll` */
export async function saveZip(zip: ZipPlace, entries: readonly ShareEntry[], { table, set, names, signal }: SaveZipContext): Promise<true> {
  const files = entries.flatMap((entry) => {
    const file = table.plainOf(entry.id)
    return file ? [{ path: names.of(entry).path, file, modifiedMs: entry.modifiedMs }] : []
  })
  const step = files.reduce((sum, { file }) => sum + file.size, 0) / STEPS
  let shown = 0
  show(set, entries, 0)
  const onBytes = (bytes: number) => {
    if (bytes - shown < step) return
    shown = bytes
    show(set, entries, bytes)
  }
  await zip.saveAll(files, { signal, onBytes })
  return true
}

/** A zip file has its files in their order. */
function show(set: EntryTable['set'], entries: readonly ShareEntry[], bytes: number): void {
  let before = 0
  for (const { id, size } of entries) {
    set(id, { phase: 'saving', done: unsavedBytes(size, size), written: Math.max(0, Math.min(size, bytes - before)) })
    before += size
  }
}

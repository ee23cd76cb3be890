/** One entry of a received share: fetched, where it is not here yet, and saved in its place. */

import type { ReceivedShare, ShareEntry } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/types.ts'
import type { Pace } from '../transfer/pace.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import type { EntryNames } from './entry-names.ts'
import { unsavedBytes } from './entry-progress.ts'
import type { EntryTable } from './entry-table.ts'
import { fetchEntry, type PlainFile } from './received-entry.ts'

interface SaveEntryContext {
  received: ReceivedShare
  library: PeerLibrary
  files(): Promise<ReceivedFiles>
  names: EntryNames
  table: EntryTable
  pace: Pace
}

interface SaveEntryOptions {
  signal: AbortSignal
  /** Shows how far it is. */
  set: EntryTable['set']
  /** An earlier page of this tab has received some of it, or something of it was damaged. */
  isDoubtful: boolean
}

/** Content up to this size comes whole, and is checked when it is opened. */
const WHOLE_BYTES = 262_144

/**
 * @returns true when it is saved; false when it is here, and is saved later
 * @throws as `fetchEntry` and `FilesPlace.save`
 */
export async function saveEntry(context: SaveEntryContext, entry: ShareEntry, options: SaveEntryOptions): Promise<boolean> {
  const { names, table } = context
  const { signal, set } = options
  const { id, size } = entry
  const file = table.plainOf(id) ?? (await fetchPlain(context, entry, options))
  signal.throwIfAborted() // it may have been cancelled, and what had come is removed then
  table.setPlain(id, file)
  const place = table.placeOf(id)
  const done = unsavedBytes(size, size)
  if (place === undefined || place.isZip) {
    set(id, { phase: 'received', done })
    return false
  }
  const onBytes = (written: number) => set(id, { phase: 'saving', done, written })
  onBytes(0)
  // Nothing that is there is written over.
  while (!(await place.save(names.of(entry).path, file, { signal, onBytes }))) names.another(entry)
  return true
}

async function fetchPlain(
  { received, library, files, pace }: SaveEntryContext,
  entry: ShareEntry,
  { signal, set, isDoubtful }: SaveEntryOptions,
): Promise<PlainFile> {
  const { id, size } = entry
  set(id, { phase: 'receiving', done: 0 })
  return fetchEntry({ received, files: await files(), library }, entry, {
    ...{ signal, pace, isDoubtful: isDoubtful && size > WHOLE_BYTES },
    onProgress: (progress) => set(id, progress),
  })
}

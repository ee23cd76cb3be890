/** One entry of a received share: fetched, where it is not here yet, and saved in its place. */

import type { ReceivedShare, ShareEntry } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/types.ts'
import type { Pace } from '../transfer/pace.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import type { EntryNames } from './entry-names.ts'
import { unsavedBytes } from './entry-progress.ts'
import type { EntryTable } from './entry-table.ts'
import { fetchEntry, type PlainFile } from './received-entry.ts'
import type { FilesPlace } from './save-place.ts'

interface SaveEntryContext {
  received: ReceivedShare
  library(): Promise<PeerLibrary>
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
export const WHOLE_BYTES = 262_144

/**
 * @returns true when it is saved; false when it is here, and is saved later
 * @throws as `fetchEntry` and `FilesPlace.save`
 */
export async function saveEntry(context: SaveEntryContext, entry: ShareEntry, options: SaveEntryOptions): Promise<boolean> {
  const { names, table } = context
  const { signal, set } = options
  const { id, size } = entry
  const done = unsavedBytes(size, size)
  const known = table.plainOf(id)
  const coming = known === undefined ? savingWhileComing(context, entry, signal) : undefined
  try {
    const file = known ?? (await fetchPlain(context, entry, options, coming))
    coming?.received()
    signal.throwIfAborted() // it may have been cancelled, and what had come is removed then
    table.setPlain(id, file)
    const place = table.placeOf(id)
    if (place === undefined || place.isZip) {
      set(id, { phase: 'received', done })
      return false
    }
    const onBytes = (written: number) => set(id, { phase: 'saving', done, written })
    if (await coming?.finish(place, onBytes)) return true
    onBytes(0)
    // Nothing that is there is written over.
    while (!(await place.save(names.of(entry).path, file, { signal, onBytes }))) names.another(entry)
    return true
  } finally {
    await coming?.stop()
  }
}

/** An entry that is written to its place while it comes, where that place takes it. Ends with the attempt that it belongs to. */
function savingWhileComing({ names, table }: SaveEntryContext, entry: ShareEntry, signal: AbortSignal) {
  const place = table.placeOf(entry.id)
  if (place === undefined || place.isZip || place.takesComing !== true) return undefined
  const [stopped, failed] = [new AbortController(), new AbortController()]
  const ended = AbortSignal.any([signal, stopped.signal])
  let isHere = false
  let saving: Promise<boolean> | undefined
  let written = 0
  let onWritten: ((bytes: number) => void) | undefined
  const stop = async () => {
    stopped.abort(new Error('It is not saved there any more'))
    await saving?.catch(() => {})
  }
  return {
    /** Ends fetching when it cannot be written. A download that is complete serves others until this signal is aborted. */
    signal: AbortSignal.any([signal, failed.signal]),
    begin(plain: PlainFile): void {
      const onBytes = (bytes: number) => {
        written = bytes
        onWritten?.(bytes)
      }
      saving = place.save(names.of(entry).path, plain, { signal: ended, onBytes })
      saving.catch((error) => {
        if (!isHere) failed.abort(error)
      })
    },
    received(): void {
      isHere = true
    },
    /** Resolves when nothing is written any more. */
    stop,
    /** It is here. False when it is to be saved in another place, or was not begun. @throws as `FilesPlace.save` */
    async finish(chosen: FilesPlace, onBytes: (bytes: number) => void): Promise<boolean> {
      if (chosen !== place) await stop()
      if (chosen !== place || saving === undefined) return false
      onWritten = onBytes
      onBytes(written)
      return saving
    },
  }
}

async function fetchPlain(
  { received, library, files, pace, table }: SaveEntryContext,
  entry: ShareEntry,
  { signal, set, isDoubtful }: SaveEntryOptions,
  coming: ReturnType<typeof savingWhileComing>,
): Promise<PlainFile> {
  const { id, size } = entry
  set(id, { phase: 'receiving', done: 0 })
  return fetchEntry({ received, files: await files(), library }, entry, {
    ...{ signal: coming?.signal ?? signal, pace, isDoubtful: isDoubtful && size > WHOLE_BYTES, onComing: coming?.begin },
    isReadNext: table.placeOf(id)?.isZip === false,
    onProgress: (progress) => set(id, progress),
  })
}

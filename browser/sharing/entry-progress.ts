/** How far the entries of a received share are. Pure. */

import type { ShareEntry } from '../../node/index.ts'

/**
 * 'waiting': for its turn, or for its sharer to have read it. 'stalled': nobody is here who has the rest. 'received': here, and to be saved.
 * 'saved': on disk, or handed to the browser's downloads.
 */
export type EntryPhase = 'waiting' | 'receiving' | 'stalled' | 'paused' | 'saving' | 'received' | 'saved' | 'failed'

export interface EntryProgress {
  phase: EntryPhase
  /** Plain bytes that are here; all of them in 'saved' alone. */
  done: number
  bytesPerSecond: number
  /** The plain bytes on disk, while it is being saved. */
  written?: number
  /** Why it failed. */
  reason?: string
}

export interface TotalProgress {
  files: number
  done: number
  total: number
  /** Every file is checked and saved. */
  isComplete: boolean
}

/** The bytes of an entry that is not saved yet: never all of them. */
export const unsavedBytes = (size: number, bytes: number) => Math.max(0, Math.min(size - 1, bytes))

/** @param wanted the files that were taken */
export function totalOf(wanted: readonly ShareEntry[], progressOf: (entry: ShareEntry) => EntryProgress | undefined): TotalProgress {
  let [done, total, isComplete] = [0, 0, true]
  for (const entry of wanted) {
    const progress = progressOf(entry)
    done += progress?.done ?? 0
    total += entry.size
    isComplete &&= progress?.phase === 'saved'
  }
  return { files: wanted.length, done, total, isComplete }
}

/** The entries of a share that were taken: how far each is, what is here of it, and where it is to be saved. */

import type { ShareEntry } from '../../node/index.ts'
import { type EntryProgress, type TotalProgress, totalOf } from './entry-progress.ts'
import type { ReceiveRecord } from './receive-record.ts'
import type { PlainFile } from './received-entry.ts'
import type { SavePlace, ZipPlace } from './save-place.ts'

type NewProgress = Omit<EntryProgress, 'bytesPerSecond'> & { bytesPerSecond?: number }

export class EntryTable {
  readonly #record: ReceiveRecord
  readonly #onProgress: () => void
  /** By entry. Bounded by the entries that were taken, as the next three. */
  readonly #progress = new Map<number, EntryProgress>()
  readonly #plain = new Map<number, PlainFile>()
  readonly #places = new Map<number, SavePlace>()
  /** Entries that cannot be fetched before the next news of the share. */
  readonly #unready = new Set<number>()

  /** @param placeAgain the place of what was taken before a reload; undefined where a person has to choose one */
  constructor(record: ReceiveRecord, placeAgain: SavePlace | undefined, onProgress: () => void) {
    this.#record = record
    this.#onProgress = onProgress
    for (const id of record.wanted) if (placeAgain) this.#places.set(id, placeAgain)
  }

  /** Undefined: it was not taken. */
  progressOf({ id, size }: Pick<ShareEntry, 'id' | 'size'>): EntryProgress | undefined {
    const { wanted, saved, isPaused } = this.#record
    if (saved.has(id)) return { phase: 'saved', done: size, bytesPerSecond: 0 }
    const progress = this.#progress.get(id)
    if (progress !== undefined) return progress
    return wanted.has(id) ? { phase: isPaused ? 'paused' : 'waiting', done: 0, bytesPerSecond: 0 } : undefined
  }

  /** Of the files that were taken. Full when the last byte of all is checked and on disk. */
  total(entries: readonly ShareEntry[]): TotalProgress {
    const wanted = entries.filter((entry) => entry.kind === 'file' && this.#record.wanted.has(entry.id) && !this.isLost(entry))
    return totalOf(wanted, (entry) => this.progressOf(entry))
  }

  plainOf(id: number): PlainFile | undefined {
    return this.#plain.get(id)
  }

  placeOf(id: number): SavePlace | undefined {
    return this.#places.get(id)
  }

  isWanted(id: number): boolean {
    return this.#record.wanted.has(id) && !this.#record.saved.has(id)
  }

  /** It was taken, and its sharer cannot read it any more. */
  isLost({ id, state }: ShareEntry): boolean {
    return state === 'failed' && this.isWanted(id) && !this.#plain.has(id)
  }

  /**
   * Files that a person has to find a place for: no place was chosen, or they are here for a zip file of which the rest does not come.
   *
   * @param isBusy something moves now
   */
  unplaced(entries: readonly ShareEntry[], isBusy: boolean): readonly ShareEntry[] {
    return entries.filter((entry) => {
      const { id, kind } = entry
      if (kind !== 'file' || !this.isWanted(id) || this.isLost(entry)) return false
      return !this.#places.has(id) || (!isBusy && this.#progress.get(id)?.phase === 'received')
    })
  }

  /** An entry of that content is wanted, or was saved. */
  isNeeded(hash: string, entries: readonly ShareEntry[]): boolean {
    const { wanted, saved } = this.#record
    return entries.some(({ id, hash: other }) => other === hash && (wanted.has(id) || saved.has(id)))
  }

  /** Texts that were taken: they have come with the list. */
  textsHere(entries: readonly ShareEntry[]): readonly ShareEntry[] {
    return entries.filter(({ id, kind, text }) => kind === 'text' && text !== undefined && this.isWanted(id))
  }

  /** It can be fetched or saved now. */
  isDue({ id, kind, state, hash }: ShareEntry): boolean {
    if (kind !== 'file' || !this.isWanted(id) || this.#unready.has(id)) return false
    if (this.#progress.has(id)) return false // it runs, has failed, or is to be saved
    return this.#plain.has(id) || (state === 'ready' && hash !== undefined)
  }

  /** Zip files of which everything is here, and what goes into each. */
  zipsDue(entries: readonly ShareEntry[]): (readonly [ZipPlace, readonly ShareEntry[]])[] {
    const zips = new Set([...this.#places.values()].filter((place) => place.isZip))
    return [...zips].flatMap((zip) => {
      const inside = entries.filter((entry) => this.#places.get(entry.id) === zip && this.isWanted(entry.id) && !this.isLost(entry))
      const isHere = inside.every(({ id }) => this.#progress.get(id)?.phase === 'received')
      return inside.length > 0 && isHere ? [[zip, inside] as const] : []
    })
  }

  want(ids: readonly number[], place: SavePlace | undefined): void {
    for (const id of ids) {
      this.#record.wanted.add(id)
      if (place) this.#places.set(id, place)
      if (['received', 'failed'].includes(this.#progress.get(id)?.phase ?? '')) this.#progress.delete(id)
    }
  }

  /** Entries that are paused, or have failed, are tried again. */
  again(): void {
    for (const [id, { phase }] of this.#progress) if (phase === 'paused' || phase === 'failed') this.#progress.delete(id)
  }

  ready(): void {
    this.#unready.clear()
  }

  set(id: number, progress: NewProgress): void {
    this.#progress.set(id, { bytesPerSecond: 0, ...progress })
    this.#onProgress()
  }

  setPlain(id: number, file: PlainFile): void {
    this.#plain.set(id, file)
  }

  setSaved(id: number): void {
    this.#record.saved.add(id)
    this.#progress.delete(id)
    this.#record.keepSoon()
  }

  setFailed(id: number, error: unknown, isAborted: boolean): void {
    if (!this.isWanted(id)) return
    const { code } = error as { code?: string }
    if (isAborted && !this.#record.isPaused) {
      this.#progress.delete(id) // the person has pressed Go on, or Receive again, before it had stopped
    } else if (isAborted) {
      this.set(id, { phase: 'paused', done: this.#progress.get(id)?.done ?? 0 })
    } else if (code === 'ERR_UNAVAILABLE') {
      this.#progress.delete(id)
      this.#unready.add(id)
    } else {
      this.#plain.delete(id) // it may be damaged
      this.set(id, { phase: 'failed', done: 0, reason: reasonOf(error) })
    }
  }

  forget(id: number): void {
    this.#record.wanted.delete(id)
    this.#progress.delete(id)
    this.#plain.delete(id)
    this.#places.delete(id)
  }
}

function reasonOf(error: unknown): string {
  const { name, message } = error as { name?: string; message?: string }
  if (name === 'QuotaExceededError') return 'there is no room for it on this device: free some, and try again'
  return message ?? String(error)
}

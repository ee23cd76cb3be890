/** Receives files of a share into a folder, a few at once. Files that an earlier run has saved are not fetched again. */

import { lstat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { abortable } from '../../async/abort.ts'
import { fewAtOnce } from '../../async/few-at-once.ts'
import { type AbortOptions, type FetchShape, MayflyError, type ReceivedShare, type ShareEntry, safePath } from '../../index.ts'
import { makeTargetPath } from '../fetch/bundle-directory.ts'
import type { Output } from '../print/output.ts'
import { describeBytes, type ProgressBar } from '../print/progress-bar.ts'
import { openPieceFile, type PieceFile } from './piece-file.ts'
import type { ReceiveRecord } from './receive-record.ts'
import { sumOf } from './share-words.ts'

interface ReceiveFilesOptions extends Required<AbortOptions> {
  share: ReceivedShare
  /** The chosen ones. */
  entries: readonly ShareEntry[]
  directory: string
  record: ReceiveRecord
  output: Pick<Output, 'event' | 'remark' | 'problem'>
  /** Of the bytes of all of them. It is ended by the caller. */
  bar?: Pick<ProgressBar, 'advance'>
  /** Replace files that are there. */
  mayReplace: boolean
  /** Something came, or was opened. @param bytes plain bytes that are there, of all of them */
  onProgress(bytes: number): void
}

interface ReceivedFiles {
  saved: number
  failed: number
  bytes: number
}

/** One at a time, many small files would wait for one answer after the other. */
const ENTRIES_AT_ONCE = 4
/** Time between two reports to a program, in ms. */
const REPORT_MS = 1_000

/**
 * A file that its sender cannot read any more is reported, and the others are received.
 *
 * @throws {MayflyError} ERR_SHARE_…, ERR_BAD_PATH, ERR_UNAVAILABLE
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function receiveFiles(options: ReceiveFilesOptions): Promise<ReceivedFiles> {
  const { entries, output, share } = options
  const progress = createProgress(options)
  const paths = safePaths(share.entries, output)
  const result: ReceivedFiles = { saved: 0, failed: 0, bytes: 0 }
  /** Paths of this machine that are being written. Bounded: ENTRIES_AT_ONCE. */
  const writing = new Set<string>()

  async function receiveNext(entry: ShareEntry, signal: AbortSignal): Promise<void> {
    const ready = await untilReady(share, entry, signal)
    if (ready?.hash === undefined) {
      result.failed++
      output.problem(
        new MayflyError('ERR_UNAVAILABLE', `Cannot receive ${entry.path}: its sender has taken it back, or cannot read it any more`),
      )
      return
    }
    await receiveFile(ready, paths.get(entry.id) ?? entry.path, writing, { ...options, signal, progress })
    result.saved++
    result.bytes += ready.size
  }

  // The same content under two names is fetched one after the other.
  await fewAtOnce(entries, ENTRIES_AT_ONCE, receiveNext, { signal: options.signal, keyOf: ({ hash }) => hash })
  return result
}

/** By entry, its path as it can be on every system, the same in each run: all entries are looked at, not the chosen ones. */
function safePaths(entries: readonly ShareEntry[], output: Pick<Output, 'remark'>): Map<number, string> {
  const taken = new Set<string>()
  return new Map(
    entries.map(({ id, path }) => {
      const safe = safePath(path, taken)
      if (safe.change !== undefined) output.remark(`${path} is saved as ${safe.path}: ${safe.change}`)
      return [id, safe.path]
    }),
  )
}

type Shared = ReceiveFilesOptions & { progress: ReturnType<typeof createProgress> }

async function receiveFile(entry: ShareEntry, path: string, writing: Set<string>, shared: Shared): Promise<void> {
  const { share, record, output, progress } = shared
  const { id, hash = '', size, modifiedMs } = entry
  const there = await record.savedAs(hash)
  if (there === undefined) {
    const target = await takeTarget(path, writing, shared)
    await fetchInto(entry, target, shared)
    writing.delete(target)
    if (modifiedMs !== undefined) await utimes(target, Date.now() / 1_000, modifiedMs / 1_000).catch(() => {}) // a disk without times
    await record.addSaved(hash, target)
    output.event({ type: 'saved', entry: id, path: entry.path, file: target, size })
  } else output.event({ type: 'saved', entry: id, path: entry.path, file: there, size, before: true })
  progress.set(id, size)
  share.saved(id)
}

/** The file's path, or with `(2)` and so on in its name where another file is; `writing` has it from now on. Makes the folders. */
async function takeTarget(path: string, writing: Set<string>, { directory, mayReplace, output }: Shared): Promise<string> {
  const tried = new Set<string>()
  while (true) {
    const candidate = safePath(path, tried).path
    const target = join(directory, candidate)
    const isThere = !mayReplace && (await lstat(target).catch(() => undefined)) !== undefined
    if (isThere || writing.has(target)) continue
    writing.add(target)
    if (candidate !== path) output.remark(`${path} is there already: saving ${candidate}`)
    return makeTargetPath(directory, candidate)
  }
}

/** Twice at most: a part file that turns out to be damaged is begun anew. */
async function fetchInto(entry: ShareEntry, target: string, shared: Shared): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const opened: PieceFile[] = []
    try {
      await fetchOnce(entry, shared, async (shape) => {
        const file = await openPieceFile(target, shape)
        opened.push(file)
        return file
      })
      for (const file of opened) await file.finish({ mayReplace: shared.mayReplace, onOpened: shared.progress.touch })
      return
    } catch (error) {
      const isSpoilt = error instanceof MayflyError && error.code === 'ERR_DAMAGED'
      for (const file of opened) await file.close({ isSpoilt })
      if (!isSpoilt || !isFirst) throw error
    }
  }
}

async function fetchOnce(
  { id, path, size }: ShareEntry,
  { share, output, progress, signal }: Shared,
  openFile: (shape: FetchShape) => Promise<PieceFile>,
): Promise<void> {
  let travelling = 0
  await share.fetch(
    id,
    async (shape) => {
      const file = await openFile(shape)
      travelling = shape.size
      if (file.isResumed) output.remark(`${path}: ${describeBytes(file.doneBytes)} are there already`)
      return file
    },
    {
      signal,
      isDoubtful: true, // pieces that a crash has left may not be those of its notes
      onProgress(bytes) {
        progress.set(id, travelling === 0 ? 0 : Math.floor((size * Math.min(bytes, travelling)) / travelling))
      },
    },
  )
}

/** Undefined when its sender has removed it, or cannot read it. @throws signal.reason, when aborted */
async function untilReady(share: ReceivedShare, { id }: ShareEntry, signal: AbortSignal): Promise<ShareEntry | undefined> {
  const now = () => share.entries.find((entry) => entry.id === id)
  await abortable<void>(signal, (resolve) => {
    const look = () => {
      if (now()?.state !== 'reading') resolve()
    }
    const stopListening = share.onChange(look)
    look()
    return stopListening
  })
  const entry = now()
  return entry?.state === 'ready' ? entry : undefined
}

/** The bytes of all files together: a bar for people, a line a second for programs. */
function createProgress({ entries, output, bar, onProgress }: ReceiveFilesOptions) {
  const total = sumOf(entries)
  /** By entry. Bounded: the entries. */
  const done = new Map<number, number>()
  let bytes = 0
  let reportedAtMs = performance.now()
  return {
    /** @param entryBytes plain bytes that are there */
    set(entry: number, entryBytes: number): void {
      const more = entryBytes - (done.get(entry) ?? 0)
      done.set(entry, entryBytes)
      bytes += more
      bar?.advance(more)
      onProgress(bytes)
      if (performance.now() - reportedAtMs < REPORT_MS) return
      reportedAtMs = performance.now()
      output.event({ type: 'progress', bytes, total })
    },
    /** Nothing more came, and something is done with it. */
    touch: () => onProgress(bytes),
  }
}

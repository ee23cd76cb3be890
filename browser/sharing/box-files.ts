/**
 * Received files of drop boxes in this browser's private storage (OPFS): a folder for each submission, until its owner has saved it elsewhere and
 * removes it. Pieces that are on their way lie beside them, as they travel.
 */

import { createSemaphore } from '../../node/async/semaphore.ts'
import {
  type FetchEntryOptions,
  MayflyError,
  openSealed,
  type ReceivedShare,
  type SaveOptions,
  type ShareEntry,
  type SubmissionSaver,
  safePath,
} from '../../node/index.ts'
import { DiskFiles } from '../transfer/disk-files.ts'
import type { ReceivedFile } from '../transfer/received-files.ts'

/** In the private storage, beside that of transfers, which ends with a tab. */
const BOXES_DIRECTORY = 'mayfly-boxes'
const PIECES = 'pieces'
/** Files that come at once. */
const AT_ONCE = 3
const READ_BYTES = 1_048_576
const PROBE = 'mayfly-room'
const PROBE_BYTES = 1_048_576

export interface BoxFile {
  /** Inside its folder. */
  path: string
  size: number
}

export interface BoxFolder {
  name: string
  files: readonly BoxFile[]
}

export type BoxFiles = Awaited<ReturnType<typeof openBoxFiles>>

/** @throws DOMException, when the browser gives this page no private storage */
export async function openBoxFiles(box: string) {
  const all = await (await navigator.storage.getDirectory()).getDirectoryHandle(BOXES_DIRECTORY, { create: true })
  const root = await all.getDirectoryHandle(box, { create: true })
  const pieces = new DiskFiles(`${box}-${PIECES}`, BOXES_DIRECTORY)

  async function parentOf(folder: string, path: string, create: boolean) {
    const parts = path.split('/')
    const name = parts.pop() as string
    let directory = await root.getDirectoryHandle(folder, { create })
    for (const part of parts) directory = await directory.getDirectoryHandle(part, { create })
    return { directory, name }
  }

  async function read(folder: string, path: string): Promise<File> {
    const { directory, name } = await parentOf(folder, path, false)
    return (await directory.getFileHandle(name)).getFile()
  }

  /** A file is there whole, or not at all: the browser writes it beside, and moves it in the end. */
  async function write(folder: string, path: string, bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<void> {
    try {
      const { directory, name } = await parentOf(folder, path, true)
      const writable = await (await directory.getFileHandle(name, { create: true })).createWritable()
      try {
        for await (const chunk of bytes) {
          await writable.write(chunk as Uint8Array<ArrayBuffer>)
          onBytes(chunk.byteLength)
        }
        await writable.close()
      } catch (error) {
        await writable.abort().catch(() => {})
        await directory.removeEntry(name).catch(() => {})
        throw error
      }
    } catch (error) {
      throw inWords(error)
    }
  }

  /** Again from its beginning when its sender shares other bytes under the same name. */
  async function saveEntry(received: ReceivedShare, id: number, place: EntryPlace): Promise<void> {
    for (;;) {
      const entry = await readyEntry(received, id, place.signal)
      const other = otherBytes(received, entry)
      try {
        await saveReady(received, entry, { ...place, signal: AbortSignal.any([place.signal, other.signal]) })
        return received.saved(id)
      } catch (error) {
        if (!other.signal.aborted || place.signal.aborted) throw error
        if (entry.hash !== undefined) await pieces.remove(entry.hash)
      } finally {
        other.end()
      }
    }
  }

  async function saveReady(received: ReceivedShare, entry: ShareEntry, place: EntryPlace): Promise<void> {
    const { folder, path, onBytes } = place
    const there = await read(folder, path).catch(() => undefined)
    if (there?.size === entry.size) onBytes(entry.size)
    else if (entry.kind === 'text') await write(folder, path, oneChunk(new TextEncoder().encode(entry.text ?? '')), onBytes)
    else if (entry.size === 0) await write(folder, path, oneChunk(new Uint8Array(0)), onBytes)
    else await fetchEntry(received, entry, place)
  }

  /** Received as it travels, so that it goes on after a reload; then opened, which checks it, into its place. */
  async function fetchEntry(received: ReceivedShare, entry: ShareEntry, { folder, path, signal, onBytes }: EntryPlace): Promise<void> {
    const { hash } = entry
    if (hash === undefined) throw new MayflyError('ERR_UNAVAILABLE', `${entry.path} cannot be read where it is`)
    let told = 0
    const tell = (bytes: number) => {
      onBytes(bytes - told)
      told = bytes
    }
    for (const isDoubtful of [false, true]) {
      try {
        const shape = await fetchPieces(pieces, received, entry, {
          signal,
          isDoubtful,
          onProgress: (bytes) => tell(Math.min(bytes, entry.size)),
        })
        const stored = await pieces.get(hash, shape.size)
        if (stored === undefined) throw new MayflyError('ERR_DAMAGED', 'The received pieces are gone')
        const content = { size: stored.size, read: (part?: { offset: number; length: number }) => readBlob(stored, part) }
        const plain = shape.linkKey === undefined ? content : await openSealed(content, shape.linkKey, { signal })
        if (plain.size !== shape.plainSize)
          throw new MayflyError('ERR_UNAVAILABLE', `${entry.path} is not of the size that its sender says`)
        await write(folder, path, plain.read(), () => {})
        tell(entry.size)
        await pieces.remove(hash)
        return
      } catch (error) {
        tell(0)
        // Pieces may be wrong after a crash of the machine: the second round finds them.
        if (isDoubtful || !(error instanceof MayflyError) || error.code !== 'ERR_DAMAGED') throw inWords(error)
      }
    }
  }

  const saver: SubmissionSaver = {
    async saveShare(received, folder, { signal, onProgress }) {
      let done = 0
      const onBytes = (bytes: number) => {
        done += bytes
        onProgress?.(done)
      }
      const taken = new Set<string>()
      const places = createSemaphore(AT_ONCE)
      const ends = new AbortController()
      const either = signal === undefined ? ends.signal : AbortSignal.any([signal, ends.signal])
      const work = received.entries.map(({ id, path: given }) => {
        const { path } = safePath(given, taken)
        return places.run(() => saveEntry(received, id, { folder, path, signal: either, onBytes }))
      })
      try {
        await Promise.all(work)
      } catch (error) {
        ends.abort(error)
        await Promise.allSettled(work)
        throw error
      }
    },
    async saveStream(folder, given, bytes, { onProgress }: SaveOptions) {
      let done = 0
      await write(folder, safePath(given, new Set()).path, bytes, (more) => {
        done += more
        onProgress?.(done)
      })
    },
  }

  return {
    ...saver,
    /** Those that have a file, newest first. */
    async folders(): Promise<BoxFolder[]> {
      const found: BoxFolder[] = []
      for await (const [name, handle] of root.entries())
        if (handle.kind === 'directory') found.push({ name, files: await filesIn(handle as FileSystemDirectoryHandle) })
      return found.filter(({ files }) => files.length > 0).sort((a, b) => (a.name < b.name ? 1 : -1))
    },
    read,
    remove: (folder: string) => root.removeEntry(folder, { recursive: true }),
    /** Nothing is on its way any more: what had come of it is not needed. */
    removePieces: () => all.removeEntry(`${box}-${PIECES}`, { recursive: true }).catch(() => {}),
    /** The box is closed, and what came through it is not wanted any more. */
    async removeAll(): Promise<void> {
      for (const name of [box, `${box}-${PIECES}`]) await all.removeEntry(name, { recursive: true }).catch(() => {}) // the browser has removed it
    },
  }
}

interface EntryPlace {
  folder: string
  path: string
  signal: AbortSignal
  onBytes(bytes: number): void
}

/** Into the pieces that are here. */
async function fetchPieces(pieces: DiskFiles, received: ReceivedShare, { id, hash = '' }: ShareEntry, options: FetchEntryOptions) {
  let file: ReceivedFile | undefined
  try {
    return await received.fetch(id, async ({ size, pieceBytes }) => (file = await pieces.open(hash, { size, pieceBytes })), options)
  } finally {
    await file?.close()
  }
}

/** Waits while its sharer reads it for the first time. */
function readyEntry(received: ReceivedShare, id: number, signal: AbortSignal): Promise<ShareEntry> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      end()
      signal.removeEventListener('abort', abort)
      outcome()
    }
    const look = () => {
      const entry = received.entries.find((each) => each.id === id)
      if (entry?.state === 'ready') settle(() => resolve(entry))
      else if (entry === undefined || entry.state === 'failed')
        settle(() => reject(new MayflyError('ERR_UNAVAILABLE', `${entry?.path ?? 'A file'} can be read no longer where it is`)))
      else if (received.state === 'ended') settle(() => reject(new MayflyError('ERR_SHARE_ENDED', 'Its sender has ended it')))
    }
    const abort = () => settle(() => reject(signal.reason))
    const end = received.onChange(look)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    else look()
  })
}

/** Aborted when the entry has other bytes than those that are being fetched. */
function otherBytes(received: ReceivedShare, { id, hash }: ShareEntry): { signal: AbortSignal; end(): void } {
  const ends = new AbortController()
  const end = received.onChange(() => {
    const now = received.entries.find((entry) => entry.id === id)
    if (now?.state === 'ready' && now.hash !== hash) ends.abort(new MayflyError('ERR_UNAVAILABLE', 'Its sender has other bytes now'))
  })
  return { signal: ends.signal, end }
}

async function filesIn(directory: FileSystemDirectoryHandle, before = ''): Promise<BoxFile[]> {
  const files: BoxFile[] = []
  for await (const [name, handle] of directory.entries()) {
    if (handle.kind === 'directory') files.push(...(await filesIn(handle as FileSystemDirectoryHandle, `${before}${name}/`)))
    else files.push({ path: before + name, size: (await (handle as FileSystemFileHandle).getFile()).size })
  }
  return files.sort((a, b) => a.path.localeCompare(b.path))
}

async function* readBlob(blob: Blob, { offset, length } = { offset: 0, length: blob.size }): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < offset + length; at += READ_BYTES)
    yield new Uint8Array(await blob.slice(at, Math.min(at + READ_BYTES, offset + length)).arrayBuffer())
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Bytes that the browser still gives this page, as far as it says; undefined when it does not. */
export async function roomLeft(): Promise<number | undefined> {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {}
  return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage)
}

/** The browser stores a small file now. */
export async function hasRoom(): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory()
    await storeProbe(root).finally(() => root.removeEntry(PROBE).catch(() => {}))
    return true
  } catch {
    return false
  }
}

/** @throws DOMException, when there is no room */
async function storeProbe(root: FileSystemDirectoryHandle): Promise<void> {
  const writable = await (await root.getFileHandle(PROBE, { create: true })).createWritable()
  try {
    await writable.write(new Uint8Array(PROBE_BYTES))
    await writable.close()
  } catch (error) {
    await writable.abort().catch(() => {})
    throw error
  }
}

/** For both sides: the sender reads it, too. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') return error
  return new MayflyError('ERR_NOT_STORED', "The receiving browser's storage is full", { cause: error })
}

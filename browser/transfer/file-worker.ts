/**
 * The worker of `disk-files.ts`: writes files of the site's private storage in place, which only a worker can. The record of received pieces
 * follows the bytes of each file. Writes survive a crash of the tab; what a crash of the machine loses is found when the whole is checked.
 */

import type { WorkerAnswer } from '../peer/worker-calls.ts'
import { openAccess } from './open-access.ts'
import { type FileShape, PieceRecord, recordBytes } from './piece-record.ts'

/** Each request has one answer. A path consists of directory names and the file name. */
export type FileRequest =
  /** Answer: the record. The file is created when it does not exist, and emptied when it has another shape. */
  | { type: 'open'; file: string; path: string[]; shape: FileShape }
  /** Answer: the same bytes again. */
  | { type: 'write'; file: string; index: number; bytes: Uint8Array<ArrayBuffer> }
  /** Answer: the bytes of the piece. */
  | { type: 'read'; file: string; index: number }
  | { type: 'close'; file: string }

export interface FileAnswer extends WorkerAnswer {
  bytes?: Uint8Array<ArrayBuffer>
}

/** @see https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle (in workers only) */
interface SyncAccessHandle {
  getSize(): number
  truncate(size: number): void
  read(bytes: Uint8Array, options: { at: number }): number
  write(bytes: Uint8Array, options: { at: number }): number
  flush(): void
  close(): void
}

type SyncFileHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> }

interface OpenFile {
  access: SyncAccessHandle
  record: PieceRecord
}

const NO_SPACE = 'QuotaExceededError'
const NO_SPACE_TEXT = 'This device, or this kind of browser window, has no space left'

/** By name. Bounded by the files that the page receives at once. */
const open = new Map<string, OpenFile>()

async function handle(request: FileRequest): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (request.type === 'open') return beginOrClose(request.file, await openFile(request.path), request.shape)
  const file = open.get(request.file)
  if (file === undefined) throw new Error('The file is not open')
  if (request.type === 'write') return writePiece(file, request.index, request.bytes)
  if (request.type === 'read') return readPiece(file, request.index)
  open.delete(request.file)
  file.access.flush()
  file.access.close()
  return undefined
}

/** A file whose handle stayed open could not be opened again by the next try. */
function beginOrClose(name: string, access: SyncAccessHandle, shape: FileShape): Uint8Array<ArrayBuffer> {
  try {
    return begin(name, access, shape)
  } catch (error) {
    access.close()
    throw error
  }
}

/** @returns a copy of the record */
function begin(name: string, access: SyncAccessHandle, shape: FileShape): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(recordBytes(shape))
  if (access.getSize() === shape.size + bits.byteLength) access.read(bits, { at: shape.size })
  else {
    access.truncate(0)
    writeAll(access, bits, shape.size)
  }
  const record = new PieceRecord(shape, bits)
  open.set(name, { access, record })
  return record.bits.slice()
}

function writePiece({ access, record }: OpenFile, index: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  writeAll(access, bytes, record.offsetOf(index))
  record.add(index)
  const at = index >> 3
  writeAll(access, record.bits.subarray(at, at + 1), record.shape.size + at)
  return bytes
}

function readPiece({ access, record }: OpenFile, index: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(record.sizeOf(index))
  return bytes.subarray(0, access.read(bytes, { at: record.offsetOf(index) }))
}

function writeAll(access: SyncAccessHandle, bytes: Uint8Array, at: number): void {
  const written = access.write(bytes, { at })
  // Chromium's private windows (156) return 4,294,967,288 where there is no room (findings/chromium-private-write.sh).
  if (written !== bytes.byteLength) throw new DOMException(NO_SPACE_TEXT, NO_SPACE)
}

/** The directory of the newest file, which the next one is in, too: looking it up takes longer than all else of a small file. */
let newest: FoundDirectory | undefined

interface FoundDirectory {
  path: string
  directory: Promise<FileSystemDirectoryHandle>
}

function directoryAt(folders: string[]): FoundDirectory {
  const path = folders.join('/')
  if (newest?.path !== path) newest = { path, directory: findDirectory(folders) }
  return newest
}

/** Asked for at once: the first answer of a browser takes longer than all else of a first file. */
navigator.storage.getDirectory().catch(() => {}) // the first file that is opened meets the failure, too

async function findDirectory(folders: string[]): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory()
  for (const name of folders) directory = await directory.getDirectoryHandle(name, { create: true })
  return directory
}

async function openFile(path: string[]): Promise<SyncAccessHandle> {
  const [folders, name] = [path.slice(0, -1), path.at(-1) ?? '']
  const open = async ({ directory }: FoundDirectory) => {
    const file = (await (await directory).getFileHandle(name, { create: true })) as SyncFileHandle
    return openAccess(() => file.createSyncAccessHandle())
  }
  const known = newest
  const used = directoryAt(folders)
  try {
    return await open(used)
  } catch (error) {
    if (newest === used) newest = undefined
    if (used !== known) throw error // it was found for this file
    return open(directoryAt(folders)) // it may have been removed since it was found
  }
}

addEventListener('message', async ({ data }: MessageEvent<FileRequest & { id: number }>) => {
  const { id } = data
  try {
    const bytes = await handle(data)
    postMessage({ id, ...(bytes && { bytes }) } satisfies FileAnswer, { transfer: bytes ? [bytes.buffer] : [] })
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    postMessage({ id, error: name === NO_SPACE ? NO_SPACE_TEXT : message, errorName: name } satisfies FileAnswer)
  }
})

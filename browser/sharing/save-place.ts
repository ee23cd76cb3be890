/**
 * Where received files are saved: in a folder or a file that the person has chosen (Chromium), or as downloads of the browser. A file has its
 * name once it is whole.
 */

import { writeZip, zipSize } from '../../node/content/format/zip-archive.ts'
import { crc32 } from '../content/crc32.ts'
import { blobOf, saveContent, saveStored } from '../content/save-content.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import type { PlainFile } from './received-entry.ts'

interface SaveOptions {
  signal: AbortSignal
  onBytes(bytes: number): void
}

interface Place {
  /** Where it is, for the person; '' for downloads. */
  readonly name: string
}

export interface FilesPlace extends Place {
  readonly isZip: false
  /** It may be given a file that is still coming: one that is cut leaves nothing behind, not even after a crash. */
  readonly takesComing?: boolean
  /**
   * Resolves when the last byte is on disk, or the browser was given the whole.
   *
   * @returns false when there is a file of that name already, which stays as it is: choose another name
   * @throws what reading and writing throw
   * @throws signal.reason, when aborted: nothing of it stays
   */
  save(path: string, file: PlainFile, options: SaveOptions): Promise<boolean>
}

/** A file of a zip, with its date as its sharer says, in ms since the epoch. */
export interface ZippedFile {
  path: string
  file: PlainFile
  modifiedMs?: number | undefined
}

export interface ZipPlace extends Place {
  readonly isZip: true
  /** Writes one zip file of all. @throws as `FilesPlace.save` */
  saveAll(files: readonly ZippedFile[], options: SaveOptions): Promise<void>
}

export type SavePlace = FilesPlace | ZipPlace

/** Missing in TypeScript's DOM types, since only some browsers have them. @see https://wicg.github.io/file-system-access/ */
interface Pickers {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>
  showDirectoryPicker?(options: { mode: 'readwrite'; id: string }): Promise<FileSystemDirectoryHandle>
}

/** Up to this size, a file is put together in memory for a download. Beyond it is written once more into the received files. */
const MEMORY_BYTES = 16_777_216
const PIECE_BYTES = 1_048_576

/** Files can be saved in a folder. */
export const canChooseFolder = () => 'showDirectoryPicker' in globalThis

/** A browser without folders asks for each download, or takes only the first. */
export function isBetterAsZip(paths: readonly string[]): boolean {
  return !canChooseFolder() && (paths.length > MAX_DOWNLOADS || paths.some((path) => path.includes('/')))
}

const MAX_DOWNLOADS = 5

/** Downloads, which need no press of a button; as one zip file where a browser would ask for each. */
export function downloadsFor(paths: readonly string[], files: () => Promise<ReceivedFiles>): SavePlace {
  const isZip = paths.length > MAX_DOWNLOADS || paths.some((path) => path.includes('/'))
  return isZip ? zipDownload(zipName(paths), files) : downloads(files)
}

/** The place that needs no press of a button; undefined where a person has to choose one. */
export function placeAfterReload(isZip: boolean, files: () => Promise<ReceivedFiles>): SavePlace | undefined {
  if (canChooseFolder()) return undefined
  return isZip ? zipDownload(USUAL_ZIP_NAME, files) : downloads(files)
}

/**
 * Asks the person where to save; call it during a `click` event. Without pickers the browser's downloads are the place, and nobody is asked.
 *
 * @param names of the files, made safe
 * @throws {DOMException} AbortError, when the person has closed the dialog
 */
export async function chooseSavePlace(names: readonly string[], isZip: boolean, files: () => Promise<ReceivedFiles>): Promise<SavePlace> {
  const { showSaveFilePicker, showDirectoryPicker } = globalThis as unknown as Pickers
  const [only] = names
  if (isZip) {
    const suggestedName = zipName(names)
    return showSaveFilePicker ? zipFile(await showSaveFilePicker({ suggestedName })) : zipDownload(suggestedName, files)
  }
  if (names.length === 1 && only !== undefined && showSaveFilePicker) {
    return filePlace(await showSaveFilePicker({ suggestedName: nameOf(only) }))
  }
  if (showDirectoryPicker) return folderPlace(await showDirectoryPicker({ mode: 'readwrite', id: 'mayfly-receive' }))
  return downloads(files)
}

const USUAL_ZIP_NAME = 'shared files.zip'

/** Named as the folder that all files are in, where there is one. */
export function zipName(paths: readonly string[]): string {
  const folders = new Set(paths.map((path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')))
  const [only] = folders
  return folders.size === 1 && only ? `${only}.zip` : USUAL_ZIP_NAME
}

function filePlace(handle: FileSystemFileHandle): FilesPlace {
  return {
    isZip: false,
    takesComing: true, // the file has been there, empty, since it was chosen
    name: handle.name,
    async save(_, file, options) {
      await writeFile(handle, file, options)
      return true
    },
  }
}

function zipFile(handle: FileSystemFileHandle): ZipPlace {
  return {
    isZip: true,
    name: handle.name,
    saveAll: (files, options) => writeFile(handle, zipOf(files), options),
  }
}

function zipDownload(name: string, files: () => Promise<ReceivedFiles>): ZipPlace {
  return {
    isZip: true,
    name: '',
    async saveAll(inside, options) {
      await downloads(files).save(name, zipOf(inside), options)
    },
  }
}

function zipOf(inside: readonly ZippedFile[]): PlainFile {
  const files = inside.map(({ path, file, modifiedMs }) => ({
    path,
    size: file.size,
    modifiedMs,
    read: (signal: AbortSignal) => file.read({ signal }),
  }))
  const size = zipSize(files)
  return { size, hash: `zip-${size}-${inside[0]?.file.hash}`, read: ({ signal }) => writeZip(files, crc32, signal) }
}

export function folderPlace(root: FileSystemDirectoryHandle): FilesPlace {
  /** Of the newest file, which the next one is in, too: thousands of small files come in a few folders. */
  let newest: { path: string; folder: Promise<FileSystemDirectoryHandle> } | undefined

  async function findFolder(parts: readonly string[]): Promise<FileSystemDirectoryHandle> {
    let folder = root
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true })
    return folder
  }

  function folderAt(parts: readonly string[]): Promise<FileSystemDirectoryHandle> {
    const path = parts.join('/')
    if (newest?.path !== path) newest = { path, folder: findFolder(parts) }
    return newest.folder
  }

  /** Undefined when there is a file of that name. */
  async function createFile(parts: readonly string[], name: string) {
    const folder = await folderAt(parts)
    if (await hasEntry(folder, name)) return undefined
    return { folder, handle: await folder.getFileHandle(name, { create: true }) }
  }

  return {
    isZip: false,
    name: root.name,
    async save(path, file, options) {
      const parts = path.split('/')
      const name = parts.pop() ?? ''
      const created = await createFile(parts, name).catch(() => {
        newest = undefined // the folder may have been removed since it was found
        return createFile(parts, name)
      })
      if (created === undefined) return false
      const { folder, handle } = created
      try {
        await writeFile(handle, file, options)
      } catch (error) {
        await folder.removeEntry(name).catch(() => {}) // it is empty
        throw error
      }
      return true
    },
  }
}

async function hasEntry(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await folder.getFileHandle(name)
    return true
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    if (error.name === 'NotFoundError') return false
    if (error.name === 'TypeMismatchError') return true
    throw error
  }
}

/** A file has its name only when it is closed. @throws as `FilesPlace.save` */
async function writeFile(handle: FileSystemFileHandle, file: PlainFile, { signal, onBytes }: SaveOptions): Promise<void> {
  const writable = await handle.createWritable()
  let bytes = 0
  try {
    for await (const part of file.read({ signal })) {
      signal.throwIfAborted()
      await writable.write(part as Uint8Array<ArrayBuffer>)
      bytes += part.byteLength
      onBytes(bytes)
    }
    await writable.close()
  } catch (error) {
    await writable.abort().catch(() => {})
    throw error
  }
  const { size } = await handle.getFile()
  if (size !== file.size) throw new Error(`The disk has ${size} bytes of ${file.size}`)
}

function downloads(files: () => Promise<ReceivedFiles>): FilesPlace {
  return {
    isZip: false,
    takesComing: true,
    name: '',
    async save(path, file, { signal, onBytes }) {
      const name = nameOf(path)
      if (file.size <= MEMORY_BYTES || file.hash === undefined) {
        const blob = await blobOf(file.read({ signal }), '')
        await saveContent({ name, size: file.size, blob, read: (options) => file.read(options) }, signal)
        return true
      }
      await saveStored(await copyOf(await files(), file, file.hash, { signal, onBytes }), name, signal)
      return true
    },
  }
}

/** A download needs the plain bytes in one file of the browser. */
async function copyOf(files: ReceivedFiles, file: PlainFile, hash: string, { signal, onBytes }: SaveOptions) {
  const name = `${hash}-plain`
  const copy = await files.open(name, { size: file.size, pieceBytes: PIECE_BYTES })
  try {
    let index = 0
    for await (const piece of inPieces(file.read({ signal }), PIECE_BYTES)) {
      const { byteLength } = piece
      await copy.write(index++, piece)
      onBytes((index - 1) * PIECE_BYTES + byteLength)
    }
    await copy.close()
  } catch (error) {
    await copy.close().catch(() => {})
    await files.remove(name) // a part of a copy helps nobody, and takes the room that is missing
    throw error
  }
  const stored = await files.get(name, file.size)
  if (stored?.size !== file.size) throw new Error('This browser has lost what it had stored')
  return stored
}

/** The same bytes in pieces of one size; the last may be smaller. */
export async function* inPieces(parts: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncIterable<Uint8Array> {
  let piece = new Uint8Array(pieceBytes)
  let filled = 0
  for await (const part of parts) {
    for (let at = 0; at < part.byteLength; ) {
      const taken = part.subarray(at, at + pieceBytes - filled)
      piece.set(taken, filled)
      filled += taken.byteLength
      at += taken.byteLength
      if (filled < pieceBytes) continue
      yield piece
      piece = new Uint8Array(pieceBytes)
      filled = 0
    }
  }
  if (filled > 0) yield piece.slice(0, filled)
}

const nameOf = (path: string) => path.split('/').at(-1) ?? path

/** Saves a folder that has come through a drop box: into a folder of the person's disk (Chromium), else as downloads of the browser. */

import { saveStored } from '../content/save-content.ts'
import type { BoxFolder } from './box-files.ts'

/** Missing in TypeScript's DOM types, since only some browsers have it. @see https://wicg.github.io/file-system-access/ */
interface Pickers {
  showDirectoryPicker?(options: { mode: 'readwrite'; id: string }): Promise<FileSystemDirectoryHandle>
}

export interface SaveFolderOptions {
  read(path: string): Promise<File>
  /** Bytes of all files together that are written. */
  onBytes(bytes: number): void
  signal: AbortSignal
}

/**
 * Call it during a `click` event: the person is asked where.
 *
 * @returns the name of the place; undefined for downloads
 * @throws {DOMException} AbortError, when the person has closed the dialog
 * @throws what reading and writing throw: what was saved before stays
 */
export async function saveFolder({ name, files }: BoxFolder, options: SaveFolderOptions): Promise<string | undefined> {
  const { showDirectoryPicker } = globalThis as Pickers
  if (showDirectoryPicker === undefined) {
    for (const { path } of files) await saveStored(await options.read(path), nameOf(path), options.signal)
    return undefined
  }
  const root = await showDirectoryPicker({ mode: 'readwrite', id: 'mayfly-boxes' })
  const folder = await root.getDirectoryHandle(await freeName(root, name), { create: true })
  let done = 0
  for (const { path } of files) {
    await writeFile(folder, path, await options.read(path), (bytes) => options.onBytes(done + bytes))
    done += (await options.read(path)).size
  }
  return `${root.name}/${folder.name}`
}

/** Nothing that is there is written over. */
async function freeName(root: FileSystemDirectoryHandle, name: string): Promise<string> {
  const taken = new Set<string>()
  for await (const key of root.keys()) taken.add(key)
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name} (${number})`
    if (!taken.has(free)) return free
  }
}

async function writeFile(root: FileSystemDirectoryHandle, path: string, file: File, onBytes: (bytes: number) => void): Promise<void> {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  let folder = root
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true })
  const writable = await (await folder.getFileHandle(name, { create: true })).createWritable()
  let bytes = 0
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      onBytes(bytes)
      controller.enqueue(chunk)
    },
  })
  await file.stream().pipeThrough(counted).pipeTo(writable) // the file is given up when reading or writing fails
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

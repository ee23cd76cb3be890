/** Saves content that this tab has, or that only this tab can read: to a file that the person chooses, or as a download of the browser. */

import { readInParts, type StoredFile } from './raw-content.ts'

interface SaveableContent {
  name: string
  size: number
  /** The whole, where it is one Blob: the browser copies it then. */
  blob?: Blob
  read(options: { signal: AbortSignal }): AsyncIterable<Uint8Array>
}

/** Missing in TypeScript's DOM types, since only some browsers have it. @see https://wicg.github.io/file-system-access/#api-showsavefilepicker */
interface SavePicker {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>
}

/** Up to this size, content is put together in memory and downloaded at once, without a choice of a file. */
const MEMORY_BYTES = 67_108_864

/**
 * Resolves when the content is written, or handed to the browser. Large content is streamed to the disk where the browser can do that;
 * otherwise all of it is in memory. Call it during a `click` event.
 *
 * @param onBytes gets the number of bytes read, each time it grows
 * @throws what reading throws, and what writing throws
 * @throws signal.reason, when aborted
 */
export async function saveContent(content: SaveableContent, signal: AbortSignal, onBytes?: (bytes: number) => void): Promise<void> {
  const name = content.name || 'private file'
  if (content.blob) return download(content.blob, name)
  const read = () => counted(content.read({ signal }), onBytes)
  const { showSaveFilePicker } = globalThis as unknown as SavePicker
  if (content.size > MEMORY_BYTES && showSaveFilePicker) return streamTo(await showSaveFilePicker({ suggestedName: name }), read())
  download(await blobOf(read(), ''), name)
}

/** Saves a file that is in this tab. @throws as `saveContent` */
export function saveStored(file: StoredFile, name: string, signal: AbortSignal): Promise<void> {
  return saveContent({ name, size: file.size, read: () => readInParts(file), ...(file instanceof Blob && { blob: file }) }, signal)
}

async function* counted(parts: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): AsyncIterable<Uint8Array> {
  let bytes = 0
  for await (const part of parts) {
    yield part
    bytes += part.byteLength
    onBytes?.(bytes)
  }
}

function download(blob: Blob, name: string): void {
  // Without a media type of its own: a browser must only save it. A page would have the origin of the app.
  const url = URL.createObjectURL(blob.slice(0, blob.size, 'application/octet-stream'))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS)
}

/** Browsers read the bytes of a download soon after the click, without an event. */
const REVOKE_MS = 60_000

async function streamTo(file: FileSystemFileHandle, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const writable = await file.createWritable()
  try {
    for await (const bytes of parts) await writable.write(bytes as Uint8Array<ArrayBuffer>)
    await writable.close()
  } catch (error) {
    await writable.abort() // the incomplete file is removed
    throw error
  }
}

export async function blobOf(chunks: AsyncIterable<Uint8Array>, type: string): Promise<Blob> {
  const parts: Blob[] = []
  for await (const bytes of chunks) parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]))
  return new Blob(parts, { type })
}

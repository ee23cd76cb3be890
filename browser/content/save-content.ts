/** Saves what this tab can read but no gateway can give: to a place that the person chooses, or as the browser's downloads go. */

export interface SaveableContent {
  name: string
  /** In bytes. */
  size: number
  read(options: { signal: AbortSignal }): AsyncIterable<Uint8Array>
}

/** Not in TypeScript's own list, since only some browsers have it. @see https://wicg.github.io/file-system-access/#api-showsavefilepicker */
interface SavePicker {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>
}

/** Up to here a file is made in memory and given to the browser at once: nobody has to choose a place. */
const MEMORY_BYTES = 67_108_864

/**
 * Resolves once it is written, or given to the browser. Streams to the disk what is large, where the browser can; else it has to be in
 * memory as a whole. To be called while a click is told of.
 *
 * @throws what reading throws; when it cannot be written
 * @throws signal.reason, when aborted
 */
export async function saveContent(content: SaveableContent, signal: AbortSignal): Promise<void> {
  const name = content.name || 'private file'
  const { showSaveFilePicker } = globalThis as unknown as SavePicker
  if (content.size > MEMORY_BYTES && showSaveFilePicker) return streamTo(await showSaveFilePicker({ suggestedName: name }), content, signal)
  // Whatever it is: a browser must only save it. As a page it would have the origin of the app.
  const url = URL.createObjectURL(await blobOf(content.read({ signal }), 'application/octet-stream'))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS)
}

/** Browsers take the bytes of a download soon after the click, and say nothing of it. */
const REVOKE_MS = 60_000

async function streamTo(file: FileSystemFileHandle, content: SaveableContent, signal: AbortSignal): Promise<void> {
  const writable = await file.createWritable()
  try {
    for await (const bytes of content.read({ signal })) await writable.write(bytes as Uint8Array<ArrayBuffer>)
    await writable.close()
  } catch (error) {
    await writable.abort() // what is half there is thrown away
    throw error
  }
}

export async function blobOf(chunks: AsyncIterable<Uint8Array>, type: string): Promise<Blob> {
  const parts: Blob[] = []
  for await (const bytes of chunks) parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]))
  return new Blob(parts, { type })
}

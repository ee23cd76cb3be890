/** A thread that writes files of this site's private storage in place, which a page's own thread cannot. Asked by `disk-files.ts`. */

/** Paths are names of directories and of the file. Each request is answered once, with its `id`. */
export type FileRequest =
  /** Answered with how many bytes the file has; it is made when it is not there. */
  | { type: 'open'; id: number; file: string; path: string[] }
  | { type: 'append'; id: number; file: string; bytes: Uint8Array }
  | { type: 'close'; id: number; file: string }

export interface FileAnswer {
  id: number
  size?: number
  error?: string
}

/** @see https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle (in workers only) */
interface SyncAccessHandle {
  getSize(): number
  write(bytes: Uint8Array, options: { at: number }): number
  flush(): void
  close(): void
}

type SyncFileHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> }

/** By name. Bounded by what the page receives at once. */
const open = new Map<string, SyncAccessHandle>()

async function handle(request: FileRequest): Promise<number> {
  const { file } = request
  if (request.type === 'open') {
    const access = await openFile(request.path)
    open.set(file, access)
    return access.getSize()
  }
  const access = open.get(file)
  if (access === undefined) throw new Error('The file is not open')
  if (request.type === 'close') {
    open.delete(file)
    access.flush()
    access.close()
    return 0
  }
  const at = access.getSize()
  // Not flushed: what is written outlives the tab and its process all the same, and waiting for the disk with each piece halves the pace.
  const written = access.write(request.bytes, { at })
  if (written < request.bytes.byteLength) throw new Error('There is no room left on this device')
  return at + written
}

async function openFile(path: string[]): Promise<SyncAccessHandle> {
  let directory = await navigator.storage.getDirectory()
  for (const name of path.slice(0, -1)) directory = await directory.getDirectoryHandle(name, { create: true })
  const file = (await directory.getFileHandle(path.at(-1) ?? '', { create: true })) as SyncFileHandle
  return file.createSyncAccessHandle()
}

addEventListener('message', async ({ data }: MessageEvent<FileRequest>) => {
  const { id } = data
  try {
    postMessage({ id, size: await handle(data) } satisfies FileAnswer)
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies FileAnswer)
  }
})

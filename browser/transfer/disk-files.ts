/**
 * Keeps large content from others in the site's private storage, in a directory of this tab's session: it is there after a reload, and
 * goes when the tab has ended (`tab-session.ts` says which have). Writing is done by `workers/file-worker.ts`, which also keeps the record
 * of what is there, behind the bytes themselves.
 */

import type { FileAnswer, FileRequest } from './file-worker.ts'
import { type FileShape, PieceRecord } from './piece-record.ts'
import type { ReceivedFile, ReceivedFiles } from './received-files.ts'

/** All sessions of this site have their directories in it. */
export const FILES_DIRECTORY = 'mayfly'

/** What is asked, without the number that `ask` gives it. */
type Ask = FileRequest extends infer R ? (R extends FileRequest ? Omit<R, 'id'> : never) : never

type Bytes = Uint8Array<ArrayBuffer>

export class DiskFiles implements ReceivedFiles {
  readonly outlivesReload = true
  readonly #session: string
  #worker: Worker | undefined
  #nextId = 1
  /** By request. Bounded by the requests under way: some pieces of each file that comes. */
  readonly #waiting = new Map<number, { resolve(bytes: Bytes): void; reject(error: Error): void }>()

  constructor(session: string) {
    this.#session = session
  }

  async open(hash: string, shape: FileShape): Promise<ReceivedFile> {
    const bits = await this.#ask({ type: 'open', file: hash, path: [FILES_DIRECTORY, this.#session, hash], shape })
    const record = new PieceRecord(shape, bits)
    let isOpen = true
    return {
      record,
      get have() {
        return record.bits
      },
      write: async (index, bytes) => {
        await this.#ask({ type: 'write', file: hash, index, bytes: bytes as Bytes }, ownBuffer(bytes))
        record.add(index)
      },
      read: async (index) => {
        if (isOpen) return this.#ask({ type: 'read', file: hash, index })
        const at = record.offsetOf(index)
        const piece = (await this.get(hash, shape.size))?.slice(at, at + record.sizeOf(index))
        return new Uint8Array((await piece?.arrayBuffer()) ?? new ArrayBuffer(0))
      },
      close: async () => {
        if (!isOpen) return
        isOpen = false
        await this.#ask({ type: 'close', file: hash })
      },
    }
  }

  async get(hash: string, size: number): Promise<Blob | undefined> {
    try {
      return (await (await (await this.#directory()).getFileHandle(hash)).getFile()).slice(0, size)
    } catch {
      return undefined
    }
  }

  async remove(hash: string): Promise<void> {
    try {
      await (await this.#directory()).removeEntry(hash)
    } catch {
      // It is not there, which is what is wanted.
    }
  }

  async #directory(): Promise<FileSystemDirectoryHandle> {
    const all = await (await navigator.storage.getDirectory()).getDirectoryHandle(FILES_DIRECTORY, { create: true })
    return all.getDirectoryHandle(this.#session, { create: true })
  }

  #ask(ask: Ask, transfer: Transferable[] = []): Promise<Bytes> {
    const id = this.#nextId++
    return new Promise<Bytes>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#thread().postMessage({ ...ask, id } satisfies FileRequest, transfer)
    })
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./file-worker.ts', import.meta.url), { type: 'module', name: 'mayfly-files' })
    worker.addEventListener('message', ({ data: { id, bytes, error } }: MessageEvent<FileAnswer>) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error !== undefined) waiting?.reject(new Error(error))
      else waiting?.resolve(bytes ?? new Uint8Array())
    })
    worker.addEventListener('error', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The thread that writes files has ended'))
      this.#waiting.clear()
      this.#worker = undefined
    })
    this.#worker = worker
    return worker
  }
}

/** What can be handed over instead of copied: a buffer of which nobody else has a part. */
function ownBuffer({ buffer, byteLength }: Uint8Array): Transferable[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}

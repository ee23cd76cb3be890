/**
 * Keeps large content from others in the site's private storage, in a directory of this tab's session: it is there after a reload, and
 * goes when the tab has ended (`tab-session.ts` says which have). Writing is done by `workers/file-worker.ts`.
 */

import type { ReceivedFile, ReceivedFiles } from './received-files.ts'
import type { FileAnswer, FileRequest } from './workers/file-worker.ts'

/** All sessions of this site have their directories in it. */
export const FILES_DIRECTORY = 'mayfly'

/** What is asked, without the number that `ask` gives it. */
type Ask = FileRequest extends infer R ? (R extends FileRequest ? Omit<R, 'id'> : never) : never

export class DiskFiles implements ReceivedFiles {
  readonly outlivesReload = true
  readonly #session: string
  #worker: Worker | undefined
  #nextId = 1
  /** By request. Bounded by the requests under way: one for each file that comes. */
  readonly #waiting = new Map<number, { resolve(size: number): void; reject(error: Error): void }>()

  constructor(session: string) {
    this.#session = session
  }

  async open(hash: string): Promise<ReceivedFile> {
    let done = await this.#ask({ type: 'open', file: hash, path: [FILES_DIRECTORY, this.#session, hash] })
    let isOpen = true
    return {
      get done() {
        return done
      },
      append: async (bytes) => {
        done = await this.#ask({ type: 'append', file: hash, bytes })
      },
      close: async () => {
        if (!isOpen) return
        isOpen = false
        await this.#ask({ type: 'close', file: hash })
      },
    }
  }

  async get(hash: string): Promise<Blob | undefined> {
    try {
      return await (await (await this.#directory()).getFileHandle(hash)).getFile()
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

  #ask(ask: Ask): Promise<number> {
    const id = this.#nextId++
    return new Promise<number>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#thread().postMessage({ ...ask, id } satisfies FileRequest)
    })
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./workers/file-worker.ts', import.meta.url), { type: 'module', name: 'mayfly-files' })
    worker.addEventListener('message', ({ data: { id, size, error } }: MessageEvent<FileAnswer>) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error !== undefined) waiting?.reject(new Error(error))
      else waiting?.resolve(size ?? 0)
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

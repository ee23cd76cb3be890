/**
 * Received files in the site's private storage (OPFS), in a directory of this tab's session: they survive a reload, and are removed when the
 * session has ended (`tab-session.ts`). `file-worker.ts` writes them, and keeps the record of received pieces behind the bytes of each file.
 */

import { createWorkerCalls } from '../peer/worker-calls.ts'
import type { FileAnswer, FileRequest } from './file-worker.ts'
import { type FileShape, PieceRecord } from './piece-record.ts'
import type { ReceivedFile, ReceivedFiles } from './received-files.ts'

/** Contains the directories of all sessions of this site. */
export const FILES_DIRECTORY = 'mayfly'

type Bytes = Uint8Array<ArrayBuffer>

export class DiskFiles implements ReceivedFiles {
  readonly outlivesReload = true
  readonly #session: string
  readonly #directory: string
  /** Begun at once: a first file would wait for its code. */
  #thread = startFileThread()

  /** @param directory contains that of the session */
  constructor(session: string, directory: string = FILES_DIRECTORY) {
    this.#session = session
    this.#directory = directory
  }

  async open(hash: string, shape: FileShape): Promise<ReceivedFile> {
    const bits = await this.#request({ type: 'open', file: hash, path: [this.#directory, this.#session, hash], shape })
    const record = new PieceRecord(shape, bits)
    let isOpen = true
    const writeBack = async (index: number, bytes: Uint8Array) => {
      const back = await this.#request({ type: 'write', file: hash, index, bytes: bytes as Bytes }, ownBuffer(bytes))
      record.add(index)
      return back
    }
    return {
      record,
      get have() {
        return record.bits
      },
      write: async (index, bytes) => void (await writeBack(index, bytes)),
      writeBack,
      read: async (index) => {
        if (isOpen) return this.#request({ type: 'read', file: hash, index })
        const at = record.offsetOf(index)
        const piece = (await this.get(hash, shape.size))?.slice(at, at + record.sizeOf(index))
        return new Uint8Array((await piece?.arrayBuffer()) ?? new ArrayBuffer(0))
      },
      close: async () => {
        if (!isOpen) return
        isOpen = false
        await this.#request({ type: 'close', file: hash })
      },
    }
  }

  async get(hash: string, size: number): Promise<Blob | undefined> {
    try {
      return (await (await (await this.#open()).getFileHandle(hash)).getFile()).slice(0, size)
    } catch {
      return undefined
    }
  }

  async remove(hash: string): Promise<void> {
    try {
      await (await this.#open()).removeEntry(hash)
    } catch {
      // It does not exist.
    }
  }

  async #open(): Promise<FileSystemDirectoryHandle> {
    const all = await (await navigator.storage.getDirectory()).getDirectoryHandle(this.#directory, { create: true })
    return all.getDirectoryHandle(this.#session, { create: true })
  }

  async #request(request: FileRequest, transfer: Transferable[] = []): Promise<Bytes> {
    if (this.#thread.hasEnded) this.#thread = startFileThread()
    const { bytes } = await this.#thread.call(request, transfer)
    return bytes ?? new Uint8Array()
  }
}

function startFileThread() {
  const worker = new Worker(new URL('./file-worker.ts', import.meta.url), { type: 'module', name: 'mayfly-files' })
  return createWorkerCalls<FileRequest, FileAnswer>(worker, 'file')
}

/** The buffer, to be transferred instead of copied, when these bytes are all of it. */
function ownBuffer({ buffer, byteLength }: Uint8Array): Transferable[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}

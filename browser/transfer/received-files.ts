/**
 * Storage for large content from others while this tab holds it: on disk (`disk-files.ts`), in IndexedDB where the browser has no private file
 * system (`database-files.ts`), or in memory up to a limit.
 */

import type { MayflyError, PieceStore } from '../../node/index.ts'
import type { StoredFile } from '../content/raw-content.ts'
import { type FileShape, PieceRecord, pieceCount } from './piece-record.ts'

/** Content that is received in pieces, in any order. It can still be read after it is closed. */
export interface ReceivedFile extends PieceStore {
  readonly record: PieceRecord
  /** Takes ownership of the bytes. The piece survives a crash of the tab once this has resolved. */
  write(index: number, bytes: Uint8Array): Promise<void>
  /** The same, and resolves with the bytes, which are the caller's again. */
  writeBack(index: number, bytes: Uint8Array): Promise<Uint8Array>
  /** Ends writing; received pieces stay. May be called twice. */
  close(): Promise<void>
}

export interface ReceivedFiles {
  /** Received pieces survive a reload of the tab. */
  readonly outlivesReload: boolean
  /** @throws when there is no space for it */
  open(hash: string, shape: FileShape): Promise<ReceivedFile>
  /** The file, complete or not; undefined when nothing of it is stored. */
  get(hash: string, size: number): Promise<StoredFile | undefined>
  remove(hash: string): Promise<void>
}

export const MEMORY_FILES_DEFAULTS = {
  maxBytes: 67_108_864, // a tab on a phone can afford that
} as const

/** Creates the error. The library defines it, and is loaded late. */
type SizeError = (size: number, maxBytes: number) => MayflyError | Promise<MayflyError>

interface MemoryFile {
  record: PieceRecord
  /** By number. */
  pieces: Map<number, Blob>
}

export class MemoryFiles implements ReceivedFiles {
  readonly outlivesReload = false
  readonly #maxBytes: number
  readonly #refuse: SizeError
  /** By hash. Bounded: `maxBytes`, by the full sizes of the files. */
  readonly #files = new Map<string, MemoryFile>()

  constructor(refuse: SizeError, maxBytes: number = MEMORY_FILES_DEFAULTS.maxBytes) {
    this.#refuse = refuse
    this.#maxBytes = maxBytes
  }

  async open(hash: string, shape: FileShape): Promise<ReceivedFile> {
    const file = this.#files.get(hash) ?? { record: new PieceRecord(shape), pieces: new Map<number, Blob>() }
    const others = [...this.#files].reduce((sum, [other, { record }]) => (other === hash ? sum : sum + record.shape.size), 0)
    if (others + shape.size > this.#maxBytes) throw await this.#refuse(others + shape.size, this.#maxBytes)
    this.#files.set(hash, file)
    const { record, pieces } = file
    const writeBack = async (index: number, bytes: Uint8Array) => {
      pieces.set(index, new Blob([bytes as Uint8Array<ArrayBuffer>]))
      record.add(index)
      return bytes
    }
    return {
      record,
      get have() {
        return record.bits
      },
      write: async (index, bytes) => void (await writeBack(index, bytes)),
      writeBack,
      async read(index) {
        return new Uint8Array((await pieces.get(index)?.arrayBuffer()) ?? new ArrayBuffer(0))
      },
      close: async () => {},
    }
  }

  async get(hash: string): Promise<Blob | undefined> {
    const file = this.#files.get(hash)
    if (file === undefined) return undefined
    return new Blob(Array.from({ length: pieceCount(file.record.shape) }, (_, index) => file.pieces.get(index) ?? new Blob()))
  }

  async remove(hash: string): Promise<void> {
    this.#files.delete(hash)
  }
}

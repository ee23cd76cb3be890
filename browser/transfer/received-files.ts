/** Where large content from others is kept while this tab holds it: on disk (`disk-files.ts`), or in memory within a bound where there is no disk. */

import type { MayflyError, PieceStore } from '../../node/index.ts'
import { type FileShape, PieceRecord, pieceCount } from './piece-record.ts'

/** Content that comes in pieces, in any order. It can be read after it is closed, too. */
export interface ReceivedFile extends PieceStore {
  readonly record: PieceRecord
  /** Takes the bytes over. The piece is there once this has resolved, also after a crash of the tab. */
  write(index: number, bytes: Uint8Array): Promise<void>
  /** Nothing is written any more; what is there stays. May be called twice. */
  close(): Promise<void>
}

export interface ReceivedFiles {
  /** Whether what has come is there after a reload of the tab. */
  readonly outlivesReload: boolean
  /** @throws when there is no room for it */
  open(hash: string, shape: FileShape): Promise<ReceivedFile>
  /** The whole, for reading, whatever of it is there; undefined when nothing is. */
  get(hash: string, size: number): Promise<Blob | undefined>
  remove(hash: string): Promise<void>
}

export const MEMORY_FILES_DEFAULTS = {
  maxBytes: 67_108_864, // a phone's tab lives with that
} as const

/** Makes the refusal; handed in, since errors are the library's and that is loaded late. */
export type RefuseSize = (size: number, maxBytes: number) => MayflyError | Promise<MayflyError>

interface MemoryFile {
  record: PieceRecord
  /** By number. */
  pieces: Map<number, Blob>
}

export class MemoryFiles implements ReceivedFiles {
  readonly outlivesReload = false
  readonly #maxBytes: number
  readonly #refuse: RefuseSize
  /** By hash. Bounded: `maxBytes`, by the sizes that are to come. */
  readonly #files = new Map<string, MemoryFile>()

  constructor(refuse: RefuseSize, maxBytes: number = MEMORY_FILES_DEFAULTS.maxBytes) {
    this.#refuse = refuse
    this.#maxBytes = maxBytes
  }

  async open(hash: string, shape: FileShape): Promise<ReceivedFile> {
    const file = this.#files.get(hash) ?? { record: new PieceRecord(shape), pieces: new Map<number, Blob>() }
    const others = [...this.#files].reduce((sum, [other, { record }]) => (other === hash ? sum : sum + record.shape.size), 0)
    if (others + shape.size > this.#maxBytes) throw await this.#refuse(others + shape.size, this.#maxBytes)
    this.#files.set(hash, file)
    const { record, pieces } = file
    return {
      record,
      get have() {
        return record.bits
      },
      async write(index, bytes) {
        pieces.set(index, new Blob([bytes as Uint8Array<ArrayBuffer>]))
        record.add(index)
      },
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

/** Where large content from others is kept while this tab holds it: on disk (`disk-files.ts`), or in memory within a bound where there is no disk. */

import type { MayflyError } from '../node/index.ts'

/** Content that comes from its beginning to its end. */
export interface ReceivedFile {
  /** How many bytes are there, in whole pieces as they were appended. */
  readonly done: number
  append(bytes: Uint8Array): Promise<void>
  /** What is there stays. May be called twice. */
  close(): Promise<void>
}

export interface ReceivedFiles {
  /** Whether what has come is there after a reload of the tab. */
  readonly outlivesReload: boolean
  /** @throws when there is no room for it */
  open(hash: string, size: number): Promise<ReceivedFile>
  /** What has come of it, for reading; undefined when nothing has. */
  get(hash: string): Promise<Blob | undefined>
  remove(hash: string): Promise<void>
}

export const MEMORY_FILES_DEFAULTS = {
  maxBytes: 67_108_864, // a phone's tab lives with that
} as const

/** Makes the refusal; handed in, since errors are the library's and that is loaded late. */
export type RefuseSize = (size: number, maxBytes: number) => MayflyError | Promise<MayflyError>

export class MemoryFiles implements ReceivedFiles {
  readonly outlivesReload = false
  readonly #maxBytes: number
  readonly #refuse: RefuseSize
  /** By hash. Bounded: `maxBytes`, by the sizes that are to come. */
  readonly #files = new Map<string, { size: number; done: number; parts: Blob[] }>()

  constructor(refuse: RefuseSize, maxBytes: number = MEMORY_FILES_DEFAULTS.maxBytes) {
    this.#refuse = refuse
    this.#maxBytes = maxBytes
  }

  async open(hash: string, size: number): Promise<ReceivedFile> {
    const file = this.#files.get(hash) ?? { size, done: 0, parts: [] }
    const others = [...this.#files].reduce((sum, [other, { size: taken }]) => (other === hash ? sum : sum + taken), 0)
    if (others + size > this.#maxBytes) throw await this.#refuse(others + size, this.#maxBytes)
    this.#files.set(hash, file)
    return {
      get done() {
        return file.done
      },
      async append(bytes) {
        file.parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]))
        file.done += bytes.byteLength
      },
      close: async () => {},
    }
  }

  async get(hash: string): Promise<Blob | undefined> {
    const file = this.#files.get(hash)
    return file && new Blob(file.parts)
  }

  async remove(hash: string): Promise<void> {
    this.#files.delete(hash)
  }
}

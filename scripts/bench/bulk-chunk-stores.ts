/** Chunk stores for WebTorrent, which make the seeded bytes and drop the received ones. Runs in pages, too. */

import { type BulkContent, bulkBytes } from './bulk-content.ts'
import type { BulkMeter } from './bulk-meter.ts'

type Done = (error: Error | null, bytes?: Uint8Array) => void

/** A chunk store that makes what is read. @see https://github.com/mafintosh/abstract-chunk-store */
export function seedStore({ seed, size }: BulkContent) {
  return class {
    readonly chunkLength: number
    constructor(chunkLength: number) {
      this.chunkLength = chunkLength
    }
    get(index: number, options: { offset?: number; length?: number } | Done | null, done: Done): void {
      const [part, answer] = typeof options === 'function' ? [{}, options] : [options ?? {}, done]
      const start = index * this.chunkLength
      const offset = part.offset ?? 0
      const length = part.length ?? Math.min(this.chunkLength, size - start) - offset
      queueMicrotask(() => answer(null, bulkBytes(seed, start + offset, length)))
    }
    put(_index: number, _bytes: Uint8Array, done: Done): void {
      queueMicrotask(() => done(new Error('a seeder has everything')))
    }
    close(done: Done = () => {}): void {
      queueMicrotask(() => done(null))
    }
    destroy(done: Done = () => {}): void {
      this.close(done)
    }
  }
}

/** A chunk store that counts chunks and keeps none. */
export function meterStore(meter: BulkMeter) {
  return class {
    readonly chunkLength: number
    constructor(chunkLength: number) {
      this.chunkLength = chunkLength
    }
    get(index: number, options: object | Done | null, done: Done): void {
      const answer = typeof options === 'function' ? (options as Done) : done
      queueMicrotask(() => answer(new Error(`chunk ${index} is not kept`)))
    }
    put(index: number, bytes: Uint8Array, done: Done): void {
      meter.takeAt(index * this.chunkLength, bytes)
      queueMicrotask(() => done(null))
    }
    close(done: Done = () => {}): void {
      queueMicrotask(() => done(null))
    }
    destroy(done: Done = () => {}): void {
      this.close(done)
    }
  }
}

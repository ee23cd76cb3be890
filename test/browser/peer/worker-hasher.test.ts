import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { HashRequest } from '../../../browser/peer/hash-worker.ts'
import type { WorkerPort } from '../../../browser/peer/worker-calls.ts'
import { createWorkerHasher } from '../../../browser/peer/worker-hasher.ts'
import { waitFor } from '../../helpers/wait-for.ts'

/** A hashing worker in this thread: it answers asynchronously, in order. */
class SlowThread implements WorkerPort {
  readonly #hashes = new Map<number, ReturnType<typeof createHash>>()
  readonly #listeners: ((event: MessageEvent) => void)[] = []
  readonly #errorListeners: ((event: ErrorEvent) => void)[] = []
  readonly forgotten: number[] = []
  readonly buffers = new Set<ArrayBuffer>()
  pending = 0
  mostPending = 0

  postMessage(request: HashRequest & { id: number }): void {
    const { id, content } = request
    const hash = this.#hashes.get(content) ?? createHash('sha256')
    this.#hashes.set(content, hash)
    if (request.type === 'update') hash.update(request.bytes)
    if (request.type === 'update') this.buffers.add(request.bytes.buffer)
    if (request.type === 'forget') this.forgotten.push(content)
    this.mostPending = Math.max(this.mostPending, ++this.pending)
    setImmediate(() => {
      this.pending--
      const data = { id, ...(request.type === 'digest' ? { digest: new Uint8Array(hash.digest()) } : request) }
      for (const listener of this.#listeners) listener(new MessageEvent('message', { data }))
    })
  }

  addEventListener(type: 'message' | 'error', listener: never): void {
    if (type === 'message') this.#listeners.push(listener)
    else this.#errorListeners.push(listener)
  }

  fail(): void {
    for (const listener of this.#errorListeners) listener({ message: 'gone' } as ErrorEvent)
  }
}

const parts = Array.from({ length: 20 }, (_, i) => new Uint8Array(1_000).fill(i))
const expected = (bytes: Uint8Array[]) => new Uint8Array(createHash('sha256').update(Buffer.concat(bytes)).digest())

describe('hashing in a worker', () => {
  it('returns the SHA-256 of each content, also of several at once, and of no bytes', async () => {
    const createHasher = createWorkerHasher(() => new SlowThread())
    const digestOf = async (bytes: Uint8Array[]) => {
      const hasher = createHasher()
      for (const part of bytes) await hasher.update(part)
      return hasher.digest()
    }
    const contents = [parts, parts.slice(3), parts.slice(0, 1), []]
    expect(await Promise.all(contents.map(digestOf))).toEqual(contents.map(expected))
  })

  it('starts one worker on demand, and limits the updates that wait for it', async () => {
    const threads: SlowThread[] = []
    const createHasher = createWorkerHasher(() => {
      const thread = new SlowThread()
      threads.push(thread)
      return thread
    })
    const hasher = createHasher()
    expect(threads).toHaveLength(0)
    for (const part of parts) await hasher.update(part)
    await hasher.digest()
    await createHasher().digest()
    expect(threads).toHaveLength(1)
    expect(threads[0]?.mostPending).toBeLessThanOrEqual(3)
  })

  it('copies what it hashes into the same few buffers, and leaves the bytes to their owner', async () => {
    const thread = new SlowThread()
    const hasher = createWorkerHasher(() => thread)()
    const mixed = [...parts, new Uint8Array(2_000).fill(7), ...parts]
    for (const part of mixed) await hasher.update(part)
    expect(await hasher.digest()).toEqual(expected(mixed))
    expect(thread.buffers.size).toBeLessThanOrEqual(6) // three, and again once they were too small
    expect(mixed.every(({ byteLength }) => byteLength > 0)).toBe(true)
  })

  it('rejects when the worker has ended, and starts another for the next content', async () => {
    const threads: SlowThread[] = []
    const createHasher = createWorkerHasher(() => {
      const thread = new SlowThread()
      threads.push(thread)
      return thread
    })
    const hasher = createHasher()
    await hasher.update(new Uint8Array(1))
    const digest = hasher.digest()
    threads[0]?.fail()
    await expect(digest).rejects.toThrow('gone')
    await expect(hasher.update(new Uint8Array(1))).rejects.toThrow('gone')
    const next = createHasher()
    await next.update(new Uint8Array(1))
    expect(await next.digest()).toEqual(expected([new Uint8Array(1)]))
    expect(threads).toHaveLength(2)
  })

  it('tells the worker to forget a content whose hasher was dropped', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const thread = new SlowThread()
    const createHasher = createWorkerHasher(() => thread)
    const hashHalf = async () => {
      const hasher = createHasher()
      for (const part of parts) await hasher.update(part)
    }
    await hashHalf()
    await waitFor(
      () => {
        collectGarbage()
        return thread.forgotten.length > 0
      },
      5_000,
      'the content is forgotten',
    )
    expect(thread.forgotten).toEqual([0])
  })
})

/** SHA-256 of large content in a worker (`hash-worker.ts`), so that hashing never blocks the page. */

import type { CreateHasher, Key } from '../../node/index.ts'
import type { HashAnswer, HashRequest } from './hash-worker.ts'

/** The part of a `Worker` that is used. */
export interface HashThread {
  postMessage(request: HashRequest): void
  addEventListener(type: 'message', listener: (event: MessageEvent<HashAnswer>) => void): void
  addEventListener(type: 'error', listener: (event: ErrorEvent) => void): void
}

interface Job {
  /** Updates without an answer yet. */
  pending: number
  onUpdated: (() => void) | undefined
  onDigest: ((digest: Key) => void) | undefined
  onError: ((error: Error) => void) | undefined
  /** Set when its thread has ended: the state of the hash is lost. */
  failure: Error | undefined
}

/** Updates sent to the thread: one is hashed, one waits. */
const MAX_PENDING = 2

/** `start` makes a thread. It is called for the first content, and again after a thread has ended. */
export function createWorkerHasher(start: () => HashThread): CreateHasher {
  let thread: HashThread | undefined
  let nextId = 1
  /** By id. Bounded by the contents that are hashed at once. */
  const jobs = new Map<number, Job>()
  /** A caller that stops in the middle (a cancelled page, a reader that left) just drops its hasher: the garbage collector reports it here. */
  const forgotten = new FinalizationRegistry<number>((id) => {
    jobs.delete(id)
    thread?.postMessage({ type: 'forget', id })
  })

  function threadOf(): HashThread {
    if (thread !== undefined) return thread
    const started = start()
    thread = started
    started.addEventListener('message', ({ data: { id, digest } }) => {
      const job = jobs.get(id)
      if (digest) job?.onDigest?.(digest)
      else if (job) {
        job.pending--
        job.onUpdated?.()
      }
    })
    started.addEventListener('error', (event) => {
      if (thread === started) thread = undefined
      const failure = new Error(`The hashing thread has ended: ${event.message || 'it could not be started'}`)
      for (const job of jobs.values()) {
        job.failure = failure
        job.onError?.(failure)
      }
      jobs.clear()
    })
    return started
  }

  return () => {
    const id = nextId++
    const job: Job = { pending: 0, onUpdated: undefined, onDigest: undefined, onError: undefined, failure: undefined }
    jobs.set(id, job)
    const hasher = {
      async update(bytes: Uint8Array): Promise<void> {
        if (job.failure) throw job.failure
        job.pending++
        threadOf().postMessage({ type: 'update', id, bytes })
        if (job.pending < MAX_PENDING) return
        await new Promise<void>((resolve, reject) => {
          job.onUpdated = resolve
          job.onError = reject
        })
      },
      async digest(): Promise<Key> {
        if (job.failure) throw job.failure
        const digest = await new Promise<Key>((resolve, reject) => {
          job.onDigest = resolve
          job.onError = reject
          threadOf().postMessage({ type: 'digest', id })
        })
        jobs.delete(id)
        forgotten.unregister(hasher)
        return digest
      },
    }
    forgotten.register(hasher, id, hasher)
    return hasher
  }
}

export function startHashThread(): HashThread {
  return new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module', name: 'mayfly-hash' })
}

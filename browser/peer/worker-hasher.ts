/** SHA-256 of large content in a worker (`hash-worker.ts`), so that hashing never blocks the page. */

import type { CreateHasher, Key } from '../../node/index.ts'
import type { HashAnswer, HashRequest } from './hash-worker.ts'
import { createWorkerCalls, type WorkerPort } from './worker-calls.ts'

type HashThread = ReturnType<typeof createWorkerCalls<HashRequest, HashAnswer>>

/** It must not refer to its hasher, which could not be collected then. */
interface Job {
  content: number
  /** The thread that has the state of this hash. */
  thread: HashThread | undefined
}

/** Updates sent to the thread: one is hashed, one waits. */
const MAX_PENDING = 2

/** `start` makes a thread. It is called for the first content, and again after a thread has ended. */
export function createWorkerHasher(start: () => WorkerPort): CreateHasher {
  let newest: HashThread | undefined
  let contents = 0
  /** A caller that stops in the middle (a cancelled page, a reader that left) just drops its hasher: the garbage collector reports it here. */
  const forgotten = new FinalizationRegistry<Job>(({ content, thread }) => void thread?.call({ type: 'forget', content }).catch(() => {}))

  return () => {
    const content = contents++
    const job: Job = { content, thread: undefined }
    const call = (request: HashRequest, transfer?: Transferable[]) => {
      if (!newest || newest.hasEnded) newest = createWorkerCalls(start(), 'hashing')
      job.thread ??= newest
      return job.thread.call(request, transfer)
    }
    const pending: Promise<unknown>[] = []
    /** Buffers that the thread has given back: fresh memory for each update, at both ends, would cost more than its copy. Bounded: MAX_PENDING. */
    const spare: ArrayBuffer[] = []
    const sendCopy = async (bytes: Uint8Array) => {
      let buffer = spare.pop()
      if (buffer === undefined || buffer.byteLength < bytes.byteLength) buffer = new ArrayBuffer(bytes.byteLength)
      const copy = new Uint8Array(buffer, 0, bytes.byteLength)
      copy.set(bytes)
      const { bytes: back } = await call({ type: 'update', content, bytes: copy }, [buffer])
      if (back !== undefined && spare.length < MAX_PENDING) spare.push(back.buffer)
    }
    const hasher = {
      async update(bytes: Uint8Array): Promise<void> {
        const updated = sendCopy(bytes)
        updated.catch(() => {}) // the next call is rejected, too
        pending.push(updated)
        if (pending.length >= MAX_PENDING) await pending.shift()
      },
      async digest(): Promise<Key> {
        const { digest } = await call({ type: 'digest', content })
        forgotten.unregister(hasher)
        return digest as Key
      },
    }
    forgotten.register(hasher, job, hasher)
    return hasher
  }
}

export function startHashThread(): WorkerPort {
  return new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module', name: 'mayfly-hash' })
}

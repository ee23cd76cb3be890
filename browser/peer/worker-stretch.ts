/** scrypt in a worker of its own, so that the page goes on while a pass phrase is stretched. */

import type { Stretch } from '../../node/index.ts'
import type { StretchAnswer, StretchRequest } from './stretch-worker.ts'
import { createWorkerCalls, type WorkerPort } from './worker-calls.ts'

export type StretchThread = WorkerPort & { terminate(): void }

/**
 * A thread for each call: 128 MiB of memory go with it.
 *
 * @param start makes one; it throws where this page may start none, as a page of another origin than the script: then the page does the work, as it
 *   does where the script is missing
 */
export function createWorkerStretch(start: () => StretchThread = startStretchThread): Stretch {
  return async (secret, salt, cost) => {
    const worker = tryStart(start)
    if (worker === undefined) return stretchHere(secret, salt, cost)
    const calls = createWorkerCalls<StretchRequest, StretchAnswer>(worker, 'pass phrase')
    try {
      const { key } = await calls.call({ secret, salt, ...cost })
      return key as Uint8Array
    } catch (error) {
      // Rollup and esbuild leave out a worker that is named by its URL (https://github.com/evanw/esbuild/issues/795): the page does the work.
      if (!calls.isMissing) throw error
      return stretchHere(secret, salt, cost)
    } finally {
      worker.terminate()
    }
  }
}

function tryStart(start: () => StretchThread): StretchThread | undefined {
  try {
    return start()
  } catch {
    return undefined
  }
}

const stretchHere: Stretch = async (secret, salt, { log2N, r, p }) => {
  const { scryptAsync } = await import('@noble/hashes/scrypt.js')
  const N = 2 ** log2N
  return scryptAsync(secret, salt, { N, r, p, dkLen: 32, maxmem: N * r * 256 })
}

function startStretchThread(): StretchThread {
  return new Worker(new URL('./stretch-worker.ts', import.meta.url), { type: 'module', name: 'mayfly-pass-phrase' })
}

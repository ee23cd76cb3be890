/** The worker of `worker-hasher.ts`: incremental SHA-256 of many contents at once. */

import { sha256 } from '@noble/hashes/sha2.js'
import type { WorkerAnswer } from './worker-calls.ts'

/** `content` numbers the contents. The answer to `digest` has the hash. */
export type HashRequest = { type: 'update'; content: number; bytes: Uint8Array } | { type: 'digest' | 'forget'; content: number }

export interface HashAnswer extends WorkerAnswer {
  digest?: Uint8Array
}

/** By content. Bounded by the contents that the page hashes at once: it sends `forget` for each that it abandons. */
const hashes = new Map<number, ReturnType<typeof sha256.create>>()

addEventListener('message', ({ data }: MessageEvent<HashRequest & { id: number }>) => {
  const { id, content } = data
  const hash = hashes.get(content) ?? sha256.create()
  if (data.type === 'update') hashes.set(content, hash.update(data.bytes))
  else hashes.delete(content)
  postMessage({ id, ...(data.type === 'digest' && { digest: hash.digest() }) } satisfies HashAnswer)
})

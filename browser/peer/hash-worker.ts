/** The worker of `worker-hasher.ts`: incremental SHA-256 of many contents at once. */

import { createStreamedSha256, type StreamedSha256 } from './streamed-sha256.ts'
import type { WorkerAnswer } from './worker-calls.ts'

/** `content` numbers the contents. The answer to `update` gives the bytes back, that to `digest` has the hash. */
export type HashRequest =
  | { type: 'update'; content: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'digest' | 'forget'; content: number }

export interface HashAnswer extends WorkerAnswer {
  bytes?: Uint8Array<ArrayBuffer>
  digest?: Uint8Array<ArrayBuffer>
}

/** By content. Bounded by the contents that the page hashes at once: it sends `forget` for each that it abandons. */
const hashes = new Map<number, StreamedSha256>()

addEventListener('message', ({ data }: MessageEvent<HashRequest & { id: number }>) => {
  const { id, content } = data
  const hash = hashes.get(content) ?? createStreamedSha256()
  if (data.type === 'update') {
    hashes.set(content, hash)
    hash.update(data.bytes)
    postMessage({ id, bytes: data.bytes } satisfies HashAnswer, { transfer: [data.bytes.buffer] })
    return
  }
  hashes.delete(content)
  postMessage({ id, ...(data.type === 'digest' && { digest: hash.digest() }) } satisfies HashAnswer)
})

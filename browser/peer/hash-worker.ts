/** The worker of `worker-hasher.ts`: incremental SHA-256 of many contents at once. */

import { sha256 } from '@noble/hashes/sha2.js'

/** `id` names the content. The answer to `update` is its id, to `digest` the hash; `forget` has no answer. */
export type HashRequest =
  | { type: 'update'; id: number; bytes: Uint8Array }
  | { type: 'digest'; id: number }
  | { type: 'forget'; id: number }

export interface HashAnswer {
  id: number
  digest?: Uint8Array
}

/** By id. Bounded by the contents that the page hashes at once: it sends `forget` for each that it abandons. */
const hashes = new Map<number, ReturnType<typeof sha256.create>>()

addEventListener('message', ({ data }: MessageEvent<HashRequest>) => {
  const { id } = data
  const hash = hashes.get(id) ?? sha256.create()
  if (data.type === 'update') {
    hashes.set(id, hash.update(data.bytes))
    postMessage({ id } satisfies HashAnswer)
    return
  }
  hashes.delete(id)
  if (data.type === 'digest') postMessage({ id, digest: hash.digest() } satisfies HashAnswer)
})

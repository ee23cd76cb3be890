/** A thread that hashes: SHA-256 of bytes that come one after the other, for many contents at once. Asked by `worker-hasher.ts`. */

import { sha256 } from '@noble/hashes/sha2.js'

/** `id` names the content. `update` is answered with its id alone, `digest` with the hash; `forget` with nothing. */
export type HashRequest =
  | { type: 'update'; id: number; bytes: Uint8Array }
  | { type: 'digest'; id: number }
  | { type: 'forget'; id: number }

export interface HashAnswer {
  id: number
  digest?: Uint8Array
}

/** Under way, by id. Bounded by the contents that the page hashes at once: it tells of each that it has no use for any more. */
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

/** The worker of `worker-stretch.ts`: one scrypt, without a pause. Its steps would let nothing else through in a worker, and cost time. */

import { scrypt } from '@noble/hashes/scrypt.js'
import type { WorkerAnswer } from './worker-calls.ts'

export interface StretchRequest {
  secret: Uint8Array
  salt: Uint8Array
  log2N: number
  r: number
  p: number
}

export interface StretchAnswer extends WorkerAnswer {
  key?: Uint8Array
}

const KEY_BYTES = 32

addEventListener('message', ({ data: { id, secret, salt, log2N, r, p } }: MessageEvent<StretchRequest & { id: number }>) => {
  const N = 2 ** log2N
  postMessage({ id, key: scrypt(secret, salt, { N, r, p, dkLen: KEY_BYTES, maxmem: N * r * 256 }) } satisfies StretchAnswer)
})

/** Bytes as the gateway gives them at `/raw/<hash>`. Whether they are right is for the caller, who knows the hash. */

import type { AbortOptions } from '../node/index.ts'
import { rawPathOf } from './route.ts'

export interface RawOptions extends Required<AbortOptions> {
  /** How long the gateway may wait for a holder, in ms. Not at all when left out. */
  waitMs?: number
}

/** Undefined when the gateway cannot be reached. @throws signal.reason, when aborted */
export async function fetchRaw(hash: string, { signal, waitMs }: RawOptions): Promise<Response | undefined> {
  const query = waitMs === undefined ? '' : `?wait=${waitMs}ms`
  try {
    return await fetch(rawPathOf(hash) + query, { signal, headers: { accept: '*/*' } })
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** The media type that the gateway gives to the bytes. */
export function typeOf(response: Response): string {
  return response.headers.get('content-type') ?? 'application/octet-stream'
}

/** Undefined when there are more bytes than that, or they break off: it cannot be the page, whoever sends it. */
export async function readAtMost(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const reader = response.body?.getReader()
  try {
    while (reader) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
      if (size > maxBytes) {
        await reader.cancel()
        return undefined
      }
      parts.push(value)
    }
  } catch {
    return undefined
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

/** Bytes as the gateway gives them at `/raw/<hash>` (whether they are right is for the caller, who knows the hash), or as the peer does. */

import type { AbortOptions, OpenedContent } from '../../node/index.ts'
import { type RawAddress, rawPathOf } from './raw-address.ts'

/** More than any beginning that is looked for. */
const FIRST_BYTES = 512

export interface RawOptions extends Required<AbortOptions> {
  /** How long the gateway may wait for a holder, in ms. Not at all when left out. */
  waitMs?: number
}

/** Undefined when the gateway cannot be reached. @throws signal.reason, when aborted */
export async function fetchRaw(address: RawAddress, { signal, waitMs }: RawOptions): Promise<Response | undefined> {
  const url = new URL(rawPathOf(address), location.href)
  if (waitMs !== undefined) url.searchParams.set('wait', `${waitMs}ms`)
  try {
    return await fetch(url, { signal, headers: { accept: '*/*' } })
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** The media type that the gateway gives to the bytes. */
export function typeOf(response: Response): string {
  return response.headers.get('content-type') ?? 'application/octet-stream'
}

/** In bytes, when the gateway tells it before it gives them. */
export function sizeOf(response: Response): number | undefined {
  const length = response.headers.get('content-length')
  return length === null ? undefined : Number(length)
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

/**
 * The whole of opened content; undefined when it has more bytes than that.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE
 * @throws signal.reason, when aborted
 */
export async function readOpened(opened: OpenedContent, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  if (opened.size > maxBytes) return undefined
  const bytes = new Uint8Array(opened.size)
  let at = 0
  for await (const part of opened.read(undefined, { signal })) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

/** As much as tells what it is: no more than a few bytes when it is here, and its first piece when it comes from others. */
export async function firstBytes(content: Uint8Array | Blob | OpenedContent, signal: AbortSignal): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content
  if (content instanceof Blob) return new Uint8Array(await content.slice(0, FIRST_BYTES).arrayBuffer())
  const part = content.isTrusted ? { offset: 0, length: Math.min(FIRST_BYTES, content.size) } : undefined
  for await (const bytes of content.read(part, { signal })) return bytes
  return new Uint8Array()
}

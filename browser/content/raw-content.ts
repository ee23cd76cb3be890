/** Reads content from the gateway's `/raw/<hash>` or from the peer. The caller, which knows the hash, checks the bytes of the gateway. */

import { readAhead } from '../../node/async/read-ahead.ts'
import type { AbortOptions, OpenedContent } from '../../node/index.ts'
import { type RawAddress, rawPathOf } from './raw-address.ts'

/** More than any signature that is looked for. */
const FIRST_BYTES = 512

interface RawOptions extends Required<AbortOptions> {
  /** How long the gateway waits for a holder, in ms; it does not wait when this is left out. */
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

export function typeOf(response: Response): string {
  return response.headers.get('content-type') ?? 'application/octet-stream'
}

/** In bytes; undefined when the gateway does not send the length. */
export function sizeOf(response: Response): number | undefined {
  const length = response.headers.get('content-length')
  return length === null ? undefined : Number(length)
}

/** Undefined when the answer is longer than that, or is cut off: it cannot be the page then. */
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
 * All bytes of opened content; undefined when it is longer than that.
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

/** A stored file: a Blob, or what reads as one. */
export type StoredFile = Pick<Blob, 'size' | 'type'> & { slice(start: number, end: number): Pick<Blob, 'arrayBuffer'> }

const PART_BYTES = 1_048_576

/** Yields the bytes of a file that is in this tab, or of a part of it. */
export function readInParts(file: StoredFile, part = { offset: 0, length: file.size }): AsyncIterable<Uint8Array> {
  return readAhead(partsOf(file, part))
}

async function* partsOf(file: StoredFile, { offset, length }: { offset: number; length: number }): AsyncGenerator<Uint8Array> {
  const end = offset + length
  for (let at = offset; at < end; at += PART_BYTES) yield new Uint8Array(await file.slice(at, Math.min(at + PART_BYTES, end)).arrayBuffer())
}

/** Enough bytes to recognise a signature: a few when the content is here, its first piece when it comes from others. */
export async function firstBytes(content: Uint8Array | StoredFile | OpenedContent, signal: AbortSignal): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content
  if ('slice' in content) return new Uint8Array(await content.slice(0, FIRST_BYTES).arrayBuffer())
  const part = content.isTrusted ? { offset: 0, length: Math.min(FIRST_BYTES, content.size) } : undefined
  for await (const bytes of content.read(part, { signal })) return bytes
  return new Uint8Array()
}

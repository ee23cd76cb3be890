/**
 * Several ranges in one answer, each with its own head (multipart/byteranges).
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-media-type-multipart-byterang
 */

import { randomUUID } from 'node:crypto'
import type { OpenedContent } from '../../node/index.ts'
import { type ByteRange, partOf } from './byte-range.ts'

export interface MultipartRanges {
  contentType: string
  /** In bytes, heads included. */
  size: number
  read(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** @param partType the media type of the whole */
export function multipartRanges(
  body: Pick<OpenedContent, 'size' | 'read'>,
  ranges: readonly ByteRange[],
  partType: string,
): MultipartRanges {
  const boundary = randomUUID()
  const encoder = new TextEncoder()
  const parts = ranges.map((range, i) => ({
    range,
    head: encoder.encode(
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\ncontent-type: ${partType}\r\n` +
        `content-range: bytes ${range.first}-${range.last}/${body.size}\r\n\r\n`,
    ),
  }))
  const end = encoder.encode(`\r\n--${boundary}--\r\n`)
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    size: parts.reduce((sum, { range, head }) => sum + head.byteLength + range.last - range.first + 1, end.byteLength),
    async *read(signal) {
      for (const { range, head } of parts) {
        yield head
        yield* body.read(partOf(range), { signal })
      }
      yield end
    },
  }
}

/** Checked bytes that an answer is made of: in memory, or read from their holders as the client takes them. */

import type { OpenedContent } from '../../node/index.ts'
import type { ByteRange } from './byte-range.ts'

export interface AnswerBody {
  /** In bytes. */
  readonly size: number
  /** False while only the whole can be checked: then a Range header is ignored. */
  readonly isSeekable: boolean
  /** The bytes, where they are in memory. */
  readonly bytes?: Uint8Array
  /** Without a range: the whole. */
  read(range: ByteRange | undefined, signal: AbortSignal): AsyncIterable<Uint8Array>
}

export function memoryBody(bytes: Uint8Array): AnswerBody {
  return {
    size: bytes.byteLength,
    isSeekable: true,
    bytes,
    async *read(range) {
      yield range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
    },
  }
}

export function openedBody(content: OpenedContent): AnswerBody {
  return {
    size: content.size,
    isSeekable: content.isTrusted,
    read: (range, signal) => content.read(range && { offset: range.first, length: range.last - range.first + 1 }, { signal }),
  }
}

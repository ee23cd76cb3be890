/** How long one waits for a peer that says nothing: a time-out that begins again with each thing heard. */

import { formatDuration } from '../../async/duration.ts'
import type { AbortOptions } from '../../types.ts'

export interface Patience {
  /** Aborted when nothing was heard for too long, or by the caller's own signal. */
  readonly signal: AbortSignal
  /** Something was heard, or is waited for: from now on it may take so long, in ms. */
  renew(ms: number): void
  /** Passes the chunks on, and renews with each. Ends with the stream. */
  listen(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, ms: number): AsyncIterable<Uint8Array>
  /** No more waiting. To be called in the end, or the timer keeps the process alive. */
  end(): void
}

export function createPatience({ signal }: AbortOptions = {}): Patience {
  const silence = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const renew = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(new DOMException(`no answer in ${formatDuration(ms)}`, 'TimeoutError')), ms)
  }
  const end = () => clearTimeout(timer)
  return {
    signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    renew,
    async *listen(chunks, ms) {
      renew(ms)
      try {
        for await (const chunk of chunks) {
          yield chunk
          renew(ms)
        }
      } finally {
        end()
      }
    },
    end,
  }
}

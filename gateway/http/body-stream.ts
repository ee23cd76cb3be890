/** A response body from chunks that come one after the other: read no faster than the client takes them, and ended when it goes away. */

import { onAbort } from '../../node/async/abort.ts'

type Chunk = Uint8Array | string
/** Begins to read; its signal is aborted when the client goes away. @param keepsNothing each chunk is written before the next is asked for */
type ReadChunks = (signal: AbortSignal, keepsNothing: boolean) => AsyncIterable<Chunk>

export interface BodyStreamOptions {
  /**
   * Cuts the connection when reading fails, so that the client cannot mistake what it has for the whole. Without it, the error goes to the
   * reader of the stream.
   */
  cut?: (() => void) | undefined
  /** Called once, when either side has ended the stream. */
  onEnd?: () => void
  /** Ends a stream that its client left before reading of it. */
  signal?: AbortSignal
}

type ChunkSource = ReturnType<typeof createChunkSource>

/** By answer, for `takeChunks`. */
const sources = new WeakMap<Response, ChunkSource>()

function createChunkSource(read: ReadChunks, { cut, onEnd, signal }: BodyStreamOptions) {
  const gone = new AbortController()
  let chunks: AsyncIterator<Chunk> | undefined
  let hasEnded = false
  let keepsNothing = false
  let removeListener = () => {}
  const end = () => {
    if (hasEnded) return
    hasEnded = true
    removeListener()
    onEnd?.()
  }
  removeListener = onAbort(signal, end)
  return {
    /** The caller asks for the next chunk only when it has written the one before. Told before the first. */
    keepNothing() {
      keepsNothing = true
    },
    /** The next chunk. 'end': there are no more. 'cut': the connection was cut, or the client has left. @throws what reading throws, without `cut` */
    async next(): Promise<{ chunk: Chunk } | 'end' | 'cut'> {
      chunks ??= read(gone.signal, keepsNothing)[Symbol.asyncIterator]()
      try {
        const { done, value } = await chunks.next()
        if (!done) return { chunk: value }
        end()
        return 'end'
      } catch (error) {
        end()
        if (gone.signal.aborted) return 'cut'
        if (cut === undefined) throw error
        cut()
        return 'cut'
      }
    },
    /** The client has gone away. */
    async leave(): Promise<void> {
      end()
      gone.abort(new DOMException('The client went away.', 'AbortError'))
      await chunks?.return?.()
    },
  }
}

function streamOf({ next, leave }: ChunkSource): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const one = await next()
          if (one === 'end') controller.close()
          else if (one !== 'cut') controller.enqueue(typeof one.chunk === 'string' ? encoder.encode(one.chunk) : one.chunk)
        } catch (error) {
          controller.error(error)
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 }, // no chunk is read before the client takes it
  )
}

export function streamBody(read: ReadChunks, options: BodyStreamOptions = {}): ReadableStream<Uint8Array> {
  return streamOf(createChunkSource(read, options))
}

/**
 * An answer with such a body. The server takes its chunks as they are: for each, the streams of the web take several promises more. It can also be
 * read as any other answer.
 */
export function chunkAnswer(read: ReadChunks, init: ResponseInit, options: BodyStreamOptions = {}): Response {
  const source = createChunkSource(read, options)
  const answer = new Response(streamOf(source), init)
  sources.set(answer, source)
  return answer
}

/** The chunks of an answer of `chunkAnswer`, whose body nobody else may read then; undefined for any other answer. */
export function takeChunks(answer: Response): ChunkSource | undefined {
  return sources.get(answer)
}

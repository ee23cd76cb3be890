/**
 * One HTTP GET. `fetch` takes twice as long to load as a bare Node.js to start, so an answer over plain HTTP that needs nothing of it (no
 * redirect, no compression) does without.
 */

// An import of it would read all that it exports, of which its WebSocket loads `fetch` and HTTP/2.
const { get } = process.getBuiltinModule('node:http')

export interface HttpAnswer {
  status: number
  statusText: string
  contentType: string | undefined
  /** To be read once. */
  body: AsyncIterable<Uint8Array>
  /** Ends an answer whose body nobody reads. */
  cancel(): Promise<void>
}

type PlainHeaders = Record<string, string>

/**
 * Resolves with the head of the last answer, after all redirects.
 *
 * @throws the system's error, or that of `fetch`, with the system's as its cause; `body` throws them, too
 * @throws signal.reason, when aborted; `body` throws it, too
 */
export async function getOverHttp(url: string, headers: PlainHeaders, signal: AbortSignal): Promise<HttpAnswer> {
  signal.throwIfAborted()
  const plain = url.startsWith('http:') ? await getPlainly(url, headers, signal) : undefined
  return plain ?? getByFetch(url, headers, signal)
}

/** Resolves with undefined when the answer needs more than its bytes to be read. */
function getPlainly(url: string, headers: PlainHeaders, signal: AbortSignal, isAgain = false): Promise<HttpAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { 'user-agent': 'mayfly', ...headers }, signal })
    request.on('response', (message) => {
      const { statusCode: status = 0, statusMessage: statusText = '', headers: given } = message
      const needsFetch = (status >= 300 && status < 400 && given.location !== undefined) || given['content-encoding'] !== undefined
      if (needsFetch) {
        message.destroy()
        resolve(undefined)
        return
      }
      const cancel = async () => void message.destroy()
      message.on('error', () => {}) // one that comes before anybody reads: reading throws it again
      resolve({ status, statusText, contentType: given['content-type'], body: readMessage(message, signal), cancel })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason)
      // The server closed a kept connection while the question was on its way.
      else if (request.reusedSocket && !isAgain && error.code === 'ECONNRESET') resolve(getPlainly(url, headers, signal, true))
      else reject(error)
    })
  })
}

async function* readMessage(message: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* message
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

async function getByFetch(url: string, headers: PlainHeaders, signal: AbortSignal): Promise<HttpAnswer> {
  const { status, statusText, headers: given, body } = await fetch(url, { headers, signal })
  const cancel = async () => void (await body?.cancel())
  return { status, statusText, contentType: given.get('content-type') ?? undefined, body: readStream(body), cancel }
}

async function* readStream(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  yield* body ?? []
}

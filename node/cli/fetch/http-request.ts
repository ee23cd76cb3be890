/**
 * One HTTP request. `fetch` takes twice as long to load as a bare Node.js to start, so an answer over plain HTTP that needs nothing of it (no
 * redirect, no compression) does without.
 */

// An import of it would read all that it exports, of which its WebSocket loads `fetch` and HTTP/2.
const { request: requestPlainly } = process.getBuiltinModule('node:http')

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
 * @param body what is posted, which may arrive twice; without it the request is a GET
 * @throws the system's error, or that of `fetch`, with the system's as its cause; `body` throws them, too
 * @throws signal.reason, when aborted; `body` throws it, too
 */
export async function requestOverHttp(url: string, headers: PlainHeaders, signal: AbortSignal, body?: Uint8Array): Promise<HttpAnswer> {
  signal.throwIfAborted()
  const plain = url.startsWith('http:') ? await askPlainly(url, { headers, signal, body }) : undefined
  return plain ?? askByFetch(url, { headers, signal, body })
}

interface Asked {
  headers: PlainHeaders
  signal: AbortSignal
  /** Posted; without one the request is a GET. */
  body: Uint8Array | undefined
}

/** Resolves with undefined when the answer needs more than its bytes to be read. */
function askPlainly(url: string, asked: Asked, isAgain = false): Promise<HttpAnswer | undefined> {
  const { headers, signal, body } = asked
  return new Promise((resolve, reject) => {
    const length = body && { 'content-length': body.byteLength }
    const method = body === undefined ? 'GET' : 'POST'
    const request = requestPlainly(url, { method, headers: { 'user-agent': 'mayfly', ...headers, ...length }, signal })
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
      else if (request.reusedSocket && !isAgain && error.code === 'ECONNRESET') resolve(askPlainly(url, asked, true))
      else reject(error)
    })
    request.end(body)
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

async function askByFetch(url: string, { headers, signal, body: posted }: Asked): Promise<HttpAnswer> {
  const post = posted && { method: 'POST', body: new Uint8Array(posted) }
  const { status, statusText, headers: given, body } = await fetch(url, { headers, signal, ...post })
  const cancel = async () => void (await body?.cancel())
  return { status, statusText, contentType: given.get('content-type') ?? undefined, body: readStream(body), cancel }
}

async function* readStream(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  yield* body ?? []
}

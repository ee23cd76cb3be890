import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createGatewayClient, type GatewayClientOptions } from '../../../node/cli/fetch/gateway-client.ts'
import { openGatewaysClient } from '../../../node/cli/fetch/gateways-client.ts'
import { encodeKeyHex, sha256 } from '../../../node/index.ts'
import { createHttpServer } from '../../helpers/http-server.ts'
import { readAll } from '../../helpers/read-all.ts'

const BYTES = new TextEncoder().encode('hello 🙂\r\n')
const KEY = await sha256(BYTES)
const HASH = encodeKeyHex(KEY)

/** An honest gateway's answers are tested with the real one, in command.test.ts. */
async function createClient(listener: RequestListener, options?: GatewayClientOptions) {
  return createGatewayClient(await createHttpServer(listener), options)
}

/** Nothing listens at the discard port. */
const NOWHERE = 'http://127.0.0.1:9'

describe('gateway client: content', () => {
  test('is returned when its SHA-256 is right', async () => {
    const asked: string[] = []
    const client = await createClient((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.end(BYTES)
    })
    expect(new Uint8Array(await client.content(KEY))).toEqual(BYTES)
    expect(asked).toEqual([`GET /raw/${HASH}`])
  })

  test.each<[string, RequestListener, string]>([
    ['wrong bytes', (_, response) => response.end('hullo'), 'ERR_UNAVAILABLE'],
    ['no bytes', (_, response) => response.end(), 'ERR_UNAVAILABLE'],
    [
      'too few bytes',
      (_, response) => response.writeHead(200, { 'content-length': 20, connection: 'close' }).end(BYTES),
      'ERR_UNAVAILABLE',
    ],
    ['a cut', (request, response) => void response.write(BYTES, () => request.socket.destroy()), 'ERR_UNAVAILABLE'],
    ['endless bytes', (_, response) => pour(response), 'ERR_TOO_LARGE'],
    ['an unasked part', (_, response) => response.writeHead(206).end('hello'), 'ERR_UNAVAILABLE'],
    ['a redirect to itself', (_, response) => response.writeHead(302, { location: `/raw/${HASH}` }).end(), 'ERR_NO_NETWORK'],
    ['a closed socket', (request) => request.socket.destroy(), 'ERR_NO_NETWORK'],
    ["another server's 404", (_, response) => response.writeHead(404).end('<h1>Not found</h1>'), 'ERR_NO_NETWORK'],
    ["a proxy's 502", (_, response) => response.writeHead(502).end(), 'ERR_NO_NETWORK'],
    ['nobody', refuse(404, 'ERR_NO_HOLDER'), 'ERR_NO_HOLDER'],
    ['no network', refuse(503, 'ERR_NO_NETWORK'), 'ERR_NO_NETWORK'],
    ['a gateway that stops', refuse(503, 'ERR_NOT_STARTED'), 'ERR_NO_NETWORK'],
    ['no right bytes', refuse(504, 'ERR_UNAVAILABLE'), 'ERR_UNAVAILABLE'],
    ['a limit', refuse(429, 'ERR_LIMIT'), 'ERR_LIMIT'],
    ['a denial', refuse(410, 'ERR_DENIED'), 'ERR_UNAVAILABLE'],
    ['a code of nobody', refuse(404, 'constructor'), 'ERR_UNAVAILABLE'],
  ])('is refused when the server gives %s', async (_, listener, code) => {
    const client = await createClient(listener, { maxContentBytes: 1_000_000 })
    await expect(client.content(KEY)).rejects.toMatchObject({ code })
  })

  test('fails when the answer does not begin in time', async () => {
    const client = await createClient(() => {}, { timeoutMs: 50 })
    await expect(client.content(KEY)).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
  })

  test('fails when the answer falls silent', async () => {
    const client = await createClient((_, response) => void response.write(BYTES), { timeoutMs: 50 })
    await expect(client.content(KEY)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  })

  test('is aborted by the caller, before and within the answer', async () => {
    const reason = new Error('enough')
    for (const listener of [() => {}, ((_, response) => pour(response)) satisfies RequestListener]) {
      const stopping = new AbortController()
      const client = await createClient((request, response) => {
        listener(request, response)
        setImmediate(() => stopping.abort(reason))
      })
      await expect(client.content(KEY, { signal: stopping.signal })).rejects.toBe(reason)
    }
  })
})

describe('gateway client: count, watch and status', () => {
  test.each(['{"holders":-1}', '{"holders":1.5}', '{"holders":"2"}', '{"holders":1e300}', '{}', 'null', '[]', '2', '<html>', ''])(
    'count: refuses the answer %j',
    async (text) => {
      const client = await createClient((_, response) => response.end(text))
      await expect(client.count(KEY)).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
    },
  )

  test('count: returns the number', async () => {
    const client = await createClient((_, response) => response.end('{"hash":"x","holders":3}'))
    expect(await client.count(KEY)).toBe(3)
  })

  test('status: refuses an endless answer', async () => {
    const client = await createClient((_, response) => pour(response))
    await expect(client.status()).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
  })

  test('watch: yields each number as it arrives, and ends with its stream', async () => {
    const client = await createClient((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.end('retry: 2000\n\ndata: {"holders":1}\n\n:\n\ndata: {"holders":2}\n\n')
    })
    const counts: number[] = []
    for await (const holders of client.watch(KEY)) counts.push(holders)
    expect(counts).toEqual([1, 2])
  })

  test('watch: an answer that is no event stream is refused, and its connection is closed', async () => {
    const closed = Promise.withResolvers<void>()
    const client = await createClient((request, response) => {
      request.socket.on('close', () => closed.resolve())
      response.write('{"holders":1}') // and never ends
    })
    await expect(client.watch(KEY)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
    await closed.promise
  })
})

describe('gateway client: several gateways', () => {
  test('get: tries the next after an unreachable gateway, one that lies and one that finds nobody', async () => {
    const liar = await createHttpServer((_, response) => response.end('hullo'))
    const unknowing = await createHttpServer(refuse(404, 'ERR_NO_HOLDER'))
    const honest = await createHttpServer((_, response) => response.end(BYTES))
    const client = openGatewaysClient({ join: [NOWHERE, liar, unknowing, honest], timeoutMs: 5000 })
    const content = await client.open(KEY)
    expect(content).toMatchObject({ size: BYTES.byteLength, isTrusted: true, from: honest })
    expect(await readAll(content.read())).toEqual(Buffer.from(BYTES))
    expect(await readAll(content.read({ offset: 1, length: 2 }))).toEqual(Buffer.from(BYTES.subarray(1, 3)))
  })

  test('get: when all fail, throws the error of a gateway that could be reached', async () => {
    const unknowing = await createHttpServer(refuse(404, 'ERR_NO_HOLDER'))
    for (const join of [
      [NOWHERE, unknowing],
      [unknowing, NOWHERE],
    ]) {
      await expect(openGatewaysClient({ join, timeoutMs: 5000 }).open(KEY)).rejects.toMatchObject({ code: 'ERR_NO_HOLDER' })
    }
    await expect(openGatewaysClient({ join: [NOWHERE], timeoutMs: 5000 }).open(KEY)).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
  })

  test('watch: reconnects to a gateway that breaks off, and yields a number only when it has changed', async () => {
    let visits = 0
    const origin = await createHttpServer((request, response) => {
      visits++
      if (visits === 2) return void request.socket.destroy()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: {"holders":1}\n\ndata: {"holders":${visits}}\n\n`, () => request.socket.destroy())
    })
    const retries: string[] = []
    const client = openGatewaysClient({ join: [origin], timeoutMs: 5000, onRetry: (error) => retries.push(error.code) })
    const counts: number[] = []
    for await (const holders of client.watch(KEY)) {
      counts.push(holders)
      if (holders === 3) break
    }
    expect(counts).toEqual([1, 3])
    expect(new Set(retries)).toEqual(new Set(['ERR_NO_NETWORK']))
  })

  test('watch: fails when no gateway could be reached at all', async () => {
    const watching = openGatewaysClient({ join: [NOWHERE, NOWHERE], timeoutMs: 5000 })
      .watch(KEY)
      [Symbol.asyncIterator]()
    await expect(watching.next()).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
  })

  test('watch: ends with the reason of its signal', async () => {
    const reason = new Error('enough')
    const stopping = new AbortController()
    const origin = await createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"holders":1}\n\n')
    })
    const watching = openGatewaysClient({ join: [origin], timeoutMs: 5000 })
      .watch(KEY, { signal: stopping.signal })
      [Symbol.asyncIterator]()
    expect(await watching.next()).toEqual({ done: false, value: 1 })
    stopping.abort(reason)
    await expect(watching.next()).rejects.toBe(reason)
  })
})

function refuse(status: number, code: string): RequestListener {
  return (_, response) => response.writeHead(status).end(JSON.stringify({ error: { code, message: 'No.' } }))
}

/** Sends for as long as somebody reads. */
function pour(response: Parameters<RequestListener>[1]): void {
  const more = () => {
    while (response.writable && response.write(Buffer.alloc(65_536))) {}
  }
  response.on('drain', more)
  more()
}

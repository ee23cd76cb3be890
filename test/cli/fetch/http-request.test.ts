/** A GET that does without `fetch`, and where it takes it after all. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { requestOverHttp } from '../../../node/cli/fetch/http-request.ts'
import { readAll } from '../../helpers/read-all.ts'

const never = new AbortController().signal

afterEach(() => vi.restoreAllMocks())

async function startServer(listener: RequestListener) {
  const server = createServer(listener)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const textOf = async ({ body }: { body: AsyncIterable<Uint8Array> }) => Buffer.from(await readAll(body)).toString()

test('http get: a plain answer is read without fetch, its headers are those that were given', async () => {
  const fetched = vi.spyOn(globalThis, 'fetch')
  const { origin } = await startServer(({ headers }, response) =>
    response.writeHead(404, 'Nobody', { 'content-type': 'text/plain' }).end(headers.accept),
  )
  const answer = await requestOverHttp(`${origin}/x`, { accept: 'a/b' }, never)
  expect(answer).toMatchObject({ status: 404, statusText: 'Nobody', contentType: 'text/plain' })
  expect(await textOf(answer)).toBe('a/b')
  expect(fetched).not.toHaveBeenCalled()
})

test('http get: a redirect is followed', async () => {
  const { origin } = await startServer(({ url }, response) =>
    url === '/new' ? response.end('here') : response.writeHead(301, { location: '/new' }).end(),
  )
  const answer = await requestOverHttp(`${origin}/old`, {}, never)
  expect([answer.status, await textOf(answer)]).toEqual([200, 'here'])
})

test('http get: an answer that is compressed unasked is unpacked', async () => {
  const { origin } = await startServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed')))
  expect(await textOf(await requestOverHttp(origin, {}, never))).toBe('packed')
})

test('http get: a kept connection that the server closes meanwhile is no failure', async () => {
  let asked = 0
  const { origin } = await startServer((request, response) => {
    asked++
    if (asked === 2) request.socket.destroy()
    else response.end(`answer ${asked}`)
  })
  expect(await textOf(await requestOverHttp(origin, {}, never))).toBe('answer 1')
  expect(await textOf(await requestOverHttp(origin, {}, never))).toBe('answer 3')
})

test('http get: an abort is told by its reason, before the answer and within it', async () => {
  const reason = new Error('enough')
  const { origin } = await startServer(({ url }, response) => {
    if (url === '/begun') response.write('a')
  })
  await expect(requestOverHttp(origin, {}, AbortSignal.abort(reason))).rejects.toBe(reason)
  const before = new AbortController()
  const unanswered = expect(requestOverHttp(origin, {}, before.signal)).rejects.toBe(reason)
  before.abort(reason)
  await unanswered
  const within = new AbortController()
  const { body } = await requestOverHttp(`${origin}/begun`, {}, within.signal)
  const chunks = body[Symbol.asyncIterator]()
  expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe('a')
  within.abort(reason)
  await expect(chunks.next()).rejects.toBe(reason)
})

test('http get: what is cancelled is closed', async () => {
  const closed = Promise.withResolvers<void>()
  const { origin } = await startServer((_, response) => {
    response.on('close', () => closed.resolve())
    response.write('a')
  })
  await (await requestOverHttp(origin, {}, never)).cancel()
  await closed.promise
})

/** Pieces in spans: one answer for several pieces, at a port of any version and of any temper. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { WantedPiece } from '../../../node/index.ts'
import { createHttpPieces } from '../../../node/server/port/http-pieces.ts'

const SIZE = 1_000
const KEY = new Uint8Array(32).fill(1)
const OUTLINE = new Uint8Array(32).fill(2)

const bytesOf = (index: number) => new Uint8Array(SIZE).fill(index + 1)
const pieceOf = (index: number): WantedPiece => ({ key: KEY, outline: OUTLINE, index, offset: index * SIZE, size: SIZE })

interface Asked {
  index: number
  count: number
  request: IncomingMessage
}

/** A port that answers with pieces; remembers what was asked. */
async function startPort(answer: (asked: Asked, response: ServerResponse) => void, now = () => performance.now()) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const each = { index: Number(searchParams.get('n')), count: Number(searchParams.get('count') ?? 1), request }
    asked.push(each)
    answer(each, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const fetchPiece = createHttpPieces(now)
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const never = new AbortController().signal
  return {
    asked,
    counts: () => asked.map(({ index, count }) => [index, count]),
    take: (index: number, signal = never, key = KEY) =>
      fetchPiece(origin, { ...pieceOf(index), key }, { signal, stallMs: 5_000, from: 'node' }),
  }
}

/** As a node of this version, whose content has so many pieces. */
const withSpans =
  (pieces: number) =>
  ({ index, count }: Asked, response: ServerResponse) => {
    if (count === 1) response.writeHead(200, { 'content-length': SIZE }).end(bytesOf(index))
    else {
      for (let i = index; i < Math.min(index + count, pieces); i++) response.write(bytesOf(i))
      response.end()
    }
  }

/** As a node of a version that knows no spans: it answers each request with one piece. */
const withoutSpans = ({ index }: Asked, response: ServerResponse) => response.writeHead(200, { 'content-length': SIZE }).end(bytesOf(index))

test('piece spans: pieces that are asked for one after the other come in few answers, each right', async () => {
  const port = await startPort(withSpans(100))
  for (let index = 0; index < 100; index += 4) {
    const pieces = await Promise.all([0, 1, 2, 3].map((more) => port.take(index + more)))
    expect(pieces).toEqual([0, 1, 2, 3].map((more) => bytesOf(index + more)))
  }
  expect(port.counts()).toEqual([
    [0, 1],
    [1, 2],
    [3, 6],
    [9, 18],
    [27, 32],
    [59, 32],
    [91, 32],
  ])
})

test('piece spans: pieces that do not follow each other are asked for one by one', async () => {
  const port = await startPort(withSpans(100))
  for (const index of [7, 3, 5, 90]) expect(await port.take(index)).toEqual(bytesOf(index))
  expect(port.counts().every(([, count]) => count === 1)).toBe(true)
})

test('piece spans: a reader that takes a piece every other second asks for one at a time', async () => {
  let atMs = 0
  const port = await startPort(withSpans(100), () => atMs)
  for (let index = 0; index < 10; index++) {
    expect(await port.take(index)).toEqual(bytesOf(index))
    atMs += 2_000
  }
  expect(port.counts()).toEqual(Array.from({ length: 10 }, (_, index) => [index, 1]))
})

test('piece spans: a node that knows none is asked for one piece at a time from then on, and each piece comes', async () => {
  const port = await startPort(withoutSpans)
  const pieces = await Promise.all(Array.from({ length: 12 }, (_, index) => port.take(index)))
  expect(pieces).toEqual(Array.from({ length: 12 }, (_, index) => bytesOf(index)))
  for (let index = 12; index < 16; index++) expect(await port.take(index)).toEqual(bytesOf(index))
  expect(port.counts().slice(-4)).toEqual([12, 13, 14, 15].map((index) => [index, 1]))
})

test('piece spans: an answer that is cut fails the piece that it was cut in; those behind it are asked for one by one', async () => {
  const port = await startPort((asked, response) => {
    if (asked.count === 1) withoutSpans(asked, response)
    else response.write(bytesOf(asked.index).subarray(0, 10), () => response.destroy())
  })
  await port.take(0)
  expect(await Promise.all([1, 2, 3, 4, 5].map((index) => port.take(index)))).toEqual([
    undefined, // of the span 1 to 2
    bytesOf(2),
    undefined, // of the span 3 to 8
    bytesOf(4),
    bytesOf(5),
  ])
})

test('piece spans: a reader who leaves ends the answer, and one of two leaves the other its piece', async () => {
  const ended = Promise.withResolvers<void>()
  const port = await startPort((asked, response) => {
    if (asked.count === 1) return withoutSpans(asked, response)
    response.once('close', ended.resolve)
    response.write(bytesOf(asked.index).subarray(0, 10))
    goOn = () => response.write(Buffer.concat([bytesOf(asked.index).subarray(10), bytesOf(asked.index + 1)]))
  })
  let goOn = () => false as boolean
  await port.take(0)
  const [leaves, leavesLater] = [new AbortController(), new AbortController()]
  const one = port.take(1, leaves.signal)
  const other = port.take(2)
  while (port.asked.length < 2) await new Promise((resolve) => setImmediate(resolve))
  leaves.abort(new Error('left'))
  await expect(one).rejects.toThrow('left')
  goOn()
  expect(await other).toEqual(bytesOf(2))
  const last = port.take(3, leavesLater.signal)
  while (port.asked.length < 3) await new Promise((resolve) => setImmediate(resolve))
  leavesLater.abort(new Error('left, too'))
  await expect(last).rejects.toThrow('left, too')
  await ended.promise
})

test('piece spans: an answer whose next piece nobody asks for is ended', async () => {
  const ended = Promise.withResolvers<void>()
  const port = await startPort((asked, response) => {
    if (asked.count === 1) return withoutSpans(asked, response)
    response.once('close', ended.resolve)
    for (let i = 0; i < asked.count; i++) response.write(bytesOf(asked.index + i))
  })
  await port.take(0)
  expect(await port.take(1)).toEqual(bytesOf(1))
  await ended.promise
})

/** A port that answers each span by these bytes, and single pieces rightly. */
async function startRawPort(span: (index: number, count: number) => string) {
  const server = createServer()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const [index, count] = [Number(searchParams.get('n')), Number(searchParams.get('count') ?? 1)]
    if (count === 1) response.writeHead(200, { 'content-length': SIZE }).end(bytesOf(index))
    else response.socket?.write(span(index, count), 'latin1')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const fetchPiece = createHttpPieces()
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { signal } = new AbortController()
  return { take: (index: number) => fetchPiece(origin, pieceOf(index), { signal, stallMs: 5_000, from: 'node' }) }
}

const textOf = (index: number, count: number) =>
  Array.from({ length: count }, (_, more) => Buffer.from(bytesOf(index + more)).toString('latin1')).join('')

test('piece spans: an answer in a form that is not read at once is asked for again, and each piece comes', async () => {
  // The end of the connection would tell the end of the body: a cut answer could not be told from a whole one.
  const port = await startRawPort((index, count) => `HTTP/1.1 200 OK\r\n\r\n${textOf(index, count)}`)
  await port.take(0)
  expect(await Promise.all([1, 2, 3].map(port.take))).toEqual([1, 2, 3].map(bytesOf))
})

test('piece spans: bytes behind an answer are never taken for those of the next one', async () => {
  const port = await startRawPort((index, count) => {
    const body = textOf(index, count)
    return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`
  })
  await port.take(0)
  expect(await Promise.all([1, 2].map(port.take))).toEqual([1, 2].map(bytesOf))
  expect(await Promise.all([3, 4, 5].map(port.take))).toEqual([3, 4, 5].map(bytesOf))
})

test('piece spans: a piece that waits for its reader is its own, though another span is read over the same connection', async () => {
  const other = new Uint8Array(32).fill(3)
  const port = await startPort(({ index, count, request }, response) => {
    const isOther = request.url?.includes('03'.repeat(32)) === true
    const bytes = Array.from({ length: count }, (_, i) => (isOther ? new Uint8Array(SIZE).fill(200) : bytesOf(index + i)))
    if (count > 1) {
      response.write(Buffer.concat(bytes)) // without its length
      return void response.end()
    }
    response.writeHead(200, { 'content-length': SIZE }).end(bytes[0])
  })
  for (const index of [0, 1]) expect(await port.take(index)).toEqual(bytesOf(index))
  for (const index of [0, 1]) expect(await port.take(index, undefined, other)).toEqual(new Uint8Array(SIZE).fill(200))
  expect(port.counts()).toEqual([
    [0, 1],
    [1, 2],
    [0, 1],
    [1, 2],
  ])
  expect(await port.take(2)).toEqual(bytesOf(2))
})

test('piece spans: spans that come one after the other use one connection again', async () => {
  const port = await startPort(withSpans(100))
  for (let index = 0; index < 60; index++) expect(await port.take(index)).toEqual(bytesOf(index))
  const connections = new Set(port.asked.map(({ request }) => request.socket))
  expect(port.asked.length).toBe(6)
  expect(connections.size).toBe(2) // one of them for the first piece, which comes by itself
})

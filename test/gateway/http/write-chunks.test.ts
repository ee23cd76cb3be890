/** Answers in chunks, from a real server to a real socket: their order, their end, and who hears of a client that goes away. */

import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { chunkAnswer, streamBody, takeChunks } from '../../../gateway/http/body-stream.ts'
import { writeChunks } from '../../../gateway/http/write-chunks.ts'

const CHUNK_BYTES = 262_144
/** More than the system's buffers hold: a client has read by then. */
const TAKEN_BYTES = 32 * 1_048_576

async function serve(answer: (outgoing: ServerResponse) => Promise<unknown>): Promise<number> {
  const server = createServer((_incoming, outgoing) => void answer(outgoing))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('write chunks: bytes and texts come in order, with the status and the headers, also those that were set later', async () => {
  const ends: string[] = []
  const port = await serve(async (outgoing) => {
    const chunks = async function* () {
      for (let i = 0; i < 8; i++) yield new Uint8Array(CHUNK_BYTES).fill(i)
      yield 'the end'
    }
    const answer = chunkAnswer(chunks, { status: 206, headers: { 'x-one': '1' } }, { onEnd: () => ends.push('end') })
    answer.headers.set('x-two', '2')
    expect(await writeChunks(answer, outgoing)).toBe(true)
  })
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  expect([answer.status, answer.headers.get('x-one'), answer.headers.get('x-two')]).toEqual([206, '1', '2'])
  const body = Buffer.from(await answer.arrayBuffer())
  expect(body.byteLength).toBe(8 * CHUNK_BYTES + 7)
  for (let i = 0; i < 8; i++) expect(body[i * CHUNK_BYTES + 1]).toBe(i)
  expect(body.subarray(8 * CHUNK_BYTES).toString()).toBe('the end')
  expect(ends).toEqual(['end'])
})

test('write chunks: no more is read than a client takes, and one that goes away ends the reading', async () => {
  const over = Promise.withResolvers<boolean>()
  const [full, fullAgain] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const ends: string[] = []
  /** How often the socket took no more, and how often a chunk was read then. */
  let fulls = 0
  let readWhileFull = 0
  const port = await serve((outgoing) => {
    const write = outgoing.write.bind(outgoing)
    vi.spyOn(outgoing, 'write').mockImplementation((chunk: unknown, ...rest: unknown[]) => {
      const hasRoom = write(chunk, ...(rest as []))
      if (!hasRoom) {
        fulls++
        full.resolve()
        if (outgoing.socket !== null && outgoing.socket.bytesWritten > TAKEN_BYTES) fullAgain.resolve()
      }
      return hasRoom
    })
    const chunks = async function* (signal: AbortSignal) {
      try {
        while (true) {
          if (outgoing.writableNeedDrain) {
            readWhileFull++
            return // it would go on for ever
          }
          yield new Uint8Array(CHUNK_BYTES)
        }
      } finally {
        over.resolve(signal.aborted)
      }
    }
    return writeChunks(chunkAnswer(chunks, {}, { onEnd: () => ends.push('end') }), outgoing)
  })
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  socket.pause()
  await full.promise
  socket.resume()
  await Promise.race([fullAgain.promise, over.promise]) // it goes on when the client reads again
  socket.destroy()
  expect(await over.promise).toBe(true)
  expect(ends).toEqual(['end'])
  expect(fulls).toBeGreaterThan(1)
  expect(readWhileFull).toBe(0)
})

test('write chunks: reading is told that nothing is kept, and the next chunk is asked for when the system has the one before', async () => {
  const told: boolean[] = []
  const written = Promise.withResolvers<number[]>()
  const port = await serve((outgoing) => {
    const chunks = async function* (_signal: AbortSignal, keepsNothing: boolean) {
      told.push(keepsNothing)
      const lengths: number[] = []
      for (const size of [1, CHUNK_BYTES, 10]) {
        yield new Uint8Array(size)
        lengths.push(outgoing.writableLength)
      }
      written.resolve(lengths)
    }
    return writeChunks(chunkAnswer(chunks, {}), outgoing)
  })
  expect((await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer()).byteLength).toBe(CHUNK_BYTES + 11)
  expect(await written.promise).toEqual([0, 0, 0])
  expect(told).toEqual([true])
})

test('write chunks: a client that leaves between two chunks is written nothing more', async () => {
  const between = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const afterwards: unknown[] = []
  const ends: string[] = []
  const written = Promise.withResolvers<boolean>()
  const chunks = async function* () {
    yield 'one'
    between.resolve()
    await gone.promise // the next chunk was on its way already
    yield 'two'
  }
  const port = await serve(async (outgoing) => {
    outgoing.once('close', () => {
      vi.spyOn(outgoing, 'write').mockImplementation((chunk: unknown) => afterwards.push(chunk) > 0)
      gone.resolve()
    })
    written.resolve(await writeChunks(chunkAnswer(chunks, {}, { onEnd: () => ends.push('end') }), outgoing))
  })
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  await between.promise
  socket.destroy()
  expect(await written.promise).toBe(true)
  expect(afterwards).toEqual([])
  expect(ends).toEqual(['end'])
})

test('write chunks: a failure cuts the connection, so that nobody takes a part for the whole', async () => {
  const failing = async function* () {
    yield 'a part'
    throw new Error('no more')
  }
  const isCut = { cut: 0 }
  const port = await serve((outgoing) => {
    const cut = () => {
      isCut.cut++
      outgoing.destroy()
    }
    return writeChunks(chunkAnswer(failing, {}, { cut }), outgoing)
  })
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  await expect(answer.text()).rejects.toThrow()
  expect(isCut.cut).toBe(1)
  const bare = await serve((outgoing) => writeChunks(chunkAnswer(failing, {}), outgoing))
  await expect(fetch(`http://127.0.0.1:${bare}/`).then((found) => found.text())).rejects.toThrow()
})

test('write chunks: another answer is left alone, and one in chunks can be read as any other', async () => {
  const chunks = async function* () {
    yield 'one'
  }
  expect(takeChunks(new Response(streamBody(chunks)))).toBeUndefined()
  expect(await chunkAnswer(chunks, {}).text()).toBe('one')
})

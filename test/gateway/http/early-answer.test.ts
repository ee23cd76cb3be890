/** Answers to requests whose body is still coming, at clients that read them only after they have sent everything. */

import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createGateway, createGatewayServer, type GatewayServerOptions } from '../../../gateway/index.ts'
import { createPeer } from '../../../node/index.ts'
import { waitFor } from '../../helpers/wait-for.ts'

async function start(options: GatewayServerOptions = {}): Promise<number> {
  const server = createGatewayServer(options)
  onTestFinished(() => server.stop())
  const peer = await createPeer({ limits: { maxHeldBytes: 1_000 } })
  server.serve(createGateway({ peer, version: '0.0.0-test' }))
  return (await server.listen({ port: 0, host: '127.0.0.1' })).port
}

interface Sent {
  head: string
  bytes: number
  chunkBytes?: number
  /** Between two chunks, in ms. */
  everyMs?: number
}

/** Sends a body to its end without reading, and then reads until the connection is closed. */
async function sendBlindly(port: number, { head, bytes, chunkBytes = 65_536, everyMs = 0 }: Sent) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  const outcome = { answer: '', sent: 0, isClosed: false, error: '' }
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    outcome.error = code ?? ''
  })
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      outcome.isClosed = true
      resolve()
    })
  })
  socket.write(`${head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`)
  while (outcome.sent < bytes && !socket.destroyed) {
    const size = Math.min(chunkBytes, bytes - outcome.sent)
    const hasRoom = socket.write(Buffer.alloc(size))
    outcome.sent += size
    if (everyMs > 0) await delay(everyMs)
    else if (!hasRoom) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  socket.on('data', (data) => {
    outcome.answer += data
  })
  await waitFor(() => outcome.isClosed || socket.readableEnded, 10_000, 'the end of the answer')
  return outcome
}

const REFUSED: [string, string, number][] = [
  ['413', 'PUT /api/v1/content', 413],
  ['405', 'POST /healthz', 405],
  ['403', `DELETE /api/v1/content/${'0'.repeat(64)} HTTP/1.1\r\nOrigin: null\r\nX-Rest:`, 403],
  ['400', 'POST /to/%zz', 400],
]

test.each(REFUSED)('a %s is read by a client that sends everything first, fast or slow', async (_, head, status) => {
  const port = await start()
  const fast = sendBlindly(port, { head, bytes: 20_000_000 })
  const slow = sendBlindly(port, { head, bytes: 90_000, chunkBytes: 10_000, everyMs: 90 })
  for (const { answer, error, sent } of await Promise.all([fast, slow])) {
    expect([error, sent > 50_000, answer.slice(0, 12)]).toEqual(['', true, `HTTP/1.1 ${status}`])
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error.code).toMatch(/^ERR_/)
  }
})

test('an answer to a body that has come leaves the connection open', async () => {
  const port = await start()
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let answers = ''
  socket.on('data', (data) => {
    answers += data
  })
  const request = 'POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nshort'
  for (const count of [1, 2]) {
    socket.write(request)
    await waitFor(() => answers.split('ERR_METHOD').length > count, 5_000, `answer ${count}`)
  }
  expect(answers).not.toMatch(/^connection: close/im)
})

test.each([
  ['maxDroppedBytes', { maxDroppedBytes: 200_000 }, 0],
  ['maxDroppingMs', { maxDroppingMs: 50 }, 10],
])('%s is how much of a body is taken after its answer', async (_, options, everyMs) => {
  const port = await start(options)
  const { sent, isClosed } = await sendBlindly(port, { head: 'POST /healthz', bytes: 500_000_000, everyMs })
  expect([isClosed, sent < 100_000_000]).toEqual([true, true])
})

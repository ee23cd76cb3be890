import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { countPortBytes } from '../../../node/server/port/port-bytes.ts'
import { waitFor } from '../../helpers/wait-for.ts'

test('port-bytes: counts what both ends of a socket see, while it is open and afterwards', async () => {
  const server = createServer((_request, response) => response.end('x'.repeat(100_000)))
  onTestFinished(() => void server.close())
  const bytes = countPortBytes(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  expect(bytes.total).toEqual({ received: 0, sent: 0 })
  for (let round = 1; round <= 2; round++) {
    const before = bytes.total
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let got = 0
    socket.on('data', (data) => {
      got += data.byteLength
    })
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
    socket.write(request)
    const grown = () => ({ received: bytes.total.received - before.received, sent: bytes.total.sent - before.sent })
    await waitFor(() => got > 100_000 && grown().sent === got, 5_000, 'the whole answer')
    expect(grown().received).toBe(request.length)
    socket.end()
    await new Promise((resolve) => socket.once('close', resolve))
    await waitFor(() => grown().sent === got && grown().received === request.length, 5_000, 'the same after the end')
  }
})

/** yamux with fewer window updates: what one end sends, and that nobody waits for what it does not. */

import type { MessageStream, Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect, onTestFinished, test } from 'vitest'
import { frugalYamux } from '../../node/network/muxer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const WINDOW = 262_144

/** Two ends with a muxer each; counts the frames that either sends, as they leave. */
function connectMuxers() {
  const [outbound, inbound] = multiaddrConnectionPair()
  const count = (connection: MessageStream) => {
    const frames = { updates: 0, all: 0 }
    const send = connection.send.bind(connection)
    connection.send = (frame) => {
      frames.all++
      if (frame.byteLength === 12 && frame.subarray()[1] === 1 && frame.subarray()[3] === 0) frames.updates++
      return send(frame)
    }
    return frames
  }
  const sent = { client: count(outbound), server: count(inbound) }
  const muxer = frugalYamux({ streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW } })()
  const client = muxer.createStreamMuxer(outbound)
  const server = muxer.createStreamMuxer(inbound)
  onTestFinished(() => {
    client.abort(new Error('the test is over'))
    server.abort(new Error('the test is over'))
  })
  return { client, server, sent, inbound }
}

/** Counts the bytes that come on each stream of the server. */
function readAll(server: ReturnType<typeof connectMuxers>['server']) {
  let told = () => {}
  const read = {
    bytes: 0,
    streams: 0,
    /** Resolves once so many have come. */
    async until(bytes: number): Promise<void> {
      while (read.bytes < bytes) await new Promise<void>((resolve) => (told = resolve))
    },
  }
  server.addEventListener('stream', ({ detail: stream }: CustomEvent<Stream>) => {
    read.streams++
    stream.addEventListener('message', ({ data }) => {
      read.bytes += data.byteLength
      told()
    })
    stream.addEventListener('remoteCloseWrite', () => void stream.close())
  })
  return read
}

test('a reader of short messages sends a window update once in 32 KiB, not once for each', async () => {
  const { client, server, sent } = connectMuxers()
  const read = readAll(server)
  const stream = await client.createStream()
  for (let i = 0; i < 400; i++) {
    stream.send(new Uint8Array(200))
    await read.until((i + 1) * 200)
  }
  expect(sent.server.updates).toBe(Math.floor((400 * 200) / 32_768))
})

test('data many windows long arrives whole, and its sender never waits for ever', async () => {
  const { client, server } = connectMuxers()
  const read = readAll(server)
  const stream = await client.createStream()
  const whole = 20 * WINDOW
  for (let left = whole; left > 0; ) {
    const bytes = Math.min(left, 30_000)
    left -= bytes
    if (!stream.send(new Uint8Array(bytes))) await stream.onDrain({ signal: AbortSignal.timeout(5_000) })
  }
  await read.until(whole)
  expect(read.bytes).toBe(whole)
})

test('a thousand closed streams leave nothing that the next ones wait for', async () => {
  const { client, server } = connectMuxers()
  const read = readAll(server)
  for (let i = 0; i < 1_000; i++) {
    const stream = await client.createStream()
    stream.send(new Uint8Array(100))
    await stream.close()
    await read.until((i + 1) * 100)
  }
  expect(read.streams).toBe(1_000)
  await waitFor(() => server.streams.length === 0, 5_000, 'all have ended')
})

test('a reader that pauses, and goes on after its connection has ended, gets the bytes that had come, and no error', async () => {
  const { client, server, inbound } = connectMuxers()
  let bytes = 0
  const opened = new Promise<Stream>((resolve) => {
    server.addEventListener('stream', ({ detail: stream }: CustomEvent<Stream>) => {
      stream.addEventListener('message', ({ data }) => (bytes += data.byteLength))
      stream.pause()
      resolve(stream)
    })
  })
  const stream = await client.createStream()
  stream.send(new Uint8Array(WINDOW / 2))
  const reading = await opened
  await waitFor(() => Number(Reflect.get(reading, 'readBufferLength')) === WINDOW / 2, 5_000, 'all has come')
  Object.assign(inbound, { writeStatus: 'closed' })
  reading.resume()
  Object.assign(inbound, { writeStatus: 'writable' }) // so that it can be ended
  expect(bytes).toBe(WINDOW / 2)
})

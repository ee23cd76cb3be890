import type { Connection, Stream } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { createConnectionPings } from '../../../node/people/way/connection-pings.ts'
import { createMuxedStreams } from '../../helpers/muxed-streams.ts'
import { waitFor } from '../../helpers/wait-for.ts'

/** A connection whose other end does with each ping what the test says. */
function createConnection(answer: (stream: Stream) => void) {
  const muxed = createMuxedStreams()
  const state = { pings: 0, aborted: [] as Error[] }
  const connection = {
    status: 'open',
    async newStream() {
      const [here, there] = await muxed.open()
      state.pings++
      answer(there)
      return here
    },
    abort: (error: Error) => void state.aborted.push(error),
  } as unknown as Connection
  return { connection, state }
}

const echo = (stream: Stream) =>
  stream.addEventListener('message', ({ data }) => {
    stream.send(data)
    stream.close().catch(() => {})
  })

test('pings: a connection that answers stays, and is asked no more when nobody uses it', async () => {
  const pings = createConnectionPings({ everyMs: 5, silentMs: 2_000 })
  onTestFinished(pings.stop)
  const { connection, state } = createConnection(echo)
  const ends = [pings.watch(connection), pings.watch(connection)]
  await waitFor(() => state.pings >= 5, 5_000, 'some pings')
  ends[0]?.()
  ends[0]?.()
  const before = state.pings
  await waitFor(() => state.pings > before, 5_000, 'one more, for the other use')
  ends[1]?.()
  const { pings: last } = state
  const other = createConnection(echo)
  pings.watch(other.connection)
  await waitFor(() => other.state.pings >= 5, 5_000, 'pings of another one')
  expect(state).toEqual({ pings: last, aborted: [] })
})

test('pings: a connection on which nothing answers is ended', async () => {
  const pings = createConnectionPings({ everyMs: 5, silentMs: 60 })
  onTestFinished(pings.stop)
  const { connection, state } = createConnection(() => {})
  pings.watch(connection)
  await waitFor(() => state.aborted.length > 0, 5_000, 'the end')
})

test('pings: an end that does not speak ping is not taken for a silent one', async () => {
  const pings = createConnectionPings({ everyMs: 5, silentMs: 60 })
  onTestFinished(pings.stop)
  const { connection, state } = createConnection((stream) => stream.abort(new Error('no such protocol')))
  pings.watch(connection)
  await waitFor(() => state.pings >= 5, 5_000, 'some pings')
  expect(state.aborted).toEqual([])
})

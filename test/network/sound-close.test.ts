import type { Stream } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PROTOCOL = '/mayfly/never-read/1.0.0'

test('a connection whose close fails is ended at both ends, and the next dial gets one that works', async () => {
  const node = await startRawPeer({ role: 'node', join: [] })
  const tab = await startRawPeer({ role: 'tab', join: [] })
  onTestFinished(async () => {
    await tab.stop()
    await node.stop()
  })
  await node.libp2p.handle(PROTOCOL, (stream: Stream) => stream.pause())
  const addresses = node.libp2p.getMultiaddrs()
  const connection = await tab.libp2p.dial(addresses)
  const stream = await connection.newStream(PROTOCOL)
  stream.send(new Uint8Array(1_048_576)) // more than a window: it does not drain
  await expect(connection.close({ signal: AbortSignal.timeout(50) })).rejects.toThrow()
  expect(connection.status).not.toBe('open')
  await waitFor(() => node.libp2p.getConnections(tab.libp2p.peerId).length === 0, 5_000, 'the other end hears of it')
  const next = await tab.libp2p.dial(addresses)
  expect(next).not.toBe(connection)
  expect((await next.newStream(PROTOCOL)).status).toBe('open')
})

/** A peer that a guard cuts off is named to the node's owner, once for each time, and counted. */

import { expect, onTestFinished, test } from 'vitest'
import { PRESENCE_PROTOCOL } from '../../node/rendezvous/index.ts'
import { ask, createTestGateway } from '../helpers/gateway.ts'
import { startNode } from '../helpers/network.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { PRESENCE_CODEC } from '../helpers/raw-stream.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('cuts: a connection that breaks a wire format, and a stream that goes over a limit, are told with peer and reason', async () => {
  const node = await startNode()
  onTestFinished(() => node.stop())
  const { port } = await createTestGateway(node.peer)
  const stranger = await startRawPeer({ role: 'tab', join: [node.address], keepsPresence: false })
  onTestFinished(stranger.stop)
  const cuts = () => node.events.flatMap((event) => (event.type === 'cut' && event.peer === stranger.id ? [event.reason] : []))

  const proposing = await stranger.open(node.address, PRESENCE_PROTOCOL, PRESENCE_CODEC)
  // Streams of which the choice of a protocol never ends.
  const [muxer] = [proposing.connection as unknown as { muxer: { createStream(): Promise<{ send(bytes: Uint8Array): void }> } }]
  const endless = await muxer.muxer.createStream()
  const name = new TextEncoder().encode('/nobody/speaks/this\n')
  for (let i = 0; i < 40; i++) endless.send(Uint8Array.of(name.byteLength, ...name))
  await waitFor(() => cuts().length === 1, 10_000, 'the stream is cut')
  expect(cuts()[0]).toMatch(/^Stream ended: over \d+ protocols/)

  proposing.send({ type: 'heartbeat' })
  await waitFor(() => cuts().length === 2, 10_000, 'the connection is cut')
  expect(cuts()[1]).toMatch(/^Connection ended: .*hello/)
  expect(node.peer.status().counts.cut).toBe(2)
  expect((await ask(port, '/metrics')).text).toContain('\nmayfly_connections_cut_total 2\n')
})

test('cuts: a peer that leaves, and one that is left, are none', async () => {
  const [node, other] = [await startNode(), await startNode()]
  onTestFinished(() => node.stop())
  await other.peer.join([node.address])
  await waitFor(() => node.peer.status().counts.servers === 1, 10_000, 'they have met')
  await other.stop()
  await waitFor(() => node.peer.status().counts.connections === 0, 10_000, 'it has left')
  expect([node, other].map(({ peer }) => peer.status().counts.cut)).toEqual([0, 0])
})

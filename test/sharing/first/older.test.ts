/**
 * The first stage against versions of before 0.13: a gateway that refuses its address, or takes the websocket for one of the overlay, and a sharer
 * that does not know the protocol. The page's own peer comes at once, and receives as before.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { encodeKeyBase32 } from '../../../node/keys/index.ts'
import { FIRST_PROTOCOL } from '../../../node/sharing/first/pipe-frames.ts'
import { createSocketCarrier } from '../../../node/sharing/first/socket-carrier.ts'
import { receiveEarly } from '../../../node/sharing/receiver/early-share.ts'
import { carryVisit } from '../../helpers/carry-visit.ts'
import { createShareWorld, file, untilState } from '../../helpers/share-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { NO_DIRECT } from '../../helpers/way-network.ts'

const ID = encodeKeyBase32(new Uint8Array(32))

/** @param refuses as a gateway whose site has no websocket there; else it opens any, without a subprotocol, as one of the overlay */
async function startOldGateway(refuses: boolean): Promise<string> {
  const server = createServer((_, response) => response.writeHead(404).end())
  const overlay = new WebSocketServer({ noServer: true, handleProtocols: () => false })
  server.on('upgrade', (request, socket, head) => {
    if (refuses) socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    else overlay.handleUpgrade(request, socket, head, () => {}) // it waits for the overlay's handshake, and says nothing
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const client of overlay.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  ['refuses the address', true],
  ['takes the websocket for one of the overlay', false],
])('a gateway that %s ends the first stage by itself, long before anybody waits in vain', async (_, refuses) => {
  const carrier = createSocketCarrier(await startOldGateway(refuses), ID, { label: '' })
  const ended = new Promise<Error | undefined>((resolve) => carrier.onEnd(resolve))
  expect(await ended).toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(carrier.send(new Uint8Array(1))).toBe(false)
})

test('a sharer of before, and a gateway that passes visitors on: the peer is loaded before the wait for a first stage is over', async () => {
  const world = createShareWorld()
  const handle = (own: ReturnType<typeof world.network.join>): typeof own => ({
    ...own,
    handle: (protocol, ...rest) => (protocol === FIRST_PROTOCOL ? () => {} : own.handle(protocol, ...rest)),
  })
  const sharer = await world.join('sharer', { ways: { ...handle(world.network.join('sharer')), ...NO_DIRECT } })
  const gateway = await world.join('gateway')
  onTestFinished(async () => void (await Promise.all([sharer.stop(), gateway.stop()])))
  const share = await sharer.share([file('a')])
  await waitFor(() => share.entries[0]?.state === 'ready', 20_000, 'its file is read')
  vi.useFakeTimers({ toFake: ['setTimeout'] }) // no wait is ever over
  onTestFinished(() => void vi.useRealTimers())
  const received = receiveEarly(share.path, {}, { openCarrier: (id) => carryVisit(gateway, id), openSharing: () => world.join('visitor') })
  await untilState(received, 'listed')
  await received.take()
  const chunks: Uint8Array[] = []
  for await (const chunk of (await received.open(1)).read()) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString()).toBe('a')
  await received.close()
})

/** Large content from a gateway over HTTP, and from the overlay where the gateway gives nothing, or nothing more. */

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openLarge } from '../../../node/cli/fetch/large-content.ts'
import { openNetworkClient } from '../../../node/cli/fetch/open-network-client.ts'
import { encodeKeyHex, type Key, MayflyError, type OpenedContent } from '../../../node/index.ts'
import { createVirtualTime } from '../../../scripts/simulate/virtual-time.ts'
import { createTestGateway } from '../../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../../helpers/generated-content.ts'
import { createNetwork } from '../../helpers/network.ts'
import { readAll } from '../../helpers/read-all.ts'

const PIECE = 262_144
const SIZE = 12 * PIECE + 1_000
const NOBODY = 'http://127.0.0.1:9'

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const digestOf = async (content: OpenedContent) => encodeKeyHex(sha256(await readAll(content.read())))

/** A node that holds content, with its gateway, and another that does not. */
async function createHolder() {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [{ peer }, other] = nodes
  const { key, outline } = await peer.content.hold(generatedContent(SIZE))
  return { peer, other, key, outline: outline as Key, url: (await createTestGateway(peer)).url }
}

/** In the place of the overlay: content as another holder gives it, and which parts were asked for there. */
function createOverlay(key: Key) {
  const parts: number[] = []
  const joinOverlay = vi.fn(async () => ({
    open: async (): Promise<OpenedContent> => ({
      ...{ key, size: SIZE, isTrusted: true, from: 'the overlay' },
      async *read({ offset, length } = { offset: 0, length: SIZE }) {
        parts.push(offset / PIECE)
        yield generatedBytes(offset, length)
      },
    }),
  }))
  return { parts, joinOverlay }
}

type Spoil = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

/** Passes requests on to a gateway, until `spoil` answers one itself. */
async function serveBefore(gateway: string, spoil: Spoil): Promise<string> {
  const server = createServer(async (request, response) => {
    if (await spoil(request, response)) return
    const answer = await fetch(gateway + request.url)
    response.statusCode = answer.status
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The piece that a request asks for, or the first of a span; -1 for any other request. */
const pieceOf = ({ url = '' }: IncomingMessage) => Number(/[?&]n=(\d+)/.exec(url)?.[1] ?? -1)

const refuse = (response: ServerResponse) => response.writeHead(503).end() !== undefined

const noNetwork = () => new MayflyError('ERR_NO_NETWORK', 'Could not join')

test('large content: a gateway that holds it gives it over HTTP, and the overlay is not entered', async () => {
  const { key, outline, url, peer } = await createHolder()
  const { joinOverlay } = createOverlay(key)
  const content = await openLarge(key, { outline }, { origins: [NOBODY, url], joinOverlay })
  expect(content).toMatchObject({ key, size: SIZE, isTrusted: true, from: url })
  expect(await digestOf(content)).toBe(encodeKeyHex(key))
  const part = { offset: 3 * PIECE - 10, length: 20 }
  expect(await readAll(content.read(part))).toEqual(Buffer.from(generatedBytes(part.offset, part.length)))
  expect(joinOverlay).not.toHaveBeenCalled()
  expect(peer.status().counts.servers).toBe(1)
})

test.each([['url'], ['multiaddr']])('large content: a client that is given the %s of a node asks its gateway first', async (form) => {
  const { key, outline, url, peer } = await createHolder()
  const { port } = new URL(url)
  const join = [form === 'url' ? url : `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peer.status().id}`]
  const client = await openNetworkClient({ join, timeoutMs: 5_000 })
  onTestFinished(client.close)
  const content = await client.open(key, { outline })
  expect(content.from).toBe(url)
  expect(await digestOf(content)).toBe(encodeKeyHex(key))
})

test('large content: one that no gateway holds is opened in the overlay', async () => {
  const { key, outline, other } = await createHolder()
  const { url } = await createTestGateway(other.peer)
  const { joinOverlay } = createOverlay(key)
  const content = await openLarge(key, { outline }, { origins: [NOBODY, url], joinOverlay })
  expect(content.from).toBe('the overlay')
})

test('large content: what a gateway gives no more, or wrongly, comes from the overlay', async () => {
  const { key, outline, url } = await createHolder()
  const gone = await serveBefore(url, (request, response) => pieceOf(request) >= 1 && response.writeHead(404).end() !== undefined)
  const liar = await serveBefore(url, (request, response) => pieceOf(request) >= 0 && response.end(Buffer.alloc(PIECE, 7)) !== undefined)
  for (const [origin, first] of [
    [gone, 1],
    [liar, 0],
  ] as const) {
    const { joinOverlay, parts } = createOverlay(key)
    const content = await openLarge(key, { outline }, { origins: [origin], joinOverlay })
    expect(content.from).toBe(origin)
    expect(await digestOf(content)).toBe(encodeKeyHex(key))
    expect(joinOverlay).toHaveBeenCalledTimes(1)
    expect(parts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 13 - first }, (_, index) => first + index))
  }
})

test('large content: a gateway whose outline has another hash is passed over', async () => {
  const { key, outline, url } = await createHolder()
  const liar = await serveBefore(url, (_request, response) => response.end('no outline') !== undefined)
  const { joinOverlay } = createOverlay(key)
  expect((await openLarge(key, { outline }, { origins: [liar], joinOverlay })).from).toBe('the overlay')
})

test('large content: a link with the outline of other content never looks complete', async () => {
  const { peer, url, key } = await createHolder()
  const other = await peer.content.hold(generatedContent(SIZE, 2))
  // An honest node does not give the outline of one content for the key of another.
  const { joinOverlay } = createOverlay(key)
  const link = { outline: other.outline as Key }
  expect((await openLarge(key, link, { origins: [url], joinOverlay })).from).toBe('the overlay')
  const liar = await serveBefore(url, (request) => {
    request.url = request.url?.replace(encodeKeyHex(key), encodeKeyHex(other.key)) ?? ''
    return false
  })
  const content = await openLarge(key, link, { origins: [liar], joinOverlay })
  expect(content.from).toBe(liar)
  let bytes = 0
  const reading = (async () => {
    for await (const chunk of content.read()) bytes += chunk.byteLength
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(bytes).toBe(12 * PIECE)
})

test('large content: once a reader has waited long for it, it comes from the overlay as well', async () => {
  const { key, outline, url } = await createHolder()
  const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = await serveBefore(url, async (request) => {
    if (pieceOf(request) < 2) return false
    asked.resolve()
    await gate.promise
    return false
  })
  const { joinOverlay, parts } = createOverlay(key)
  const time = createVirtualTime()
  const content = await openLarge(key, { outline }, { origins: [slow], joinOverlay, timers: time.timers })
  const digest = digestOf(content)
  await asked.promise
  await time.pass(1_999)
  expect(joinOverlay).not.toHaveBeenCalled()
  await time.pass(1)
  expect(joinOverlay).toHaveBeenCalledTimes(1)
  gate.resolve()
  expect(await digest).toBe(encodeKeyHex(key))
  expect(parts.length).toBeGreaterThan(0)
  expect(parts.length).toBeLessThan(12)
})

test('large content: the time in which a reader pauses is none in which it waits for the gateway', async () => {
  const { key, outline, url } = await createHolder()
  const { joinOverlay } = createOverlay(key)
  const time = createVirtualTime()
  const content = await openLarge(key, { outline }, { origins: [url], joinOverlay, timers: time.timers })
  for (let piece = 0; piece < 12; piece += 3) {
    const part = { offset: piece * PIECE, length: 3 * PIECE }
    expect(sha256(await readAll(content.read(part)))).toEqual(sha256(generatedBytes(part.offset, part.length)))
    await time.pass(10_000)
  }
  expect(joinOverlay).not.toHaveBeenCalled()
})

test('large content: a gateway that refuses one piece for a moment gives all, also where the overlay cannot be joined', async () => {
  const { key, outline, url } = await createHolder()
  let pieces = 0
  const busy = await serveBefore(url, (request, response) => pieceOf(request) >= 0 && ++pieces === 3 && refuse(response))
  const joinOverlay = vi.fn(() => Promise.reject(noNetwork()))
  const content = await openLarge(key, { outline }, { origins: [busy], joinOverlay })
  expect(await digestOf(content)).toBe(encodeKeyHex(key))
  expect(pieces).toBeGreaterThan(3)
  expect(joinOverlay).not.toHaveBeenCalled()
})

test.each<[string, () => Promise<Pick<OpenedContent, 'read'>>]>([
  ['is still being joined', () => new Promise(() => {})],
  ['cannot be joined', () => Promise.reject(noNetwork())],
  [
    'has a holder that gives nothing',
    async () => ({
      // biome-ignore lint/correctness/useYield: it fails before its first chunk.
      async *read() {
        throw new MayflyError('ERR_UNAVAILABLE', 'Nobody gives this')
      },
    }),
  ],
])('large content: while the overlay %s, the gateway is asked on', async (_, openInOverlay) => {
  const { key, outline, url } = await createHolder()
  const joinOverlay = vi.fn(async () => ({ open: async () => (await openInOverlay()) as OpenedContent }))
  const busy = await serveBefore(
    url,
    (request, response) => pieceOf(request) >= 4 && joinOverlay.mock.calls.length === 0 && refuse(response),
  )
  const content = await openLarge(key, { outline }, { origins: [busy], joinOverlay })
  expect(await digestOf(content)).toBe(encodeKeyHex(key))
  expect(joinOverlay).toHaveBeenCalled()
})

test('large content: where the overlay has failed, too, reading fails with its reason, and tries both again the next time', async () => {
  const { key, outline, url } = await createHolder()
  const gone = await serveBefore(url, (request, response) => pieceOf(request) >= 4 && refuse(response))
  const { joinOverlay: joinWorking } = createOverlay(key)
  const joinOverlay = vi.fn((): ReturnType<typeof joinWorking> => Promise.reject(noNetwork()))
  const content = await openLarge(key, { outline }, { origins: [gone], joinOverlay })
  await expect(digestOf(content)).rejects.toMatchObject({ code: 'ERR_NO_NETWORK' })
  joinOverlay.mockImplementation(joinWorking)
  expect(await digestOf(content)).toBe(encodeKeyHex(key))
})

test('large content: a gateway that sends its outline drop by drop is given up', async () => {
  const { key, outline } = await createHolder()
  const dripping = await serveBefore(NOBODY, (_request, response) => {
    const drip = setInterval(() => response.write('.'), 100)
    response.on('close', () => clearInterval(drip))
    return true
  })
  const { joinOverlay } = createOverlay(key)
  expect((await openLarge(key, { outline }, { origins: [dripping], joinOverlay })).from).toBe('the overlay')
})

test('large content: gateways are asked side by side, and once one has answered, nobody waits for the others', async () => {
  const { key, outline, url } = await createHolder()
  const order: string[] = []
  const left = Promise.withResolvers<void>()
  const silent = await serveBefore(NOBODY, (_request, response) => {
    response.on('close', () => {
      order.push('the silent one is left')
      left.resolve()
    })
    return true
  })
  const honest = await serveBefore(url, () => {
    order.push('the other is asked')
    return false
  })
  const { joinOverlay } = createOverlay(key)
  expect((await openLarge(key, { outline }, { origins: [silent, honest], joinOverlay })).from).toBe(honest)
  await left.promise
  expect(order).toEqual(['the other is asked', 'the silent one is left'])
})

test('large content: a client that has got all ends at once, also while it joins an overlay that nobody lets it join', async () => {
  const { key, outline, url } = await createHolder()
  const joining = Promise.withResolvers<void>()
  let isJoining = false
  const overHttpAlone = await serveBefore(url, (request, response) => {
    if (pieceOf(request) >= 4 && !isJoining) return refuse(response)
    if (pieceOf(request) >= 0 || request.url?.includes(encodeKeyHex(key))) return false
    isJoining = true
    joining.resolve()
    return response.writeHead(404).end() !== undefined
  })
  const client = await openNetworkClient({ join: [overHttpAlone], timeoutMs: 600_000 })
  const content = await client.open(key, { outline })
  expect(await digestOf(content)).toBe(encodeKeyHex(key))
  await joining.promise
  await client.close()
})

/** Pieces from node to node over plain HTTP, and the stream of the overlay where that does not work. */

import { createHash } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { createGateway, createGatewayServer } from '../../gateway/index.ts'
import { encodeKeyHex, type Key, type OpenedContent, type Peer } from '../../node/index.ts'
import { createHttpPieces } from '../../node/server/port/http-pieces.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'

const PIECE = 262_144
const PIECES = 24
const SIZE = (PIECES - 1) * PIECE + 1_000

/** A node whose port serves its gateway too, as the command's does, and how many pieces were asked for there. */
function gatewayServer() {
  const { server, serve } = createGatewayServer()
  let answered = 0
  return {
    server,
    serve: (peer: Peer) =>
      serve(
        createGateway({
          peer,
          version: '0.0.0-test',
          onEvent: (event) => {
            if (event.type === 'request' && event.route === 'pieces' && event.status === 200) answered++
          },
        }),
      ),
    get answered() {
      return answered
    },
  }
}

async function readAll(content: OpenedContent): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of content.read()) hash.update(bytes)
  return hash.digest('hex')
}

/** Two nodes: the first has the given server, and the second fetches. */
async function createPair(server: Server): Promise<[TestNode, TestNode]> {
  const network = await createNetwork({ nodes: 0, createHasher: createNativeHasher, fetchPiece: createHttpPieces() })
  return [await network.addNode({ server }), await network.addNode()]
}

/** As many as came on a stream: those over HTTP are no event of the overlay's. */
function servedOnStream({ events }: TestNode): number {
  return events.filter(({ type }) => type === 'served').length
}

test('http pieces: a node takes them from another node’s port, right and each once', async () => {
  const gateway = gatewayServer()
  const [holder, reader] = await createPair(gateway.server)
  gateway.serve(holder.peer)
  const { key, outline } = await holder.peer.content.hold(generatedContent(SIZE))
  const opened = await reader.peer.content.open(key, { outline: outline as Key })
  expect(await readAll(opened)).toBe(encodeKeyHex(key))
  expect(gateway.answered).toBeGreaterThan(0)
  expect(gateway.answered).toBeLessThan(PIECES / 2) // most of them in spans
  expect(servedOnStream(holder)).toBe(0)
  expect(holder.peer.status().counts.bytesServed).toBe(SIZE)
})

test('http pieces: a node that limits the bytes per second of each peer sends pieces on the stream, where it knows the peer', async () => {
  const gateway = gatewayServer()
  const limits = { maxPeerBytesPerSecond: 32 * PIECE }
  const network = await createNetwork({ nodes: 0, createHasher: createNativeHasher, fetchPiece: createHttpPieces(), limits })
  const holder = await network.addNode({ server: gateway.server })
  const reader = await network.addNode()
  gateway.serve(holder.peer)
  const { key, outline } = await holder.peer.content.hold(generatedContent(SIZE))
  expect(await readAll(await reader.peer.content.open(key, { outline: outline as Key }))).toBe(encodeKeyHex(key))
  expect(gateway.answered).toBe(0)
  expect(servedOnStream(holder)).toBe(PIECES)
})

test('http pieces: content that a node’s tab holds comes through the node’s port, other content does not', async () => {
  const gateway = gatewayServer()
  const network = await createNetwork({ nodes: 0, createHasher: createNativeHasher, fetchPiece: createHttpPieces() })
  const home = await network.addNode({ server: gateway.server })
  const other = await network.addNode()
  gateway.serve(home.peer)
  const tab = await network.addTab(home)
  const { key, outline } = await tab.content.hold(generatedContent(SIZE, 2))
  const opened = await other.peer.content.open(key, { outline: outline as Key })
  expect(await readAll(opened)).toBe(encodeKeyHex(key))
  expect(gateway.answered).toBeGreaterThan(0)
  expect(servedOnStream(home)).toBe(0)

  const elsewhere = await other.peer.content.hold(generatedContent(SIZE, 3))
  const ask = (n: string) =>
    fetch(`http://127.0.0.1:${home.port}/api/v1/pieces/${encodeKeyHex(elsewhere.key)}?o=${encodeKeyHex(elsewhere.outline as Key)}&n=${n}`)
  expect((await ask('0')).status).toBe(404)
  expect((await ask('4096x')).status).toBe(400)
})

test('http pieces: a piece over HTTP is the bytes and says so; a number behind the last is nobody’s', async () => {
  const gateway = gatewayServer()
  const [holder] = await createPair(gateway.server)
  gateway.serve(holder.peer)
  const { key, outline } = await holder.peer.content.hold(generatedContent(SIZE, 4))
  const ask = (n: number, more = '') =>
    fetch(`http://127.0.0.1:${holder.port}/api/v1/pieces/${encodeKeyHex(key)}?o=${encodeKeyHex(outline as Key)}&n=${n}${more}`)
  const last = await ask(PIECES - 1)
  expect(last.headers.get('content-type')).toBe('application/octet-stream')
  expect(last.headers.get('content-security-policy')).toContain('sandbox')
  expect(new Uint8Array(await last.arrayBuffer())).toEqual(generatedBytes((PIECES - 1) * PIECE, 1_000, 4))
  expect((await ask(PIECES)).status).toBe(404)
  const span = await ask(PIECES - 3, '&count=32')
  expect(new Uint8Array(await span.arrayBuffer())).toEqual(generatedBytes((PIECES - 3) * PIECE, 2 * PIECE + 1_000, 4))
  for (const count of ['0', '33', '-1', '1e1', 'all']) expect((await ask(0, `&count=${count}`)).status).toBe(400)
})

/** Servers that may stand at a node's port instead of its gateway. */
const STRANGE: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  'says 404': (_request, response) => response.writeHead(404).end('not here'),
  'says 500': (_request, response) => response.writeHead(500).end(),
  'gives too little': (_request, response) => response.writeHead(200, { 'content-length': '5' }).end('short'),
  'promises more than it gives': (_request, response) => {
    response.writeHead(200, { 'content-length': String(PIECE) })
    response.write('short')
    response.destroy()
  },
  'hangs up': (request) => request.socket.destroy(),
}

test.each(Object.keys(STRANGE))('http pieces: at a port that %s, they come on the stream', async (name) => {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    STRANGE[name]?.(request, response)
  })
  const [holder, reader] = await createPair(server)
  const { key, outline } = await holder.peer.content.hold(generatedContent(SIZE, 5))
  expect(await readAll(await reader.peer.content.open(key, { outline: outline as Key }))).toBe(encodeKeyHex(key))
  expect(servedOnStream(holder)).toBe(PIECES)
  expect(reader.events.filter(({ type }) => type === 'bad-holder')).toEqual([])
  // Those under way when the third failed, and no more.
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(PIECES)
})

test('http pieces: a tab’s home gives what others hold as ranges of its gateway, which are no searches', async () => {
  const network = await createNetwork({ nodes: 0, createHasher: createNativeHasher })
  const front = createGatewayServer()
  const [statuses, limits] = [[] as number[], { searchBurst: 2, searchesPerSecond: 1 }]
  const holder = await network.addNode()
  const home = await network.addNode({ server: front.server })
  front.serve(
    createGateway({
      peer: home.peer,
      version: '0.0.0-test',
      limits,
      onEvent: (event) => event.type === 'request' && event.route === 'raw' && statuses.push(event.status),
    }),
  )
  const tab = await network.addTab(home, { createHasher: createNativeHasher, fetchPiece: createHttpPieces() })
  // Its home is the only one that this tab can ask: a tab of a page may not dial everybody.
  const held = await network.addTab(holder)
  const { key, outline } = await held.content.hold(generatedContent(SIZE, 7))
  expect(await readAll(await tab.content.open(key, { outline: outline as Key }))).toBe(encodeKeyHex(key))
  expect(statuses.length).toBeGreaterThan(0)
  expect(statuses.every((status) => status === 206)).toBe(true)
})

test('http pieces: wrong bytes over HTTP are a lie of the holder’s, which costs one piece', async () => {
  let asked = 0
  const liar = createServer((_request, response) => {
    asked++
    response.writeHead(200, { 'content-length': String(PIECE) }).end(Buffer.alloc(PIECE, 1))
  })
  const network = await createNetwork({ nodes: 0, createHasher: createNativeHasher, fetchPiece: createHttpPieces() })
  const bad = await network.addNode({ server: liar })
  const good = await network.addNode()
  const reader = await network.addNode()
  const { key, outline } = await bad.peer.content.hold(generatedContent(SIZE, 6))
  await good.peer.content.hold(generatedContent(SIZE, 6))
  expect(await readAll(await reader.peer.content.open(key, { outline: outline as Key }))).toBe(encodeKeyHex(key))
  const named = reader.events.flatMap((event) => (event.type === 'bad-holder' ? [event.peer] : []))
  expect(named).toEqual([bad.peer.id])
  expect(asked).toBe(1)
})

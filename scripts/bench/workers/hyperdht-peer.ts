/** A HyperDHT node: announces each page's key, finds who announced a key, and fetches the page over its encrypted stream. */

import { encodeKeyHex, sha256 } from '../../../node/index.ts'
import { isPage } from '../pages.ts'
import { serveCalls } from '../worker.ts'
import type { OtherPeerCalls } from './other-peer.ts'

/** The parts of hyperdht's face that are used here. */
interface Dht {
  fullyBootstrapped(): Promise<void>
  address(): { port: number }
  readonly defaultKeyPair: object
  createServer(onConnection: (socket: Socket) => void): { listen(keyPair: object): Promise<void> }
  announce(topic: Uint8Array, keyPair: object): { finished(): Promise<void> }
  lookup(topic: Uint8Array): AsyncIterable<{ peers: { publicKey: Uint8Array }[] }>
  connect(publicKey: Uint8Array): Socket
  destroy(options?: { force: boolean }): Promise<void>
}
interface Socket {
  write(bytes: Uint8Array): void
  on(event: 'data', listener: (bytes: Uint8Array) => void): void
  on(event: 'error' | 'close', listener: (error?: Error) => void): void
  destroy(): void
}
type DhtClass = new (options: { ephemeral: boolean; firewalled?: boolean; bootstrap: object[]; host: string }) => Dht

const HOST = '127.0.0.1'
/** By key, hex. Bounded by what the benchmark gives. */
const blocks = new Map<string, Uint8Array>()
/** Streams that are open, by public key, hex: as a joined peer of the other systems keeps its connections. */
const sockets = new Map<string, Socket>()
let DHT: DhtClass
let own: Dht

function create(bootstrap: string | undefined, isNode: boolean): Dht {
  const nodes = bootstrap === undefined ? [] : [{ host: HOST, port: Number(bootstrap) }]
  // As hyperdht's own testnet does it.
  return new DHT({ ephemeral: !isNode, ...(isNode && { firewalled: false }), bootstrap: nodes, host: HOST })
}

const calls: OtherPeerCalls = {
  async start({ entry, bootstrap }) {
    DHT = ((await import(entry)) as { DHT: DhtClass }).DHT
    own = create(bootstrap, true)
    await own.fullyBootstrapped()
    const server = own.createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (key) => socket.write(blocks.get(encodeKeyHex(key)) ?? new Uint8Array()))
    })
    await server.listen(own.defaultKeyPair)
    return String(own.address().port)
  },
  async settle() {
    await own.fullyBootstrapped()
  },
  async provide(pages) {
    for (const bytes of pages) {
      const key = await sha256(bytes)
      blocks.set(encodeKeyHex(key), bytes)
      await own.announce(key, own.defaultKeyPair).finished()
    }
  },
  async read(keys) {
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      await readBlock(own, key, sockets)
      times.push(performance.now() - startedAtMs)
    }
    return times
  },
  async readFromNothing({ bootstrap, keys }) {
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      const fresh = create(bootstrap, false)
      const opened = new Map<string, Socket>()
      await readBlock(fresh, key, opened)
      times.push(performance.now() - startedAtMs)
      for (const socket of opened.values()) socket.destroy()
      await fresh.destroy({ force: true })
    }
    return times
  },
}

async function readBlock(dht: Dht, key: Uint8Array, open: Map<string, Socket>): Promise<void> {
  for await (const { peers } of dht.lookup(key)) {
    for (const { publicKey } of peers) {
      const id = encodeKeyHex(publicKey)
      let socket = open.get(id)
      if (socket === undefined) {
        socket = dht.connect(publicKey)
        socket.on('error', () => open.delete(id))
        open.set(id, socket)
      }
      if (isPage(key, await ask(socket, key))) return
    }
  }
  throw new Error(`nobody who announced ${encodeKeyHex(key)} gave the page`)
}

/** The question that waits for an answer, by stream. One at a time on each, and a page fits into one message. */
const questions = new WeakMap<Socket, PromiseWithResolvers<Uint8Array>>()

function ask(socket: Socket, key: Uint8Array): Promise<Uint8Array> {
  if (!questions.has(socket)) {
    socket.on('data', (bytes) => questions.get(socket)?.resolve(bytes))
    socket.on('close', () => questions.get(socket)?.reject(new Error('the stream has closed')))
  }
  const question = Promise.withResolvers<Uint8Array>()
  question.promise.catch(() => {}) // a stream may close when nobody waits any more
  questions.set(socket, question)
  socket.write(key)
  return question.promise
}

serveCalls(calls)

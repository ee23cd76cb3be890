/**
 * Files over PeerJS as FilePizza sends them: the reader asks for the list, then for the file, and its sender hands the connection a chunk of
 * 256 KiB in each turn of its event loop; the reader acknowledges each. Nothing is hashed.
 *
 * @see https://github.com/kern/filepizza (src/hooks/useUploaderConnections.ts, 2025-08)
 */

import { type BulkContent, bulkBytes } from '../bulk-content.ts'
import { type BulkReading, startBulkMeter } from '../bulk-meter.ts'
import { answerCalls, readPageLink } from './bulk-page.ts'

/** The parts of PeerJS's face that are used here. */
interface Peer {
  readonly id: string
  on(event: 'open', listener: () => void): void
  on(event: 'connection', listener: (connection: DataConnection) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  connect(id: string, options: object): DataConnection
}
interface DataConnection {
  on(event: 'open', listener: () => void): void
  on(event: 'data', listener: (data: unknown) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  send(data: unknown): void
}

type Message =
  | { type: 'request-info' }
  | { type: 'info'; files: { name: string; size: number }[] }
  | { type: 'start'; content: BulkContent }
  | { type: 'chunk'; offset: number; bytes: Uint8Array }
  | { type: 'ack'; offset: number }

interface Wanted {
  content: BulkContent
  /** Peer id of the sender. */
  reference: string
  port: number
}

/** Served beside this page; a script of the old kind, which sets `Peer`. */
const SCRIPT = '/peerjs.js'
const CHUNK_BYTES = 262_144

let peer: Peer
let connection: DataConnection

const calls = {
  /** Resolves with the id of this peer, once the server knows it. */
  async start({ port }: { port: number }): Promise<string> {
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: SCRIPT, onload: resolve, onerror: reject })
      document.head.append(script)
    })
    const { Peer } = globalThis as unknown as { Peer: new (options: object) => Peer }
    peer = new Peer({ host: location.hostname, port, path: '/', secure: false, config: { iceServers: [] } })
    peer.on('connection', serve)
    await new Promise<void>((resolve, reject) => {
      peer.on('open', resolve)
      peer.on('error', reject)
    })
    return peer.id
  },
  /** @param startedAtMs see `startBulkMeter` */
  async read({ content, startedAtMs }: Pick<Wanted, 'content'> & { startedAtMs?: number }): Promise<BulkReading> {
    const meter = startBulkMeter(content, startedAtMs)
    const done = Promise.withResolvers<void>()
    let rest = content.size
    listener = (message) => {
      if (message.type === 'info') send(connection, { type: 'start', content })
      if (message.type !== 'chunk') return
      const bytes = new Uint8Array(message.bytes)
      meter.takeAt(message.offset, bytes)
      send(connection, { type: 'ack', offset: message.offset })
      rest -= bytes.byteLength
      if (rest === 0) done.resolve()
    }
    send(connection, { type: 'request-info' })
    await done.promise
    return meter.end()
  },
  /** The reading that the page was opened for. */
  opened: async (): Promise<BulkReading> => opened ?? Promise.reject(new Error('The page was opened without a link')),
}

/** Hears what the sender says. */
let listener: (message: Message) => void = () => {}

const send = (to: DataConnection, message: Message) => to.send(message)

async function open({ content, reference, port }: Wanted): Promise<BulkReading> {
  await calls.start({ port })
  connection = peer.connect(reference, { reliable: true })
  connection.on('data', (data) => listener(data as Message))
  await new Promise<void>((resolve, reject) => {
    connection.on('open', resolve)
    connection.on('error', reject)
    peer.on('error', reject)
  })
  return calls.read({ content, startedAtMs: 0 })
}

function serve(reader: DataConnection): void {
  reader.on('data', (data) => {
    const message = data as Message
    if (message.type === 'request-info') send(reader, { type: 'info', files: [] })
    if (message.type === 'start') giveFrom(0, message.content)
  })
  function giveFrom(offset: number, content: BulkContent): void {
    if (offset >= content.size) return
    const bytes = bulkBytes(content.seed, offset, Math.min(CHUNK_BYTES, content.size - offset))
    send(reader, { type: 'chunk', offset, bytes })
    setTimeout(() => giveFrom(offset + bytes.byteLength, content))
  }
}

const link = readPageLink<Wanted>()
const opened = link && open(link)

export type SharePeerjsPageCalls = typeof calls
answerCalls(calls)

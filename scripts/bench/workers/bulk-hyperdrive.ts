/** A hyperdrive with one file at a time, replicated over a TCP connection under its own encryption; each block is checked by its tree. */

import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { bulkParts } from '../bulk-content.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

/** The parts of hyperdrive's face that are used here. */
interface Corestore {
  ready(): Promise<void>
  replicate(isInitiator: boolean): NodeJS.ReadWriteStream
}
interface Hyperdrive {
  readonly key: Buffer
  /** Grows with each change. */
  readonly version: number
  ready(): Promise<void>
  update(options: { wait: boolean }): Promise<boolean>
  createWriteStream(path: string): NodeJS.WritableStream
  createReadStream(path: string): AsyncIterable<Uint8Array>
}
interface HyperdrivePackages {
  Corestore: new (storage: unknown) => Corestore
  Hyperdrive: new (store: Corestore, key?: Buffer) => Hyperdrive
  RAM: unknown
}

const PART_BYTES = 65_536
const TOLD_MS = 20_000

let store: Corestore
let openDrive: (key?: Buffer) => Hyperdrive
const drives = new Map<string, Hyperdrive>()

const calls: BulkPeerCalls = {
  async start({ entry = '', connect }) {
    const { Corestore, Hyperdrive, RAM } = (await import(entry)) as HyperdrivePackages
    store = new Corestore(RAM)
    await store.ready()
    openDrive = (key) => new Hyperdrive(store, key)
    if (connect !== undefined) {
      const [port, key = ''] = connect.split('/')
      await driveOf(key)
      const socket = connectTcp({ port: Number(port), host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      replicate(socket, true)
      return ''
    }
    const drive = openDrive()
    await drive.ready()
    drives.set('', drive)
    const server = createServer({ noDelay: true }, (socket) => replicate(socket, false))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `${(server.address() as AddressInfo).port}/${drive.key.toString('hex')}`
  },
  async offer(content) {
    const drive = await driveOf('')
    const path = `/${content.seed}`
    await pipeline(Readable.from(bulkParts(content, PART_BYTES), { objectMode: false }), drive.createWriteStream(path))
    return `${drive.key.toString('hex')}${path}/${drive.version}`
  },
  async read({ content, reference }) {
    const [key = '', path, version] = reference.split('/')
    const drive = await driveOf(key)
    // The drive announces new files; the clock starts once it has announced this one.
    const isTold = async () => {
      await drive.update({ wait: false })
      return drive.version >= Number(version)
    }
    await waitUntil(isTold, TOLD_MS, 'the reader is told of the new file')
    const meter = startBulkMeter(content)
    for await (const bytes of drive.createReadStream(`/${path}`)) meter.take(bytes)
    return meter.end()
  },
}

async function driveOf(key: string): Promise<Hyperdrive> {
  const known = drives.get(key)
  if (known !== undefined) return known
  const drive = openDrive(Buffer.from(key, 'hex'))
  await drive.ready()
  drives.set(key, drive)
  return drive
}

function replicate(socket: Socket, isInitiator: boolean): void {
  const stream = store.replicate(isInitiator)
  socket.pipe(stream).pipe(socket)
}

serveCalls(calls)

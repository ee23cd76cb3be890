/** A WebTorrent client over TCP that seeds what it makes as it is asked for, or downloads and checks each piece (SHA-1) and keeps none. */

import { meterStore, seedStore } from '../bulk-chunk-stores.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { type CreateTorrent, makeTorrent } from '../bulk-torrent.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

/** The parts of WebTorrent's face that are used here. */
interface Client {
  add(torrent: Buffer, options: object): Torrent
  once(event: 'error', listener: (error: Error) => void): void
  readonly torrentPort: number
  readonly listening: boolean
  once(event: 'listening', listener: () => void): void
}
interface Torrent {
  addPeer(address: string): void
  once(event: 'infoHash' | 'ready' | 'done', listener: () => void): void
  once(event: 'error', listener: (error: Error) => void): void
  destroy(options: object, done: () => void): void
}
interface WebTorrentPackages {
  WebTorrent: new (options: object) => Client
  createTorrent: CreateTorrent
}

/** It meets its peer by address alone. */
const ALONE = { dht: false, tracker: false, lsd: false, utPex: false, natUpnp: false, natPmp: false, webSeeds: false, utp: false }

let packages: WebTorrentPackages
let client: Client
let seeder = ''

const calls: BulkPeerCalls = {
  async start({ entry = '', connect }) {
    packages = (await import(entry)) as WebTorrentPackages
    client = new packages.WebTorrent(ALONE)
    seeder = connect ?? ''
    if (!client.listening) await new Promise<void>((resolve) => client.once('listening', resolve))
    return `127.0.0.1:${client.torrentPort}`
  },
  async offer(content) {
    const file = Buffer.from(await makeTorrent(packages.createTorrent, content, []))
    const seeding = client.add(file, { store: seedStore(content), storeCacheSlots: 0, skipVerify: true })
    await new Promise<void>((resolve, reject) => {
      seeding.once('ready', resolve)
      seeding.once('error', reject)
    })
    return file.toString('base64')
  },
  async read({ content, reference }) {
    const meter = startBulkMeter(content)
    const torrent = client.add(Buffer.from(reference, 'base64'), { store: meterStore(meter), storeCacheSlots: 0 })
    torrent.once('infoHash', () => torrent.addPeer(seeder))
    await new Promise<void>((resolve, reject) => {
      torrent.once('done', resolve)
      torrent.once('error', reject)
    })
    const reading = meter.end()
    await new Promise<void>((resolve) => torrent.destroy({}, resolve))
    return reading
  },
}

serveCalls(calls)

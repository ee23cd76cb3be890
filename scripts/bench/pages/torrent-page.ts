/** WebTorrent as pages use it, over WebRTC: seeds what it makes as it is asked for, or downloads and checks each piece and keeps none. */

import { meterStore, seedStore } from '../bulk-chunk-stores.ts'
import type { BulkContent } from '../bulk-content.ts'
import { type BulkReading, startBulkMeter } from '../bulk-meter.ts'
import { answerCalls } from './bulk-page.ts'

/** The parts of WebTorrent's face that are used here. */
interface Client {
  add(torrent: Uint8Array, options: object): Torrent
}
interface Torrent {
  once(event: 'ready' | 'done' | 'trackerAnnounce', listener: () => void): void
  once(event: 'error', listener: (error: Error) => void): void
  destroy(options: object, done: () => void): void
}

/** Served beside this page. */
const SCRIPT = '/webtorrent.js'

let client: Client

const calls = {
  async start(): Promise<void> {
    const { default: WebTorrent } = (await import(/* @vite-ignore */ SCRIPT)) as { default: new (options: object) => Client }
    client = new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } })
  },
  /** Resolves once the tracker knows that it seeds. */
  async offer({ torrent, ...content }: BulkContent & { torrent: string }): Promise<void> {
    const seeding = client.add(fromBase64(torrent), { store: seedStore(content), storeCacheSlots: 0, skipVerify: true })
    await happens(seeding, 'trackerAnnounce')
  },
  async read({ content, reference }: { content: BulkContent; reference: string }): Promise<BulkReading> {
    const meter = startBulkMeter(content)
    const torrent = client.add(fromBase64(reference), { store: meterStore(meter), storeCacheSlots: 0 })
    await happens(torrent, 'done')
    const reading = meter.end()
    await new Promise<void>((resolve) => torrent.destroy({}, resolve))
    return reading
  },
}

function happens(torrent: Torrent, event: 'done' | 'trackerAnnounce'): Promise<void> {
  return new Promise((resolve, reject) => {
    torrent.once(event, resolve)
    torrent.once('error', reject)
  })
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}

export type TorrentPageCalls = typeof calls
answerCalls(calls)

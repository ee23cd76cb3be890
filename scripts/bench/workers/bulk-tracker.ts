/** A WebTorrent tracker over websockets, by which pages meet, and the .torrent files that name it. */

import { fileURLToPath } from 'node:url'
import type { BulkContent } from '../bulk-content.ts'
import { type CreateTorrent, makeTorrent } from '../bulk-torrent.ts'
import { serveCalls } from '../worker.ts'

/** The parts of its packages that are used here. */
interface TrackerPackages {
  Tracker: new (options: object) => { listen(port: number, host: string, done: () => void): void; http: { address(): { port: number } } }
  createTorrent: CreateTorrent
  browserBundle: string
}

let packages: TrackerPackages
let url = ''

const calls = {
  /** Resolves with the path of the script that a page loads. */
  async start({ entry }: { entry: string }): Promise<{ bundle: string }> {
    packages = (await import(entry)) as TrackerPackages
    const tracker = new packages.Tracker({ udp: false, http: true, ws: true, stats: false })
    await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve))
    url = `ws://127.0.0.1:${tracker.http.address().port}`
    return { bundle: fileURLToPath(packages.browserBundle) }
  },

  /** In base64. */
  async makeTorrent(content: BulkContent): Promise<string> {
    return Buffer.from(await makeTorrent(packages.createTorrent, content, [url])).toString('base64')
  },
}

export type BulkTrackerCalls = typeof calls
serveCalls(calls)

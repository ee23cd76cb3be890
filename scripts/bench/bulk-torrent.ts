/** The .torrent file of large content: its pieces' hashes, and where its peers meet. */

import { Readable } from 'node:stream'
import { type BulkContent, bulkParts } from './bulk-content.ts'

/** As `create-torrent` has it. */
export type CreateTorrent = (input: Readable, options: object, done: (error: Error | null, torrent: Uint8Array) => void) => void

const PART_BYTES = 1_048_576

/** @param trackers URLs; none for peers that are given each other's address */
export async function makeTorrent(createTorrent: CreateTorrent, content: BulkContent, trackers: string[]): Promise<Uint8Array> {
  const name = String(content.seed)
  const input = Object.assign(Readable.from(bulkParts(content, PART_BYTES), { objectMode: false }), { name })
  return new Promise((resolve, reject) => {
    createTorrent(input, { name, announceList: [trackers] }, (error, made) => (error === null ? resolve(made) : reject(error)))
  })
}

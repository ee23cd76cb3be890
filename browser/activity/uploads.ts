/** How much of each content this tab has uploaded, and to which peers. A node that fetches for its visitors is one peer: it fetches once for all. */

import { createRecentMap } from '../../node/async/recent-map.ts'
import { Cell } from '../cell.ts'

export interface PeerUpload {
  peer: string
  bytes: number
  /** The newest upload went from this tab to that one. Otherwise the peer is a node, which takes it for itself or for others. */
  isDirect: boolean
}

export const UPLOADS_DEFAULTS = {
  maxContents: 256, // a tab holds no more
  maxPerContent: 32, // the length of a list that a person reads
} as const

export class Uploads {
  /** By hash; the uploads of one content in the order of the newest, latest last. Bounded: both limits, oldest out first. */
  readonly #recent = createRecentMap<string, readonly PeerUpload[]>({ maxEntries: UPLOADS_DEFAULTS.maxContents, order: 'written' })
  /** By hash. */
  readonly all = new Cell<ReadonlyMap<string, readonly PeerUpload[]>>(new Map())

  add(hash: string, peer: string, bytes: number, isDirect: boolean): void {
    const known = this.#recent.peek(hash) ?? []
    const total = (known.find((upload) => upload.peer === peer)?.bytes ?? 0) + bytes
    const others = known.filter((upload) => upload.peer !== peer)
    this.#recent.set(hash, [...others, { peer, bytes: total, isDirect }].slice(-UPLOADS_DEFAULTS.maxPerContent))
    this.all.set(new Map(this.#recent))
  }
}

/** The sums of several contents, for instance a bundle's files. */
export function uploadsOf(all: ReadonlyMap<string, readonly PeerUpload[]>, hashes: readonly string[]): PeerUpload[] {
  const sums = new Map<string, PeerUpload>()
  for (const { peer, bytes, isDirect } of hashes.flatMap((hash) => all.get(hash) ?? []))
    sums.set(peer, { peer, bytes: (sums.get(peer)?.bytes ?? 0) + bytes, isDirect })
  return [...sums.values()]
}

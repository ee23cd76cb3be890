/** How much of each content this tab has uploaded, and to which peers. A node that fetches for its visitors is one peer: it fetches once for all. */

import { createRecentMap } from '../../node/async/recent-map.ts'
import { Cell } from '../cell.ts'

export interface PeerUpload {
  peer: string
  bytes: number
  /** The newest upload went from this tab to that one. Otherwise the peer is a node, which takes it for itself or for others. */
  isDirect: boolean
  /** When the newest upload was made, in ms, by `performance.now()`. */
  lastAtMs: number
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
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  add(hash: string, peer: string, bytes: number, isDirect: boolean): void {
    const known = this.#recent.peek(hash) ?? []
    const total = (known.find((upload) => upload.peer === peer)?.bytes ?? 0) + bytes
    const others = known.filter((upload) => upload.peer !== peer)
    this.#recent.set(hash, [...others, { peer, bytes: total, isDirect, lastAtMs: this.#now() }].slice(-UPLOADS_DEFAULTS.maxPerContent))
    this.all.set(new Map(this.#recent))
  }
}

/** The sums of several contents, for instance a bundle's files. */
export function uploadsOf(all: ReadonlyMap<string, readonly PeerUpload[]>, hashes: readonly string[]): PeerUpload[] {
  const sums = new Map<string, PeerUpload>()
  for (const { peer, bytes, isDirect, lastAtMs } of hashes.flatMap((hash) => all.get(hash) ?? [])) {
    const before = sums.get(peer)
    const sum = { peer, bytes: (before?.bytes ?? 0) + bytes, isDirect, lastAtMs: Math.max(before?.lastAtMs ?? 0, lastAtMs) }
    sums.set(peer, sum)
  }
  return [...sums.values()]
}

/** The smallest piece of large content, in bytes, and the most pieces that content has. @see ../../node/content/WIRE.md (outline) */
const [PIECE_BYTES, MAX_PIECES] = [262_144, 4_096]
/** A gateway, or a tab that opens the page, begins to read and stops when it knows what it is: as many pieces may be under way by then. */
const LOOKED_AT_PIECES = 8
const QUIET_MS = 10_000 // longer than a reader waits for a piece before it asks another holder

export function lookedAtBytes(size: number): number {
  const pieceBytes = Math.max(PIECE_BYTES, 2 ** Math.ceil(Math.log2(size / MAX_PIECES)))
  return LOOKED_AT_PIECES * pieceBytes
}

/** 'reading' until all of it is sent, or nothing was asked for in a while; undefined for a peer that has only looked at it, and for small content. */
export function phaseOf({ bytes, lastAtMs }: PeerUpload, size: number, nowMs: number): 'reading' | 'done' | 'stopped' | undefined {
  if (size <= PIECE_BYTES) return undefined
  if (bytes >= size) return 'done'
  if (bytes <= lookedAtBytes(size)) return undefined
  return nowMs - lastAtMs < QUIET_MS ? 'reading' : 'stopped'
}

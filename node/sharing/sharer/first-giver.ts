/**
 * The first pieces of what a receiver has taken, given over its first stage while its own peer is being loaded: a few MiB at most, as they travel.
 * The rest comes by the swarm.
 */

import { timeoutSignal } from '../../async/abort.ts'
import type { ContentService } from '../../content/content.ts'
import { MayflyError } from '../../errors.ts'
import { decodeKeyHex } from '../../keys/index.ts'
import type { RecordWay } from '../first/record-way.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import { MAX_PART_BYTES } from '../format/share-frames.ts'
import type { FirstStageEnd, ReceiverLink } from './receiver-link.ts'

export const FIRST_GIVER_LIMITS = {
  /** Bytes of content in one first stage. */
  maxBytes: 4_194_304,
  /** Requests that wait for their turn. */
  maxWaiting: 32,
  /** How long a source may take to be read, in ms. */
  readMs: 10_000,
} as const

interface FirstGiverContext {
  content: Pick<ContentService, 'open' | 'givePiece' | 'giving'>
  /** The peer that passes it on. */
  gateway: string
  way: Pick<RecordWay, 'writable'>
}

/** Ends the first stage at whatever cannot be given: the receiver goes on by its own peer. */
export function createFirstGiver({ content, gateway, way }: FirstGiverContext): FirstStageEnd['give'] {
  let giving = Promise.resolve()
  let waiting = 0
  let leftBytes: number = FIRST_GIVER_LIMITS.maxBytes

  async function read(entry: ListedEntry | undefined, piece: number | undefined): Promise<Uint8Array> {
    if (entry?.hash === undefined) throw new MayflyError('ERR_REFUSED', 'It was not taken, or is not read yet')
    const key = decodeKeyHex(entry.hash)
    const signal = timeoutSignal(FIRST_GIVER_LIMITS.readMs)
    if (piece !== undefined && entry.outline !== undefined)
      return content.givePiece({ key, outline: entry.outline, index: piece }, { signal })
    const opened = await content.open(key, { ...(entry.outline && { outline: entry.outline }), signal })
    const bytes = piece === undefined ? opened.pieces?.hashes : piece === 0 ? opened.bytes : undefined
    if (bytes === undefined) throw new MayflyError('ERR_UNAVAILABLE', 'It has no such piece')
    return bytes
  }

  async function give(entry: ListedEntry | undefined, piece: number | undefined, link: ReceiverLink): Promise<void> {
    const bytes = await read(entry, piece)
    leftBytes -= bytes.byteLength
    if (leftBytes < 0) throw new MayflyError('ERR_LIMIT', 'A first stage has given what it may')
    let at = 0
    do {
      const part = bytes.subarray(at, at + MAX_PART_BYTES)
      at += part.byteLength
      await content.giving?.mayGive(gateway, part.byteLength, { signal: timeoutSignal(FIRST_GIVER_LIMITS.readMs) })
      link.send({ type: 'part', left: bytes.byteLength - at, bytes: part })
      if (!(await way.writable())) return
    } while (at < bytes.byteLength)
    if (piece !== undefined && entry?.hash !== undefined) content.giving?.gave(entry.hash, at, gateway, entry.outline !== undefined)
  }

  return (entry, piece, link) => {
    if (++waiting > FIRST_GIVER_LIMITS.maxWaiting) return link.close()
    giving = giving
      .then(() => (link.isOpen ? give(entry, piece, link) : undefined))
      .catch(link.close)
      .finally(() => waiting--)
  }
}

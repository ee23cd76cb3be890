/**
 * One entry of somebody's share on its way to this device: its content comes as it travels into the received files, where it survives a reload,
 * and is opened, which checks every byte: while it comes, or then.
 */

import { freeBytes } from '../../node/async/free-memory.ts'
import { readAhead } from '../../node/async/read-ahead.ts'
import type { FetchShape, LinkKey, ReceivedShare, ShareEntry } from '../../node/index.ts'
import { openSealed } from '../../node/library/early-share.ts'
import { readInParts } from '../content/raw-content.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { type ComingFile, followFile } from '../transfer/coming-file.ts'
import { Pace } from '../transfer/pace.ts'
import type { ReceivedFile, ReceivedFiles } from '../transfer/received-files.ts'
import { unsavedBytes } from './entry-progress.ts'

/** An entry that is here: its plain bytes can be read as often as needed. */
export interface PlainFile {
  /** In bytes. */
  readonly size: number
  /** Of its content in the received files; undefined when it is empty. */
  readonly hash: string | undefined
  /** @throws {MayflyError} ERR_DAMAGED, when the disk has lost or changed bytes */
  read(options: { signal: AbortSignal }): AsyncIterable<Uint8Array>
}

interface EntryParts {
  received: Pick<ReceivedShare, 'fetch'>
  files: ReceivedFiles
  /** Loaded once its code is needed: the first entries may be here before. */
  library(): Promise<PeerLibrary>
}

interface FetchOptions {
  signal: AbortSignal
  /** Pieces of an earlier page may have been lost by a crash of the machine: they are compared with their hashes. */
  isDoubtful: boolean
  /** Of all entries together. */
  pace: Pace
  onProgress(progress: { phase: 'receiving' | 'stalled'; done: number; bytesPerSecond: number }): void
  /**
   * Hears of content of several pieces before it has come, none of which is doubtful: it can be read once, while it comes. Its reader is done when
   * all of it is stored here, and is told why it does not come.
   */
  onComing?: ((plain: PlainFile) => void) | undefined
  /** Its bytes are read as soon as it is here: those of a small file stay in memory for that. */
  isReadNext?: boolean
}

interface OpeningParts {
  files: ReceivedFiles
  library: PeerLibrary
  signal: AbortSignal
}

/**
 * Fetches what is not here yet. Waits while nobody is there that has it.
 *
 * @throws {MayflyError} a `ShareCode` when nobody can have the rest any more; ERR_DAMAGED
 * @throws signal.reason, when aborted: what has come stays
 */
export async function fetchEntry({ received, files, library }: EntryParts, entry: ShareEntry, options: FetchOptions): Promise<PlainFile> {
  if (entry.size === 0) return { size: 0, hash: undefined, async *read() {} }
  const { signal, isDoubtful, onComing, isReadNext = false } = options
  const stored = Promise.withResolvers<void>()
  stored.promise.catch(() => {}) // thrown below, and by the reader
  let file: ReceivedFile | undefined
  let coming: ComingFile | undefined
  /** Its reader opens each record of it with the link's key, before the piece is checked. */
  let sealedComing: ComingFile | undefined
  try {
    const storeFor = async (shape: FetchShape) => {
      const { hash, size, pieceBytes } = shape
      const opening = files.open(hash, { size, pieceBytes }).then((opened) => {
        file = opened
        return opened
      })
      if (onComing === undefined || isDoubtful || size <= pieceBytes) return opening
      coming = followFile(opening, { size, pieceBytes })
      if (shape.linkKey !== undefined) sealedComing = coming
      onComing(comingPlain(coming, shape, stored.promise, library))
      return coming.store
    }
    const shape = await received.fetch(entry.id, storeFor, {
      ...{ signal, ...(isDoubtful && { isDoubtful }), ...reporting(entry.size, options) },
      onBeginning: (bytes) => sealedComing?.offer(bytes),
    })
    const parts = { files, library: await library(), signal }
    const isSmall = shape.size > 0 && shape.size <= shape.pieceBytes
    const plain =
      isSmall && shape.linkKey && file ? await openSmall(parts, shape, shape.linkKey, file, isReadNext) : await openPlain(parts, shape)
    stored.resolve()
    return plain
  } catch (error) {
    stored.reject(error)
    coming?.end(error)
    throw error
  } finally {
    await file?.close()
  }
}

function comingPlain(
  coming: ComingFile,
  { hash, linkKey, plainSize }: FetchShape,
  stored: Promise<void>,
  library: () => Promise<PeerLibrary>,
): PlainFile {
  return {
    size: plainSize,
    hash,
    async *read({ signal }) {
      if (linkKey === undefined) yield* coming.read()
      else {
        const plain = await openSealed(readOnce(coming), linkKey, { signal })
        if (plain.size !== plainSize) throw otherSize((await library()).MayflyError)
        yield* plain.read(undefined, { signal })
      }
      await stored
    },
  }
}

/** A part is decrypted before the next one is asked for, and needs its memory no longer. */
export function readOnce({ size, read }: ComingFile) {
  return {
    size,
    async *read(part?: { offset: number; length: number }) {
      for await (const bytes of read(part)) {
        yield bytes
        freeBytes(bytes)
      }
    },
  }
}

const otherSize = (MayflyError: PeerLibrary['MayflyError']) =>
  new MayflyError('ERR_UNAVAILABLE', 'The file is not of the size that its sender says')

function reporting(size: number, { pace, onProgress }: FetchOptions) {
  const own = new Pace()
  let done: number | undefined
  let phase: 'receiving' | 'stalled' = 'receiving'
  const report = (bytes: number) => {
    const grown = done === undefined ? 0 : bytes - done // bytes that were here before are no speed
    done = bytes
    if (grown > 0) for (const each of [own, pace]) each.add(grown)
    onProgress({ phase, done: unsavedBytes(size, bytes), bytesPerSecond: own.bytesPerSecond() })
  }
  return {
    onProgress: (bytes: number) => report(Math.min(size, bytes)),
    onWaiting(isWaiting: boolean) {
      phase = isWaiting ? 'stalled' : 'receiving'
      report(done ?? 0)
    },
  }
}

const lost = ({ MayflyError }: PeerLibrary) => new MayflyError('ERR_DAMAGED', 'This browser has lost what had come. Try again')

/** Content of one piece, by the file that is open: a Blob for each of thousands of files, and its slices, take longer than all else that is done with one. */
async function openSmall(
  { files, library, signal }: OpeningParts,
  { hash, size, plainSize }: FetchShape,
  linkKey: LinkKey,
  file: ReceivedFile,
  isReadNext: boolean,
): Promise<PlainFile> {
  let fresh: Uint8Array | undefined = await file.read(0)
  async function* read(part = { offset: 0, length: size }): AsyncIterable<Uint8Array> {
    if (fresh !== undefined) return yield fresh.subarray(part.offset, part.offset + part.length)
    const stored = await files.get(hash, size)
    if (stored === undefined) throw lost(library)
    yield* readInParts(stored, part)
  }
  const plain = await openSealed({ size: fresh.byteLength, read }, linkKey, { signal })
  if (plain.size !== plainSize) throw otherSize(library.MayflyError)
  if (!isReadNext) fresh = undefined
  return {
    size: plain.size,
    hash,
    async *read(options) {
      yield* readAhead(plain.read(undefined, options))
      fresh = undefined
    },
  }
}

async function openPlain(
  { files, library, signal }: OpeningParts,
  { hash, size, linkKey, plainSize, pieceBytes }: FetchShape,
): Promise<PlainFile> {
  const stored = await files.get(hash, size)
  if (stored === undefined) throw lost(library)
  if (linkKey !== undefined) {
    const plain = await openSealed({ size: stored.size, read: (part) => readInParts(stored, part) }, linkKey, { signal })
    if (plain.size !== plainSize) throw otherSize(library.MayflyError)
    return { size: plain.size, hash, read: (options) => readAhead(plain.read(undefined, options)) }
  }
  // The pieces of larger content were compared with its outline, which the sharer has signed.
  if (size <= pieceBytes) {
    const bytes = new Uint8Array(await stored.slice(0, size).arrayBuffer())
    if (library.encodeKeyHex(await library.sha256(bytes)) !== hash) {
      await files.remove(hash)
      throw new library.MayflyError('ERR_DAMAGED', 'The file came with wrong bytes. Try again')
    }
  }
  return { size, hash, read: () => readInParts(stored) }
}

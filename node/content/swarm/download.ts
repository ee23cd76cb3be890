/**
 * Downloads all pieces of a content into a store, rarest first, and serves to others what has come. While no peer has what is missing it
 * waits. `swarm.ts` chooses the source of each piece; whether the whole is right is for the caller to check.
 */

import { abortable, onAbort, raceAbort } from '../../async/abort.ts'
import { createBackoff } from '../../async/backoff.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { Key } from '../../types.ts'
import type { Candidate, FindContentOptions, KnownHolder } from '../fetch/candidates.ts'
import type { Fetched, FetchedOutline } from '../fetch/fetcher.ts'
import { swarmKey } from '../format/outline.ts'
import type { PieceFeed } from '../format/piece-set.ts'
import type { PieceStore, ReceiveOptions, Receiving } from '../types.ts'
import { openStoredPieces, type StoredPieces } from './stored-pieces.ts'
import type { Swarm } from './swarm.ts'

interface SoughtOutline {
  key: Key
  outline: Key
  bundle: Key | undefined
  known?: KnownHolder | undefined
}

interface DownloadContext {
  /** @throws {MayflyError} when no peer can send it now */
  findOutline(sought: SoughtOutline, signal: AbortSignal): Promise<Fetched>
  hold(key: Key): Hold
  onCount: OnCount
  /** Opens a patient swarm. */
  openSwarm(content: FetchedOutline & { bundle?: Key | undefined; known?: KnownHolder | undefined }): Swarm
  onReceived(key: Key, bytes: number, from: Candidate): void
}

/** The store may still be opening: who has the content is found meanwhile. */
export type DownloadOptions = Omit<ReceiveOptions, 'store'> &
  Pick<FindContentOptions, 'known'> & { store: PieceStore | Promise<PieceStore> }

type OnCount = (key: Key, listener: (count: number, isCertain: boolean) => void) => () => void

/** Pieces that are requested or written at the same time, in bytes and in number; but two at least. */
const MAX_AHEAD_BYTES = 8 * 1_048_576
const MAX_AHEAD = 24

/** The waits before looking for the outline again, when the counts of holders do not change. */
const RETRY = { firstMs: 1_000, maxMs: 30_000 }

export type Downloads = ReturnType<typeof createDownloads>

/** The downloads of this peer, one for each content and outline. */
export function createDownloads(context: DownloadContext) {
  /** By key and outline, hex. Bounded by the caller: each needs a store. */
  const downloads = new Map<string, { key: Key; download: Download }>()
  const idOf = (key: Key, outline: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outline)}`

  async function endAll(isOne: (key: Key) => boolean): Promise<void> {
    await Promise.all([...downloads.values()].filter(({ key }) => isOne(key)).map(({ download }) => download.end()))
  }

  return {
    /** @throws {MayflyError} ERR_LIMIT when it is being downloaded already */
    start(key: Key, options: DownloadOptions): Receiving {
      const id = idOf(key, options.outline)
      if (downloads.has(id)) throw new MayflyError('ERR_LIMIT', 'Cannot receive content: it is being received already')
      const download = startDownload(context, key, options, () => downloads.delete(id))
      downloads.set(id, { key, download })
      return download
    },
    get: (key: Key, outline: Key): Download | undefined => downloads.get(idOf(key, outline))?.download,
    /** The outline of a download of this key, once it is known. */
    outlineOf(key: Key): FetchedOutline | undefined {
      for (const { key: other, download } of downloads.values())
        if (download.found !== undefined && equalBytes(other, key)) return download.found
      return undefined
    },
    /** Ends the downloads of this key, because it is held now. */
    end: (key: Key) => endAll((other) => equalBytes(other, key)),
    stop: () => endAll(() => true),
  }
}

type Download = ReturnType<typeof startDownload>

/** @param onEnd called once, when nothing is served any more */
function startDownload(context: DownloadContext, key: Key, options: DownloadOptions, onEnd: () => void) {
  const sharedKey = swarmKey(options.outline)
  const waitForSource = createSourceWait(options.bundle ?? key, sharedKey, context.onCount)
  const ended = new AbortController()
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
  let found: FetchedOutline | undefined
  let stored: StoredPieces | undefined
  /** Missing, and not requested now. Bounded by the pieces. */
  let wanted: number[] = []
  let lost = Promise.withResolvers<void>()
  let isWaiting = false
  let isServing = true
  let announcement: ReturnType<typeof createAnnouncement> | undefined
  /** Bounded: MAX_AHEAD. */
  const running = new Set<Promise<void>>()

  function setWaiting(waiting: boolean): void {
    if (waiting === isWaiting) return
    isWaiting = waiting
    options.onWaiting?.(waiting)
  }

  function onLost(index: number): void {
    wanted.push(index)
    lost.resolve()
    lost = Promise.withResolvers()
  }

  /** From a holder of the whole, or from one that downloads it, too: all holders of the whole may have left. */
  async function findOutline(): Promise<FetchedOutline> {
    while (true) {
      for (const bundle of [options.bundle, await sharedKey]) {
        try {
          const outlined = await context.findOutline({ key, outline: options.outline, bundle, known: bundle && options.known }, signal)
          if ('outline' in outlined && equalBytes(outlined.outlineHash, options.outline)) return outlined
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof MayflyError)) throw error
        }
      }
      setWaiting(true)
      await waitForSource(signal)
    }
  }

  async function fetchPiece(index: number, swarm: Swarm, pieces: StoredPieces): Promise<void> {
    const piece = await swarm.piece(index, { signal }).catch((error: unknown) => {
      if (!(error instanceof MayflyError)) throw error
      return undefined
    })
    if (piece === undefined) {
      wanted.push(index) // its source has left: the next one that has it is asked
      return
    }
    const { byteLength } = piece.bytes // the store takes the bytes over
    await pieces.write(index, piece.bytes)
    setWaiting(false)
    context.onReceived(key, byteLength, piece.from)
    options.onPiece?.(index, byteLength)
  }

  async function fetchMissing(pieceBytes: number, swarm: Swarm, stored: StoredPieces): Promise<void> {
    const most = Math.min(MAX_AHEAD, Math.max(2, Math.floor(MAX_AHEAD_BYTES / pieceBytes)))
    const { pieces } = stored
    wanted = Array.from({ length: pieces.count }, (_, index) => index).filter((index) => !pieces.has(index))
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => {})
    while (!pieces.isFull) {
      const change = swarm.changed()
      while (running.size < most) {
        const index = swarm.pick(wanted)
        if (index === undefined) break
        wanted.splice(wanted.indexOf(index), 1)
        const fetching = fetchPiece(index, swarm, stored)
          .catch(failed.reject)
          .finally(() => running.delete(fetching))
        running.add(fetching)
      }
      if (running.size === 0 && !swarm.isSearching) setWaiting(true)
      await raceAbort(Promise.race([change, lost.promise, failed.promise, ...running]), signal)
    }
  }

  async function run(): Promise<void> {
    const [content, store] = await Promise.all([findOutline(), options.store])
    const pieces = await openStoredPieces(store, content.outline, options.isDoubtful === true, onLost, signal)
    found = content
    stored = pieces
    const announced = createAnnouncement(context, await sharedKey)
    announcement = announced
    announced.set(isServing)
    onAbort(ended.signal, () => announced.set(false))
    signal.throwIfAborted()
    if (pieces.pieces.isFull) return
    const swarm = context.openSwarm({ ...content, bundle: options.bundle, known: options.known })
    try {
      await fetchMissing(content.outline.pieceBytes, swarm, pieces)
    } finally {
      swarm.stop()
    }
  }

  async function end(): Promise<void> {
    if (!ended.signal.aborted) {
      ended.abort(new MayflyError('ERR_UNAVAILABLE', 'Nothing is received any more: it was ended'))
      stored?.end()
      onEnd()
    }
    await Promise.allSettled(running)
  }

  const complete = run()
  const onComplete = () => {
    const stopListening = onAbort(options.signal, () => void end())
    onAbort(ended.signal, stopListening)
  }
  complete.then(onComplete, () => void end())

  return {
    complete,
    end,
    get isServing() {
      return isServing
    },
    serve(serves: boolean): void {
      isServing = serves
      if (!serves) stored?.end() // to those that follow it
      announcement?.set(serves && !ended.signal.aborted)
    },
    /** Undefined until a peer has sent it. */
    get found() {
      return found
    },
    /** The pieces to be had from here; undefined before the outline is known. */
    get feed(): PieceFeed | undefined {
      return stored
    },
    /** @throws {MayflyError} ERR_NO_HOLDER when the piece is not there, or no longer right */
    async read(index: number): Promise<Uint8Array> {
      if (stored === undefined) throw new MayflyError('ERR_NO_HOLDER', 'That piece is not here')
      return stored.read(index)
    },
  }
}

/** Others find that this peer downloads the content, too. */
function createAnnouncement({ hold }: Pick<DownloadContext, 'hold'>, sharedKey: Key) {
  let held: Hold | undefined
  return {
    set(isAnnounced: boolean): void {
      if (isAnnounced) held ??= hold(sharedKey)
      else {
        void held?.release()
        held = undefined
      }
    },
  }
}

/** Resolves when more peers hold the whole or download it, and otherwise after a wait that grows. */
function createSourceWait(key: Key, sharedKey: Promise<Key>, onCount: OnCount) {
  const backoff = createBackoff(RETRY, Math.random)
  return async (signal: AbortSignal): Promise<void> => {
    const counted = [key, await sharedKey]
    await abortable<void>(signal, (resolve) => {
      const timer = setTimeout(resolve, backoff.next())
      const stops = counted.map((each) => {
        let known: number | undefined
        return onCount(each, (count, isCertain) => {
          if (isCertain && count > (known ?? count)) {
            backoff.reset()
            resolve()
          }
          known = isCertain ? count : 0
        })
      })
      return () => {
        clearTimeout(timer)
        for (const stop of stops) stop()
      }
    })
  }
}

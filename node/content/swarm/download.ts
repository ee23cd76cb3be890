/**
 * Downloads all pieces of one content into a store, rarest first, and serves to others what has come. While no peer has what is missing it
 * waits. `swarm.ts` chooses the source of each piece; whether the whole is right is for the caller to check.
 */

import { onAbort, raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { FetchedOutline } from '../fetch/fetcher.ts'
import type { PieceFeed } from '../format/piece-set.ts'
import type { Candidate } from '../protocol/candidate.ts'
import type { ReceiveOptions, Receiving } from '../types.ts'
import { openStoredPieces, type StoredPieces } from './stored-pieces.ts'
import type { Swarm } from './swarm.ts'

export interface DownloadContext {
  /** @throws {MayflyError} when no peer can send it now */
  findOutline(signal: AbortSignal): Promise<FetchedOutline>
  /** Resolves when a peer may have come that can send it, or after a while. */
  waitForSource(signal: AbortSignal): Promise<void>
  /** Announces that this peer downloads the content, too. */
  holdSwarmKey(): Promise<Hold>
  /** Opens a patient swarm. */
  openSwarm(content: FetchedOutline): Swarm
  onReceived(bytes: number, from: Candidate): void
  /** The download has ended, and serves nothing any more. Called once. */
  onEnd(): void
}

export interface Download extends Receiving {
  /** Undefined until a peer has sent it. */
  readonly found: FetchedOutline | undefined
  /** The pieces to be had from here; undefined before the outline is known. */
  readonly feed: PieceFeed | undefined
  /** @throws {MayflyError} ERR_NO_HOLDER when the piece is not there, or no longer right */
  read(index: number): Promise<Uint8Array>
}

/** Pieces that are requested or written at the same time, in bytes and in number; but two at least. */
const MAX_AHEAD_BYTES = 8 * 1_048_576
const MAX_AHEAD = 24

export function startDownload(context: DownloadContext, options: ReceiveOptions): Download {
  const ended = new AbortController()
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
  let found: FetchedOutline | undefined
  let stored: StoredPieces | undefined
  /** Missing, and not requested now. Bounded by the pieces. */
  let wanted: number[] = []
  let lost = Promise.withResolvers<void>()
  let isWaiting = false
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

  async function findOutline(): Promise<FetchedOutline> {
    while (true) {
      try {
        return await context.findOutline(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof MayflyError)) throw error
        setWaiting(true)
        await context.waitForSource(signal)
      }
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
    context.onReceived(byteLength, piece.from)
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
    const content = await findOutline()
    const pieces = await openStoredPieces(options.store, content.outline, { isDoubtful: options.isDoubtful === true, signal, onLost })
    found = content
    stored = pieces
    const hold = await context.holdSwarmKey()
    onAbort(ended.signal, () => void hold.release())
    signal.throwIfAborted()
    if (pieces.pieces.isFull) return
    const swarm = context.openSwarm(content)
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
      context.onEnd()
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
    get found() {
      return found
    },
    get feed() {
      return stored
    },
    async read(index) {
      if (stored === undefined) throw new MayflyError('ERR_NO_HOLDER', 'That piece is not here')
      return stored.read(index)
    },
  }
}

/**
 * Receives all pieces of one content into a store: rarest first, from whoever has them, and gives on what has come. It waits when nobody
 * has what is missing. Whom to ask for which piece is left to `swarm.ts`, whether the whole is right to the caller.
 */

import { MayflyError } from '../../errors.ts'
import { equalBytes, sha256 } from '../../keys/index.ts'
import { raceAbort } from '../../network/index.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { FetchedOutline } from '../fetcher.ts'
import { pieceCount, pieceHash } from '../format/outline.ts'
import { decodePieceSet, type PieceFeed, PieceSet } from '../format/piece-set.ts'
import type { Candidate } from '../protocol/candidate.ts'
import type { ReceiveOptions, Receiving } from '../types.ts'
import type { Swarm } from './swarm.ts'

export interface ReceivingContext {
  /** @throws {MayflyError} when nobody can give it now */
  findOutline(signal: AbortSignal): Promise<FetchedOutline>
  /** Resolves when somebody may be there who can give it, or after a while. */
  somebodyComes(signal: AbortSignal): Promise<void>
  /** Says that this peer receives it too. */
  holdSwarmKey(): Promise<Hold>
  /** One that is patient. */
  openSwarm(found: FetchedOutline): Swarm
  onReceived(bytes: number, from: Candidate): void
  /** Nothing is given on any more. Called once, however it came to that. */
  onEnd(): void
}

export interface RunningReceiving extends Receiving {
  /** Undefined until somebody has given it. */
  readonly found: FetchedOutline | undefined
  /** What is to be had from here; undefined before the outline is known. */
  readonly feed: PieceFeed | undefined
  /** @throws {MayflyError} ERR_NO_HOLDER when the piece is not there, or not right any more */
  read(index: number): Promise<Uint8Array>
}

/** Pieces that are asked for or written at the same time, in bytes and in number; but two at least. */
const MAX_AHEAD_BYTES = 8 * 1_048_576
const MAX_AHEAD = 24

export function startReceiving(context: ReceivingContext, options: ReceiveOptions): RunningReceiving {
  const { store } = options
  const ended = new AbortController()
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
  let found: FetchedOutline | undefined
  let pieces: PieceSet | undefined
  /** Right by the outline, as far as this run knows; the others are the store's word. */
  let proven: PieceSet | undefined
  /** Missing, and not asked for now. Bounded by the pieces. */
  let wanted: number[] = []
  let more = Promise.withResolvers<void>()
  let isWaiting = false
  /** Bounded: MAX_FOLLOWS of each stream. */
  const listeners = new Set<(index: number | undefined) => void>()
  /** Bounded: MAX_AHEAD. */
  const running = new Set<Promise<void>>()

  const say = (waiting: boolean) => {
    if (waiting === isWaiting) return
    isWaiting = waiting
    options.onWaiting?.(waiting)
  }
  const tell = (index: number | undefined) => {
    for (const listener of [...listeners]) listener(index)
  }

  async function findOutline(): Promise<FetchedOutline> {
    while (true) {
      try {
        return await context.findOutline(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof MayflyError)) throw error
        say(true)
        await context.somebodyComes(signal)
      }
    }
  }

  async function isRight({ outline }: FetchedOutline, index: number): Promise<boolean> {
    return equalBytes(await sha256(await store.read(index)), pieceHash(outline, index))
  }

  /** Those of the store that count. */
  async function readStore(content: FetchedOutline): Promise<{ there: PieceSet; known: PieceSet }> {
    const count = pieceCount(content.outline)
    let there: PieceSet
    try {
      there = decodePieceSet(store.have, count)
    } catch (cause) {
      throw new MayflyError('ERR_UNAVAILABLE', `Cannot receive content: the store is not for one of ${count} pieces`, { cause })
    }
    const known = new PieceSet(count)
    if (!options.isDoubtful) return { there, known }
    for (let index = 0; index < count; index++) {
      if (!there.has(index)) continue
      signal.throwIfAborted()
      if (await isRight(content, index)) known.add(index)
      else there.delete(index)
    }
    return { there, known }
  }

  async function fetchMissing({ outline }: FetchedOutline, swarm: Swarm, there: PieceSet, known: PieceSet): Promise<void> {
    const most = Math.min(MAX_AHEAD, Math.max(2, Math.floor(MAX_AHEAD_BYTES / outline.pieceBytes)))
    wanted = Array.from({ length: there.count }, (_, index) => index).filter((index) => !there.has(index))
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => {})

    async function fetchPiece(index: number): Promise<void> {
      const given = await swarm.piece(index, { signal }).catch((error: unknown) => {
        if (!(error instanceof MayflyError)) throw error
        return undefined
      })
      if (given === undefined) {
        wanted.push(index) // who had it is gone: whoever has it next is asked
        return
      }
      const { byteLength } = given.bytes // the store takes them over
      await store.write(index, given.bytes)
      known.add(index)
      there.add(index)
      say(false)
      context.onReceived(byteLength, given.from)
      options.onPiece?.(index, byteLength)
      tell(index)
    }

    while (!there.isFull) {
      const change = swarm.changed()
      while (running.size < most) {
        const index = swarm.pick(wanted)
        if (index === undefined) break
        wanted.splice(wanted.indexOf(index), 1)
        const fetching = fetchPiece(index)
          .catch(failed.reject)
          .finally(() => running.delete(fetching))
        running.add(fetching)
      }
      if (running.size === 0 && !swarm.isSearching) say(true)
      await raceAbort(Promise.race([change, more.promise, failed.promise, ...running]), signal)
    }
  }

  async function run(): Promise<void> {
    const content = await findOutline()
    const { there, known } = await readStore(content)
    found = content
    pieces = there
    proven = known
    const hold = await context.holdSwarmKey()
    if (ended.signal.aborted) void hold.release()
    else ended.signal.addEventListener('abort', () => void hold.release(), { once: true })
    signal.throwIfAborted()
    if (there.isFull) return
    const swarm = context.openSwarm(content)
    try {
      await fetchMissing(content, swarm, there, known)
    } finally {
      swarm.stop()
    }
  }

  async function end(): Promise<void> {
    if (!ended.signal.aborted) {
      ended.abort(new MayflyError('ERR_UNAVAILABLE', 'Nothing is received any more: it was ended'))
      tell(undefined)
      listeners.clear()
      context.onEnd()
    }
    await Promise.allSettled(running)
  }

  const complete = run()
  complete.catch(() => void end())
  options.signal?.addEventListener('abort', () => void end(), { once: true, signal: ended.signal })

  return {
    complete,
    end,
    get found() {
      return found
    },
    get feed() {
      if (pieces === undefined) return undefined
      return {
        pieces,
        onPiece(listener: (index: number | undefined) => void) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      }
    },
    async read(index) {
      const content = found
      if (content === undefined || !pieces?.has(index)) throw new MayflyError('ERR_NO_HOLDER', 'That piece is not here')
      const bytes = await store.read(index)
      if (proven?.has(index)) return bytes
      if (!equalBytes(await sha256(bytes), pieceHash(content.outline, index))) {
        // The store was wrong about it. Who follows this peer hears that it cannot be relied on, and finds it anew.
        if (pieces.delete(index)) wanted.push(index)
        tell(undefined)
        listeners.clear()
        more.resolve()
        more = Promise.withResolvers()
        throw new MayflyError('ERR_NO_HOLDER', 'That piece is not here')
      }
      proven?.add(index)
      return bytes
    },
  }
}

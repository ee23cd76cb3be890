/**
 * Single pieces for all who read content on this peer or through it: from what is held here, from memory while somebody holds it, else
 * from a swarm of holders, which all readers of the same content share. One fetch of a piece serves all who want it meanwhile.
 */

import { peerIdFromString } from '@libp2p/peer-id'
import { encodeKeyHex } from '../../keys/index.ts'
import { raceAbort } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { Fetcher, Reach } from '../fetcher.ts'
import { type Outline, pieceCount } from '../format/outline.ts'
import { swarmKey } from '../format/swarm-key.ts'
import type { LivingCache } from '../memory/living-cache.ts'
import type { Asking } from '../protocol/asking.ts'
import type { Candidate } from '../protocol/candidate.ts'
import { ASK_SCOPE } from '../protocol/wire.ts'
import { createSwarm, type Swarm, type SwarmOptions } from './swarm.ts'

/** Content as its outline describes it. */
export interface OutlinedContent {
  key: Key
  outline: Outline
  outlineHash: Key
}

export interface Pieces {
  /**
   * @throws {MayflyError} ERR_UNAVAILABLE
   * @throws signal.reason, when aborted
   */
  get(content: OutlinedContent, index: number, reach: Reach, options: Required<AbortOptions>): Promise<Uint8Array>
  /** Those who hold it, for one who receives it as a whole; the caller stops it. */
  openSwarm(content: OutlinedContent, reach: Reach, options: SwarmOptions): Swarm
  stop(): void
}

export interface PiecesContext {
  asking: Asking
  fetcher: Fetcher
  cache: LivingCache | undefined
  /** True when tabs whose home is here hold the key. */
  hasTabs(key: Key): boolean
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  onReceived(key: Key, bytes: number, from: Candidate): void
}

interface SharedSwarm {
  swarm: Swarm
  users: number
  idle: ReturnType<typeof setTimeout> | undefined
}

interface Flight {
  promise: Promise<Uint8Array>
  waiting: number
  stop: AbortController
}

/** How long a holder of pieces may send nothing, in ms. Longer than for a whole content: a slow piece is asked of others meanwhile. */
const STALL_MS = 5_000
/** How long it may take until somebody says which pieces it has, a direct dial included, in ms. Nothing waits for it. */
const FOLLOW_MS = 15_000
/** A swarm that nobody has used for this long is dissolved, in ms; the next reader looks for holders anew. */
const IDLE_MS = 10_000

export function createPieces({ asking, fetcher, cache, hasTabs, onCount, onReceived }: PiecesContext, options: SwarmOptions = {}): Pieces {
  /** By reach, key and outline. Bounded by the readers, and those of the last seconds. */
  const swarms = new Map<string, SharedSwarm>()
  /** By swarm and piece. Bounded by what readers ask for ahead. */
  const flights = new Map<string, Flight>()

  function openSwarm({ key, outline, outlineHash }: OutlinedContent, reach: Reach, swarmOptions: SwarmOptions): Swarm {
    const shared = swarmKey(outlineHash)
    const content = { key, outline: outlineHash }
    return createSwarm(
      {
        outline,
        async *candidates(part, signal) {
          for await (const candidate of fetcher.candidates(part === 'whole' ? key : await shared, reach, signal)) {
            // A home that looks everywhere is asked as one that holds the whole.
            if (part === 'whole' || candidate.scope === ASK_SCOPE.own) yield candidate
          }
        },
        onCount(part, listener) {
          let end: (() => void) | undefined
          let isOver = false
          let isKnown = false
          void (part === 'whole' ? Promise.resolve(key) : shared).then((counted) => {
            if (isOver) return
            end = onCount(counted, (count, isCertain) => {
              // Who cannot be counted any more is looked for again when he can.
              if (isCertain || isKnown) listener(isCertain ? count : 0)
              isKnown ||= isCertain
            })
          })
          return () => {
            isOver = true
            end?.()
          }
        },
        follow: ({ ask, addresses }, onPieces, signal) =>
          asking.follow(peerIdFromString(ask), addresses, { ...content, pieceCount: pieceCount(outline) }, onPieces, FOLLOW_MS, { signal }),
        askPiece: ({ ask, addresses, scope, stallMs }, index, size, signal) =>
          asking.askPiece(
            peerIdFromString(ask),
            addresses,
            { ...content, index, offset: index * outline.pieceBytes, size },
            scope,
            Math.max(stallMs, STALL_MS),
            { signal },
          ),
        distrust: (candidate, reason) => fetcher.distrust(candidate, key, reason),
        random: Math.random,
      },
      swarmOptions,
    )
  }

  function swarmOf(id: string, content: OutlinedContent, reach: Reach): SharedSwarm {
    let shared = swarms.get(id)
    if (shared === undefined) {
      shared = { swarm: openSwarm(content, reach, options), users: 0, idle: undefined }
      swarms.set(id, shared)
    }
    return shared
  }

  async function fetchPiece(id: string, content: OutlinedContent, index: number, reach: Reach, signal: AbortSignal): Promise<Uint8Array> {
    const shared = swarmOf(id, content, reach)
    shared.users++
    clearTimeout(shared.idle)
    try {
      const { bytes, from } = await shared.swarm.piece(index, { signal })
      onReceived(content.key, bytes.byteLength, from)
      cache?.put(content.key, bytes, { outlineHash: content.outlineHash, index })
      return bytes
    } catch (error) {
      // Nobody is left in it: whoever comes next looks for holders anew. Who has other pieces than this one stays.
      if (!signal.aborted && shared.swarm.isEmpty && swarms.get(id) === shared) swarms.delete(id)
      throw error
    } finally {
      if (--shared.users === 0) {
        shared.idle = setTimeout(() => {
          shared.swarm.stop()
          if (swarms.get(id) === shared) swarms.delete(id)
        }, IDLE_MS)
      }
    }
  }

  /** One flight for all who want the piece meanwhile. */
  async function share(content: OutlinedContent, index: number, reach: Reach, signal: AbortSignal): Promise<Uint8Array> {
    const id = `${reach}:${encodeKeyHex(content.key)}:${encodeKeyHex(content.outlineHash)}`
    const flightId = `${id}:${index}`
    let flight = flights.get(flightId)
    if (flight === undefined) {
      const stop = new AbortController()
      flight = { promise: fetchPiece(id, content, index, reach, stop.signal), waiting: 0, stop }
      flights.set(flightId, flight)
      const own = flight
      flight.promise.catch(() => {}).finally(() => flights.get(flightId) === own && flights.delete(flightId))
    }
    flight.waiting++
    try {
      return await raceAbort(flight.promise, signal)
    } finally {
      if (--flight.waiting === 0) {
        flight.stop.abort(new Error('nobody waits for it any more'))
        if (flights.get(flightId) === flight) flights.delete(flightId)
      }
    }
  }

  return {
    openSwarm,
    async get(content, index, reach, { signal }) {
      const cached = cache?.get(content.key, { outlineHash: content.outlineHash, index })
      if (cached !== undefined) return cached
      // A tab's one upload serves those who come through the overlay and those who come through this node's gateway.
      if (reach === 'network' && (hasTabs(content.key) || hasTabs(await swarmKey(content.outlineHash)))) {
        try {
          return await share(content, index, 'tabs', signal)
        } catch {
          signal.throwIfAborted()
        }
      }
      return share(content, index, reach, signal)
    },
    stop() {
      for (const { swarm, idle } of swarms.values()) {
        clearTimeout(idle)
        swarm.stop()
      }
      swarms.clear()
    },
  }
}

/**
 * Fetches single pieces for all readers on this peer and through it: from the cache while the key has a living holder, else from a swarm,
 * which all readers of the same content share. Readers that want the same piece at the same time share one fetch.
 */

import { createSingleFlight } from '../../async/single-flight.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { Candidate, Reach, Sought } from '../fetch/candidates.ts'
import type { Fetcher } from '../fetch/fetcher.ts'
import { keptKeyHex } from '../format/kept-hex.ts'
import { type OutlinedContent, pieceCount, swarmKey } from '../format/outline.ts'
import type { PieceFeed } from '../format/piece-set.ts'
import { createLentBytes } from '../memory/lent-bytes.ts'
import type { LivingCache } from '../memory/living-cache.ts'
import type { ContentClient } from '../protocol/content-client.ts'
import { ASK_SCOPE } from '../protocol/wire.ts'
import { createSwarm, type Swarm } from './swarm.ts'
import type { SwarmOptions } from './swarm-options.ts'

interface PieceFetcherContext {
  client: Pick<ContentClient, 'requestPiece' | 'follow'>
  fetcher: Pick<Fetcher, 'candidates' | 'distrust'>
  cache: LivingCache | undefined
  /** True when tabs whose home is this node hold the key. */
  hasTabs(key: Key): boolean
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  onReceived(key: Key, bytes: number, from: Candidate): void
}

type SoughtContent = OutlinedContent & Pick<Sought, 'bundle' | 'known'>

interface SharedSwarm {
  swarm: Swarm
  users: number
  idleTimer: ReturnType<typeof setTimeout> | undefined
}

/** How long a holder of pieces may send nothing, in ms. Longer than for a whole content: meanwhile a slow piece is requested elsewhere, too. */
const STALL_MS = 5_000
/** How long the first answer to a follow may take, a direct dial included, in ms. Nothing waits for it. */
const FOLLOW_MS = 15_000
/** A swarm that has had no reader for this long is stopped, in ms; the next reader looks for holders anew. */
const IDLE_MS = 10_000
/** Swarms beyond which no more tabs are followed for other peers: each may keep an outline of 128 KiB for as long as it is followed. */
export const MAX_FOLLOWED_SWARMS = 256

export type PieceFetcher = ReturnType<typeof createPieceFetcher>

export function createPieceFetcher(context: PieceFetcherContext, options: SwarmOptions = {}) {
  const { client, fetcher, cache, hasTabs, onReceived } = context
  /** By reach, key, outline and bundle. Bounded by the readers, and those of the last seconds. */
  const swarms = new Map<string, SharedSwarm>()
  /** By swarm and piece. Bounded by what readers fetch ahead. */
  const flights = createSingleFlight<string, Uint8Array>()

  const lent = createLentBytes()
  /** The caller stops the swarm. */
  function openSwarm({ key, outline, outlineHash, bundle, known }: SoughtContent, reach: Reach, swarmOptions: SwarmOptions): Swarm {
    const shared = swarmKey(outlineHash)
    const followed = { key, outline: outlineHash, pieceCount: pieceCount(outline) }
    return createSwarm(
      {
        outline,
        async *candidates(part, signal) {
          for await (const candidate of fetcher.candidates(
            part === 'whole' ? { key, bundle, known } : { key: await shared },
            reach,
            signal,
          )) {
            if (part === 'whole') yield candidate
            // A home that looks everywhere counts as a holder of the whole. One that answers for a downloading tab is spared, as it is there.
            else if (candidate.scope === ASK_SCOPE.own)
              yield candidate.peer === candidate.holder ? candidate : { ...candidate, isFallback: true }
          }
        },
        onCount: (part, listener) => countWhenKnown(part === 'whole' ? Promise.resolve(bundle ?? key) : shared, listener, context.onCount),
        follow: (candidate, onPieces, signal) => client.follow({ ...candidate, stallMs: FOLLOW_MS }, followed, onPieces, { signal }),
        requestPiece: (candidate, index, size, signal) =>
          client.requestPiece(
            { ...candidate, stallMs: Math.max(candidate.stallMs, STALL_MS) },
            { key, outline: outlineHash, index, offset: index * outline.pieceBytes, size },
            { signal },
          ),
        distrust: (candidate, reason) => fetcher.distrust(candidate, key, reason),
        random: Math.random,
      },
      swarmOptions,
    )
  }

  const idOf = ({ key, outlineHash, bundle }: SoughtContent, reach: Reach) =>
    `${reach}:${keptKeyHex(key)}:${keptKeyHex(outlineHash)}:${bundle === undefined ? '' : keptKeyHex(bundle)}`

  /** The shared swarm, opened if need be. It stays until the last user has left it, and a little longer. */
  function useSwarm(content: SoughtContent, reach: Reach) {
    const id = idOf(content, reach)
    const shared: SharedSwarm = swarms.get(id) ?? { swarm: openSwarm(content, reach, options), users: 0, idleTimer: undefined }
    swarms.set(id, shared)
    clearTimeout(shared.idleTimer)
    shared.users++
    const forget = () => {
      if (swarms.get(id) === shared) swarms.delete(id)
    }
    return {
      swarm: shared.swarm,
      forget,
      leave() {
        if (--shared.users > 0) return
        shared.idleTimer = setTimeout(() => {
          shared.swarm.stop()
          forget()
        }, IDLE_MS)
      },
    }
  }

  /** By outline hash. Computed once for all its pieces. */
  const sharedKeys = new WeakMap<Key, Key>()

  /** True when tabs whose home is this node hold the content, its bundle, or some of its pieces. */
  async function isWithTabs({ key, outlineHash, bundle = key }: SoughtContent): Promise<boolean> {
    const shared = sharedKeys.get(outlineHash) ?? (await swarmKey(outlineHash))
    sharedKeys.set(outlineHash, shared)
    return hasTabs(key) || (bundle !== key && hasTabs(bundle)) || hasTabs(shared)
  }

  async function fetchFromSwarm(content: SoughtContent, index: number, reach: Reach, signal: AbortSignal): Promise<Uint8Array> {
    const { swarm, forget, leave } = useSwarm(content, reach)
    try {
      const { bytes, from } = await swarm.piece(index, { signal })
      const { key, outlineHash, bundle } = content
      cache?.put(key, lent.lend(bytes), { outlineHash, index }, bundle, () => lent.free(bytes))
      onReceived(key, bytes.byteLength, from)
      return bytes
    } catch (error) {
      // An empty swarm is left, so that the next reader looks for holders anew. A swarm whose members only lack this piece stays.
      if (!signal.aborted && swarm.isEmpty) forget()
      throw error
    } finally {
      leave()
    }
  }

  function share(content: SoughtContent, index: number, reach: Reach, signal: AbortSignal): Promise<Uint8Array> {
    const id = `${idOf(content, reach)}:${index}`
    return flights.run(id, (flightSignal) => fetchFromSwarm(content, index, reach, flightSignal), { signal })
  }

  return {
    openSwarm,
    /**
     * @throws {MayflyError} ERR_UNAVAILABLE
     * @throws signal.reason, when aborted
     */
    async fetch(content: SoughtContent, index: number, reach: Reach, { signal }: Required<AbortOptions>): Promise<Uint8Array> {
      const cached = cache?.get(content.key, { outlineHash: content.outlineHash, index })
      if (cached !== undefined) return lent.lend(cached)
      // One upload of a tab serves readers from the overlay and from this node's gateway.
      if (reach === 'network' && (await isWithTabs(content))) {
        try {
          return lent.lend(await share(content, index, 'tabs', signal))
        } catch {
          signal.throwIfAborted()
        }
      }
      return lent.lend(await share(content, index, reach, signal))
    },
    /** A reader that has fetched the piece uses it no more. */
    free: lent.free,
    /**
     * The pieces that any downloading tab of this node has. Peers that cannot reach those tabs directly follow it here. Undefined when too
     * many swarms are open.
     */
    feedOfTabs(content: OutlinedContent): PieceFeed | undefined {
      if (swarms.size >= MAX_FOLLOWED_SWARMS && !swarms.has(idOf(content, 'tabs'))) return undefined
      const { swarm, leave } = useSwarm(content, 'tabs')
      leave()
      return {
        pieces: swarm.feed.pieces,
        onPiece(listener) {
          const used = useSwarm(content, 'tabs')
          const stopListening = used.swarm.feed.onPiece(listener)
          return () => {
            stopListening()
            used.leave()
          }
        },
      }
    },
    stop(): void {
      for (const { swarm, idleTimer } of swarms.values()) {
        clearTimeout(idleTimer)
        swarm.stop()
      }
      swarms.clear()
    },
  }
}

/** Counts the holders of a key that is being computed. Once a count was certain, an uncertain one counts as 0: the rise after it is news. */
function countWhenKnown(key: Promise<Key>, listener: (count: number) => void, onCount: PieceFetcherContext['onCount']): () => void {
  let stopCounting: (() => void) | undefined
  let isOver = false
  let isKnown = false
  void key.then((counted) => {
    if (isOver) return
    stopCounting = onCount(counted, (count, isCertain) => {
      if (isCertain || isKnown) listener(isCertain ? count : 0)
      isKnown ||= isCertain
    })
  })
  return () => {
    isOver = true
    stopCounting?.()
  }
}

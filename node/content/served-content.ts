/**
 * Finds content for readers on this peer, and serves what other peers may fetch: content that this peer or its tabs hold, and the pieces of its
 * downloads. Its own tabs may fetch anything.
 */

import { MayflyError } from '../errors.ts'
import { equalBytes } from '../keys/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import type { FindContentOptions, Reach, Sought } from './fetch/candidates.ts'
import type { EarlyFetch } from './fetch/early-fetch.ts'
import type { Fetched, FetchedOutline, Fetcher } from './fetch/fetcher.ts'
import { type OutlinedContent, pieceCount, swarmKey } from './format/outline.ts'
import { fullPieceSet } from './format/piece-set.ts'
import type { HeldContents } from './held-contents.ts'
import type { KnownOutlines } from './memory/known-outlines.ts'
import type { LivingCache } from './memory/living-cache.ts'
import type { ServedContent } from './protocol/content-server.ts'
import { ASK_SCOPE, type AskScope } from './protocol/wire.ts'
import type { Downloads } from './swarm/download.ts'
import type { PieceFetcher } from './swarm/piece-fetcher.ts'
import type { PieceAddress } from './types.ts'

interface ContentFinderContext {
  /** This peer's id. */
  self: string
  held: HeldContents
  cache: LivingCache
  outlines: KnownOutlines
  fetcher: Fetcher
  /** A tab's. */
  fetchEarly?: EarlyFetch | undefined
  /** Whether fetched content is cached. */
  keepsFetched: boolean
}

/** Finds small content whole, the outline of larger content: in this peer's memory first, then at its holders. */
export function createContentFinder({ self, held, cache, outlines, fetcher, fetchEarly, keepsFetched }: ContentFinderContext) {
  /** The hash of an outline that may be served from the cache: while the key has a living holder. */
  const isOutlineAlive = (key: Key, outlineHash: Key) => cache.get(key, { outlineHash, index: 'outline' }) !== undefined

  return {
    /**
     * @param downloaded the outline of content that this peer downloads under the key now
     * @throws {MayflyError} as `Fetcher.fetch`
     * @throws signal.reason, when aborted
     */
    async find(key: Key, reach: Reach, options: FindContentOptions, downloaded?: FetchedOutline): Promise<Fetched> {
      const { bundle } = options
      const own = held.store.get(key)
      if (own?.outline) {
        const { outline, outlineBytes, outlineHash } = own
        return { key, outline, outlineBytes, outlineHash, from: self }
      }
      if (own !== undefined) return { key, bytes: await held.read(own, 0, options), from: self }
      const cached = cache.get(key)
      if (cached !== undefined) return { key, bytes: cached, from: self }
      if (downloaded && (options.outline === undefined || equalBytes(options.outline, downloaded.outlineHash))) return downloaded
      const expected = options.outline ?? outlines.trusted(key)
      const known = expected && isOutlineAlive(key, expected) ? outlines.get(key, expected) : undefined
      if (known !== undefined) return { ...known, from: self, bundle }
      // One that asks for more than small content by itself, or knows whom to ask, is not held up.
      const isPlain = expected === undefined && bundle === undefined && !options.known
      const early = isPlain ? await fetchEarly?.(key, options) : undefined
      if (early !== undefined) return early
      const found = await fetcher.fetch(key, reach, { ...options, ...(expected && { outline: expected }) })
      if ('outline' in found) outlines.remember(found)
      if (keepsFetched) {
        if ('bytes' in found) cache.put(key, found.bytes, undefined, bundle)
        else cache.put(key, found.outlineBytes, { outlineHash: found.outlineHash, index: 'outline' }, bundle)
      }
      return 'bytes' in found ? found : { ...found, bundle }
    },
    /** True when the content is in this peer's memory and may be served whole. */
    has(key: Key): boolean {
      const own = held.store.get(key)
      return own === undefined ? cache.get(key) !== undefined : own.outline === undefined
    },
    /** True when the bytes are in this peer's memory, and need not be read from a source. */
    isInMemory(key: Key): boolean {
      const own = held.store.get(key)
      return own === undefined ? cache.get(key) !== undefined : own.isInMemory === true
    },
    /** True when `find` need ask no other peer. */
    knows(key: Key, outline?: Key): boolean {
      const expected = outline ?? outlines.trusted(key)
      return held.store.get(key) !== undefined || (expected !== undefined && isOutlineAlive(key, expected))
    },
  }
}

type Asked = Sought & { scope: AskScope }

const bundleOf = ({ bundle }: Sought) => (bundle === undefined ? {} : { bundle })

interface ServedContentContext {
  held: HeldContents
  outlines: KnownOutlines
  downloads: Downloads
  pieces: PieceFetcher
  presence: { tabsHolding(key: Key): string[]; isTab(peer: string): boolean }
  find(key: Key, reach: Reach, options: FindContentOptions): Promise<Fetched>
}

export function createServedContent({ held, outlines, downloads, pieces, presence, find }: ServedContentContext) {
  /** @throws {MayflyError} ERR_NO_HOLDER */
  function reachFor({ key, bundle, scope }: Asked, from: string, shared?: Key): Reach {
    if (scope === ASK_SCOPE.network && presence.isTab(from)) return 'network'
    const hasTabs = [key, bundle, shared].some((each) => each !== undefined && presence.tabsHolding(each).length > 0)
    if (held.store.get(key) === undefined && downloads.outlineOf(key) === undefined && !hasTabs) {
      throw new MayflyError('ERR_NO_HOLDER', 'Neither this peer nor one of its tabs holds it')
    }
    return 'tabs'
  }

  function heldWith(key: Key, outlineHash: Key) {
    const own = held.store.get(key)
    return own?.outline && equalBytes(own.outlineHash, outlineHash) ? own : undefined
  }

  /** @throws {MayflyError} ERR_NO_HOLDER */
  function mustServe(key: Key, outlineHash: Key): void {
    if (downloads.get(key, outlineHash)?.isServing === false) throw new MayflyError('ERR_NO_HOLDER', 'It is not given from here')
  }

  /** One piece for a reader on this peer or through it: held here, downloaded, or fetched. */
  async function getPiece(
    content: OutlinedContent & Pick<Sought, 'bundle'>,
    index: number,
    reach: Reach,
    options: Required<AbortOptions>,
  ): Promise<Uint8Array> {
    const { key, outlineHash } = content
    const own = heldWith(key, outlineHash)
    if (own) return held.read(own, index, options)
    const download = downloads.get(key, outlineHash)
    if (download?.feed?.pieces.has(index)) return download.read(index)
    return pieces.fetch(content, index, reach, options)
  }

  /** Undefined when the outline is not of what is held or downloaded here. */
  async function outlinedWith(asked: Sought, outlineHash: Key, reach: Reach, options: AbortOptions): Promise<OutlinedContent | undefined> {
    const { key } = asked
    const own = held.store.get(key)
    const content = own?.outline
      ? own
      : (outlines.get(key, outlineHash) ?? (await find(key, reach, { ...options, outline: outlineHash, ...bundleOf(asked) })))
    return 'outlineHash' in content && equalBytes(content.outlineHash, outlineHash) ? content : undefined
  }

  /** @throws {MayflyError} ERR_NO_HOLDER */
  async function mustOutline(asked: Omit<Asked, 'known'>, outlineHash: Key, from: string, options: AbortOptions) {
    const reach = reachFor(asked, from, await swarmKey(outlineHash))
    if (heldWith(asked.key, outlineHash) === undefined) mustServe(asked.key, outlineHash)
    const content = await outlinedWith(asked, outlineHash, reach, options)
    if (content === undefined) throw wrongOutline()
    return { content, reach }
  }

  const content: ServedContent = {
    read: async (asked, from, options) => find(asked.key, reachFor(asked, from), { ...options, ...bundleOf(asked) }),
    async readPiece({ outline: outlineHash, index, ...asked }, from, options) {
      const own = heldWith(asked.key, outlineHash)
      if (own && index < pieceCount(own.outline)) return held.read(own, index, options)
      const { content, reach } = await mustOutline(asked, outlineHash, from, options)
      if (index >= pieceCount(content.outline)) throw wrongOutline()
      return getPiece({ ...content, ...bundleOf(asked) }, index, reach, options)
    },
    async follow({ key, outline }, options) {
      const own = heldWith(key, outline)
      if (own) return { pieces: fullPieceSet(pieceCount(own.outline)), onPiece: () => () => {} }
      mustServe(key, outline)
      const downloaded = downloads.get(key, outline)?.feed
      if (downloaded !== undefined || presence.tabsHolding(await swarmKey(outline)).length === 0) return downloaded
      const content = await outlinedWith({ key }, outline, 'tabs', options)
      return content && pieces.feedOfTabs(content)
    },
  }
  return {
    ...content,
    getPiece,
    /** See `ContentStore.givePiece`. */
    async give({ index, outline, ...asked }: PieceAddress, options: Required<AbortOptions>): Promise<Uint8Array> {
      const own = { ...asked, scope: ASK_SCOPE.own }
      if (index !== 'outline') return content.readPiece({ ...own, index, outline }, '', options)
      return (await mustOutline(own, outline, '', options)).content.outlineBytes
    },
  }
}

function wrongOutline(): MayflyError {
  return new MayflyError('ERR_NO_HOLDER', 'That outline is not of what is held here')
}

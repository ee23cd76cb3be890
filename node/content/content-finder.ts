/** Finds content: small content whole, the outline of larger content. In this peer's memory first, then at its holders. */

import { equalBytes } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { Reach } from './fetch/candidates.ts'
import type { Fetched, FetchedOutline, Fetcher } from './fetch/fetcher.ts'
import type { HeldContents } from './held-contents.ts'
import type { KnownOutlines } from './memory/known-outlines.ts'
import type { LivingCache } from './memory/living-cache.ts'
import type { OpenOptions } from './types.ts'

interface ContentFinderContext {
  /** This peer's id. */
  self: string
  held: HeldContents
  cache: LivingCache
  outlines: KnownOutlines
  fetcher: Fetcher
  /** Whether fetched content is cached. */
  keepsFetched: boolean
}

export function createContentFinder({ self, held, cache, outlines, fetcher, keepsFetched }: ContentFinderContext) {
  /** The hash of an outline that may be served from the cache: while the key has a living holder. */
  const isOutlineAlive = (key: Key, outlineHash: Key) => cache.get(key, { outlineHash, index: 'outline' }) !== undefined

  return {
    /**
     * @param downloaded the outline of content that this peer downloads under the key now
     * @throws {MayflyError} as `Fetcher.fetch`
     * @throws signal.reason, when aborted
     */
    async find(key: Key, reach: Reach, options: OpenOptions, downloaded?: FetchedOutline): Promise<Fetched> {
      const own = held.store.get(key)
      if (own?.outline) {
        const { outline, outlineBytes, outlineHash } = own
        return { key, outline, outlineBytes, outlineHash, from: self }
      }
      if (own !== undefined) return { key, bytes: await held.read(own, 0, own.source.size, options), from: self }
      const cached = cache.get(key)
      if (cached !== undefined) return { key, bytes: cached, from: self }
      if (downloaded && (options.outline === undefined || equalBytes(options.outline, downloaded.outlineHash))) return downloaded
      const expected = options.outline ?? outlines.trusted(key)
      const known = expected && isOutlineAlive(key, expected) ? outlines.get(key, expected) : undefined
      if (known !== undefined) return { ...known, from: self }
      const found = await fetcher.fetch(key, reach, { ...options, ...(expected && { outline: expected }) })
      if ('outline' in found) outlines.remember(found)
      if (keepsFetched) {
        if ('bytes' in found) cache.put(key, found.bytes)
        else cache.put(key, found.outlineBytes, { outlineHash: found.outlineHash, index: 'outline' })
      }
      return found
    },
    /** True when the content is in this peer's memory and may be served whole. */
    has(key: Key): boolean {
      const own = held.store.get(key)
      return own === undefined ? cache.get(key) !== undefined : own.outline === undefined
    },
    /** True when `find` need ask no other peer. */
    knows(key: Key, outline?: Key): boolean {
      const expected = outline ?? outlines.trusted(key)
      return held.store.get(key) !== undefined || (expected !== undefined && isOutlineAlive(key, expected))
    },
  }
}

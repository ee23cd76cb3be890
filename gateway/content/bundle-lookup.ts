/** Reads bundles once, and resolves paths inside them. */

import { createRecentMap } from '../../node/async/recent-map.ts'
import { type BundleEntry, decodeBundle, MAX_BUNDLE_BYTES, type OpenedContent } from '../../node/index.ts'
import { outlineQuery } from '../http/link-query.ts'
import { type ProblemError, problemError } from '../http/problem.ts'

/** The result of a lookup. A folder's path has no slash at its end; the bundle itself is the folder with the empty path. */
type Inside = { entry: BundleEntry } | { folder: string; entries: BundleEntry[] } | { needsSlash: true } | { missing: true }

/** A decoded bundle may take some ten MiB. */
const MAX_KNOWN_BUNDLES = 8

/**
 * Makes the function that reads the files of a bundle, in the order of their paths.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE, when its bytes do not arrive
 * @throws {ProblemError} 422, for bytes that begin like a bundle and are none
 */
export function createBundleLookup() {
  /** By hash and the query of the link. Bounded: MAX_KNOWN_BUNDLES, least recently used out first. */
  const known = createRecentMap<string, BundleEntry[]>({ maxEntries: MAX_KNOWN_BUNDLES })

  return async (content: OpenedContent, hash: string, signal: AbortSignal): Promise<BundleEntry[]> => {
    const id = hash + outlineQuery(content.outline) // a link may lie about the outline of a hash
    const found = known.get(id)
    if (found !== undefined) return found
    const bytes = content.bytes ?? (await collect(content, signal))
    try {
      const entries = decodeBundle(bytes)
      known.set(id, entries)
      return entries
    } catch {
      throw notReadable('it breaks the form of a bundle')
    }
  }
}

/**
 * @param inside a decoded path
 * @param showsIndex true when a folder stands for its `index.html`
 */
export function lookInside(entries: readonly BundleEntry[], inside: string, showsIndex = true): Inside {
  const entry = entries.find(({ path }) => path === inside)
  if (entry !== undefined) return { entry }
  const isFolderPath = inside === '' || inside.endsWith('/')
  const prefix = isFolderPath ? inside : `${inside}/`
  const within = entries.filter(({ path }) => path.startsWith(prefix))
  if (within.length === 0 && inside !== '') return { missing: true }
  if (!isFolderPath) return { needsSlash: true }
  const index = showsIndex ? within.find(({ path }) => path === `${prefix}index.html`) : undefined
  return index === undefined ? { folder: prefix.slice(0, -1), entries: within } : { entry: index }
}

async function collect(content: OpenedContent, signal: AbortSignal): Promise<Uint8Array> {
  if (content.size > MAX_BUNDLE_BYTES) throw notReadable(`it has ${content.size} bytes, and the limit is ${MAX_BUNDLE_BYTES}`)
  const chunks: Uint8Array[] = []
  for await (const chunk of content.read(undefined, { signal })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function notReadable(why: string): ProblemError {
  return problemError(422, 'ERR_BAD_FRAME', `That list of files cannot be read: ${why}.`)
}

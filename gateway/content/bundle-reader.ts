/** Answers paths inside a bundle: a file with its own hash and type, the listing of a folder, a zip archive, a Metalink. */

import { crc32 } from 'node:zlib'
import { timeoutSignal } from '../../node/async/abort.ts'
import { writeZip, type ZipFile, zipSize } from '../../node/content/format/zip-archive.ts'
import { type BundleEntry, encodeKeyHex, encodePath, type Key, MayflyError, type OpenedContent, type Peer } from '../../node/index.ts'
import { type ContentAddress, noBundle } from '../http/address.ts'
import { answerBody } from '../http/byte-answer.ts'
import { contentDisposition, dispositionWish } from '../http/content-disposition.ts'
import { outlineQuery } from '../http/link-query.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'
import { answerListing } from './bundle-listing.ts'
import { createBundleLookup, lookInside } from './bundle-lookup.ts'
import type { ContentAnswers, ContentFacts } from './content-answer.ts'
import type { ContentSearch } from './content-search.ts'
import { BUNDLE_TYPE, entryType } from './content-type.ts'
import { requireHolders } from './entry-holders.ts'
import { answerMetalink, type MetalinkFile } from './metalink.ts'

interface BundleReaderParts {
  peer: Peer
  search: ContentSearch
  answers: ContentAnswers
  /** Origin of the links in answers; without one, the origin of the request. */
  publicUrl?: string
  limits: Pick<GatewayLimits, 'searchTimeoutMs'>
  /** @throws {ProblemError} 410, for content that the operator refuses to serve */
  requireAllowed: (hash: string) => void
}

/** Content that was found under the hash of the address. */
export interface Found {
  content: OpenedContent
  facts: ContentFacts
}

/** The target of a path inside a bundle. */
export type Target = { file: Found; entry: BundleEntry } | { folder: string; entries: BundleEntry[] } | { location: string }

export type BundleReader = ReturnType<typeof createBundleReader>

export function createBundleReader({ peer, search, answers, publicUrl, limits, requireAllowed }: BundleReaderParts) {
  const lookup = createBundleLookup()
  const inTime = (signal: AbortSignal) => AbortSignal.any([signal, timeoutSignal(limits.searchTimeoutMs)])

  function readerOf({ key, outline }: BundleEntry, bundle: Key): ZipFile['read'] {
    return async function* (signal) {
      const content = await peer.content.open(key, { signal: inTime(signal), bundle, ...(outline && { outline }) })
      yield* content.read(undefined, { signal })
    }
  }

  function entriesOf({ content, facts }: Found, address: ContentAddress, incoming: GatewayRequest): Promise<BundleEntry[]> {
    if (facts.contentType.type !== BUNDLE_TYPE.type) throw noBundle(address)
    return lookup(content, facts.hash, inTime(incoming.request.signal))
  }

  /**
   * @param showsIndex true when a folder stands for its `index.html`
   * @throws {MayflyError} as `content.open`, except for the absence of the file itself
   * @throws {ProblemError} 404 for a path that leads nowhere, and for a file that nobody holds
   */
  async function findTarget(found: Found, address: ContentAddress, incoming: GatewayRequest, showsIndex = true): Promise<Target> {
    const inside = lookInside(await entriesOf(found, address, incoming), address.inside ?? '', showsIndex)
    if ('needsSlash' in inside) {
      const query = incoming.query.size === 0 ? '' : `?${incoming.query}`
      return { location: `${pathTo(address)}${encodePath(address.inside ?? '')}/${query}` }
    }
    if ('folder' in inside) return inside
    if ('missing' in inside) throw noEntry(address)
    const { entry } = inside
    const hash = encodeKeyHex(entry.key)
    requireAllowed(hash)
    try {
      const content = await search.open(entry.key, incoming, {
        bundle: found.content.key,
        ...(entry.outline && { outline: entry.outline }),
      })
      const facts = await answers.describe(content, hash, incoming)
      const type = entryType(entry, facts.contentType.type)
      return { entry, file: { content, facts: { ...facts, contentType: { ...facts.contentType, type } } } }
    } catch (error) {
      if (error instanceof MayflyError && error.code === 'ERR_NO_HOLDER') throw entryGone(address, entry)
      throw error
    }
  }

  return {
    target: findTarget,
    async answer(found: Found, address: ContentAddress, incoming: GatewayRequest): Promise<Response> {
      const target = await findTarget(found, address, incoming)
      if ('location' in target) return redirect(target.location)
      if ('folder' in target) return answerListing(incoming, target.folder, target.entries)
      return answers.answerFile(target.file.content, target.file.facts, target.entry.path, incoming)
    },
    /** Answers `?format=zip` with all files of the bundle or folder, by their relative paths. */
    async zip(found: Found, address: ContentAddress, incoming: GatewayRequest): Promise<Response> {
      const entries = await entriesOf(found, address, incoming)
      const { key } = found.content
      const inside = address.inside ?? ''
      const prefix = inside === '' || inside.endsWith('/') ? inside : `${inside}/`
      const within = entries.filter(({ path }) => path.startsWith(prefix))
      if (within.length === 0 && prefix !== '') throw noEntry(address)
      for (const entry of within) requireAllowed(encodeKeyHex(entry.key))
      // Files of a bundle that has more than a peer may have leases are found through the bundle.
      const announced = entries.length < peer.status().limits.maxLeasesPerPeer ? within : [{ key, path: '' }]
      await requireHolders(peer, announced, inTime(incoming.request.signal))
      const files = within.map((entry) => ({ path: entry.path.slice(prefix.length), size: entry.size, read: readerOf(entry, key) }))
      const size = zipSize(files)
      const body = {
        size,
        isTrusted: false,
        read: (_part?: unknown, { signal = incoming.request.signal } = {}) => writeZip(files, crc32, signal),
      }
      const tag = `${address.hash}.zip`
      const name = prefix === '' ? address.hash.slice(0, 8) : (prefix.split('/').at(-2) ?? '')
      return answerBody(incoming, body, tag, {
        'content-type': 'application/zip',
        'content-length': String(size),
        'content-disposition': contentDisposition({ ...dispositionWish(incoming.query), download: true }, `${name}.zip`) ?? 'attachment',
        etag: `"${tag}"`,
        'accept-ranges': 'none',
        'cache-control': 'no-cache',
        ...HELD_HEADERS,
      })
    },
    /** Answers `?format=metalink` with the content or file and its pieces, or with all files of a bundle or folder. */
    async metalink(found: Found, address: ContentAddress, incoming: GatewayRequest): Promise<Response> {
      const { hash, inside } = address
      const origin = publicUrl ?? incoming.request.url
      if (inside === undefined && found.facts.contentType !== BUNDLE_TYPE) {
        const name = dispositionWish(incoming.query).filename ?? `${hash}.${found.facts.contentType.extension}`
        return answerMetalink(incoming, [describeFile(found, name)], name, origin)
      }
      const target = await findTarget(found, { ...address, inside: inside ?? '' }, incoming, false)
      if ('location' in target) return redirect(target.location)
      if ('file' in target)
        return answerMetalink(incoming, [describeFile(target.file, target.entry.path, found.content.key)], target.entry.path, origin)
      return answerMetalink(
        incoming,
        target.entries.map((entry) => describeEntry(entry, found.content.key)),
        hash.slice(0, 8),
        origin,
      )
    },
  }
}

export function redirect(location: string): Response {
  return new Response(null, { status: 308, headers: { ...HELD_HEADERS, location, 'cache-control': 'no-cache' } })
}

function describeFile({ content, facts }: Found, name: string, bundle?: Key): MetalinkFile {
  const { hash, outline, size } = facts
  const file = { name, hash, path: `/raw/${hash}${outlineQuery(outline, bundle)}` }
  // Size and pieces that only a holder vouches for could make a download manager refuse the right bytes.
  return content.isTrusted ? { ...file, size, ...(content.pieces && { pieces: content.pieces }) } : file
}

function describeEntry({ path, key, size, outline }: BundleEntry, bundle: Key): MetalinkFile {
  const hash = encodeKeyHex(key)
  return { name: path, hash, size, path: `/raw/${hash}${outlineQuery(outline, bundle)}` }
}

function noEntry(address: ContentAddress): ProblemError {
  return problemError(404, 'ERR_NO_ENTRY', `There is no ${JSON.stringify(address.inside)} in that bundle.`, {
    link: pathTo(address),
  })
}

function entryGone(address: ContentAddress, { path }: BundleEntry): ProblemError {
  return problemError(404, 'ERR_NO_HOLDER', `The list of files is here, but nobody holds its file ${JSON.stringify(path)} now.`, {
    advice: 'Ask its author to come back, or add ?wait=30s to wait for a holder.',
    link: pathTo(address),
  })
}

/** Of the bundle itself, as a folder. */
function pathTo({ hash, raw }: ContentAddress): string {
  return `${raw ? '/raw' : ''}/${hash}/`
}

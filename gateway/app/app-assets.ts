/** Answers with the app and the library: its page, and the files of the build, read once into memory. Held content is never among them. */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { badAddress } from '../http/address.ts'
import { checkPreconditions } from '../http/conditional.ts'
import { plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import { problemError } from '../http/problem.ts'
import { requireReadMethod } from '../http/route.ts'
import {
  APP_FRAME_HEADERS,
  APP_HEADERS,
  LIBRARY_HEADERS,
  PDF_FRAME_HEADERS,
  withFramesOf,
  withInlinesOf,
} from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

interface Asset {
  bytes: Uint8Array<ArrayBuffer>
  type: string
  /** That depend on what it is, and on nothing else. */
  headers: Readonly<Record<string, string>>
  /** Entity tag without quotes. Weak on the wire, since the same file goes out in several encodings. */
  tag: string
  /** By encoding, compressed at the first request. Bounded: two. */
  encoded: Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>
}

type Encoding = 'br' | 'gzip'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}
const COMPRESSIBLE = /^text\/|json|svg|wasm|javascript/
/** Smaller files are not compressed: the header of the compressed form would cost more than it saves. */
const MIN_COMPRESSED_BYTES = 1_024

/** The pages of the app as they are under `/app/`, which a browser may keep to open them without a network. */
const APP_PAGE = /^\/app\/(?:messages|people|share|s|(?:s|d|to)\/[^/]+)?$/

/** Of them, those of a share that somebody else offers. */
const APP_SHARE = /^\/app\/s\/[^/]+$/

const LIBRARY_FOLDER = '/lib/'
/** The library as one module: the one file there whose name stays the same. */
export const LIBRARY_PATH = `${LIBRARY_FOLDER}mayfly.js`

/** The highest quality would cost the first client a second and save a twentieth of the bytes. */
const BROTLI_QUALITY = 6

const brotli = promisify(brotliCompress)
const compressors = {
  br: (bytes: Uint8Array) => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: promisify(gzip),
}

export type AppAssets = ReturnType<typeof createAppAssets>

/**
 * @param directory the output of the tab's build; without it there are no assets
 * @param frameSource the app may frame pages of it
 */
export function createAppAssets(directory = '', frameSource?: string) {
  const appHeaders = withFramesOf(frameSource, APP_HEADERS)
  const headersFor = (path: string, bytes: Uint8Array) => {
    if (path.startsWith(LIBRARY_FOLDER)) return LIBRARY_HEADERS
    if (!path.endsWith('.html')) return appHeaders
    if (!path.startsWith('/assets/')) return withInlinesOf(new TextDecoder().decode(bytes), appHeaders)
    return path.startsWith('/assets/pdf-frame-') ? PDF_FRAME_HEADERS : APP_FRAME_HEADERS
  }
  /** By path, with a slash in front. Never changed. */
  const assets = new Map<string, Asset>()
  const entries = existsSync(directory) ? readdirSync(directory, { recursive: true, withFileTypes: true }) : []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = new Uint8Array(readFileSync(file))
    const path = file.slice(directory.replace(/[/\\]$/, '').length).replaceAll(sep, '/')
    assets.set(path, {
      bytes,
      headers: headersFor(path, bytes),
      type: TYPES[extname(entry.name)] ?? 'application/octet-stream',
      tag: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
      encoded: new Map(),
    })
  }
  const libraryIntegrity: ReadonlyMap<string, string> = new Map(
    [...assets]
      .filter(([path]) => path.startsWith(LIBRARY_FOLDER))
      .map(([path, { bytes }]) => [path, `sha384-${createHash('sha384').update(bytes).digest('base64')}`]),
  )

  const text = (path: string): string | null => {
    const asset = assets.get(path)
    return asset === undefined ? null : new TextDecoder().decode(asset.bytes)
  }

  return {
    /** The text of a page template; null when the tab is not built. */
    text,
    /** The build of the app, by which an open tab notices that the gateway has a newer one; undefined when the tab is not built. */
    build: /<html[^>]* data-build="([0-9a-f]+)"/.exec(text('/index.html') ?? '')?.[1],
    /** The value of `integrity` by path, of each file of the library; empty when it is not built. @see https://www.w3.org/TR/sri-2/ */
    libraryIntegrity,
    /** Answers with a file; null when there is none. */
    async answer(path: string, incoming: GatewayRequest): Promise<Response | null> {
      const asset = assets.get(path)
      if (asset === undefined) return null
      const headers: Record<string, string> = {
        ...asset.headers,
        'content-type': asset.type,
        'cache-control': hasHashInName(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
        etag: `W/"${asset.tag}"`,
        vary: 'Accept-Encoding',
      }
      if (checkPreconditions(incoming.request.headers, asset.tag) === 'not-modified') return new Response(null, { status: 304, headers })
      const encoding = chooseEncoding(incoming.request.headers.get('accept-encoding'), asset)
      const bytes = encoding === null ? asset.bytes : await encodedBytes(asset, encoding)
      if (encoding !== null) headers['content-encoding'] = encoding
      headers['content-length'] = String(bytes.byteLength)
      return new Response(incoming.request.method === 'HEAD' ? null : bytes, { headers })
    },
  }
}

/** A file with its hash in its name never changes. */
function hasHashInName(path: string): boolean {
  return path.startsWith('/assets/') || (path.startsWith(LIBRARY_FOLDER) && path !== LIBRARY_PATH)
}

function chooseEncoding(accepted: string | null, asset: Asset): Encoding | null {
  if (accepted === null || asset.bytes.byteLength < MIN_COMPRESSED_BYTES || !COMPRESSIBLE.test(asset.type)) return null
  const names = accepted
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(?:\.0*)?\s*$/.test(part))
    .map((part) => part.split(';')[0]?.trim())
  if (names.includes('br')) return 'br'
  return names.includes('gzip') ? 'gzip' : null
}

function encodedBytes(asset: Asset, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const known = asset.encoded.get(encoding)
  if (known !== undefined) return known
  const made = compressors[encoding](asset.bytes).then((buffer) => new Uint8Array(buffer))
  asset.encoded.set(encoding, made)
  return made
}

/** Answers with the app, and with problems for all paths that are no address. */
export function createAppAnswers(assets: AppAssets) {
  async function home(incoming: GatewayRequest): Promise<Response> {
    const page = await assets.answer('/index.html', incoming)
    if (page !== null) return page
    const body =
      '<p>This node runs, but its app is not built. Build it with <code>npm run build</code> and start the node again.</p>' +
      '<p>Reading works without it: open <code>/&lt;hash&gt;</code>, or hold a file with <code>mayfly hold FILE</code>.</p>'
    return new Response(renderPlainPage({ title: 'mayfly', body }), { headers: plainPageHeaders('nobody') })
  }

  /** The page of a share that somebody else offers: the same, and it names what such a page loads. */
  const receive = async (incoming: GatewayRequest) => (await assets.answer('/receive.html', incoming)) ?? home(incoming)

  return {
    home,
    receive,
    /** A page of the app under `/app/`, or a file there or under `/assets/`. */
    async file(incoming: GatewayRequest): Promise<Response> {
      if (APP_SHARE.test(incoming.path)) return receive(incoming)
      if (APP_PAGE.test(incoming.path)) return home(incoming)
      const answer = await assets.answer(incoming.path, incoming)
      if (answer !== null) return answer
      throw problemError(404, 'ERR_NOT_FOUND', 'The app has no such file.')
    },
    /** Answers what another app shares, and no service worker took: it was removed, or this is no browser that has the app. */
    missedShare({ path }: GatewayRequest): Response {
      if (path !== '/app/share')
        throw problemError(405, 'ERR_METHOD', 'POST is not allowed here.', { headers: { allow: 'GET, HEAD, OPTIONS' } })
      return new Response(null, { status: 303, headers: { ...APP_HEADERS, location: '/app/share?missed=worker' } })
    },
    /** Answers files at the root of the app (an icon, robots.txt), and all paths that are no address. */
    async elsewhere(incoming: GatewayRequest): Promise<Response> {
      const { path, request } = incoming
      if (/^\/[a-z0-9-]+\.(?!html)[a-z]+$/.test(path)) {
        const file = await assets.answer(path, incoming)
        if (file !== null) return file
      }
      if (path.startsWith('/routing/')) {
        throw problemError(
          501,
          'ERR_NOT_IMPLEMENTED',
          'This gateway serves only GET /routing/v1/providers/CID of the delegated routing API.',
        )
      }
      if (/^\/(?:api|to|ipfs|ipns)\//.test(path)) {
        throw problemError(404, 'ERR_NOT_FOUND', `There is no ${path} here.`)
      }
      requireReadMethod(request.method)
      throw badAddress(path, 'it is not 64 lower-case hex digits')
    },
  }
}

/**
 * Sniffs the media type of content from its bytes alone: no declared type is kept with content. Text is recognized first, since a magic
 * number may be as short as two letters (a page that begins with "BM" is no bitmap).
 *
 * The result is never a script or style type. With `nosniff`, held bytes can then never run as a script, a worker or a style of our own pages, or
 * of pages in the sandbox. Pages of other origins get such a type by `typeForPage`.
 */

import { fileTypeFromBuffer } from 'file-type'
import { BUNDLE_MEDIA_TYPE, type BundleEntry, isBundle, isSealed, mediaTypeOf, SEALED_MEDIA_TYPE } from '../../node/index.ts'

export interface ContentType {
  /** Value of the Content-Type header. */
  type: string
  /** File name extension, without a dot. */
  extension: string
}

const OCTETS: ContentType = { type: 'application/octet-stream', extension: 'bin' }
export const PLAIN: ContentType = { type: 'text/plain; charset=utf-8', extension: 'txt' }
const HTML: ContentType = { type: 'text/html; charset=utf-8', extension: 'html' }
const XHTML: ContentType = { type: 'application/xhtml+xml; charset=utf-8', extension: 'xhtml' }
const SVG: ContentType = { type: 'image/svg+xml; charset=utf-8', extension: 'svg' }
const XML: ContentType = { type: 'application/xml; charset=utf-8', extension: 'xml' }
/** @see ../node/content/WIRE.md (bundles) */
export const BUNDLE_TYPE: ContentType = { type: BUNDLE_MEDIA_TYPE, extension: 'bundle' }
/** @see ../node/content/PRIVATE.md */
export const SEALED_TYPE: ContentType = { type: SEALED_MEDIA_TYPE, extension: 'private' }
const PDF: ContentType = { type: 'application/pdf', extension: 'pdf' }

/** Bytes that text never has. @see https://mimesniff.spec.whatwg.org/#binary-data-byte */
const BINARY_CHARACTER = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f]/
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:; ?[a-z0-9-]+="?[a-z0-9.,-]+"?)*$/i

/** Elements that a page, or a fragment of one, begins with. @see https://html.spec.whatwg.org/#elements-3 */
const HTML_ELEMENTS = new Set(
  `a abbr address article aside audio b base blockquote body br button canvas center cite code dd details dialog div dl dt em
  embed fieldset figcaption figure font footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins
  kbd label legend li link main map mark marquee menu meta meter nav noscript object ol p picture pre progress q s samp script
  search section select small source span strong style sub summary sup svg table tbody td template textarea tfoot th thead time
  title tr tt u ul var video`.split(/\s+/),
)

/** How much text is searched for the first element, in characters: comments may stand before it. */
const HEAD_CHARS = 16_384

/** The first bytes that are read of content that is not in memory. */
export const SNIFFED_BYTES = 65_536

/** @param isWhole false when `bytes` are only the first ones */
export async function sniffContentType(bytes: Uint8Array, isWhole = true): Promise<ContentType> {
  if (isBundle(bytes)) return BUNDLE_TYPE
  if (isSealed(bytes)) return SEALED_TYPE
  const text = decodeUtf8(bytes, isWhole)
  if (text !== null && !BINARY_CHARACTER.test(text)) return sniffText(text)
  const binary = await sniffMagicNumber(bytes)
  if (binary !== null) return binary
  // A stray control character is allowed in text; a NUL means binary data.
  return text !== null && !text.includes('\0') ? PLAIN : OCTETS
}

/** True for types that a browser can show in a frame without a script of ours. */
export function isDisplayable(type: string): boolean {
  return /^(?:text|image|audio|video)\/|^application\/(?:xhtml\+)?xml/.test(type)
}

function decodeUtf8(bytes: Uint8Array, isWhole: boolean): string | null {
  try {
    // The last character of the first bytes may be incomplete: `stream` allows that.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !isWhole })
  } catch {
    return null
  }
}

async function sniffMagicNumber(bytes: Uint8Array): Promise<ContentType | null> {
  try {
    const found = await fileTypeFromBuffer(bytes)
    if (found === undefined || !MEDIA_TYPE.test(found.mime) || found.mime.startsWith('text/')) return null
    return { type: found.mime, extension: found.ext }
  } catch {
    return null // bytes made to confuse the parser
  }
}

function sniffText(text: string): ContentType {
  if (text.startsWith('%PDF-')) return PDF
  let rest = text.slice(0, HEAD_CHARS).trimStart()
  const declaration = rest.startsWith('<?xml') ? rest.indexOf('?>') : -1
  if (declaration !== -1) rest = rest.slice(declaration + 2).trimStart()
  const comment = rest.startsWith('<!--')
  rest = withoutComments(rest)
  if (/^<!doctype\s+html\b/i.test(rest)) return HTML
  if (/^<!doctype\s+svg\b/i.test(rest)) return SVG
  const root = /^<([a-z][a-z0-9]*)(?=[\s/>])([^>]*)/i.exec(rest)
  const name = root?.[1]?.toLowerCase() ?? ''
  if (name === 'svg' && root?.[2]?.includes('http://www.w3.org/2000/svg')) return SVG
  if (declaration !== -1) return name === 'html' ? XHTML : XML
  return HTML_ELEMENTS.has(name) || comment ? HTML : PLAIN
}

function withoutComments(text: string): string {
  let rest = text
  while (rest.startsWith('<!--')) {
    const end = rest.indexOf('-->', 4)
    if (end === -1) return ''
    rest = rest.slice(end + 3).trimStart()
  }
  return rest
}

/** The types of the parts of a site, without those that change how other parts are read (`multipart/…`). */
const HARMLESS =
  /^(?:(?:image|audio|video|font|model)\/[\w.+-]+|text\/(?:html|plain|css|javascript|csv|markdown|vtt|xml|calendar)|application\/(?:json|manifest\+json|pdf|wasm|xml|xhtml\+xml|zip|gzip|octet-stream|rtf|epub\+zip|geo\+json|ld\+json|rss\+xml|atom\+xml|ogg|x-tar|x-7z-compressed|vnd\.[\w.+-]+))$/

/** Types that run in the page that loads them, or change it. */
const ACTIVE = /^(?:text\/(?:css|javascript)|application\/wasm)\b/

/**
 * The media type of a file in a bundle. The author's type counts if it is harmless in the sandbox of held bytes. Otherwise the type of the
 * file's name counts where the bytes look like text, and at last the type of the bytes.
 *
 * @param sniffed the type that the bytes look like
 */
export function entryType({ path, type }: Pick<BundleEntry, 'path' | 'type'>, sniffed: string): string {
  const said = type.toLowerCase()
  if (said === 'application/javascript' || said === 'application/x-javascript') return withCharset('text/javascript')
  if (HARMLESS.test(said)) return withCharset(said)
  const named = mediaTypeOf(path)
  return HARMLESS.test(named) && sniffed.startsWith('text/') ? withCharset(named) : sniffed
}

/**
 * The type for this request. A same-origin request comes from the app, since pages in the sandbox have no origin. No stranger's file may be
 * the app's script or style, so it gets plain text.
 */
export function typeFor(headers: Headers, type: string): string {
  return ACTIVE.test(type) && headers.get('sec-fetch-site') === 'same-origin' ? 'text/plain; charset=utf-8' : type
}

/**
 * The type of text, for a page of another origin that loads it as its script or style with `integrity`: what it is by the request, or by the name
 * in the link where the browser does not say (on plain http). Undefined for any other page; those in the sandbox send the origin `null`.
 *
 * @param isForeign true when the request names an origin that is not ours
 */
export function typeForPage(headers: Headers, isForeign: boolean, filename: string | null): string | undefined {
  if (!isForeign || headers.get('origin') === 'null') return undefined
  const destination = headers.get('sec-fetch-dest')
  if (destination === 'script') return withCharset('text/javascript')
  if (destination === 'style') return withCharset('text/css')
  const named = mediaTypeOf(filename ?? '')
  return /^text\/(?:css|javascript)$/.test(named) ? withCharset(named) : undefined
}

function withCharset(type: string): string {
  return /^text\/|\+xml$|\/xml$/.test(type) ? `${type}; charset=utf-8` : type
}

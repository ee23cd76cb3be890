/**
 * The media type of a file in a bundle. The author's type counts if it is harmless in the sandbox of held bytes. Otherwise the type of the
 * file's name counts where the bytes look like text, and at last the type of the bytes.
 */

import { type BundleEntry, mediaTypeOf } from '../../node/index.ts'

/** The types of the parts of a site, without those that change how other parts are read (`multipart/…`). */
const HARMLESS =
  /^(?:(?:image|audio|video|font|model)\/[\w.+-]+|text\/(?:html|plain|css|javascript|csv|markdown|vtt|xml|calendar)|application\/(?:json|manifest\+json|pdf|wasm|xml|xhtml\+xml|zip|gzip|octet-stream|rtf|epub\+zip|geo\+json|ld\+json|rss\+xml|atom\+xml|ogg|x-tar|x-7z-compressed|vnd\.[\w.+-]+))$/

/** Types that run in the page that loads them, or change it. */
const ACTIVE = /^(?:text\/(?:css|javascript)|application\/wasm)\b/

/** @param sniffed the type that the bytes look like */
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

function withCharset(type: string): string {
  return /^text\/|\+xml$|\/xml$/.test(type) ? `${type}; charset=utf-8` : type
}

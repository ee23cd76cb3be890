/**
 * The media type of a file in a bundle. Its author's word counts where it can do no harm in the sandbox that all held bytes are in;
 * otherwise the bytes are asked, and last the name.
 */

import { type BundleEntry, mediaTypeOf } from '../../node/index.ts'

/** What a site is made of. Kinds that change how other parts are taken (`multipart/…`) are not among them. */
const HARMLESS =
  /^(?:(?:image|audio|video|font|model)\/[\w.+-]+|text\/(?:html|plain|css|javascript|csv|markdown|vtt|xml|calendar)|application\/(?:json|manifest\+json|pdf|wasm|xml|xhtml\+xml|zip|gzip|octet-stream|rtf|epub\+zip|geo\+json|ld\+json|rss\+xml|atom\+xml|ogg|x-tar|x-7z-compressed|vnd\.[\w.+-]+))$/

/** Types that would run in, or change, the page that asked for them. */
const ACTIVE = /^(?:text\/(?:css|javascript)|application\/wasm)\b/

/** @param sniffed what the bytes look like */
export function entryType({ path, type }: Pick<BundleEntry, 'path' | 'type'>, sniffed: string): string {
  const said = type.toLowerCase()
  if (said === 'application/javascript' || said === 'application/x-javascript') return withCharset('text/javascript')
  if (HARMLESS.test(said)) return withCharset(said)
  const named = mediaTypeOf(path)
  return HARMLESS.test(named) && sniffed.startsWith('text/') ? withCharset(named) : sniffed
}

/**
 * The type as this request may have it. Pages in the sandbox have no origin, so their requests come from another one; what comes from
 * our own origin is the app, and no file of a stranger's may be its script or its style.
 */
export function typeFor(headers: Headers, type: string): string {
  return ACTIVE.test(type) && headers.get('sec-fetch-site') === 'same-origin' ? 'text/plain; charset=utf-8' : type
}

function withCharset(type: string): string {
  return /^text\/|\+xml$|\/xml$/.test(type) ? `${type}; charset=utf-8` : type
}

/**
 * Whether a browser asks for a page to show to a person. The Accept header does not tell: download programs name HTML, too, and take any
 * answer with 200 for the file.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header and https://www.w3.org/TR/upgrade-insecure-requests/#preference
 */

/** Varied answers name these headers. */
export const NAVIGATION_HEADERS = 'Sec-Fetch-Dest, Upgrade-Insecure-Requests'

const FRAMES: ReadonlySet<string> = new Set(['iframe', 'frame', 'embed', 'object'])

/**
 * True when a browser navigates to the address itself (a link, the address bar), and gets the viewer. A frame, an image or a fetch of the
 * same address gets the bytes. On plain http from another machine browsers send no Sec-Fetch-Dest, but Upgrade-Insecure-Requests (Chromium
 * 156, Firefox ESR 153 and WebKitGTK 2.50 with every navigation, frames included).
 */
export function isNavigation(headers: Headers): boolean {
  const destination = headers.get('sec-fetch-dest')
  return destination === null ? headers.get('upgrade-insecure-requests') === '1' : destination === 'document'
}

/** True when a person sees the answer: by a navigation, or in a frame. */
export function isShown(headers: Headers): boolean {
  return isNavigation(headers) || FRAMES.has(headers.get('sec-fetch-dest') ?? '')
}

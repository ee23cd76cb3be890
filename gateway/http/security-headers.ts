/** All security headers: they isolate held pages, which strangers wrote, from the app, its storage and its API. */

import { createHash } from 'node:crypto'

/**
 * The sandbox of a held page. Left out on purpose: `allow-same-origin` (the page would be the app), `allow-top-navigation` (it could replace
 * the viewer), `allow-popups-to-escape-sandbox` (its windows would have no sandbox), `allow-modals` (a dialog would block the tab around it,
 * which would stop holding its content), `allow-downloads` (opening a page must not put a file on a disk).
 */
export const SANDBOX = 'allow-scripts allow-forms allow-popups'

/** Features for which the browser asks its user. A held page has no origin that the question could show. */
const NO_FEATURES = `camera clipboard-read display-capture geolocation hid idle-detection local-fonts local-network local-network-access
  loopback-network microphone midi payment serial usb window-management`.split(/\s+/)

/**
 * Connections of a held page: requests, and none that stay open as a websocket does. All frames of a browser may share its few connections to
 * one host (WebKitGTK 2.50). A policy cannot leave out one host.
 */
const CONNECTIONS = 'connect-src http: https: data: blob:'

/** For all held bytes. Every page may read, link and frame them: they have no origin, so they own nothing and reach nothing. */
export const HELD_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `sandbox ${SANDBOX}; ${CONNECTIONS}`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'cross-origin',
  'permissions-policy': NO_FEATURES.map((feature) => `${feature}=()`).join(', '),
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
}

/** For the pages of the app. A tab connects to nodes of other people, so connect-src is open; everything else is limited to our origin. */
export const APP_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss: http: https:; " +
    "media-src 'self' blob:; frame-src 'self' blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
    "frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * Headers that let a page have the scripts and styles that stand in its text.
 *
 * @param page ours, before any text of others is put into it
 */
export function withInlinesOf(page: string, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const hashesOf = (tag: 'script' | 'style') =>
    [...page.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(
      ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    )
  return addToPolicy(addToPolicy(headers, "script-src 'self'", hashesOf('script')), "style-src 'self'", hashesOf('style'))
}

/** Headers that let a page frame pages of a further source. */
export function withFramesOf(source: string | undefined, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return addToPolicy(headers, "frame-src 'self'", source === undefined ? [] : [source])
}

function addToPolicy(headers: Readonly<Record<string, string>>, directive: string, sources: string[]): Readonly<Record<string, string>> {
  const policy = headers['content-security-policy']
  if (policy === undefined) return headers
  return { ...headers, 'content-security-policy': policy.replace(directive, [directive, ...sources].join(' ')) }
}

/**
 * For pages of the app that show bytes which the tab has already. The app frames them, and they are in a sandbox even without a frame. Their
 * own policy allows scripts by hash. The addresses in a text open another tab, which is in no sandbox; the frame of a page allows none.
 */
export const APP_FRAME_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * For the page of the app that frames a PDF, of which the browser's own viewer shows a Blob. No script runs in it. It is in no sandbox, in which
 * no viewer starts, and the Blob inherits this policy.
 */
export const PDF_FRAME_HEADERS: Readonly<Record<string, string>> = {
  ...APP_FRAME_HEADERS,
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}

/** For the library's files, which pages of every origin import. */
export const LIBRARY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
}

/** For public answers to programs: every page may read them. */
export const PUBLIC_DATA_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
}

/** For answers to programs that pages of other origins may not read. */
export const OWN_DATA_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** The headers that keep held pages, which strangers wrote, apart from the app, its storage and its API. One place for all of them. */

/**
 * What a held page may do in its sandbox. Left out on purpose: `allow-same-origin` (it would be the app), `allow-top-navigation`
 * (it would replace the viewer), `allow-popups-to-escape-sandbox` (a window of its own would be free), `allow-modals` (a dialog
 * would stop the tab around it, and with it what that tab holds), `allow-downloads` (a visit must not put a file on a disk).
 */
export const SANDBOX = 'allow-scripts allow-forms allow-popups'

/** Features that ask a person for something. A held page has no name that the question could honestly show. */
const NO_FEATURES = `camera clipboard-read display-capture geolocation hid idle-detection local-fonts local-network local-network-access
  loopback-network microphone midi payment serial usb window-management`.split(/\s+/)

/**
 * On all held bytes. Anybody may read, link and frame them: they have no origin of their own, so there is nothing to steal from
 * them and nothing they can reach.
 */
export const HELD_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `sandbox ${SANDBOX}`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'cross-origin',
  'permissions-policy': NO_FEATURES.map((feature) => `${feature}=()`).join(', '),
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
}

/** On the pages of the app. A tab speaks to nodes of other people: connect-src is open, everything else is ours alone. */
export const APP_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss: http: https:; " +
    "media-src 'self' blob:; frame-src 'self' blob:; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * On pages of the app that show bytes which are in the tab already: framed by the app, and in a sandbox even when they are not. What
 * may run in them they say themselves, by hash.
 */
export const APP_FRAME_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "sandbox allow-scripts; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** On answers for programs. Readable by every page, since they say nothing that is not public. */
export const PUBLIC_DATA_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
}

/** On answers for programs that pages of other origins may not read. */
export const OWN_DATA_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

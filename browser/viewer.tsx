/**
 * Starts the app on the page of one hash, with the state that the gateway wrote into the document. The document is complete without it, so the
 * app is loaded after the content's frame: on a phone, compiling it took longer than everything else until the page was on screen.
 *
 * The script in the document adds a second entry to the history of a window that had none: Firefox (153) lets a page in a frame close the window
 * around it while that shows its first page, although the frame's sandbox forbids it. It is no module, and in front of the style sheet, since it
 * has to run before the frame loads.
 *
 * @see https://html.spec.whatwg.org/multipage/nav-history-apis.html#script-closable
 */

import { delay } from '../node/async/delay.ts'
import type { ServedState } from './visit/types.ts'

/** The longest wait for the frame: a page may go on loading for as long as it likes. */
const FRAME_MS = 500

const SERVED_STATES: readonly string[] = ['found', 'gone', 'unavailable', 'offline'] satisfies ServedState[]

const state = document.body.dataset.state ?? ''
const frame = document.querySelector<HTMLIFrameElement>('#content')
if (frame && performance.getEntriesByName(frame.src).length === 0) {
  await Promise.race([new Promise((resolve) => frame.addEventListener('load', resolve, { once: true })), delay(FRAME_MS)])
}
const { mountTab } = await import('./app/mount.tsx')
mountTab(SERVED_STATES.includes(state) ? (state as ServedState) : undefined)

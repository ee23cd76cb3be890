/** Starts the app on the page of one hash, with the state that the gateway wrote into the document. */

import { mountTab } from './app/mount.tsx'
import type { ServedState } from './visit/types.ts'

const SERVED_STATES: readonly string[] = ['found', 'gone', 'unavailable', 'offline'] satisfies ServedState[]

const state = document.body.dataset.state ?? ''
mountTab(SERVED_STATES.includes(state) ? (state as ServedState) : undefined)

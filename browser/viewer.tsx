/** Starts the app on the page of one hash, with what the gateway wrote into the document. */

import { mountTab } from './app/mount.tsx'
import type { ServedPage, ServedState } from './visit/types.ts'

const SERVED_STATES: readonly string[] = ['found', 'gone', 'unavailable', 'offline'] satisfies ServedState[]
/** Media types that only this app knows: a bundle, or private content. */
const OWN_TYPE = /^application\/vnd\.mayfly\./

function readServed({ state = '', size, type = '' }: DOMStringMap): ServedPage | undefined {
  if (!SERVED_STATES.includes(state)) return undefined
  const served = { state: state as ServedState }
  return state === 'found' && size && !OWN_TYPE.test(type) ? { ...served, facts: { size: Number(size), type } } : served
}

mountTab(readServed(document.body.dataset))

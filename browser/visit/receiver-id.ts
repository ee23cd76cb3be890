/** The receiver that this browser is to the sharers of shares. The first script of a page reads it, too, and stands in the document: it is small. */

import { fromBase64, toBase64 } from '../text/base64.ts'

const RECEIVERS_ITEM = 'mayfly:receivers'
/** The newest are kept. */
const MAX_RECEIVERS = 64
const RECEIVER_BYTES = 16

/**
 * Tells which receiver this browser is of that share: the same at each visit, so that a share for one person counts it once. It says nothing at
 * other shares.
 *
 * @param store local storage
 * @param greeted as the first script has said hello at this visit: goes on where nothing could be stored
 */
export function receiverIdOf(store: Pick<Storage, 'getItem' | 'setItem'> | undefined, share: string, greeted?: Uint8Array): Uint8Array {
  const known = readReceivers(store)
  const before = known.find(([id]) => id === share)
  if (before) return fromBase64(before[1])
  const fresh = greeted ?? crypto.getRandomValues(new Uint8Array(RECEIVER_BYTES))
  try {
    store?.setItem(RECEIVERS_ITEM, JSON.stringify([...known, [share, toBase64(fresh)]].slice(-MAX_RECEIVERS)))
  } catch {
    // After a reload this browser is another receiver.
  }
  return fresh
}

function readReceivers(store: Pick<Storage, 'getItem'> | undefined): [share: string, receiver: string][] {
  try {
    const found: unknown = JSON.parse(store?.getItem(RECEIVERS_ITEM) ?? '[]')
    if (!Array.isArray(found)) return []
    return found.filter(
      (each): each is [string, string] => Array.isArray(each) && fromBase64(String(each[1])).byteLength === RECEIVER_BYTES,
    )
  } catch {
    return []
  }
}

/** The receiver as which the first script of this document has said hello to that share. Undefined where it has not. */
export function greetedAs(share: string): Uint8Array | undefined {
  const { socket, greeting } = globalThis.mayflyFirstSocket ?? {}
  return socket?.url.endsWith(`/s/${share}/first`) ? greeting?.receiver : undefined
}

/** Undefined where the browser gives none. */
export function localStore(): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}

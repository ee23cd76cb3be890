/**
 * The websocket of a first stage. The first script of a document opens it, before the page's modules are here, and sends the key of this end: the
 * gateway finds the sharer meanwhile, and both ends have each other's key when the modules can use it. It stands in the document as text, so it
 * imports next to nothing.
 */

import { createFirstKeys, encodeFirstKey, type FirstKeys } from './first-keys.ts'

/** Offered in the handshake, since a node of before would take the websocket for one of its overlay: it does not answer with this. */
export const SHARE_SUBPROTOCOL = 'mayfly-share-first-1'

/** Messages that may come before the page takes the socket over: a sharer says one, and waits for the page's key. */
const MAX_EARLY = 4

export interface FirstSocket {
  socket: WebSocket
  /** Messages that have come, in order. Bounded: MAX_EARLY. */
  messages: unknown[]
  /** Of this end: its public key is the first message on the socket. */
  keys: Promise<FirstKeys>
}

declare global {
  /** Opened by the first script of the document, and not taken over yet. */
  var mayflyFirstSocket: FirstSocket | undefined
}

/** @param gateway its URL @param id of the share, in text form */
function openFirstSocket(gateway: string, id: string): FirstSocket {
  const socket = new WebSocket(addressOf(gateway, id), SHARE_SUBPROTOCOL)
  socket.binaryType = 'arraybuffer'
  const keys = createFirstKeys()
  const opened = new Promise((resolve) => socket.addEventListener('open', resolve))
  // A node of before would take it for a message of its overlay.
  const sendKey = ([own]: [FirstKeys, unknown]) => socket.protocol === SHARE_SUBPROTOCOL && socket.send(encodeFirstKey(own))
  Promise.all([keys, opened]).then(sendKey, () => {}) // the page hears why there are none
  return { socket, messages: [], keys }
}

const addressOf = (gateway: string, id: string) => new URL(`/s/${id}/first`, gateway.replace(/^http/, 'ws')).href

/** Opens it for the page that comes, which takes it over: it sends nothing before but its key, which is of this visit alone. */
export function openEarlySocket(gateway: string, id: string): void {
  const early = openFirstSocket(gateway, id)
  early.socket.onmessage = ({ data }) => {
    if (early.messages.push(data) > MAX_EARLY) early.socket.close()
  }
  globalThis.mayflyFirstSocket = early
}

/** The one that was opened early, where it is for this share; else a new one. It may be open, and may have ended. */
export function takeFirstSocket(gateway: string, id: string): FirstSocket {
  const early = globalThis.mayflyFirstSocket
  globalThis.mayflyFirstSocket = undefined
  if (early === undefined) return openFirstSocket(gateway, id)
  early.socket.onmessage = null
  if (early.socket.url === addressOf(gateway, id)) return early
  early.socket.close()
  return openFirstSocket(gateway, id)
}

/** Closes the one that was opened early and that no visit takes over. */
export function dropEarlySocket(): void {
  globalThis.mayflyFirstSocket?.socket.close()
  globalThis.mayflyFirstSocket = undefined
}

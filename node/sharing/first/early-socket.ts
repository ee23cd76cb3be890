/**
 * The websocket of a first stage. The first script of a document opens it, before the page's modules are here, and sends the key of this end: the
 * gateway finds the sharer meanwhile. As soon as the sharer's key is here it says hello, so that the list may be here when the modules can show it.
 * It stands in the document as text, so it imports next to nothing.
 */

import { encodeFirstHello, type FirstGreeting, type FirstVisitor, readFirstLink } from './first-hello.ts'
import { createFirstKeys, encodeFirstKey, type FirstKeys } from './first-keys.ts'
import { decodeFirstKey, type FirstSession, openFirstSession } from './session.ts'

/** Offered in the handshake, since a node of before would take the websocket for one of its overlay: it does not answer with this. */
export const SHARE_SUBPROTOCOL = 'mayfly-share-first-1'

/**
 * Messages that may come before the page takes the socket over: the sharer's key, its welcome, and the pages of its list. For a longer list, and one
 * that grows while the page is on a slow line, the page opens its own.
 */
const MAX_EARLY = 64
const RECEIVER_BYTES = 16

/** The receiver as the page says it: undefined where any will do. */
export type PageVisitor = Pick<FirstVisitor, 'label'> & { receiver?: Uint8Array | undefined }

export interface FirstSocket {
  socket: WebSocket
  /** Messages that have come, in order. Bounded: MAX_EARLY. */
  messages: unknown[]
  /** Of this end: its public key is the first message on the socket. */
  keys: Promise<FirstKeys>
  /** Undefined while the sharer's key is not here: then the page says hello. */
  greeting?: FirstGreeting
  /** More has come than is kept: it was closed here, and lacks messages. */
  hasOverflowed?: boolean
}

declare global {
  /** Opened by the first script of the document, and not taken over yet. */
  var mayflyFirstSocket: FirstSocket | undefined
}

/** @param gateway its URL @param id of the share, in text form */
function openFirstSocket(gateway: string, id: string): FirstSocket & { isSent: Promise<unknown> } {
  const socket = new WebSocket(addressOf(gateway, id), SHARE_SUBPROTOCOL)
  socket.binaryType = 'arraybuffer'
  const keys = createFirstKeys()
  const opened = new Promise((resolve) => socket.addEventListener('open', resolve))
  // A node of before would take it for a message of its overlay.
  const sendKey = ([own]: [FirstKeys, unknown]) => socket.protocol === SHARE_SUBPROTOCOL && socket.send(encodeFirstKey(own))
  const isSent = Promise.all([keys, opened]).then(sendKey)
  isSent.catch(() => {}) // the page hears why there are none
  return { socket, messages: [], keys, isSent }
}

const addressOf = (gateway: string, id: string) => new URL(`/s/${id}/first`, gateway.replace(/^http/, 'ws')).href

/**
 * Opens it for the page that comes, which takes it over. It sends nothing before but its key, which is of this visit alone, and its hello: that
 * shows it the list, and uses nothing up.
 *
 * @param secret the text behind the number sign of the link @param findVisitor as the page will say it, called once the
 * sharer's key is here; a new receiver without a label when left out
 */
export function openEarlySocket(gateway: string, id: string, secret: string, findVisitor: () => FirstVisitor = createVisitor): void {
  const early = openFirstSocket(gateway, id)
  const { socket, messages } = early
  const leave = () => socket.close()
  socket.onmessage = ({ data }) => {
    if (messages.push(data) > MAX_EARLY) {
      early.hasOverflowed = true
      return leave()
    }
    if (early.greeting !== undefined) return
    try {
      const key = decodeFirstKey(new Uint8Array(data))
      const visitor = findVisitor()
      const session = greet(early, key, readFirstLink(id, secret), visitor)
      session.catch(leave)
      early.greeting = { ...visitor, session }
    } catch {
      leave()
    }
  }
  globalThis.mayflyFirstSocket = early
}

const createVisitor = () => ({ receiver: crypto.getRandomValues(new Uint8Array(RECEIVER_BYTES)), label: '' })

async function greet(
  { socket, keys, isSent }: Pick<FirstSocket, 'socket' | 'keys'> & { isSent: Promise<unknown> },
  key: Uint8Array,
  reading: ReturnType<typeof readFirstLink>,
  visitor: FirstVisitor,
): Promise<FirstSession> {
  const [link, own] = await Promise.all([reading, keys, isSent])
  const session = await openFirstSession('receiver', own, key, link)
  socket.send((await session.seal(await encodeFirstHello(link, session.ends, visitor))) as Uint8Array<ArrayBuffer>)
  return session
}

/**
 * The one that was opened early, where it is for this share, for this receiver if it has said hello, and has all that came; else a new one. It may be
 * open, and may have been ended by the gateway.
 */
export function takeFirstSocket(gateway: string, id: string, visitor: PageVisitor): FirstSocket {
  const early = globalThis.mayflyFirstSocket
  globalThis.mayflyFirstSocket = undefined
  if (early === undefined) return openFirstSocket(gateway, id)
  early.socket.onmessage = null
  const isWhole = early.hasOverflowed !== true
  if (isWhole && early.socket.url === addressOf(gateway, id) && isSame(early.greeting, visitor)) return early
  early.socket.close()
  return openFirstSocket(gateway, id)
}

function isSame(greeting: FirstGreeting | undefined, { receiver, label }: PageVisitor): boolean {
  if (greeting === undefined) return true
  return greeting.label === label && (receiver === undefined || receiver.join() === greeting.receiver.join())
}

/** Closes the one that was opened early and that no visit takes over. */
export function dropEarlySocket(): void {
  globalThis.mayflyFirstSocket?.socket.close()
  globalThis.mayflyFirstSocket = undefined
}

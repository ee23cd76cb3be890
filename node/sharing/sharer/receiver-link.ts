/** One connection of a receiver to this peer's shares: its hello, its password, what it takes and how far it is. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createTimeout, onAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Signalling } from '../../network/index.ts'
import type { Way, Ways } from '../../people/index.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import { decodeShareFrame, encodeShareFrame, MAX_FRAME_BYTES, outOfPlace, type ShareFrame } from '../format/share-frames.ts'
import type { ShareCode, ShareWay } from '../types.ts'

/** How long a receiver may take to say hello, in ms. */
const HELLO_MS = 10_000
/** A page of the list and some answers wait for their reader: more is sent when there is room. */
const MAX_UNSENT_BYTES = 4_194_304

export type Hello = Extract<ShareFrame, { type: 'hello' }>

/** The sharer's end of a connection. */
export interface ReceiverLink {
  readonly peer: string
  /** The name of this end in proofs, where it is not its peer id: in a first stage. */
  readonly self?: string | undefined
  readonly way: ShareWay
  readonly isOpen: boolean
  /** True while there is a place for a direct connection to this receiver, and none yet. */
  readonly mayOffer: boolean
  /** Offers it over this connection, which tells the receiver this peer's addresses. */
  offer(): void
  send(frame: ShareFrame): void
  /** Resolves when there is room to send more; false when it has ended. */
  writable(): Promise<boolean>
  /** Says that it is over, and closes. */
  end(code: ShareCode): void
  close(): void
  /** Closes since this peer stops: a first stage that is closed otherwise tells that the sharer stays. */
  leave(): void
}

/** The share's side of the conversation with one receiver. */
export interface Conversation {
  password(text: string): void
  take(entries: readonly number[] | undefined): void
  progress(reports: readonly (readonly [entry: number, bytes: number])[]): void
  saved(entry: number): void
  way(way: ShareWay): void
  /** The entry, where the receiver has taken it and gets its key; undefined where it may have nothing of it. */
  given(entry: number): ListedEntry | undefined
  problem(text: string): void
  left(): void
}

/** The end of a first stage that its sharer adds to an ordinary way. */
export interface FirstStageEnd {
  /** See `ReceiverLink.self`. */
  self: string
  /** Sends a piece of what the receiver has taken. */
  give(entry: ListedEntry | undefined, piece: number | undefined, link: ReceiverLink): void
}

/**
 * Takes the way over, at once.
 *
 * @param greet judges a hello; undefined: it was refused
 */
export function serveReceiver(
  way: Way,
  ways: Pick<Ways, 'mayOpenDirect' | 'offerDirect'>,
  greet: (hello: Hello, link: ReceiverLink) => Conversation | undefined,
  firstStage?: FirstStageEnd,
): void {
  let conversation: Conversation | undefined
  let signalling: Signalling | undefined
  const late = createTimeout(HELLO_MS)
  const frames = way.createFrames({
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (frame) => take(decodeShareFrame(frame)),
    onEnd() {
      late.end()
      signalling?.end()
      conversation?.left()
    },
  })
  onAbort(late.signal, () => frames.abort(new MayflyError('ERR_TIMEOUT', 'No hello came')))

  const link: ReceiverLink = {
    peer: way.peer,
    self: firstStage?.self,
    way: way.kind,
    get isOpen() {
      return frames.open
    },
    get mayOffer() {
      return way.kind === 'relayed' && firstStage === undefined && signalling === undefined && ways.mayOpenDirect(way.peer)
    },
    offer() {
      signalling ??= ways.offerDirect(way.peer, (bytes) => link.send({ type: 'signal', bytes }))
    },
    send: (frame) => void frames.send(encodeShareFrame(frame)),
    writable: () => frames.writable(),
    end(code) {
      link.send({ type: 'ended', code })
      frames.close()
    },
    close: frames.close,
    leave: firstStage === undefined ? frames.close : () => frames.abort(new MayflyError('ERR_LEFT', 'The sharer stops')),
  }

  function take(frame: ShareFrame): void {
    if (conversation === undefined) {
      if (frame.type !== 'hello') throw outOfPlace(frame)
      late.end()
      conversation = greet(frame, link)
      if (conversation === undefined) frames.close()
      return
    }
    if (firstStage !== undefined && frame.type === 'want') {
      firstStage.give(conversation.given(frame.entry), frame.piece, link)
    } else if (frame.type === 'password' && firstStage === undefined) conversation.password(frame.password)
    else if (frame.type === 'take') conversation.take(frame.entries)
    else if (frame.type === 'progress') conversation.progress(frame.reports)
    else if (frame.type === 'saved') conversation.saved(frame.entry)
    else if (frame.type === 'way') conversation.way(frame.way)
    else if (frame.type === 'problem') conversation.problem(frame.text)
    else if (frame.type === 'signal' && signalling !== undefined) signalling.take(frame.bytes)
    else throw outOfPlace(frame)
  }
}

export const receiverOf = ({ receiver }: Hello): string => bytesToHex(receiver)

/** An inbound message stream, as the parts see it that serve it. */

import type { Connection, PeerId } from '@libp2p/interface'
import type { FrameStream } from '../../network/index.ts'
import type { Admission } from '../admission/admission.ts'
import type { MessageFrame } from '../protocol/wire.ts'
import type { OwnRouteContext } from './own-route.ts'
import type { Router } from './router.ts'
import type { ReceiptListener } from './seen-messages.ts'

/** Estimated weight of a waiting frame besides its envelope, in bytes. */
export const WAITING_BYTES = 256

export interface MessageServerContext
  extends Pick<OwnRouteContext, 'libp2p' | 'subscriptions' | 'seenMessages' | 'limits' | 'clock' | 'onRefused'> {
  router: Router
  admission: Admission
}

/** One inbound stream, for the parts that serve it. */
export interface ServedStream {
  readonly remote: PeerId
  readonly isOpen: boolean
  /** Gets the receipts of the messages that came on this stream. */
  readonly listener: ReceiptListener
  /** @param isPatient the frame may wait a little for another to go with */
  send(frame: MessageFrame, isPatient?: boolean): void
  /** Queues work of this stream. @param onFull called instead when too much waits; without it the stream is ended then */
  enqueue(bytes: number, work: () => unknown, onFull?: () => void, line?: string): void
  /** Stops or resumes reading: then frames wait with their sender. */
  setReading(isReading: boolean): void
  /** Counts a frame that no honest peer sends; the connection is ended when there are too many. */
  countForged(what: string): void
}

/** State that all streams of a server share. */
export interface ServerState {
  readonly counts: { tabTaps: number; passed: number; refused: number }
  /** Forged frames so far, by connection: a new stream does not start anew. */
  readonly forgeries: WeakMap<Connection, number>
  /** Open streams. Bounded: MAX_STREAMS for each connection. */
  readonly streams: Set<FrameStream>
}

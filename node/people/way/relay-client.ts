/** The asking end of the relay protocol: a stream to a home, or to the peer itself, that the other side has taken. */

import type { Connection, Stream } from '@libp2p/interface'
import { readFirstFrame, sendFirstFrame } from './first-frame.ts'
import {
  decodeRelayAnswer,
  encodeRelayRequest,
  RELAY_PROTOCOL,
  RELAY_WIRE_LIMITS,
  type RelayRefusal,
  type RelayRequest,
} from './relay-wire.ts'

/** The other side's answer was no. */
export class RelayRefused extends Error {
  override readonly name = 'RelayRefused'
  readonly reason: RelayRefusal

  constructor(reason: RelayRefusal) {
    super(REFUSAL_WORDS[reason])
    this.reason = reason
  }
}

const REFUSAL_WORDS: Readonly<Record<RelayRefusal, string>> = {
  'not-here': 'the peer is not connected to its home',
  unreachable: "the peer's home cannot be reached",
  full: 'the home hands on as many streams as it can',
  'too-many': 'one of the two peers has as many streams open as one peer may',
  rate: 'too many new streams in a short time',
  'no-protocol': 'the peer takes no streams of this kind',
  stranger: 'the node that was asked is not the home of this peer',
}

/** Streams of this protocol on one connection; the limits of each side are stricter. */
export const MAX_RELAY_STREAMS = 4_096

/**
 * A stream that the other side has connected. It is paused: whoever listens next resumes it.
 *
 * @throws {RelayRefused}
 * @throws signal.reason, when aborted first; else how the stream ended
 */
export async function openRelayStream(connection: Connection, request: RelayRequest, signal: AbortSignal): Promise<Stream> {
  const stream = await connection.newStream(RELAY_PROTOCOL, { signal, maxOutboundStreams: MAX_RELAY_STREAMS })
  try {
    sendFirstFrame(stream, encodeRelayRequest(request))
    const answer = decodeRelayAnswer(await readFirstFrame(stream, RELAY_WIRE_LIMITS.maxFrameBytes, signal))
    if (answer.type === 'refused') throw new RelayRefused(answer.reason)
    return stream
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

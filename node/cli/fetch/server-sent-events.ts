/** Reads a stream of server-sent events, as the package `eventsource-parser` understands it. */

import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { MayflyError } from '../../errors.ts'

/** Largest event, in characters: a count needs a few dozen; without a bound, a server could fill the memory with one line. */
const MAX_EVENT_LENGTH = 65_536

/**
 * Yields each event once its last line has arrived; comments are skipped.
 *
 * @throws {MayflyError} ERR_BAD_FRAME, when an event is over the limit
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const decoder = new TextDecoder()
  const events: EventSourceMessage[] = []
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: (event) => events.push(event),
    onError: ({ type }) => {
      isTooLong ||= type === 'max-buffer-size-exceeded'
    },
  })
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield* events.splice(0)
    if (isTooLong) throw new MayflyError('ERR_BAD_FRAME', `A server-sent event is over the limit of ${MAX_EVENT_LENGTH} characters`)
  }
}

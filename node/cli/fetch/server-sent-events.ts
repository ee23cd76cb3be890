/** Reads a stream of server-sent events. Fetching it, and asking again when it breaks, is its caller's. */

import { MayflyError } from '../../errors.ts'

export interface ServerSentEvent {
  event: string
  data: string
}

/** Of one event, in characters: a count needs a few dozen; without a bound a server could fill the memory with one line. */
const MAX_EVENT_LENGTH = 65_536

/**
 * Comments and the fields `id` and `retry` are passed over.
 *
 * @throws {MayflyError} ERR_BAD_FRAME, when an event is over the limit
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let event = 'message'
  let data: string[] = []
  for await (const chunk of body) {
    // A line ends with CR LF, LF or CR. A CR at the end of a chunk may be the first half of the pair, so it waits for the next.
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n') }
        event = 'message'
        data = []
        continue
      }
      const colon = line.indexOf(':')
      const name = colon === -1 ? line : line.slice(0, colon)
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (name === 'event') event = value
      if (name === 'data') data.push(value)
    }
    if (rest.length + data.reduce((sum, line) => sum + line.length, 0) > MAX_EVENT_LENGTH) {
      throw new MayflyError('ERR_BAD_FRAME', `A server-sent event is over the limit of ${MAX_EVENT_LENGTH} characters`)
    }
  }
}

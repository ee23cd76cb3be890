/**
 * Prints each message that an inbox stores, no faster than standard output is read: messages that are not printed yet stay in the inbox, and
 * are not queued in memory.
 */

import { type Inbox, type InboxMessage, messageFacts } from '../../index.ts'
import { type MessagePlaces, messageLines } from './message-facts.ts'
import type { Output, OutputStream } from './output.ts'

/** Messages read from the inbox at a time. */
const PAGE = 64

/**
 * Begins with the first message that is stored after the call.
 *
 * @returns a function that stops printing
 */
export function printMessages(
  inbox: Pick<Inbox, 'messages' | 'onMessage'>,
  output: Pick<Output, 'result'>,
  stdout: OutputStream,
  places: () => MessagePlaces = () => ({}),
): () => void {
  let last = inbox.messages({ limit: 1, first: 'newest' })[0]?.sequence ?? 0
  let isDue = false

  function print(message: InboxMessage): void {
    output.result(messageLines(message, places()), messageFacts(message))
    last = message.sequence
  }

  function printPages(): void {
    isDue = false
    for (;;) {
      const page = pageAfter(last)
      for (const message of page) {
        if (stdout.writableNeedDrain || stdout.destroyed) return
        print(message)
      }
      if (page.length < PAGE) return
    }
  }

  /** A file that was damaged meanwhile may not be readable at all. Receiving goes on, and the next start reports the damage. */
  function pageAfter(sequence: number): InboxMessage[] {
    try {
      return inbox.messages({ after: sequence, limit: PAGE, first: 'oldest' })
    } catch {
      return []
    }
  }

  const wake = () => {
    if (isDue || stdout.writableNeedDrain) return
    isDue = true
    setImmediate(printPages)
  }
  const stopListening = inbox.onMessage(wake)
  stdout.on('drain', wake)
  return () => {
    stopListening()
    stdout.off('drain', wake)
  }
}

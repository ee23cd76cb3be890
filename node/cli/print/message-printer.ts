/**
 * Says each message that an inbox stores, as fast as the reader takes it and no faster: what is not said yet is in the inbox, and nowhere
 * else.
 */

import type { Inbox, InboxMessage } from '../../index.ts'
import { messageFacts } from '../../index.ts'
import { messageLine } from './message-facts.ts'
import type { Output, OutputStream } from './output.ts'

export interface MessagePrinterOptions {
  inbox: Pick<Inbox, 'messages' | 'onMessage'>
  output: Pick<Output, 'result'>
  stdout: OutputStream
}

/** Messages read from the inbox at once. */
const PAGE = 64

/**
 * Begins with what is stored after the call.
 *
 * @returns the function that ends it
 */
export function printMessages({ inbox, output, stdout }: MessagePrinterOptions): () => void {
  let last = inbox.messages({ limit: 1, first: 'newest' })[0]?.sequence ?? 0
  let isDue = false

  function say(message: InboxMessage): void {
    output.result(messageLine(message), messageFacts(message))
    last = message.sequence
  }

  function sayMore(): void {
    isDue = false
    for (;;) {
      const page = pageAfter(last)
      for (const message of page) {
        if (stdout.writableNeedDrain || stdout.destroyed) return
        say(message)
      }
      if (page.length < PAGE) return
    }
  }

  /** A file that was damaged meanwhile may not be readable at all; messages go on being received, and the next start says what is wrong. */
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
    setImmediate(sayMore)
  }
  const stopListening = inbox.onMessage(wake)
  stdout.on('drain', wake)
  return () => {
    stopListening()
    stdout.off('drain', wake)
  }
}

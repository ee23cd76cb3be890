/** A receiver that stores in memory and counts duplicates: as good as a disk for a test that only counts. */

import { encodeKeyHex, type Kept, type Message } from '../../node/index.ts'

export interface MessageKeeper {
  /** By id, hex. Handed to another tap after a restart, it makes both one receiver. */
  readonly stored: Map<string, Message>
  /** Number of duplicates that were handed over. */
  readonly again: number
  /** Bodies as text, in the order in which they came first. */
  texts(): string[]
  keep(messages: Message[]): Promise<Kept[]>
}

export function createMessageKeeper(stored = new Map<string, Message>()): MessageKeeper {
  let again = 0
  return {
    stored,
    get again() {
      return again
    },
    texts: () => [...stored.values()].map(({ body }) => new TextDecoder().decode(body)),
    async keep(messages) {
      return messages.map((message) => {
        const id = encodeKeyHex(message.id)
        if (stored.has(id)) again++
        else stored.set(id, message)
        return 'stored'
      })
    },
  }
}

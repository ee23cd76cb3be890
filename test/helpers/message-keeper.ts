/** A receiver that stores in memory, and counts what comes again: as good as a disk for who only counts. */

import { encodeKeyHex, type Kept, type Message } from '../../node/index.ts'

export interface MessageKeeper {
  /** By id, hex. What is handed to a tap after a restart makes it one receiver. */
  readonly stored: Map<string, Message>
  /** How often something was handed over that was stored already. */
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

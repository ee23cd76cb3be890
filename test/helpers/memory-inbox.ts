/** An inbox in memory, for tests of the pages and streams in front of one: the test delivers messages, and reads those that were posted. */

import { createHash } from 'node:crypto'
import type { Inbox, InboxMessage, InboxQuery, MessageDraft, PostOutcome } from '../../node/index.ts'

export interface MemoryInbox extends Inbox {
  /** Stores a message, and notifies the listeners. */
  deliver(message: Partial<Omit<InboxMessage, 'body'>> & { body?: string | Uint8Array }): InboxMessage
  readonly posted: { end: string; draft: MessageDraft }[]
  /** Outcome of the next post. */
  outcome: PostOutcome
  /** Queries asked so far. */
  readonly queries: number
  /** Number of listeners for messages. */
  readonly listeners: number
}

export const MY_HASHNAME = 'm'.repeat(52)
export const SENDER = `s${'a'.repeat(51)}`

const bytesOf = (body: string | Uint8Array) => (typeof body === 'string' ? new TextEncoder().encode(body) : body)

export function createMemoryInbox(openEnds: string[] = ['#wall']): MemoryInbox {
  const stored: InboxMessage[] = []
  const listeners = new Set<(message: InboxMessage) => void>()
  const senders = new Map<string, { hashname: string; name: string; isMuted: boolean }>()
  let queries = 0

  const named = (message: InboxMessage): InboxMessage => {
    const name = senders.get(message.from)?.name
    return name ? { ...message, name } : message
  }
  const passes = (message: InboxMessage, { end, after, before, sinceMs, search }: InboxQuery) =>
    (end === undefined || message.end === end) &&
    (after === undefined || message.sequence > after) &&
    (before === undefined || message.sequence < before) &&
    (sinceMs === undefined || message.storedAtMs >= sinceMs) &&
    (search === undefined ||
      `${message.type} ${message.name ?? ''} ${Buffer.from(message.body)}`.toLowerCase().includes(search.toLowerCase()))

  return {
    hashname: MY_HASHNAME,
    policy: 'open',
    posted: [],
    outcome: { state: 'queued', nodes: 2, untilMs: 2_000_000_000_000 },
    get queries() {
      return queries
    },
    get listeners() {
      return listeners.size
    },
    ends: () => [MY_HASHNAME, ...openEnds].map((end) => ({ end, messages: stored.filter((message) => message.end === end).length })),
    messages(query) {
      queries++
      const found = stored.map(named).filter((message) => passes(message, query))
      return (query.first === 'newest' ? found.reverse() : found).slice(0, query.limit)
    },
    message(which) {
      const found = stored.find(({ sequence, id }) => sequence === which || id === which)
      return found && named(found)
    },
    onMessage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async post(end, draft) {
      this.posted.push({ end, draft })
      return { id: new Uint8Array(32).fill(this.posted.length), outcome: this.outcome }
    },
    entry: async () => undefined,
    setSender(hashname, change) {
      senders.set(hashname, { name: '', isMuted: false, ...senders.get(hashname), hashname, ...change })
    },
    senders: () => [...senders.values()],
    deliver({ body = 'hello', ...given }) {
      const sequence = stored.length + 1
      const message: InboxMessage = {
        sequence,
        id: createHash('sha256').update(`${sequence}`).digest('hex'),
        end: '#wall',
        from: SENDER,
        sentAtMs: 1_700_000_000_000 + sequence,
        storedAtMs: 1_700_000_001_000 + sequence,
        isSealed: false,
        type: 'text/plain',
        fields: {},
        ...given,
        body: bytesOf(body),
      }
      stored.push(message)
      for (const listener of listeners) listener(named(message))
      return message
    },
  }
}

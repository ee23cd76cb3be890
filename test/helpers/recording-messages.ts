/** A messages part without a network: it records posts, and answers with the outcome that the test sets. */

import {
  encodeKeyHex,
  type Inbox,
  type MessageDraft,
  type Messages,
  type OutboxEntry,
  type Peer,
  type PostOptions,
  type PostOutcome,
} from '../../node/index.ts'

export interface RecordingMessages {
  readonly posted: { end: string; draft: MessageDraft; options: PostOptions | undefined }[]
  /** Outcome of a post; called for each. */
  onPost: () => Promise<PostOutcome> | PostOutcome
  /** Entries of the outbox, by id, hex. */
  readonly entries: Map<string, OutboxEntry>
}

/** The peer as it is, but for its messages. */
export function withRecordingMessages(peer: Peer): { peer: Peer; messages: RecordingMessages } {
  const messages: RecordingMessages = { posted: [], entries: new Map(), onPost: () => ({ state: 'queued', nodes: 0, untilMs: 0 }) }
  const post: Inbox['post'] = async (end, draft, options) => {
    messages.posted.push({ end, draft, options })
    return { id: new Uint8Array(32).fill(1), outcome: await messages.onPost() }
  }
  const entry: Messages['entry'] = async (id) => messages.entries.get(encodeKeyHex(id))
  return { peer: Object.create(peer, { messages: { value: { post, entry } } }), messages }
}

/** A messages part without a network: it records posts, and answers with the outcome that the test sets. */

import type { MessageDraft, Messages, Peer, PostOptions, PostOutcome } from '../../node/index.ts'

export interface RecordingMessages {
  readonly posted: { end: string; draft: MessageDraft; options: PostOptions | undefined }[]
  /** Outcome of a post; called for each. */
  onPost: () => Promise<PostOutcome> | PostOutcome
}

/** The peer as it is, but for its messages. */
export function withRecordingMessages(peer: Peer): { peer: Peer; messages: RecordingMessages } {
  const messages: RecordingMessages = { posted: [], onPost: () => ({ state: 'queued', nodes: 0, untilMs: 0 }) }
  const post: Messages['post'] = async (end, draft, options) => {
    messages.posted.push({ end, draft, options })
    return { id: new Uint8Array(32).fill(1), outcome: await messages.onPost() }
  }
  return { peer: Object.create(peer, { messages: { value: { post } } }), messages }
}

/** A receiver's database as its view sees it, and its messages as facts for programs and people. */

import { base64pad } from 'multiformats/bases/base64'
import type { MessageDraft, Messages, Posted, PostOptions } from './messages/types.ts'

/** A message in an inbox: a receiver's database. */
export interface InboxMessage {
  /** Its place in the order of arrival, from 1: unique, rising, never used again. */
  sequence: number
  /** Hex. */
  id: string
  /** `#name` or a hashname. */
  end: string
  /** The sender's hashname. */
  from: string
  /** The name that the receiver's owner gave the sender. */
  name?: string
  sentAtMs: number
  storedAtMs: number
  isSealed: boolean
  type: string
  fields: Readonly<Record<string, string>>
  body: Uint8Array
}

export interface InboxQuery {
  /** Only of this end. */
  end?: string
  /** Only what arrived after this sequence. */
  after?: number
  /** Only what arrived before this sequence. */
  before?: number
  /** Only what was stored at or after this time, in ms since the epoch. */
  sinceMs?: number
  /** Only with these words in body, type or sender's name. */
  search?: string
  limit: number
  /** 'newest': a page of the view; 'oldest': a stream from `after` on. */
  first: 'newest' | 'oldest'
}

export interface InboxEnd {
  /** `#name` or a hashname. */
  end: string
  messages: number
}

/** Senders that may write to a receiver: all, or those that its owner has named. */
export type InboxPolicy = 'open' | 'known'

/** A receiver's messages, for its view. */
export interface Inbox {
  /** The receiver's hashname. */
  readonly hashname: string
  /** The ends that it receives, its own hashname first. */
  ends(): InboxEnd[]
  messages(query: InboxQuery): InboxMessage[]
  /** One message, by its sequence or its id (hex). */
  message(which: number | string): InboxMessage | undefined
  /** Hears each message after it is stored, in the order of their sequence. */
  onMessage(listener: (message: InboxMessage) => void): () => void
  /** Posts in the receiver's name; see `Messages.post`. */
  post(end: string, draft: MessageDraft, options?: PostOptions): Promise<Posted>
  /** The outbox entry of a message that was posted so; see `Messages.entry`. */
  entry: Messages['entry']
  /** Names a sender, makes it unnamed (''), and mutes it or not. A named sender is a known one. */
  setSender(hashname: string, change: { name?: string; isMuted?: boolean }): void
  senders(): { hashname: string; name: string; isMuted: boolean }[]
  readonly policy: InboxPolicy
}

/** Media types whose bodies are text. */
const TEXT_TYPE = /^(?:text\/|application\/(?:json|xml|yaml|toml|x-www-form-urlencoded)\b|application\/[a-z0-9.-]+\+(?:json|xml)\b)/i

export type MessageFacts = Omit<InboxMessage, 'body'> & {
  /** Text, or base64 where `encoding` says so. */
  body: string
  encoding?: 'base64'
}

/** Undefined when its type says that it is no text, or it is none. A byte order mark stays. */
export function bodyText({ type, body }: Pick<InboxMessage, 'type' | 'body'>): string | undefined {
  if (!TEXT_TYPE.test(type)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}

export function messageFacts({ body, ...facts }: InboxMessage): MessageFacts {
  const text = bodyText({ type: facts.type, body })
  return text === undefined ? { ...facts, body: base64pad.baseEncode(body), encoding: 'base64' } : { ...facts, body: text }
}

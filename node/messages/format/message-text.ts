/** A message for programs and people: its body as text where it is text, as base64 where it is not. */

import { base64pad } from 'multiformats/bases/base64'
import type { InboxMessage } from '../../types.ts'

/** What is text though its type does not begin with `text/`. */
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

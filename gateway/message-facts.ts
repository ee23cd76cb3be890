/** A message of an inbox as programs get it: JSON, its body as text where it is text. */

import type { InboxMessage } from '../node/index.ts'

/** Types whose bodies are text, so that UTF-8 in them is to be read and not only by chance. */
const TEXT_TYPE = /^(text\/|application\/(json|xml|yaml|toml|x-www-form-urlencoded)\b|application\/[a-z0-9.-]+\+(json|xml)\b)/i

export type MessageFacts = Omit<InboxMessage, 'body'> & {
  /** Text, or base64 where `encoding` says so. */
  body: string
  encoding?: 'base64'
}

export function messageFacts({ body, ...facts }: InboxMessage): MessageFacts {
  const text = bodyText({ type: facts.type, body })
  return text === undefined ? { ...facts, body: Buffer.from(body).toString('base64'), encoding: 'base64' } : { ...facts, body: text }
}

/** Undefined for a body that is not text, by its type or by its bytes. */
export function bodyText({ type, body }: Pick<InboxMessage, 'type' | 'body'>): string | undefined {
  if (!TEXT_TYPE.test(type)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}

/** Values of settings about messages: what is sent, and what a receiver stores. */

import type { InboxPolicy } from '../../index.ts'
import { isKeyHex } from '../../keys/key-form.ts'
import { SENDER_FORM } from '../../server/inbox/inbox-senders.ts'
import { refuseValue } from './plain-values.ts'

/** A receiver's own name for a sender; empty removes the name. */
export interface SenderName {
  hashname: string
  name: string
}

export function parsePolicy(text: string): InboxPolicy {
  if (text === 'open' || text === 'known') return text
  throw refuseValue('open or known', text)
}

export function parseSenderName(text: string): SenderName {
  const [hashname = '', ...name] = text.split('=')
  if (name.length === 0) throw refuseValue('HASHNAME=NAME', text)
  return { hashname: parseHashname(hashname.trim()), name: name.join('=').trim() }
}

export function parseHashname(text: string): string {
  if (!SENDER_FORM.test(text)) throw refuseValue('a hashname of 52 base32 characters', text)
  return text
}

/** The message checks the name and the value of the field. */
export function parseField(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw refuseValue('a field such as topic=news', text)
  return [text.slice(0, at), text.slice(at + 1)]
}

export function parseMessageId(text: string): string {
  if (!isKeyHex(text)) throw refuseValue('an id of 64 lower-case hex digits', text)
  return text
}

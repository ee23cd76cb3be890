/** Messages as a tap hands them to an inbox, which accepts them as they are: signatures and seals are tested with `node/messages`. */

import { createHash, randomBytes } from 'node:crypto'
import { encodeKeyBase32 } from '../../node/keys/index.ts'
import type { Message } from '../../node/messages/types.ts'

/** Long enough for any test. */
const TTL_MS = 86_400_000

/** A sender that has no secret: whatever its name, a public key and its hashname. */
export function sampleSender(name: string): { from: Uint8Array; hashname: string } {
  const from = new Uint8Array(createHash('sha256').update(name).digest())
  return { from, hashname: encodeKeyBase32(createHash('sha256').update(from).digest()) }
}

export interface SampleFacts extends Omit<Partial<Message>, 'from' | 'body'> {
  /** A name for `sampleSender`. */
  from?: string
  body?: string | Uint8Array
}

export function sampleMessage({ from = 'anybody', body = 'hello', ...facts }: SampleFacts = {}): Message {
  const sentAtMs = facts.sentAtMs ?? Date.now()
  const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body
  return {
    id: new Uint8Array(randomBytes(32)),
    from: sampleSender(from).from,
    to: new Uint8Array(32).fill(7),
    sentAtMs,
    expiresAtMs: sentAtMs + TTL_MS,
    isSealed: false,
    type: 'text/plain',
    fields: {},
    // About the size of the signed part and the signature.
    envelope: new Uint8Array(Buffer.concat([randomBytes(200), bytes])),
    ...facts,
    body: bytes,
  }
}

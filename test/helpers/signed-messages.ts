/** Envelopes as a sender makes them, without a peer. */

import { sealedPayloadBytes } from '../../node/messages/format/sealed-size.ts'
import {
  createMessageSecret,
  decodeEnvelope,
  type Envelope,
  encodePayload,
  hashnameOf,
  parseEnd,
  publicKeyOf,
  sealPayload,
  sealTerms,
  signEnvelope,
} from '../../node/messages/index.ts'
import type { MessageDraft, MessageSecret } from '../../node/messages/types.ts'

export interface SignOptions {
  /** A sender of its own when left out. */
  secret?: MessageSecret
  /** Now when left out. */
  sentAtMs?: number
  ttlMs?: number
}

const TTL_MS = 60_000

/** @param end `#name` */
export function signOpen(end: string, draft: MessageDraft, { secret = createMessageSecret(), ...times }: SignOptions = {}): Envelope {
  const { sentAtMs = Date.now(), ttlMs = TTL_MS } = times
  const payload = encodePayload(draft)
  return decodeEnvelope(signEnvelope(secret, { to: parseEnd(end).key, sentAtMs, ttlMs, isSealed: false, payload }).bytes)
}

/** @param receiver its public key */
export async function signSealed(
  receiver: Uint8Array,
  draft: MessageDraft,
  { secret = createMessageSecret(), ...times }: SignOptions = {},
): Promise<Envelope> {
  const { sentAtMs = Date.now(), ttlMs = TTL_MS } = times
  const terms = { to: parseEnd(hashnameOf(receiver)).key, sentAtMs, ttlMs }
  const aad = sealTerms({ from: publicKeyOf(secret), ...terms })
  const payload = await sealPayload({ secret, receiver, aad }, encodePayload(draft))
  return decodeEnvelope(signEnvelope(secret, { ...terms, isSealed: true, payload }).bytes)
}

/** A message that looks like a stranger's sealed message; no key opens it, and no observer can tell. */
export function signMadeUp({ secret = createMessageSecret(), sentAtMs = Date.now(), ttlMs = TTL_MS }: SignOptions = {}): Envelope {
  const to = globalThis.crypto.getRandomValues(new Uint8Array(32))
  const payload = globalThis.crypto.getRandomValues(new Uint8Array(sealedPayloadBytes(0)))
  return decodeEnvelope(signEnvelope(secret, { to, sentAtMs, ttlMs, isSealed: true, payload }).bytes)
}

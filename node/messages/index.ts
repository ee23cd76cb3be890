/** Messages: envelopes, ends, seals, receipts and rules. */

export { type End, HASHNAME_FORM, parseEnd } from './end.ts'
export {
  decodeEnvelope,
  ENVELOPE_DEFAULTS,
  type Envelope,
  type EnvelopeOptions,
  type EnvelopeTerms,
  isEnvelopeSigned,
  MAX_ENVELOPE_BYTES,
  refuseTimes,
  sealTerms,
  signEnvelope,
} from './envelope.ts'
export { createMemoryOutboxStore } from './memory-outbox-store.ts'
export { bodyText, type MessageFacts, messageFacts } from './message-text.ts'
export { createMessages, MESSAGES_DEFAULTS, type MessagesOptions, type MessagesService, messageSecretOf } from './messages.ts'
export { openMessage } from './open-message.ts'
export { createOutbox, OUTBOX_DEFAULTS, type Outbox, type OutboxContext, type OutboxOptions } from './outbox.ts'
export { decodePayload, encodePayload, MESSAGE_LIMITS, type Payload } from './payload.ts'
export { isProofRight, type ProofTerms, signProof } from './proof.ts'
export { decodeReceipt, isReceiptSigned, MAX_RECEIPT_BYTES, signReceipt } from './receipt.ts'
export { REFUSAL_NUMBERS } from './refusal.ts'
export { checkRules, passesRules, RULE_LIMITS } from './rules.ts'
export { openSealedPayload, sealPayload } from './seal.ts'
export { createMessageSecret, hashnameOf, isSigned, publicKeyOf, signBytes } from './signing.ts'

/** Messages: envelopes, ends, seals, receipts and rules. */

export { createSigningSecret as createMessageSecret, hashnameOf, isSigned, publicKeyOf, signBytes } from '../keys/signing.ts'
export { type End, HASHNAME_FORM, parseEnd } from './format/end.ts'
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
} from './format/envelope.ts'
export { openMessage } from './format/open-message.ts'
export { decodePayload, encodePayload, MESSAGE_LIMITS, type Payload } from './format/payload.ts'
export { isProofRight, type ProofTerms, signProof } from './format/proof.ts'
export { decodeReceipt, isReceiptSigned, MAX_RECEIPT_BYTES, signReceipt } from './format/receipt.ts'
export { REFUSALS, type RefusalFacts } from './format/refusal-facts.ts'
export { checkRules, passesRules, RULE_LIMITS } from './format/rules.ts'
export { openSealedPayload, sealPayload } from './format/seal.ts'
export { createMessages, MESSAGES_DEFAULTS, type MessagesOptions, type MessagesService, messageSecretOf } from './messages.ts'
export { createMemoryOutboxStore } from './outbox/memory-outbox-store.ts'
export { createOutbox, OUTBOX_DEFAULTS } from './outbox/outbox.ts'
export { createNodeRoute } from './routing/node-route.ts'

/** The frames that node/messages/STREAM.md shows, in its order: sender's secret 32 bytes 01, receiver's 32 bytes 02, sent at 1760000000000. */

import { signDecline } from '../../node/messages/format/decline.ts'
import type { TapProof } from '../../node/messages/format/proof.ts'
import { decodeEnvelope, encodePayload, parseEnd, publicKeyOf, signEnvelope, signReceipt } from '../../node/messages/index.ts'
import type { MessageFrame } from '../../node/messages/protocol/wire.ts'

export const SENT_AT_MS = 1_760_000_000_000
export const SENDER = new Uint8Array(32).fill(1)
export const RECEIVER = new Uint8Array(32).fill(2)
export const WALL = parseEnd('#wall')
export const ENVELOPE = signEnvelope(SENDER, {
  to: WALL.key,
  sentAtMs: SENT_AT_MS,
  ttlMs: 86_400_000,
  isSealed: false,
  payload: encodePayload({ body: 'hello' }),
})
/** The encoder makes Buffers in Node.js, which are compared as such. */
const ENVELOPE_BYTES = new Uint8Array(ENVELOPE.bytes)
const { id } = decodeEnvelope(ENVELOPE_BYTES)
const end = WALL.key
/** Not a real one: the signature is 64 bytes 04. */
const PROOF: TapProof = {
  publicKey: publicKeyOf(RECEIVER),
  nonce: new Uint8Array(16).fill(3),
  atMs: SENT_AT_MS,
  signature: new Uint8Array(64).fill(4),
}

export const SHOWN: readonly MessageFrame[] = [
  { type: 'post', sequence: 1, task: 1, rank: 0, envelope: ENVELOPE_BYTES },
  { type: 'offer', sequence: 2, id, end },
  { type: 'tap', sequence: 3, end, rules: [{ is: { type: 'text/plain' }, has: ['re'] }], keeps: true, proof: undefined },
  { type: 'untap', end },
  { type: 'receipt', receipt: new Uint8Array(signReceipt(RECEIVER, [id], SENT_AT_MS + 5).bytes) },
  { type: 'decline', decline: new Uint8Array(signDecline(RECEIVER, id, 'muted', SENT_AT_MS + 5).bytes) },
  { type: 'ask-key', sequence: 4, end, isForTab: true },
  { type: 'collect', end, proof: PROOF },
  { type: 'taken', sequence: 1, taps: 2, keepers: 1, nodes: 0, untilMs: 0, refusal: undefined },
  { type: 'want', sequence: 2 },
  { type: 'deliver', envelope: ENVELOPE_BYTES },
  { type: 'tapped', sequence: 3, refused: undefined },
  { type: 'key', sequence: 4, publicKey: publicKeyOf(RECEIVER) },
]

/** Opens envelopes: from the envelope to the message inside. envelope.ts checks signature and times. */

import { MayflyError } from '../../errors.ts'
import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import type { Message, MessageSecret } from '../types.ts'
import { type Envelope, sealTerms } from './envelope.ts'
import { decodePayload } from './payload.ts'
import { openSealedPayload } from './seal.ts'

/**
 * Opens an envelope. A sealed one needs the secret of the hashname that it is addressed to.
 *
 * @throws {MayflyError} ERR_DAMAGED, when it is sealed for another secret, or was changed; ERR_BAD_FRAME; ERR_NO_CRYPTO
 */
export async function openMessage(envelope: Envelope, secret?: MessageSecret): Promise<Message> {
  const { id, from, to, sentAtMs, expiresAtMs, isSealed, bytes } = envelope
  const payload = isSealed ? await unseal(envelope, secret) : envelope.payload
  return { id, from, to, sentAtMs, expiresAtMs, isSealed, ...decodePayload(payload), envelope: bytes }
}

async function unseal(envelope: Envelope, secret: MessageSecret | undefined): Promise<Uint8Array> {
  const { from, to, sentAtMs, expiresAtMs, payload } = envelope
  if (secret === undefined || !equalBytes(to, sha256AtOnce(publicKeyOf(secret)))) {
    throw new MayflyError('ERR_DAMAGED', 'Cannot open this message: it is sealed for another receiver')
  }
  const aad = sealTerms({ from, to, sentAtMs, ttlMs: expiresAtMs - sentAtMs })
  return openSealedPayload({ secret, sender: from, aad }, payload)
}

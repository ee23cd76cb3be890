/** Cards: what the ends of a pairing show each other once the secret is proven, and nobody else. Pure. */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { readBytesUpTo } from '../../network/fields.ts'
import type { IdentityProof } from './identity.ts'
import { MAX_SEALED_CARD_BYTES } from './pairing-frames.ts'

export interface PairingCard extends IdentityProof {
  /** The issuer's: its statement of trust, or what makes a new place. The claimer's: the public key of the place to be added, or nothing. */
  gift: Uint8Array
}

const MAX_PART_BYTES = 2_048

export function encodeCard({ certificate, delegation, gift }: PairingCard): Uint8Array {
  return encodeCanonical([certificate, delegation, gift])
}

/** @throws {MayflyError} ERR_BAD_FRAME. Nothing in it is checked here */
export function decodeCard(bytes: Uint8Array): PairingCard {
  return decodeCanonical('a card of a pairing', bytes, MAX_SEALED_CARD_BYTES, (value) => {
    const [certificate, delegation, gift] = mustBeArray(value, 3)
    return {
      certificate: readBytesUpTo(certificate, 'certificate', MAX_PART_BYTES),
      delegation: readBytesUpTo(delegation, 'delegation', MAX_PART_BYTES),
      gift: readBytesUpTo(gift, 'gift', MAX_PART_BYTES),
    }
  })
}

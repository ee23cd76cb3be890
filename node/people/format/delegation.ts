/** Delegations: a place's signed word that a peer speaks for it, for a day at most. Pure; the layout is in WIRE.md. */

import { mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/key.ts'
import { readBytes, readText } from '../../network/fields.ts'
import { readLifetime } from './lifetime.ts'
import { openStatement, type SignedForm, type Signer, signStatement } from './signed-form.ts'

export const DELEGATION_LIMITS = {
  /** How long a delegation is good for, in ms; no longer one is accepted. It is made anew at half of it. */
  lifetimeMs: 86_400_000,
  /** Characters of a peer id: that of an Ed25519 key has 52. */
  maxPeerLength: 128,
} as const

export interface DelegationTerms {
  /** The peer id in text form. */
  peer: string
  issuedAtMs: number
  expiresAtMs: number
}

export interface Delegation extends DelegationTerms {
  /** The place's public key, 32 bytes. */
  place: Uint8Array
  /** As it travels. */
  bytes: Uint8Array
}

const VERSION = 1
/** Base58 or base32, as libp2p writes peer ids. */
const PEER_FORM = /^[0-9A-Za-z]+$/

const FORM: SignedForm<Omit<Delegation, 'bytes'>> = {
  what: 'a delegation',
  domain: 'mayfly-delegation:',
  maxPartBytes: 1 + 1 + (2 + KEY_BYTES) + (2 + DELEGATION_LIMITS.maxPeerLength) + 2 * 9,
  read(value) {
    const [version, place, peer, issued, expires] = mustBeArray(value, 5)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    const text = readText(peer, 'peer id', DELEGATION_LIMITS.maxPeerLength)
    if (!PEER_FORM.test(text)) throw new Error('a peer id was expected')
    return { place: readBytes(place, 'place', KEY_BYTES), peer: text, ...readLifetime(issued, expires, DELEGATION_LIMITS.lifetimeMs) }
  },
  signerOf: ({ place }) => place,
}

/** @param place signs */
export function signDelegation(place: Signer, { peer, issuedAtMs, expiresAtMs }: DelegationTerms): Promise<Uint8Array> {
  return signStatement(FORM, place, [VERSION, place.publicKey, peer, issuedAtMs, expiresAtMs])
}

/** @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED. Its times are not checked here */
export function openDelegation(bytes: Uint8Array): Delegation {
  return openStatement(FORM, bytes)
}

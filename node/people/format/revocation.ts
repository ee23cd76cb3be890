/** Revocations: the account's signed word that a place speaks for it no more. Contacts keep them. Pure; the layout is in WIRE.md. */

import { mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/key.ts'
import { readBytes, readInteger } from '../../network/fields.ts'
import { CERTIFICATE_LIMITS } from './certificate.ts'
import { openStatement, readStatement, type SignedForm, type Signer, signStatement } from './signed-form.ts'

export interface RevocationTerms {
  /** The place's public key, 32 bytes. */
  place: Uint8Array
  /** The place's certificates with this serial, and with lower ones, are revoked. */
  serial: number
  atMs: number
}

export interface Revocation extends RevocationTerms {
  account: Uint8Array
  /** As it travels. */
  bytes: Uint8Array
}

const VERSION = 1

const FORM: SignedForm<Omit<Revocation, 'bytes'>> = {
  what: 'a revocation',
  domain: 'mayfly-revocation:',
  maxPartBytes: 1 + 1 + 2 * (2 + KEY_BYTES) + 5 + 9,
  read(value) {
    const [version, account, place, serial, at] = mustBeArray(value, 5)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    return {
      account: readBytes(account, 'account', KEY_BYTES),
      place: readBytes(place, 'place', KEY_BYTES),
      serial: readInteger(serial, 'serial', CERTIFICATE_LIMITS.maxSerial),
      atMs: readInteger(at, 'time'),
    }
  },
  signerOf: ({ account }) => account,
}

export const MAX_REVOCATION_BYTES = 256

/** @param account signs */
export function signRevocation(account: Signer, { place, serial, atMs }: RevocationTerms): Promise<Uint8Array> {
  return signStatement(FORM, account, [VERSION, account.publicKey, place, serial, atMs])
}

/** @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED */
export function openRevocation(bytes: Uint8Array): Revocation {
  return openStatement(FORM, bytes)
}

/** One that was opened before it was stored here. @throws {MayflyError} ERR_BAD_FRAME */
export function readRevocation(bytes: Uint8Array): Revocation {
  return readStatement(FORM, bytes)
}

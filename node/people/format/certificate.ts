/** Certificates: the account's signed word that a place speaks for it. Pure; the layout is in WIRE.md. */

import { mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/key.ts'
import { readBytes, readInteger, readWord } from '../../network/fields.ts'
import { readLifetime } from './lifetime.ts'
import { openStatement, readStatement, type SignedForm, type Signer, signStatement } from './signed-form.ts'

/** An owner has the recovery words, and may add and revoke places; a device has its own key alone. */
export type PlaceRole = 'owner' | 'device'

const ROLES: Readonly<Record<PlaceRole, number>> = { owner: 0, device: 1 }

export const CERTIFICATE_LIMITS = {
  /** How long a certificate that is made here is good for, in ms. Owner places renew them at half of it. */
  lifetimeMs: 31_536_000_000,
  /** The longest lifetime that is accepted, in ms. A revocation may be forgotten after so long. */
  maxLifetimeMs: 34_560_000_000,
  maxSerial: 0xffff_ffff,
} as const

export interface CertificateTerms {
  /** Public keys, 32 bytes. */
  place: Uint8Array
  role: PlaceRole
  /** Counts the certificates of one place, from 1. */
  serial: number
  issuedAtMs: number
  expiresAtMs: number
}

export interface Certificate extends CertificateTerms {
  account: Uint8Array
  /** As it travels. */
  bytes: Uint8Array
}

export const MAX_CERTIFICATE_BYTES = 256

const VERSION = 1

const FORM: SignedForm<Omit<Certificate, 'bytes'>> = {
  what: 'a certificate',
  domain: 'mayfly-certificate:',
  maxPartBytes: 1 + 1 + 2 * (2 + KEY_BYTES) + 1 + 5 + 2 * 9,
  read(value) {
    const [version, account, place, role, serial, issued, expires] = mustBeArray(value, 7)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    const number = readInteger(serial, 'serial', CERTIFICATE_LIMITS.maxSerial)
    if (number === 0) throw new Error('a serial from 1 was expected')
    return {
      account: readBytes(account, 'account', KEY_BYTES),
      place: readBytes(place, 'place', KEY_BYTES),
      role: readWord(role, 'role', ROLES),
      serial: number,
      ...readLifetime(issued, expires, CERTIFICATE_LIMITS.maxLifetimeMs),
    }
  },
  signerOf: ({ account }) => account,
}

/** @param account signs */
export function signCertificate(account: Signer, { place, role, serial, issuedAtMs, expiresAtMs }: CertificateTerms): Promise<Uint8Array> {
  return signStatement(FORM, account, [VERSION, account.publicKey, place, ROLES[role], serial, issuedAtMs, expiresAtMs])
}

/** @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED. Its times are not checked here */
export function openCertificate(bytes: Uint8Array): Certificate {
  return openStatement(FORM, bytes)
}

/** One that was opened before it was stored here. @throws {MayflyError} ERR_BAD_FRAME */
export function readCertificate(bytes: Uint8Array): Certificate {
  return readStatement(FORM, bytes)
}

/**
 * Statements of trust: a place's signed word that its account has another one as a contact. The contact keeps it, so that an account that was
 * recovered from its words learns from its contacts whom it knew. Pure; the layout is in WIRE.md.
 */

import { mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/key.ts'
import { readBytes, readBytesUpTo, readInteger } from '../../network/fields.ts'
import { type Certificate, MAX_CERTIFICATE_BYTES, openCertificate } from './certificate.ts'
import { openStatement, type SignedForm, type Signer, signStatement } from './signed-form.ts'

export interface TrustTerms {
  /** The certificate of the place that signs, as it travels. */
  certificate: Uint8Array
  /** The public key of the account that is trusted, 32 bytes. */
  trusted: Uint8Array
  atMs: number
}

export interface TrustStatement {
  /** Of the place that has signed: its account is the one that trusts. */
  certificate: Certificate
  trusted: Uint8Array
  atMs: number
  /** As it travels. */
  bytes: Uint8Array
}

export const MAX_TRUST_STATEMENT_BYTES = 512

const VERSION = 1

const FORM: SignedForm<Omit<TrustStatement, 'bytes'>> = {
  what: 'a statement of trust',
  domain: 'mayfly-trust:',
  maxPartBytes: 1 + 1 + (3 + MAX_CERTIFICATE_BYTES) + (2 + KEY_BYTES) + 9,
  read(value) {
    const [version, bytes, trusted, at] = mustBeArray(value, 4)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    const certificate = openCertificate(readBytesUpTo(bytes, 'certificate', MAX_CERTIFICATE_BYTES))
    const atMs = readInteger(at, 'time')
    if (atMs < certificate.issuedAtMs || atMs >= certificate.expiresAtMs) throw new Error("a time within the certificate's was expected")
    return { certificate, trusted: readBytes(trusted, 'trusted account', KEY_BYTES), atMs }
  },
  signerOf: ({ certificate }) => certificate.place,
}

/** @param place signs; the certificate is its own */
export function signTrust(place: Signer, { certificate, trusted, atMs }: TrustTerms): Promise<Uint8Array> {
  return signStatement(FORM, place, [VERSION, certificate, trusted, atMs])
}

/**
 * Reads a statement, and checks both signatures. Whether the place has been revoked since is to be asked by its certificate.
 *
 * @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED
 */
export function openTrust(bytes: Uint8Array): TrustStatement {
  return openStatement(FORM, bytes)
}
